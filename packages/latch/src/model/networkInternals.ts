/** The parts of a network, which other code of this library reads through `internalsOf` (network.ts). */
import type { Engine } from '../engine/engine.ts'
import type { BuildableSpec } from '../layers/definition.ts'
import type { Capacity, Context, Edge, Layer, PassOptions } from '../layers/layer.ts'
import type { Loss } from '../layers/loss.ts'
import type { NetworkMasks } from '../layers/masks/support.ts'
import type { RecurrentLayer } from '../layers/recurrent/recurrent.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { ParameterStore } from '../tensors/parameters.ts'
import type { Regions } from '../tensors/regions.ts'
import type { OneTraining } from './oneTraining.ts'
import type { StreamRunner } from './streams/streamRunner.ts'

/** What a network gives for each step, or for each sequence. */
export interface OutputShape {
  readonly per: 'step' | 'sequence'
  /** Numbers in a row of it. */
  readonly width: number
}

/** What a network is made of, for the code of this library. */
export interface NetworkInternals {
  readonly engine: Engine
  readonly context: Context
  readonly store: ParameterStore
  /** Its layers as they were given, with what makes them: for networks of the same layers. */
  readonly specs: readonly BuildableSpec[]
  readonly layers: readonly Layer[]
  /** The recurrent layers, lowest first. */
  readonly recurrent: readonly RecurrentLayer[]
  readonly output: Edge
  /** Parameters and gradients as a whole, for code that changes them. */
  readonly regions: Regions
  readonly masks: NetworkMasks | null
  readonly streams: StreamRunner
  readonly runs: OneTraining
  loss: Loss | null
  /** Reserves gradients and the regions that training needs (`store.region` after this call). Drops the plan. */
  prepareTraining(...regions: readonly string[]): void
  /** Plans for batches of up to this size now, so that too large a one fails before the work starts. */
  reserve(capacity: Capacity): void
  /** Back through every layer of the last forward pass, after `begin` has written the output's gradient. */
  backThrough(batch: PackedBatch, pass: PassOptions, begin: () => void): void
}
