/**
 * Layers that come later: what a network's configuration can name, but only imported models need. Their code is
 * announced at run time (model/moreLayers.ts), so that the browser's entry does not carry it.
 */
import type { Engine } from '../engine/engine.ts'
import type { Edge, Context, Layer } from '../layers/layer.ts'
import type { ParameterStore } from '../tensors/parameters.ts'
import type { Field } from '../core/validation.ts'
import type { StreamInput } from './streamInput.ts'
import type { Carried, Rows } from '../layers/streamRows.ts'
import type { LayerStep } from './streamSteps.ts'

/** A layer's options, whatever they are. */
export interface AnyOptions {
  readonly type: string
}

/** Where a layer makes its part of a stream (model/streamProgram.ts). */
export interface StreamPlace {
  readonly source: {
    readonly engine: Engine
    readonly store: ParameterStore
    readonly layers: readonly Layer[]
  }
  readonly capacity: number
  readonly input: StreamInput
  /** The layer's type and number, `pool.0`. */
  readonly name: string
  /** The rows that the layer below leaves, and those that each of all below leaves. */
  readonly value: Rows
  readonly edges: readonly Rows[]
  /** What is done at each step; numbers that go from step to step, zeros at first. */
  readonly steps: LayerStep[]
  readonly carried: Carried[]
  /** Reserves rows in the arena. */
  rows(width: number, stride?: number): Rows
}

/** What a network knows of a type of layer. */
export interface LayerKind<Options extends AnyOptions = AnyOptions> {
  /** Checks the options; `below` are those of the layers before. @throws FormatError that names the field */
  read(field: Field, below: readonly AnyOptions[]): Options
  /** Makes the layer; null: the core's own layer serves. */
  build?(
    context: Context,
    name: string,
    options: Options,
    input: Edge,
    below: readonly Layer[],
  ): Layer | null
  /**
   * Adds the layer's part of a stream and gives the rows that it leaves; null: the core's own part serves. An
   * input only adds to the core's.
   * @throws UnsupportedError for a layer that cannot answer step by step
   */
  stream?(place: StreamPlace, layer: Layer, options: Options): Rows | null
}

/** Types that are no core ones. */
export const LATER = ['activation', 'layerNorm', 'masking', 'zeroMasked', 'reverse', 'concat'] as const

/** What was announced, by type; a core type's kind reads and builds more than the core does. */
export const kinds: { [type: string]: LayerKind | undefined } = {}

/** Makes types known to all networks from now on. */
export function announceLayers(more: { readonly [type: string]: LayerKind }): void {
  Object.assign(kinds, more)
}
