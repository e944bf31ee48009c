/** Reads one row of a parameter from its packed panels, for callers that need single weights. */
import type { Parameter, ParameterStore } from './parameters.ts'

/** One row of a matrix or table (or one number of a vector), without reading the rest. */
export function readRow(store: ParameterStore, parameter: Parameter, row: number): Float64Array {
  const { engine } = store
  const all = engine.memory.viewFloats(store.region('weights'), store.count)
  const width = parameter.shape[1] ?? 1
  if (!parameter.parts) {
    const at = parameter.offset + row * width
    return Float64Array.from(all.subarray(at, at + width))
  }
  const W = engine.panel
  const part = parameter.parts.findLast(({ firstRow }) => firstRow <= row)!
  const n = row - part.firstRow
  const column = part.offset + Math.floor(n / W) * width * W + (n % W)
  return Float64Array.from({ length: width }, (_, k) => all[column + k * W])
}
