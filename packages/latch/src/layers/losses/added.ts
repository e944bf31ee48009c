/** The loss of an output together with that of a layer below it, such as the label of a sentence beside its tags. */
import type { Context } from '../layer.ts'
import { LossLayer, readLoss, type Loss, type LossDefinition } from '../loss.ts'

/** The loss, with what a layer of the network adds to it. */
export function withAdded({ addedLoss }: Context, loss: Loss): Loss {
  if (!addedLoss) return loss
  addedLoss.isAdded = true
  return {
    options: loss.options,
    plan: (capacity) => loss.plan(capacity),
    compute: (batch, targets, gradient, plain) =>
      addedLoss.add(loss.compute(batch, targets, gradient, plain), batch, targets, gradient),
  }
}

/** The softmax of networks where a layer may add a loss. */
export const addingSoftmax: LossDefinition = {
  type: 'softmaxCrossEntropy',
  read: (field) => readLoss(field),
  build: (context, options, output) => withAdded(context, new LossLayer(context, options, output)),
}
