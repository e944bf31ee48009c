/**
 * The contract of a layer, and what flows between layers. A layer owns its parameters and its output;
 * forward reads the input's values, backward reads the output's gradient and writes the input's.
 */
import type { Engine } from '../engine/engine.ts'
import type { Kernels, Pointer } from '../engine/kernels.ts'
import type { BatchIndex } from './batchIndex.ts'
import type { Overrides } from './recurrent/overrides.ts'
import type { Capacity, PackedBatch } from '../tensors/packedBatch.ts'
import type { ParameterStore, Parameter } from '../tensors/parameters.ts'
import type { Scratch } from '../tensors/scratch.ts'
import type { SparseRows } from '../tensors/sparseRows.ts'

export type { Capacity } from '../tensors/packedBatch.ts'

/** Values on an edge of the network: one row a step (R) or one row a sequence (B). */
export interface Activation {
  readonly per: 'step' | 'sequence'
  readonly width: number
  readonly stride: number
  value: Pointer // (rows, width; stride)
  gradient: Pointer // same shape; 0 where nobody below wants it
  /** Set instead of `value` on a one-hot edge: ids (R), of which one-hot rows are never made. */
  ids: Pointer
  reversedIds: Pointer
}

/** How a pass runs. */
export interface Pass {
  training: boolean
  /** Keep ∂L/∂h_t and ∂L/∂c_t of every step. */
  record: boolean
  /** Decides all dropout masks of this pass. */
  key: number
  /** Gates and states to override; the pass then runs on one thread. The same forward and backward. */
  overrides?: Overrides
}

/** What layers share. */
export interface Context {
  readonly engine: Engine
  readonly kernels: Kernels
  readonly store: ParameterStore
  readonly index: BatchIndex
  /** Steps whose tape is kept at once: Infinity for all, 0 for no more than a block. */
  keptSteps: number
  readonly scratch: Scratch
}

/** A layer at work in a network. */
export interface Layer {
  readonly type: string
  readonly parameters: readonly Parameter[]
  readonly output: Activation
  /** Where a parameter is a table: which of its rows got gradients. */
  readonly sparseRows?: SparseRows
  /** Run before `backward`: each adds to the output's gradient what a layer says that skips those between (concat). */
  taps?: ((batch: PackedBatch) => void)[]
  /** Sets its initial weights; layers without any have none to set. */
  initialise?(seed: number): void
  /** Reserves activations (and, for training, gradients) for at most `capacity`. */
  plan(capacity: Capacity, training: boolean): void
  forward(batch: PackedBatch, pass: Pass): void
  /** Adds to the parameters' gradients; writes the input's gradient where there is one. */
  backward(batch: PackedBatch, pass: Pass): void
}

export function activation(per: 'step' | 'sequence', width: number, stride: number): Activation {
  return { per, width, stride, value: 0, gradient: 0, ids: 0, reversedIds: 0 }
}

/** Rows of an edge in this batch. */
export function rowsOf(edge: Activation, batch: PackedBatch): number {
  return edge.per === 'step' ? batch.rows : batch.sequences
}

/** Rows of an edge at most. */
export function capacityOf(edge: Activation, capacity: Capacity): number {
  return edge.per === 'step' ? capacity.rows : capacity.sequences
}
