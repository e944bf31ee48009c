/** A layer from its options: which class it is, and what may stand below it. */
import { DenseLayer, type DenseOptions } from '../layers/dense.ts'
import { EmbeddingLayer, FeaturesLayer, OneHotLayer } from '../layers/input.ts'
import type { Activation, Context, Layer } from '../layers/layer.ts'
import { RecurrentLayer } from '../layers/recurrent/recurrent.ts'
import { DropoutLayer, FlattenLayer, PoolLayer } from '../layers/shape.ts'
import { ShapeError } from '../core/errors.ts'
import { kinds } from './catalogue.ts'
import type { LayerOptions, NetworkConfig } from './config.ts'

/** All layers of a configuration, lowest first, each named by its type and number. */
export function buildLayers(context: Context, config: NetworkConfig, inputGradients: boolean): Layer[] {
  const layers: Layer[] = []
  const counts = new Map<string, number>()
  for (const options of config.layers) {
    const number = counts.get(options.type) ?? 0
    counts.set(options.type, number + 1)
    const input = layers[layers.length - 1]?.output
    const name = `${options.type}.${number}`
    const own = kinds[options.type]?.build?.(context, name, options, input, layers)
    layers.push(own ?? buildLayer(context, name, options, input, inputGradients))
  }
  return layers
}

function buildLayer(
  context: Context,
  name: string,
  options: LayerOptions,
  input: Activation,
  inputGradients: boolean,
): Layer {
  switch (options.type) {
    case 'embedding':
      return new EmbeddingLayer(context, name, options)
    case 'oneHot':
      return new OneHotLayer(context, options)
    case 'features':
      return new FeaturesLayer(context, options, inputGradients)
    case 'recurrent':
      if (input.per === 'step') return new RecurrentLayer(context, name, options, input)
      throw new ShapeError({
        where: name,
        expected: 'a sequence of steps below it',
        got: 'one row a sequence',
        remedy: 'Give the recurrent layer below returnSequences: true.',
      })
    case 'dropout':
      return new DropoutLayer(context, name, options, input)
    case 'pool':
      return new PoolLayer(context, name, options, input)
    case 'flatten':
      return new FlattenLayer(context, name, options, input)
    default:
      // Other types were announced, or refused when the configuration was read.
      return new DenseLayer(context, name, options as DenseOptions, input)
  }
}
