/** Training of a sequence-to-sequence model: rows → tokens of source and target, vocabularies, batches of both. */
import { createTokenizer } from '../../text/tokenizer.ts'
import { atRow, DataError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { buildVocabulary } from '../../text/buildVocabulary.ts'
import { UNKNOWN_TOKEN, Vocabulary } from '../../text/vocabulary.ts'
import type { TokenKind } from '../../text/tokenizer.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Dataset, Sample } from '../../training/dataset.ts'
import { formatCount } from '../labels.ts'
import { END_TOKEN } from '../languageModel/learned.ts'
import type { TaskTraining } from '../task.ts'
import { unknownTokens } from '../unknownTokens.ts'
import {
  completeSequenceToSequence,
  type SequenceToSequenceLearned,
  type SequenceToSequenceTypes,
  type SourceAndTarget,
} from './learned.ts'
import { measureSequences } from './measure.ts'
import { sequenceToSequenceLayers, sequenceToSequenceNetwork } from './network.ts'
import { joinTarget } from './search.ts'
import { mixPredictions, truthAfter } from './scheduledSampling.ts'
import { sourceTokens } from './sourceTokens.ts'

export * from '../fit/trainingModule.ts'

export const taskTraining: TaskTraining<SequenceToSequenceTypes> = {
  fitDefaults: () => ({ learningRate: 0.002 }),

  readExamples(rows, { settings, trained, columns, purpose }) {
    const { input = 'source', target = 'target' } = columns
    const { tokens, targetTokens, lowercase, maximumLength } = settings
    const reader = trained?.learned ?? {
      settings,
      tokenizer: createTokenizer({ kind: tokens, lowercase }),
      targetTokenizer: createTokenizer({ kind: targetTokens, lowercase: false }),
    }
    const noun = purpose === 'validation' ? 'validation row' : 'row'
    const items: SourceAndTarget[] = []
    let cut = 0
    for (const row of rows as Iterable<Record<string, unknown> | null>) {
      const where = `${noun} ${items.length}`
      try {
        const source = sourceTokens(reader, row?.[input])
        if (source.cut > 0) cut++
        const text = row?.[target]
        const read = typeof text === 'string' ? reader.targetTokenizer.tokenize(text.trim()) : []
        if (read.length === 0) {
          const expected = typeof text === 'string' ? 'a text with at least one token' : 'a string'
          throw new DataError({ where: target, expected, got: describe(text) })
        }
        if (read.length > maximumLength) throwTooLong(target, read.length, maximumLength)
        items.push({ tokens: source.tokens, targetTokens: read, target: joinTarget(read, targetTokens) })
      } catch (error) {
        throw atRow(error, items.length, `${where}, `)
      }
    }
    if (items.length === 0) {
      const where = purpose === 'evaluation' ? 'evaluate' : 'fit'
      throw new DataError({ where, expected: `at least one row of ${input} and ${target}`, got: 'none' })
    }
    const warnings =
      cut > 0 ? [`${formatCount(cut, 'source')} cut at ${formatCount(maximumLength, 'token')}.`] : []
    return { items, rows: items.map((_, i) => i), labels: null, warnings }
  },

  learn(settings, _, training) {
    const words = vocabularyOf(
      settings.tokens,
      settings,
      training.map(({ tokens }) => tokens),
    )
    const targets = training.map(({ targetTokens }) => targetTokens)
    const found = vocabularyOf(settings.targetTokens, settings, targets)
    const others = found.tokens.filter((token) => token !== UNKNOWN_TOKEN && token !== END_TOKEN)
    const targetWords = new Vocabulary([UNKNOWN_TOKEN, END_TOKEN, ...others])
    for (const [side, size] of [
      ['source', words.size - 1],
      ['target', others.length],
    ] as const) {
      if (size > 0) continue
      throw new DataError({
        where: `vocabulary of the ${side}s`,
        expected: 'at least one token',
        got: 'none: every token would be unknown',
        remedy: 'Add rows, or keep rare tokens with a lower `minimumCount`.',
      })
    }
    const longestTarget = targets.reduce((most, { length }) => Math.max(most, length), 1)
    return completeSequenceToSequence({ ...settings, longestTarget }, words, targetWords)
  },

  unknownTokens,

  network: ({ settings, words, targetWords }) => ({
    config: sequenceToSequenceNetwork(settings, words.size, targetWords.size),
    layers: sequenceToSequenceLayers,
  }),

  dataset: ({ learned }, items) => new SequencePairs(learned, items),

  classes: () => [],

  evaluateOptions: { beams: 1, lengthPenalty: 1 },
  measure: measureSequences,

  baseline(training, reading) {
    const read = (rows: Iterable<object>) => taskTraining.readExamples(rows, reading).items
    const key = ({ tokens }: SourceAndTarget) => JSON.stringify(tokens)
    const known = new Map(read(training).map((item) => [key(item), item.target]))
    const { targetTokens } = reading.settings
    return {
      name: 'lookup in the training rows, else a copy of the source',
      evaluate(rows) {
        const items = read(rows)
        const right = items.filter(
          (item) => (known.get(key(item)) ?? joinTarget(item.tokens, targetTokens)) === item.target,
        )
        return { metric: 'accuracy', value: right.length / items.length, n: items.length }
      },
    }
  },
}

function vocabularyOf(
  kind: TokenKind,
  { minimumCount, maximumVocabulary }: SequenceToSequenceTypes['Settings'],
  lists: readonly (readonly string[])[],
): Vocabulary {
  return buildVocabulary(lists, {
    minimumCount: minimumCount ?? (kind === 'chars' ? 1 : 2),
    maximumSize: maximumVocabulary ?? undefined,
  })
}

function throwTooLong(where: string, length: number, maximum: number): never {
  throw new DataError({
    where,
    expected: `at most ${formatCount(maximum, 'token')}`,
    got: `${length}`,
    fix: { option: 'maximumLength', value: length, to: 'train on targets of this length' },
  })
}

/** Sources and targets as ids: the source's, then the end token and the target's but the last. */
class SequencePairs implements Dataset {
  readonly lengths: Int32Array
  readonly vary?: NonNullable<Dataset['vary']>
  readonly #ids: readonly Int32Array[]
  readonly #classes: readonly Int32Array[]

  constructor(learned: SequenceToSequenceLearned, items: readonly SourceAndTarget[]) {
    const { words, targetWords, settings } = learned
    const { scheduledSampling: schedule } = settings
    const end = targetWords.idOf(END_TOKEN)
    if (schedule) {
      this.vary = (network, sample, { updates, key }) => {
        const truth = truthAfter(schedule, updates)
        if (truth >= 1) return sample
        return {
          ...sample,
          batch: mixPredictions(network, sample.batch, { truth, key, sourceSize: words.size }),
        }
      }
    }
    this.#classes = items.map(({ targetTokens }) =>
      Int32Array.from([...targetWords.encode(targetTokens), end]),
    )
    this.#ids = items.map(({ tokens }, i) => {
      const target = [end, ...this.#classes[i].subarray(0, -1)].map((id) => id + words.size)
      return Int32Array.from([...words.encode(tokens), ...target])
    })
    this.lengths = Int32Array.from(this.#ids, ({ length }) => length)
  }

  get size(): number {
    return this.#ids.length
  }

  batch(rows: Int32Array): Sample {
    const pick = (lists: readonly Int32Array[]) => Array.from(rows, (row) => lists[row])
    return { batch: PackedBatch.ofIds(pick(this.#ids)), targets: { stepClasses: pick(this.#classes) } }
  }
}
