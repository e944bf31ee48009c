/** What every kind of attention is: from queries, keys and values to contexts. */
import type { Pointer } from '../../engine/kernels.ts'
import type { Capacity, Edge } from '../layer.ts'
import type { Sides } from './split.ts'

/** What attention reads and writes: contexts in the first columns of their edge. */
export interface AttentionEdges {
  readonly queries: Edge
  readonly keys: Edge
  readonly values: Edge
  readonly contexts: Edge
}

/** From queries, keys and values to contexts, and back. */
export interface AttentionPart {
  plan(capacity: Capacity, training: boolean): void
  forward(sides: Sides): void
  /** Writes the gradients of queries, of keys where they are no values, and those of the values at `valueGradients`. */
  backward(sides: Sides, valueGradients: Pointer): void
  /** Weights of the last forward pass: for each sequence, in the caller's order, (target steps, source steps). */
  read(sides: Sides): Float64Array[]
}
