/** The values of a trace that `explain` can explain: which there are, and their displayed names. */
import type { Trace, TraceLayer } from 'latch'
import type { Explanation, TracePlace } from 'latch/inspection'
import {
  cellOf,
  findLayer,
  symbolFor,
  topLayer,
  listVectors,
  type Functions,
} from '../../parts/cell/vectors.ts'
import { shownLabel } from '../../parts/prediction.ts'
import type { Inspection } from '../../worker/protocol.ts'

/** One factor of a term. */
export type Factor = Explanation['terms'][number]['factors'][number]

function savedTitle(cell: string, functions: Functions | undefined): string {
  if (cell === 'gru') return 'recurrent part of the candidate'
  return `${symbolFor(cell, 'saved', functions)}: activation of the cell state`
}

export const OUTPUTS = ['logit', 'probability']

/** The labels that have logits and probabilities. */
export interface Outputs {
  logit: readonly string[]
  probability: readonly string[]
}

/** Two classes may share one logit, which belongs to the second class. */
export function listOutputs(labels: readonly string[], shapes: Inspection['shapes']): Outputs {
  const single = labels.length === 2 && shapes.at(-1)?.shape[0] === 1
  return { logit: single ? labels.slice(1) : labels, probability: labels }
}

/** The values that can be chosen, by the names that `explain` takes. */
export function listValues(
  trace: Trace,
  at: { layer: number; direction: string },
): { value: string; title: string }[] {
  const layer =
    trace.layers.find((one) => one.layer === at.layer && one.direction === at.direction) ?? topLayer(trace)
  const vectors = listVectors(layer as TraceLayer).toReversed()
  return [
    ...vectors.map(({ value, letter, title }) => ({
      value,
      title: `${letter}: ${title.replace(/:.*/, '')}`,
    })),
    ...(layer.steps[0]?.saved ? [{ value: 'saved', title: savedTitle(cellOf(layer), layer.functions) }] : []),
    { value: 'x', title: 'x: input' },
    ...(trace.numbers
      ? [{ value: 'logit', title: 'output' }]
      : [
          { value: 'logit', title: 'logit of a class' },
          { value: 'probability', title: 'probability of a class' },
        ]),
  ]
}

/** The place in the trace nearest to the requested one; by default h of the last step, unit 0. */
export function nearestPlace(trace: Trace, outputs: Outputs, wish: TracePlace | null): TracePlace {
  const top = topLayer(trace)
  const end = trace.steps.length - 1
  if (!wish) return { layer: top.layer, direction: 'forward', step: end, value: 'hidden', unit: 0 }
  const layer =
    trace.layers.find((one) => one.layer === wish.layer && one.direction === wish.direction) ?? top
  const output = OUTPUTS.includes(wish.value)
  const known = listValues(trace, layer).some(({ value }) => value === wish.value)
  const rnnCandidate = cellOf(layer) === 'rnn' && wish.value === 'candidate'
  const step = output ? end : clamp(wish.step, layer.steps.length - 1)
  const width = output
    ? outputs[wish.value as keyof Outputs].length
    : vectorWidth(layer as TraceLayer, step, wish.value)
  const { layer: number, direction } = output ? top : layer
  return {
    layer: number,
    direction,
    step,
    value: known || rnnCandidate ? wish.value : 'hidden',
    unit: clamp(wish.unit, width - 1),
  }
}

/** Length of a vector; unknown (Infinity) for a one-hot x. */
export function vectorWidth(layer: TraceLayer, step: number, value: string): number {
  if (value !== 'x') return layer.units
  return layer.steps[step].input.length || Infinity
}

function clamp(value: number, most: number): number {
  return Number.isFinite(value) ? Math.max(0, Math.min(most, Math.round(value))) : 0
}

/** "h[3]", "P(good)". */
export function nameOf(trace: Trace, outputs: Outputs, at: TracePlace): string {
  const { value, unit } = at
  if (!OUTPUTS.includes(value)) {
    const layer = findLayer(trace, at.layer, at.direction)
    return `${symbolFor(cellOf(layer), value, layer.functions)}[${unit}]`
  }
  const label = shownLabel(outputs[value as keyof Outputs][unit] ?? String(unit))
  if (trace.numbers) return outputs.logit.length > 1 ? `output ${label}` : 'output'
  return value === 'logit' ? `logit of ${label}` : `P(${label})`
}
