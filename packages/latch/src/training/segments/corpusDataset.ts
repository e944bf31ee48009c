/** A corpus as a dataset: every token is to be predicted from those before it. */
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { DataError } from '../../core/errors.ts'
import { requirePositiveInteger } from '../../core/typedValues.ts'
import { assertList } from '../arrayTable.ts'
import type { Dataset } from '../dataset.ts'
import { SegmentedDataset } from './segmentedDataset.ts'

/** A corpus and how it is cut. */
export interface CorpusOptions {
  /** The token ids of the whole corpus, in order. */
  ids: ArrayLike<number>
  /** Parts of the corpus that are read side by side. Default 32. */
  batchSize?: number
  /** Steps through which gradients go back: the length of a segment. Default 64. */
  steps?: number
}

const NAMES: Names<CorpusOptions> = { ids: 1, batchSize: 1, steps: 1 }

/**
 * A dataset for `fit` and `evaluate` of networks that predict the next token at every step. The corpus is cut into
 * `batchSize` parts of equal length (or one token shorter), and these into segments of `steps` steps; the recurrent
 * states go on from segment to segment. Every token but the first is a target exactly once.
 * @throws DataError for a corpus that is too short, and for an id that is not a whole number from 0; UsageError for an option
 * @example
 * await fit(net, { train: corpusDataset({ ids, batchSize: 32, steps: 64 }), epochs: 10 })
 */
export function corpusDataset(options: CorpusOptions): Dataset {
  assertKnownOptions('corpusDataset option', options, NAMES)
  const { ids, batchSize = 32, steps = 64 } = options
  requirePositiveInteger('corpusDataset batchSize', batchSize)
  requirePositiveInteger('corpusDataset steps', steps)
  assertList('corpusDataset ids', ids, 'an array of token ids')
  const all = Int32Array.from(ids)
  const wrong = all.findIndex((id, i) => id < 0 || id !== ids[i])
  if (wrong >= 0) {
    const expected = 'a token id (a whole number, 0 or more)'
    throw new DataError({ where: `corpusDataset ids, token ${wrong}`, expected, got: String(ids[wrong]) })
  }
  return new SegmentedDataset([cutCorpus(all, batchSize)], steps)
}

/**
 * `count` consecutive parts of a corpus, each a list of ids with the ids that follow.
 * @throws DataError for a corpus with fewer tokens to predict
 */
export function cutCorpus(ids: Int32Array, count: number): { ids: Int32Array; classes: Int32Array }[] {
  const targets = ids.length - 1
  if (targets < count) {
    const fits = targets >= 1
    throw new DataError({
      where: 'corpus',
      expected: `at least ${count + 1} tokens, for ${count} parts side by side`,
      got: `${ids.length}`,
      remedy: fits ? undefined : 'Add text: nothing can be predicted.',
      fix: fits ? { option: 'batchSize', value: targets, to: 'read fewer parts side by side' } : undefined,
    })
  }
  return Array.from({ length: count }, (_, b) => {
    const [from, to] = [Math.floor((b * targets) / count), Math.floor(((b + 1) * targets) / count)]
    return { ids: ids.subarray(from, to), classes: ids.subarray(from + 1, to + 1) }
  })
}
