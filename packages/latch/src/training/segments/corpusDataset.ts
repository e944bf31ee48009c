/** A corpus as a dataset: every token is to be predicted from those before it. */
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { DataError } from '../../core/errors.ts'
import { requirePositiveInteger } from '../../core/typedValues.ts'
import { assertList } from '../arrayTable.ts'
import type { Dataset } from '../dataset.ts'
import { SegmentedDataset, type LongSequence, type Stream } from './segmentedDataset.ts'

/** A corpus and how it is cut. */
export interface CorpusOptions {
  /** The token ids of the whole corpus, in order; or of its documents, a list each, which begin with states of zero. */
  ids: ArrayLike<number> | readonly ArrayLike<number>[]
  /** Parts of the corpus that are read side by side. Default 32. */
  batchSize?: number
  /** Steps through which gradients go back: the length of a segment. Default 64. */
  steps?: number
}

const NAMES: Names<CorpusOptions> = { ids: 1, batchSize: 1, steps: 1 }

/**
 * A dataset for `fit` and `evaluate` of networks that predict the next token at every step. The corpus is cut into
 * `batchSize` parts of equal length (or one token shorter), and these into segments of `steps` steps; the recurrent
 * states go on from segment to segment, and begin at zero with each document and each part. Every token but the first
 * of a document is a target exactly once.
 * @throws DataError for a corpus that is too short, and for an id that is not a whole number from 0; UsageError for an option
 * @example
 * await fit(net, { train: corpusDataset({ ids, batchSize: 32, steps: 64 }), epochs: 10 })
 */
export function corpusDataset(options: CorpusOptions): Dataset {
  assertKnownOptions('corpusDataset option', options, NAMES)
  const { ids, batchSize = 32, steps = 64 } = options
  requirePositiveInteger('corpusDataset batchSize', batchSize)
  requirePositiveInteger('corpusDataset steps', steps)
  const where = 'corpusDataset ids'
  assertList(where, ids, 'an array of token ids')
  const documents = isNested(ids)
    ? ids.map((document, i) => readDocument(`${where}, document ${i}`, document))
    : [readDocument(where, ids)]
  return new SegmentedDataset([cutCorpus(documents, batchSize)], steps)
}

function isNested(ids: CorpusOptions['ids']): ids is readonly ArrayLike<number>[] {
  return Array.isArray(ids) && typeof ids[0] === 'object'
}

function readDocument(where: string, ids: ArrayLike<number>): Int32Array {
  assertList(where, ids, 'an array of token ids')
  const all = Int32Array.from(ids)
  const wrong = all.findIndex((id, i) => id < 0 || id !== ids[i])
  if (wrong < 0) return all
  const expected = 'a token id (a whole number, 0 or more)'
  throw new DataError({ where: `${where}, token ${wrong}`, expected, got: String(ids[wrong]) })
}

/**
 * `count` consecutive parts of a corpus, each the documents in it, or parts of them: lists of ids with the ids that follow.
 * @throws DataError for a corpus with fewer tokens to predict
 */
export function cutCorpus(documents: readonly Int32Array[], count: number): Stream[] {
  const targets = documents.reduce((sum, { length }) => sum + Math.max(0, length - 1), 0)
  if (targets < count) {
    const fits = targets >= 1
    throw new DataError({
      where: 'corpus',
      expected: `at least ${count + 1} tokens, for ${count} parts side by side`,
      got: `${documents.reduce((sum, { length }) => sum + length, 0)}`,
      remedy: fits ? undefined : 'Add text: nothing can be predicted.',
      fix: fits ? { option: 'batchSize', value: targets, to: 'read fewer parts side by side' } : undefined,
    })
  }
  const streams = Array.from({ length: count }, (): LongSequence[] => [])
  let [begin, stream] = [0, 0]
  for (const ids of documents) {
    const length = Math.max(0, ids.length - 1)
    for (let from = 0; from < length;) {
      const end = Math.floor(((stream + 1) * targets) / count)
      const to = Math.min(length, end - begin)
      streams[stream].push({ ids: ids.subarray(from, to), classes: ids.subarray(from + 1, to + 1) })
      if (begin + to === end) stream++
      from = to
    }
    begin += length
  }
  return streams
}
