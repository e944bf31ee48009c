/** The mean over all steps of a sequence, masked ones included: GlobalAveragePooling1D of TensorFlow.js. */
import type { Context, Edge, LayerStep, StreamContext } from '../layer.ts'
import type { Rows } from '../streamRows.ts'
import { PoolLayer } from './pool.ts'

/** A mean that sees no masks. */
export class UnmaskedMean extends PoolLayer {
  constructor(context: Context, name: string, input: Edge) {
    const index = Object.create(context.index, { mask: { value: null } }) as Context['index']
    super(Object.create(context, { index: { value: index } }) as Context, name, 'mean', input)
  }

  override stream(context: StreamContext, x: Rows): LayerStep | null {
    const { capacity, ids } = context
    return super.stream(
      {
        capacity,
        ids,
        mask: null,
        rows: (width, stride) => context.rows(width, stride),
        outputOf: (layer) => context.outputOf(layer),
      },
      x,
    )
  }
}
