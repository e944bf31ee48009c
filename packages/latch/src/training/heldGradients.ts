/** Gradients of an unfinished update, set aside while others may run the network: traces, for example, clear them. */
import type { Network } from '../model/network.ts'

/** Copies the gradients so far and returns what puts them back, whatever happened in between. */
export function holdGradients(network: Network): () => void {
  const { engine, regions, store } = network
  const { memory } = engine
  const gradients = () => memory.viewFloats(store.region('gradients'), store.count)
  const held: [first: number, values: Float32Array | Float64Array][] = []
  regions.walk('used', 0, (_, offset, count) => {
    const first = offset / memory.floatBytes
    held.push([first, gradients().slice(first, first + count)])
  })
  const tables = network.layers.flatMap(({ sparseRows }) => sparseRows ?? [])
  const rows = tables.map((table) => table.ascending().slice())
  return () => {
    regions.clearGradients()
    tables.forEach((table, i) => table.add(rows[i]))
    for (const [first, values] of held) gradients().set(values, first)
  }
}
