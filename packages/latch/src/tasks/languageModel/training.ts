/** Training of a language model: texts → tokens, the vocabulary of the training part, the corpus in segments. */
import { atRow, DataError } from '../../core/errors.ts'
import { joinTexts } from '../../data/examples.ts'
import { describe } from '../../core/validation.ts'
import { buildVocabulary } from '../../text/buildVocabulary.ts'
import { UNKNOWN_TOKEN, Vocabulary } from '../../text/vocabulary.ts'
import { evaluate } from '../../training/evaluate.ts'
import { cutCorpus } from '../../training/segments/corpusDataset.ts'
import { SegmentedDataset, type LongSequence, type Stream } from '../../training/segments/segmentedDataset.ts'
import { fitNgrams } from '../baselines/ngrams.ts'
import { formatCount } from '../labels.ts'
import type { Baseline } from '../baselines/baseline.ts'
import type { Reading, TaskTraining } from '../task.ts'
import { unknownTokens } from '../unknownTokens.ts'
import {
  completeLanguage,
  divideTokens,
  END_TOKEN,
  tokenizerOf,
  tokensOfItem,
  type LanguageItem,
  type LanguageLearned,
  type LanguageTypes,
} from './learned.ts'
import { languageLayers, languageNetwork } from './network.ts'
import { fromByteCharacters } from '../../text/bytes.ts'
import { DEFAULT_SIZE, trainBytePairs } from '../../text/trainBytePairs.ts'
import type { LanguageModelSettings } from './options.ts'

export * from '../fit/trainingModule.ts'

/** Tokens of the n-grams of the baseline. */
const ORDER = 5
/** Texts that are evaluated side by side, and the logits of their segments at most. */
const SIDE_BY_SIDE = 32
const LOGITS = 2 ** 22
/** A text longer than this is evaluated in parts, each of which reads so many tokens before it first. */
const PART = 16_384
const CONTEXT = 1024

/** A row's text; of several columns their texts as one, where each is a text. */
function textOf(row: unknown, input: string, texts: readonly string[] = [input]): unknown {
  if (typeof row === 'string') return row
  const cells = texts.map((name) => (row as Record<string, unknown> | null)?.[name])
  return cells.every((cell) => typeof cell === 'string')
    ? joinTexts(cells)
    : cells.find((cell) => typeof cell !== 'string')
}

export const taskTraining: TaskTraining<LanguageTypes> = {
  fitDefaults: () => ({ learningRate: 0.002 }),

  readExamples(rows, { settings: asked, trained, columns, purpose }) {
    const { input = 'text', texts } = columns
    const { settings } = trained?.learned ?? { settings: asked }
    // Of byte pairs the pieces: `learn` finds the merges in them.
    const tokenizer = tokenizerOf(settings, null)
    const noun = purpose === 'validation' ? 'validation row' : 'row'
    const items: LanguageItem[] = []
    for (const row of rows as Iterable<unknown>) {
      const where = `${noun} ${items.length}`
      const text = textOf(row, input, texts)
      const tokens = typeof text === 'string' ? tokenizer.tokenize(text) : []
      if (tokens.length > 0) items.push({ tokens })
      else {
        const expected =
          typeof text === 'string'
            ? 'a text with at least one token'
            : `a text, or { ${texts?.join(', ') ?? input} }`
        const got = describe(text === undefined ? row : text)
        throw atRow(new DataError({ where, expected, got }), items.length)
      }
    }
    if (items.length === 0) {
      const where = purpose === 'evaluation' ? 'evaluate' : 'fit'
      throw new DataError({ where, expected: 'at least one text', got: 'none' })
    }
    return { items, rows: items.map((_, i) => i), labels: null, warnings: [] }
  },

  divide: ([item, ...others], fraction) => {
    const parts = divideTokens(item.tokens, fraction)
    if (others.length > 0 || parts.some(({ length }) => length < 2)) return null
    return { train: [{ tokens: parts[0] }], validation: [{ tokens: parts[1] }] }
  },

  learn(settings, all, training) {
    const { minimumCount, maximumVocabulary, endToken = all.items.length > 1 } = settings
    if (settings.tokens === 'bpe') return learnBytePairs({ ...settings, endToken }, training)
    const most = maximumVocabulary === null ? undefined : Math.max(1, maximumVocabulary - Number(endToken))
    const { tokens } = buildVocabulary(
      training.map((item) => item.tokens),
      { minimumCount, maximumSize: most },
    )
    const others = tokens.filter((token) => token !== UNKNOWN_TOKEN && token !== END_TOKEN)
    const words = new Vocabulary([UNKNOWN_TOKEN, ...(endToken ? [END_TOKEN] : []), ...others])
    if (words.size >= 3) return completeLanguage({ ...settings, endToken }, words)
    throw new DataError({
      where: 'vocabulary',
      expected: 'at least two different tokens to predict',
      got: `${words.size - 1}`,
      remedy: 'Add text, or keep rare tokens with a lower `minimumCount`.',
    })
  },

  unknownTokens: (learned, items) => unknownTokens(learned, merged(learned, items)),

  network: ({ settings, words }) => ({
    config: languageNetwork(settings, words.size),
    layers: languageLayers,
  }),

  dataset({ learned }, items, batchSize) {
    if (batchSize !== undefined) {
      return new SegmentedDataset([cutCorpus(documentsOf(learned, items), batchSize)], learned.settings.steps)
    }
    return evaluationDataset(learned, items)
  },

  classes: () => [],

  async measure({ network, learned, names: labels }, items, dataset, options) {
    const { loss, accuracy, n } = await evaluate(network, dataset, options)
    const { unknown, total } = unknownTokens(learned, merged(learned, items))
    const text = items.reduce((sum, item) => sum + characters(learned, tokensOfItem(learned, item)), 0)
    const bits = loss / Math.LN2
    return {
      kind: 'tokens',
      loss,
      bits,
      perplexity: Math.exp(loss),
      bitsPerCharacter: (bits * n) / text,
      accuracy: accuracy!,
      n,
      labels,
      warnings: unknown > 0 ? [`${formatCount(unknown, 'token')} of ${total} are unknown to the model.`] : [],
    }
  },

  baseline: (training, reading) => ngramBaseline(training, reading, ORDER),
}

