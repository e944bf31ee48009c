/**
 * A layer as data: how its options are read from JSON, and how the layer is built from them. Each layer's file holds
 * its definition and a typed factory, which pairs the definition with options; nothing is registered globally, so
 * that a bundle carries the layers it uses and no others.
 */
import type { Field } from '../core/validation.ts'
import type { Context, Edge, Layer } from './layer.ts'
import type { LossDefinition } from './loss.ts'
import type { MaskSupport } from './masks/support.ts'

/** Options of any layer. */
export interface AnyOptions {
  readonly type: string
}

/** A type of layer, as `allLayers` and the factories have it. */
export interface LayerInfo<Options extends AnyOptions = AnyOptions> {
  readonly type: Options['type']
  /** Whether it reads batches: the first layer of a network, and no other. */
  readonly isInput?: boolean
}

/** What a network needs to know of a type of layer. */
export interface LayerDefinition<Options extends AnyOptions = AnyOptions> extends LayerInfo<Options> {
  /** What computes with masked steps, in definitions whose networks may have some. */
  readonly masks?: MaskSupport
  /** Of an input: the losses that its networks may have beyond those of `layers/loss.ts`. */
  readonly losses?: readonly LossDefinition[]
  /** Checks options from JSON; `below` are those of the layers below. @throws FormatError that names the field */
  read(field: Field, below: readonly AnyOptions[]): Options
  /**
   * `all`: the options of every layer of the network.
   * @throws ShapeError, UnsupportedError for an input that the layer does not take
   */
  build(
    context: Context,
    name: string,
    options: Options,
    input: Edge,
    below: readonly Layer[],
    all: readonly AnyOptions[],
  ): Layer
}

/** A layer of a network to be: made by the factories (`dense(3)`), taken by `network`. */
export interface LayerSpec<Options extends AnyOptions = AnyOptions> {
  readonly definition: LayerInfo<Options>
  readonly options: Options
}

/** The same as the library sees it. */
export interface BuildableSpec extends LayerSpec {
  readonly definition: LayerDefinition
}
