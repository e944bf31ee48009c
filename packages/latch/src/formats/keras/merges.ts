/** Keras' merging layers, which TensorFlow.js has too (but for Subtract), by the operation of a `merge` layer. */
import type { MergeOperation } from '../../layers/skips/merge.ts'

/** Classes by operation. */
export const MERGES: Readonly<Record<MergeOperation, string>> = {
  add: 'Add',
  subtract: 'Subtract',
  multiply: 'Multiply',
  average: 'Average',
  maximum: 'Maximum',
  minimum: 'Minimum',
}

/** The operation of a class; null for any other class. */
export function mergeOf(type: string): MergeOperation | null {
  const found = Object.entries(MERGES).find(([, name]) => name === type)
  return (found?.[0] ?? null) as MergeOperation | null
}
