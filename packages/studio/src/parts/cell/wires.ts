/**
 * The vector of each wire of a cell, read from the trace. Products of two vectors come from the library's explanation
 * (`parts`).
 */
import type { CellStep, StepGradient } from 'latch'

export type AnyStep = CellStep<'rnn' | 'lstm' | 'gru', StepGradient | null>

/** The products inside the cell by wire (`kept`, `written`, `open`, `resetState`), if known. */
export type Parts = Partial<Record<string, ArrayLike<number>>>

export interface WireVector {
  values: ArrayLike<number>
  /** Gates are in the range 0…1; the rest is signed. */
  kind: 'fraction' | 'signed'
  /** The value with full colour. */
  scale: number
}

const NO_SIGN = new Set(['forget', 'input', 'output', 'update', 'reset', 'open'])

export function vectorOf(
  key: string,
  step: AnyStep,
  previous: AnyStep | null,
  parts: Parts,
  fractions = true,
): WireVector | null {
  const values = listValues(key, step, previous, parts)
  if (!values || values.length === 0) return null
  const kind = fractions && NO_SIGN.has(key) ? 'fraction' : 'signed'
  return { values, kind, scale: kind === 'fraction' ? 1 : largest(values) }
}

function listValues(
  key: string,
  step: AnyStep,
  previous: AnyStep | null,
  parts: Parts,
): ArrayLike<number> | null {
  const gates = step.gates as Record<string, Float64Array | undefined>
  if (key === 'x') return step.input
  // Every sequence starts from a state of zeros.
  if (key === 'previousHidden') return previous ? previous.hidden : new Float64Array(step.hidden.length)
  if (key === 'previousCell') return previous ? previous.cell : new Float64Array(step.hidden.length)
  if (key === 'hidden') return step.hidden
  if (key === 'cell') return step.cell
  if (key === 'candidate') return step.candidate
  if (key === 'saved') return step.saved
  return gates[key] ?? parts[key] ?? null
}

/** The largest absolute value, at least 1, so that the colours of different wires are comparable. */
export function largest(values: ArrayLike<number>): number {
  let most = 1
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]))
  return Number.isFinite(most) ? most : 1
}
