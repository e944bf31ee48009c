/**
 * The batches that a dataset gives, with their numbers checked: a feature or target that is not finite would be noticed
 * only as a loss that is none, without its place.
 */
import { DataError, ShapeError } from '../core/errors.ts'
import { isFiniteAt } from '../core/precision.ts'
import type { Network } from '../model/network.ts'
import { outputBatch } from '../model/outputBatch.ts'
import type { Dataset, Sample } from './dataset.ts'

/** @throws DataError for a feature or target that is not finite in the network's precision, with its row and step */
export function drawSample(network: Network, dataset: Dataset, rows: Int32Array): Sample {
  const { engine, output } = network
  const sample = dataset.batch(rows)
  const { batch, targets } = sample
  assertStepTargets(network, sample, rows)
  const { features, featureWidth: width, mask } = batch
  const fault = features?.findIndex((value, i) => {
    return !isFiniteAt(engine.precision, value) && mask?.[Math.floor(i / width)] !== 0
  })
  if (features && fault !== undefined && fault >= 0) {
    const feature = `${placeOf(sample, rows, Math.floor(fault / width))}, feature ${fault % width}`
    throw notFinite(feature, features[fault])
  }
  const values = targets.values ?? []
  let wrong = 0
  while (wrong < values.length && isFiniteAt(engine.precision, values[wrong])) wrong++
  if (wrong === values.length) return sample
  const size = output.width
  const isPerRow = values.length === batch.rows * size && batch.rows !== batch.sequences
  const place = isPerRow
    ? placeOf(sample, rows, Math.floor(wrong / size))
    : `row ${rows[Math.floor((wrong * batch.sequences) / values.length)]}`
  throw notFinite(`${place}, target`, values[wrong])
}

/**
 * Where layers change the number of steps, a list of classes for the steps of the input would pass as one for those of the
 * output. @throws ShapeError with the row
 */
function assertStepTargets(network: Network, { batch, targets }: Sample, rows: Int32Array): void {
  const above = outputBatch(network, batch)
  if (above === batch || !targets.stepClasses) return
  above.sortedIndices.forEach((sequence, b) => {
    const got = targets.stepClasses![sequence]?.length
    if (got === above.lengths[b]) return
    throw new ShapeError({
      where: `row ${rows[sequence]}, targets.stepClasses`,
      expected: `${above.lengths[b]} classes (one for each step of the output)`,
      got: String(got),
    })
  })
}

/** `row 12, step 3` of the dataset, of a packed row. */
function placeOf({ batch }: Sample, rows: Int32Array, packed: number): string {
  let place = ''
  batch.eachRow((row, sequence, t) => {
    if (row === packed) place = `row ${rows[sequence]}, step ${t}`
  })
  return place
}

function notFinite(where: string, value: number): DataError {
  return new DataError({ where, expected: 'a finite 32-bit number', got: String(value) })
}
