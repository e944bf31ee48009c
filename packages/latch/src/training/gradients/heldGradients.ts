/** Gradients of an unfinished update, set aside while others may run the network: traces, for example, clear them. */
import { internalsOf, type Network } from '../../model/network.ts'
import { eachElementRange } from '../../tensors/elements.ts'

/** Copies the gradients so far and returns what puts them back, whatever happened in between. */
export function holdGradients(network: Network): () => void {
  const { engine, regions, store } = internalsOf(network)
  const gradients = () => engine.memory.viewFloats(store.region('gradients'), store.count)
  const held: [first: number, values: Float32Array | Float64Array][] = []
  eachElementRange(engine, regions, 'used', (from, to) => held.push([from, gradients().slice(from, to)]))
  const tables = internalsOf(network).layers.flatMap(({ sparseRows }) => sparseRows ?? [])
  const rows = tables.map((table) => table.ascending().slice())
  return () => {
    regions.clearGradients()
    tables.forEach((table, i) => table.add(rows[i]))
    for (const [first, values] of held) gradients().set(values, first)
  }
}
