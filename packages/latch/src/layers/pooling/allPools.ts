/** All poolings as one definition, for networks that are read from JSON. */
import { fieldAt, fieldError, readBoolean, readChoice } from '../../core/validation.ts'
import type { LayerDefinition } from '../definition.ts'
import { optional, readOptions } from '../fields.ts'
import { attentionPoolLayer } from './attentionPool.ts'
import { firstPoolLayer } from './firstPool.ts'
import { poolLayer, type PoolOptions } from './pool.ts'
import { sumPoolLayer } from './sumPool.ts'
import { UnmaskedMean } from './unmaskedMean.ts'

const POOLINGS = ['last', 'first', 'max', 'mean', 'sum', 'attention'] as const
const OWN: { readonly [K in PoolOptions['pooling']]?: LayerDefinition<PoolOptions> } = {
  first: firstPoolLayer,
  sum: sumPoolLayer,
  attention: attentionPoolLayer,
}

/** Every pooling. */
export const anyPoolLayer: LayerDefinition<PoolOptions> = {
  type: 'pool',
  read(field) {
    const options = readOptions<PoolOptions>(field, {
      pooling: (pooling) => readChoice(pooling, POOLINGS),
      countMasked: optional(readBoolean),
    })
    if (options.countMasked && options.pooling !== 'mean')
      throw fieldError(fieldAt(field, 'countMasked'), 'a mean', options.pooling)
    return options
  },
  build(context, name, options, input, below, all) {
    if (options.countMasked) return new UnmaskedMean(context, name, input)

    const definition = OWN[options.pooling] ?? (poolLayer as LayerDefinition<PoolOptions>)
    return definition.build(context, name, options, input, below, all)
  },
}
