/**
 * The loss of a conditional random field: −log of the probability of the given tags among all paths, a mean over tags.
 * A negative tag is open: the loss is that of the others, whatever it is.
 */
import { DataError, ShapeError } from '../../core/errors.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { crfOf, type CrfLayer } from '../crf/crf.ts'
import { oneOf, readFields } from '../fields.ts'
import type { Edge } from '../layer.ts'
import { withAdded } from './added.ts'
import type { GradientOf, Loss, LossDefinition, LossOptions, LossValue, Targets } from '../loss.ts'

/** The loss of a CRF as data. */
export const crfLoss: LossDefinition = {
  type: 'crf',
  read: (field) => readFields<LossOptions>(field, { type: oneOf('crf') }),
  build: (context, options, output) => withAdded(context, new CrfLoss(options, output)),
}

class CrfLoss implements Loss {
  readonly options: LossOptions
  readonly #layer: CrfLayer

  /** @throws ShapeError for an output that is not a CRF's */
  constructor(options: LossOptions, output: Edge) {
    this.options = options
    const layer = crfOf(output)
    if (layer) {
      this.#layer = layer
      return
    }
    throw new ShapeError({
      where: 'loss crf',
      expected: 'a last layer `crf`, which has the transitions',
      got: 'another',
      remedy: 'End the network with `crf()`.',
    })
  }

  plan(): void {}

  compute(batch: PackedBatch, { stepClasses }: Targets, gradient: GradientOf): LossValue {
    return this.#layer.lossOf(batch, tagsOf(batch, this.#layer.output.width, stepClasses), gradient)
  }
}

/** The tags of each sequence, in the batch's order. @throws ShapeError, DataError */
export function tagsOf(
  batch: PackedBatch,
  classes: number,
  stepClasses: readonly ArrayLike<number>[] | undefined,
): Int32Array[] {
  const where = 'loss crf'
  if (stepClasses?.length !== batch.sequences) {
    const expected = `step classes of ${batch.sequences} sequences`
    throw new ShapeError({ where, expected, got: stepClasses ? `${stepClasses.length}` : 'none' })
  }
  return Array.from(batch.sortedIndices, (sequence, b) => {
    const given = stepClasses[sequence]
    return Int32Array.from({ length: batch.lengths[b] }, (_, t) => {
      if (Number.isInteger(given[t]) && given[t] < classes) return given[t]
      throw new DataError({
        where: `${where}, sequence ${sequence}, step ${t}`,
        expected: `whole class numbers below ${classes}`,
        got: String(given[t]),
      })
    })
  })
}
