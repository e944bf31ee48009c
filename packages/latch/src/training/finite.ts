/** Whether all weights are finite: losses and gradients show only those that a batch uses. */
import type { Network } from '../model/network.ts'

/** A weight that is NaN or infinite, or null. Padding does not count. */
export function findNonFinite({ engine, store }: Network): { name: string; value: number } | null {
  if (Number.isFinite(engine.kernels.sumSquares(store.region('weights'), store.count))) return null
  for (const parameter of store.all) {
    const value = store.read(parameter).find((weight) => !Number.isFinite(weight))
    if (value !== undefined) return { name: parameter.name, value }
  }
  return null
}
