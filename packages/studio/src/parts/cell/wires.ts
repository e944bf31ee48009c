/**
 * Which vector each wire of a cell carries: read from the trace, never computed here. Products of two
 * vectors are shown where the library's explanation gave them (`parts`).
 */
import type { CellStep, StepGradient } from 'latch'

export type AnyStep = CellStep<'rnn' | 'lstm' | 'gru', StepGradient | null>

/** Products inside the cell by wire (`kept`, `written`, `open`, `resetState`), where they are known. */
export type Parts = Partial<Record<string, ArrayLike<number>>>

export interface WireVector {
  values: ArrayLike<number>
  /** Gates go 0…1, the rest has a sign. */
  kind: 'share' | 'signed'
  /** What the full colour stands for. */
  scale: number
}

const NO_SIGN = new Set(['forget', 'input', 'output', 'update', 'reset', 'open'])

export function vectorOf(
  key: string,
  step: AnyStep,
  previous: AnyStep | null,
  parts: Parts,
  shares = true,
): WireVector | null {
  const values = listValues(key, step, previous, parts)
  if (!values || values.length === 0) return null
  const kind = shares && NO_SIGN.has(key) ? 'share' : 'signed'
  return { values, kind, scale: kind === 'share' ? 1 : largest(values) }
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

/** The largest absolute value, at least 1: colours of different wires then mean the same. */
export function largest(values: ArrayLike<number>): number {
  let most = 1
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]))
  return Number.isFinite(most) ? most : 1
}
