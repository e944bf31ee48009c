/** All poolings as one definition, for networks that are read from JSON. */
import { readChoice } from '../../core/validation.ts'
import type { LayerDefinition } from '../definition.ts'
import { readOptions } from '../fields.ts'
import { attentionPoolLayer } from './attentionPool.ts'
import { firstPoolLayer } from './firstPool.ts'
import { poolLayer, type PoolOptions } from './pool.ts'
import { sumPoolLayer } from './sumPool.ts'

const POOLINGS = ['last', 'first', 'max', 'mean', 'sum', 'attention'] as const
const OWN: { readonly [K in PoolOptions['pooling']]?: LayerDefinition<PoolOptions> } = {
  first: firstPoolLayer,
  sum: sumPoolLayer,
  attention: attentionPoolLayer,
}

/** Every pooling. */
export const anyPoolLayer: LayerDefinition<PoolOptions> = {
  type: 'pool',
  read: (field) => readOptions(field, { pooling: (pooling) => readChoice(pooling, POOLINGS) }),
  build(context, name, options, input, below) {
    const definition = OWN[options.pooling] ?? (poolLayer as LayerDefinition<PoolOptions>)
    return definition.build(context, name, options, input, below)
  },
}
