/** The loss of an output together with that of a layer below it, such as the label of a sentence beside its tags. */
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Context } from '../layer.ts'
import {
  LossLayer,
  readLoss,
  type GradientOf,
  type Loss,
  type LossDefinition,
  type LossValue,
  type Targets,
} from '../loss.ts'

/** A loss of a layer below the output. */
export interface AddedLoss {
  /** Set by the loss that adds it. */
  isAdded: boolean
  /** The sum of both; with a gradient also its own, for the layer's `backward`. */
  add(output: LossValue, batch: PackedBatch, targets: Targets, gradient: GradientOf): LossValue
}

/** By the context of their network. */
const losses = new WeakMap<Context, AddedLoss>()

/** Says that a layer of the network has a loss of its own. */
export function addLoss(context: Context, loss: AddedLoss): void {
  losses.set(context, loss)
}

/** The loss of the output, with what a layer of the network adds to it. */
export function withAdded(context: Context, loss: Loss): Loss {
  const added = losses.get(context)
  if (!added) return loss
  added.isAdded = true
  return {
    options: loss.options,
    plan: (capacity) => loss.plan(capacity),
    compute: (batch, targets, gradient, plain) =>
      added.add(loss.compute(batch, targets, gradient, plain), batch, targets, gradient),
  }
}

/** The softmax of networks where a layer may add a loss. */
export const addingSoftmax: LossDefinition = {
  type: 'softmaxCrossEntropy',
  read: (field) => readLoss(field),
  build: (context, options, output) => withAdded(context, new LossLayer(context, options, output)),
}