/** The texts as they are evaluated; or all as one, through which the states go on. */
function documentsOf(learned: LanguageLearned, items: readonly LanguageItem[]): Int32Array[] {
  const { start, settings, words } = learned
  const texts = items.map((item) => [...start, ...tokensOfItem(learned, item)])
  const documents = settings.resetStates ? texts : [texts.flat()]
  return documents.map((tokens) => words.encode([...tokens, ...start]))
}

/** Byte pairs of the training part; every byte has a token, so nothing is unknown. */
function learnBytePairs(settings: LanguageModelSettings, training: readonly LanguageItem[]): LanguageLearned {
  const pieces = new Map<string, number>()
  for (const { tokens } of training)
    for (const piece of tokens) pieces.set(piece, (pieces.get(piece) ?? 0) + 1)
  const own = [UNKNOWN_TOKEN, ...(settings.endToken ? [END_TOKEN] : [])]
  const maximumSize = (settings.maximumVocabulary ?? DEFAULT_SIZE) - own.length
  const pairs = trainBytePairs(pieces, { maximumSize, minimumCount: settings.minimumCount })
  return completeLanguage(settings, new Vocabulary([...own, ...pairs.tokens]), pairs)
}

const merged = (learned: LanguageLearned, items: readonly LanguageItem[]): readonly LanguageItem[] =>
  learned.pairs ? items.map((item) => ({ tokens: tokensOfItem(learned, item) })) : items

/** n-grams of the training texts; `order` is n. */
export function ngramBaseline(
  training: Iterable<object>,
  reading: Reading<LanguageTypes>,
  order = ORDER,
): Baseline {
  const { learned } = reading.trained!
  const ids = (item: LanguageItem) =>
    learned.words.encode([...learned.start, ...tokensOfItem(learned, item), ...learned.start])
  const read = (rows: Iterable<object>) => taskTraining.readExamples(rows, reading).items.map(ids)
  const model = fitNgrams(read(training), order, learned.words.size)
  return {
    name: order === 1 ? 'unigram' : `${order}-gram`,
    evaluate: (rows) => ({ metric: 'loss', ...model.evaluate(read(rows)) }),
  }
}

/** Characters of the tokens that are predicted: all, or without an end token all but the first. */
function characters({ tokenizer, start }: LanguageLearned, tokens: readonly string[]): number {
  const predicted = tokens.slice(start.length > 0 ? 0 : 1)
  if (tokenizer.config.kind === 'bpe') return Array.from(fromByteCharacters(predicted.join(''))).length
  const all = predicted.reduce((sum, token) => sum + Array.from(token).length, 0)
  return tokenizer.config.kind === 'chars' ? all : all + predicted.length
}

/** Every text from states of zero; long ones in parts. */
function evaluationDataset(learned: LanguageLearned, items: readonly LanguageItem[]): SegmentedDataset {
  const { words, start } = learned
  const sequences = items.flatMap((item) =>
    partsOf(words.encode([...start, ...tokensOfItem(learned, item), ...start])),
  )
  if (sequences.length === 0) {
    const expected = 'texts of at least two tokens, of which the second is predicted'
    throw new DataError({ where: 'texts', expected, got: 'one token each' })
  }
  sequences.sort((a, b) => b.ids.length - a.ids.length)
  const groups: Stream[][] = []
  for (let from = 0; from < sequences.length; from += SIDE_BY_SIDE)
    groups.push(sequences.slice(from, from + SIDE_BY_SIDE).map((sequence) => [sequence]))
  const steps = Math.max(1, Math.min(64, Math.floor(LOGITS / (SIDE_BY_SIDE * words.size))))
  return new SegmentedDataset(groups, steps)
}

/** Each part predicts its own tokens, after reading some of those before it. */
function partsOf(ids: Int32Array): LongSequence[] {
  const targets = ids.length - 1
  const count = Math.ceil(targets / PART)
  return Array.from({ length: count }, (_, k) => {
    const [from, to] = [Math.floor((k * targets) / count), Math.floor(((k + 1) * targets) / count)]
    const first = Math.max(0, from - CONTEXT)
    const classes = ids.slice(first + 1, to + 1).fill(-1, 0, from - first)
    return { ids: ids.subarray(first, to), classes }
  })
}
