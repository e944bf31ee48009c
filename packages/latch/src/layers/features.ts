/** Numbers as they come: each step of a sequence is a row of `width` features. */
import { strideOf } from '../engine/engine.ts'
import { ShapeError } from '../core/errors.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import { allLosses } from './losses/allLosses.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { readOptions, readWidth } from './fields.ts'
import { makeEdge, type Capacity, type Context, type Edge, type Layer } from './layer.ts'
import { masks } from './masks/masks.ts'

/** Input layer: numbers, (batch, timesteps, width). */
export interface FeaturesOptions {
  type: 'features'
  width: number
}

/** The features input as data. */
export const featuresLayer: LayerDefinition<FeaturesOptions> = {
  type: 'features',
  isInput: true,
  losses: allLosses,
  read: (field) => readOptions(field, { width: readWidth }),
  build: (context, name, options) => new FeaturesLayer(context, name, options),
}

/** The features input of networks whose batches may mask steps, as data. */
export const maskedFeaturesLayer: LayerDefinition<FeaturesOptions> = /* @__PURE__ */ withMasks()

function withMasks(): LayerDefinition<FeaturesOptions> {
  return { ...featuresLayer, masks }
}

/** The first layer of a network that reads numbers: `features(5)` for five channels. */
export function features(width: number): LayerSpec<FeaturesOptions> {
  return { definition: featuresLayer, options: { type: 'features', width } }
}

/** `features` for batches with a mask of their own. */
export function maskedFeatures(width: number): LayerSpec<FeaturesOptions> {
  return { definition: maskedFeaturesLayer, options: { type: 'features', width } }
}

export class FeaturesLayer implements Layer {
  readonly type = 'features'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context

  constructor(context: Context, name: string, options: FeaturesOptions) {
    this.#context = context
    this.name = name
    this.output = makeEdge('step', options.width, strideOf(context.engine, options.width))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, inputGradients } = this.#context
    const { memory } = engine
    const floats = capacity.rows * this.output.stride
    this.output.value = memory.floats(floats, 'features')
    this.output.gradient = training && inputGradients ? memory.floats(floats, 'features') : 0
  }

  forward(batch: PackedBatch): void {
    const { width, stride, value } = this.output
    if (!batch.features || batch.featureWidth !== width) {
      const got = batch.features ? `${batch.featureWidth} features` : 'token ids'
      throw new ShapeError({ where: 'network input', expected: `${width} features a step`, got })
    }
    const view = this.#context.engine.memory.viewFloats(value, batch.rows * stride)
    if (stride === width) {
      view.set(batch.features)
      return
    }
    for (let r = 0; r < batch.rows; r++) {
      for (let j = 0; j < width; j++) view[r * stride + j] = batch.features[r * width + j]
    }
  }

  backward(): void {}
}
