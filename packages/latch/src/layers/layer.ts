/**
 * The contract of a layer, and what flows between layers. A layer owns its parameters and its output;
 * forward reads the input's values, backward reads the output's gradient and writes the input's, and a step of a
 * stream computes the same rows for one step at a time.
 */
import type { Engine } from '../engine/engine.ts'
import type { Kernels, Pointer } from '../engine/kernels.ts'
import type { BatchIndex } from './batchIndex.ts'
import type { Rows, StateSlot } from './streamRows.ts'
import type { Overrides } from './recurrent/overrides.ts'
import type { Capacity, PackedBatch } from '../tensors/packedBatch.ts'
import type { ParameterStore, Parameter } from '../tensors/parameters.ts'
import type { Scratch } from '../tensors/scratch.ts'
import type { SparseRows } from '../tensors/sparseRows.ts'

export type { Capacity } from '../tensors/packedBatch.ts'

/** Values on an edge of the network: one row a step (R) or one row a sequence (B). */
export interface Edge {
  readonly per: 'step' | 'sequence'
  readonly width: number
  readonly stride: number
  value: Pointer // (rows, width; stride)
  gradient: Pointer // same shape; 0 where no layer below needs it
  /** Of an output whose loss may write the gradient over the values, so that both take one place. */
  inPlace?: boolean
  /** Set instead of `value` on a one-hot edge: ids (R), of which one-hot rows are never made. */
  ids: Pointer
  reversedIds: Pointer
}

/** How a pass through a network runs. */
export interface PassOptions {
  /** Whether dropout is active and what a backward pass needs is kept. */
  training: boolean
  /** Keep ∂L/∂h_t and ∂L/∂c_t of every step. */
  record: boolean
  /** Decides all dropout masks of this pass; another number for each step of training. */
  key: number
  /** Names of layers that use their statistics as they are, as in inference. */
  frozenStatistics?: ReadonlySet<string>
}

/** The same as layers see it. */
export interface Pass extends PassOptions {
  /** Gates and states to override; the pass then runs on one thread. The same forward and backward. */
  overrides?: Overrides
  /** What the gradients of the pass will be divided by: 1, or the weight of its rows where they are sums. Default 1. */
  weight?: number
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
  /** Whether a features input computes its gradient too. */
  readonly inputGradients: boolean
}

/** What a stream's layers share. */
export interface StreamContext {
  /** Most rows of a step. */
  readonly capacity: number
  /** Where the token ids of a step lie (capacity), 0 where the network reads features. */
  readonly ids: Pointer
  /** Which rows the step at hand masks: set by a layer that masks steps, read by those above. */
  mask: StreamMask | null
  /** Reserves rows in the arena. */
  rows(width: number, stride?: number): Rows
  /** What a layer below left. */
  outputOf(layer: Layer): Rows
}

/** What masks change in a stream (layers/masks/streamMask.ts). */
export interface StreamMask {
  /** 1 where a row is masked at the step at hand. (capacity) */
  readonly rows: Uint8Array
  /** A step that keeps the states of masked rows. */
  keepStates(step: LayerStep, states: readonly Rows[]): LayerStep
}

/** One layer's part of a stream. Addresses are fixed when it is made. */
export interface LayerStep {
  /** The rows that `run` computes. */
  readonly output: Rows
  /** What goes from step to step; all zeros at first. */
  readonly states?: readonly StateSlot[]
  /** Computes the first `rows` rows of the output from those of the input. */
  run(rows: number): void
}

/** The steps above a layer that changes the lengths of sequences, or their number. */
export interface Timeline {
  /** What the layers above are built with: `index` is of their batch. */
  readonly context: Context
  /** The most that is above it, of the plan at hand. */
  readonly capacity: Capacity
  /** The batch as the layers above see it. */
  of(batch: PackedBatch): PackedBatch
  /** Of a layer that gives every sequence the same steps: how many, and of how many (null: of one row). */
  readonly fixed?: { readonly below: number | null; readonly above: number }
  /** The fewest steps below that give so many above. */
  leastBelow(steps: number): number
  /**
   * A batch as the layer `at` of a network sees it, and what a trace says of that layer's steps where they are not those
   * of the input: those of sequence `b` of the batch's own order.
   */
  seenBy(at: Layer, layers: readonly Layer[], batch: PackedBatch, b: number): SeenBatch
  /** @throws UnsupportedError where no trace can follow the steps */
  throwUntraceable?(where: string): never
}

/** A batch at a layer above others. */
export interface SeenBatch {
  own: PackedBatch
  receptiveFields?: ReceptiveField[]
}

/**
 * The first and the last step of the input that a step of a layer is computed from, without what recurrent layers
 * carry; null for a step of padding alone.
 */
export type ReceptiveField = readonly [first: number, last: number] | null

/** A layer at work in a network. */
export interface Layer {
  readonly type: string
  /** Its type and number: `dense.0`. */
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  /** Where parameters are tables: which of their rows got gradients. */
  readonly sparseRows?: SparseRows | readonly SparseRows[]
  /** Run before `backward`: each adds to the output's gradient what a layer says that skips those between (concat). */
  skipGradients?: ((batch: PackedBatch) => void)[]
  /** Why no stream can run it: it needs what comes after a step. */
  readonly needsWholeSequence?: { readonly got: string; readonly remedy: string } | undefined
  /** Where its sequences have other lengths than those below. */
  readonly timeline?: Timeline
  /** What its steps are computed from, given the same of those below. Default: of each step what the one below is of. */
  receptiveFields?(below: readonly ReceptiveField[]): ReceptiveField[]
  /** Whether all sequences must have one length. */
  readonly takesOneLength?: boolean
  /** Parameters that no optimizer changes: forward passes keep them. */
  readonly statistics?: readonly Parameter[]
  /** Whether it masks steps by their values, `clearMasked`. */
  readonly masksSteps?: boolean
  /** Sets its initial weights; layers without any have none to set. */
  initialise?(seed: number): void
  /** Clears the steps of a batch that the layer masks. (R) */
  clearMasked?(batch: PackedBatch, valid: Uint8Array): void
  /** Reserves activations (and, for training, gradients) for at most `capacity`. */
  plan(capacity: Capacity, training: boolean): void
  forward(batch: PackedBatch, pass: Pass): void
  /** Adds to the parameters' gradients; writes the input's gradient where there is one. */
  backward(batch: PackedBatch, pass: Pass): void
  /** Its part of a stream, equal to `forward` to the bit; null or missing where its input goes on as it is. */
  stream?(context: StreamContext, x: Rows): LayerStep | null
}

/** What layers share above one that changes the batch. */
export function withIndex(context: Context, index: BatchIndex): Context {
  // What else they share changes with the plan.
  return Object.create(context, { index: { value: index } }) as Context
}

export function makeEdge(per: 'step' | 'sequence', width: number, stride: number): Edge {
  return { per, width, stride, value: 0, gradient: 0, ids: 0, reversedIds: 0 }
}

/** Rows of an edge in this batch. */
export function rowsOf(edge: Edge, batch: PackedBatch): number {
  return edge.per === 'step' ? batch.rows : batch.sequences
}

/** Rows of an edge at most. */
export function capacityOf(edge: Edge, capacity: Capacity): number {
  return edge.per === 'step' ? capacity.rows : capacity.sequences
}
