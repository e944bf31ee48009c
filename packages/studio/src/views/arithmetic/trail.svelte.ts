/** The numbers that were visited, so that there is a way back; and how a place is named for people. */
import type { Trace, TraceLayer } from 'latch'
import type { Explanation, TracePlace } from 'latch/inspection'
import type { Look } from '../../worker/protocol.ts'
import { shownLabel } from '../../parts/said.ts'
import { place } from '../../state/place.svelte.ts'
import { letterOf, topLayer, vectorsOf, type Functions } from '../vectors.ts'

/** One factor of a term. */
export type Factor = Explanation['terms'][number]['factors'][number]

const MOST = 100

class Trail {
  /** Oldest first; the last one is what is shown. */
  visited = $state.raw<TracePlace[]>([])

  visit(at: TracePlace): void {
    const last = this.visited.at(-1)
    if (last && samePlace(last, at)) return
    this.visited = [...this.visited, at].slice(-MOST)
  }

  back(): void {
    if (this.visited.length < 2) return
    this.visited = this.visited.slice(0, -1)
    place.pin(this.visited.at(-1)!)
  }
}

export const trail = new Trail()

export function samePlace(a: TracePlace, b: TracePlace): boolean {
  return (
    a.layer === b.layer &&
    a.direction === b.direction &&
    a.step === b.step &&
    a.value === b.value &&
    a.unit === b.unit
  )
}

function savedTitle(cell: string, functions: Functions | undefined): string {
  if (cell === 'gru') return 'the past’s half of the candidate'
  return `${letterOf(cell, 'saved', functions)}: the memory as it is shown`
}

export const OUTPUTS = ['logit', 'probability']

/** Whose logits and probabilities there are, by label. */
export interface Outputs {
  logit: readonly string[]
  probability: readonly string[]
}

/** Two classes may share one logit: it is the second one's. */
export function outputsOf(labels: readonly string[], shapes: Look['shapes']): Outputs {
  const single = labels.length === 2 && shapes.at(-1)?.shape[0] === 1
  return { logit: single ? labels.slice(1) : labels, probability: labels }
}

/** The values that can be asked for, as `explain` calls them. */
export function valuesOf(
  trace: Trace,
  at: { layer: number; direction: string },
): { value: string; title: string }[] {
  const layer =
    trace.layers.find((one) => one.layer === at.layer && one.direction === at.direction) ?? topLayer(trace)
  const vectors = vectorsOf(trace.cell, layer as never).toReversed()
  return [
    ...vectors.map(({ value, letter, title }) => ({
      value,
      title: `${letter}: ${title.replace(/:.*/, '')}`,
    })),
    ...(layer.steps[0]?.saved ? [{ value: 'saved', title: savedTitle(trace.cell, layer.functions) }] : []),
    { value: 'x', title: 'x: what came in' },
    ...(trace.numbers
      ? [{ value: 'logit', title: 'a number that it answers with' }]
      : [
          { value: 'logit', title: 'logit of a class' },
          { value: 'probability', title: 'probability of a class' },
        ]),
  ]
}

/** A place that the trace has, as near as can be to the one asked for; without one the last h, unit 0. */
export function fitting(trace: Trace, outputs: Outputs, wish: TracePlace | null): TracePlace {
  const top = topLayer(trace)
  const last = trace.steps.length - 1
  if (!wish) return { layer: top.layer, direction: 'forward', step: last, value: 'hidden', unit: 0 }
  const layer =
    trace.layers.find((one) => one.layer === wish.layer && one.direction === wish.direction) ?? top
  const output = OUTPUTS.includes(wish.value)
  const known = valuesOf(trace, layer).some(({ value }) => value === wish.value)
  const rnnCandidate = trace.cell === 'rnn' && wish.value === 'candidate'
  const step = output ? last : clamp(wish.step, last)
  const width = output
    ? outputs[wish.value as keyof Outputs].length
    : widthOf(layer as TraceLayer, step, wish.value)
  const { layer: number, direction } = output ? top : layer
  return {
    layer: number,
    direction,
    step,
    value: known || rnnCandidate ? wish.value : 'hidden',
    unit: clamp(wish.unit, width - 1),
  }
}

/** How many numbers a vector has; a one-hot x has no end that a trace knows. */
export function widthOf(layer: TraceLayer, step: number, value: string): number {
  if (value !== 'x') return layer.units
  return layer.steps[step].input.length || Infinity
}

function clamp(value: number, most: number): number {
  return Number.isFinite(value) ? Math.max(0, Math.min(most, Math.round(value))) : 0
}

/** "h[3]", "P(good)". */
export function nameOf(trace: Trace, outputs: Outputs, at: TracePlace): string {
  const { value, unit } = at
  if (!OUTPUTS.includes(value)) return `${letterOf(trace.cell, value, functionsAt(trace, at))}[${unit}]`
  const label = shownLabel(outputs[value as keyof Outputs][unit] ?? String(unit))
  if (trace.numbers) return outputs.logit.length > 1 ? `output ${label}` : 'output'
  return value === 'logit' ? `logit of ${label}` : `P(${label})`
}

function functionsAt({ layers }: Trace, at: TracePlace): Functions | undefined {
  return layers.find(({ layer, direction }) => layer === at.layer && direction === at.direction)?.functions
}
