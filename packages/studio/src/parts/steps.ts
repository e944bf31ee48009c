/** The steps of a trace's layers: their names, and which of them lie under a column of the top layer's steps. */
import type { Trace, TraceLayer } from 'latch'
import { stepTokens } from 'latch/inspection'
import { cellOf, topLayer } from './cell/vectors.ts'

/** The tokens of the input. */
export function inputTokens({ inputs, steps }: Trace): string[] {
  return (inputs ?? steps).map(({ token }) => token)
}

/** Whether an edit of gates can be of all layers at a token: they have its steps, and one cell. */
export function isUniform({ inputs, layers }: Trace): boolean {
  return !inputs && layers.every((layer) => cellOf(layer as TraceLayer) === cellOf(layers[0] as TraceLayer))
}

/** What stands for each step of a layer. */
export function layerTokens(
  trace: Trace,
  { receptiveFields }: Pick<TraceLayer, 'receptiveFields'>,
): string[] {
  return stepTokens(inputTokens(trace), receptiveFields)
}

/** The step of a layer that is the last one computed when a step of the top layer is; the first one where none is. */
export function stepAt(trace: Trace, layer: TraceLayer, column: number): number {
  if (layer.steps.length === trace.steps.length) return column
  const endOf = ({ receptiveFields }: TraceLayer, step: number) =>
    receptiveFields ? (receptiveFields[step]?.[1] ?? 0) : step
  const end = endOf(topLayer(trace), column)
  return Math.max(
    0,
    layer.steps.findLastIndex((_, step) => endOf(layer, step) <= end),
  )
}

/** The trace with the steps of every layer under those of the top layer. */
export function alignedTrace(trace: Trace): Trace {
  const layers = (trace.layers as TraceLayer[]).map((layer) => ({
    ...layer,
    steps: trace.steps.map((_, column) => layer.steps[stepAt(trace, layer, column)]),
  }))
  return { ...trace, layers } as Trace
}
