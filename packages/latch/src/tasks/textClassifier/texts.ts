/** Training rows as tokens, and their vocabulary: what every task on texts has in common. */
import { atRow, DataError } from '../../core/errors.ts'
import { examplesFromRows, type ExampleOptions, type Examples } from '../../data/examples.ts'
import { buildVocabulary, type VocabularyOptions } from '../../text/buildVocabulary.ts'
import type { TokenKind } from '../../text/tokenizer.ts'
import { UNKNOWN_TOKEN, Vocabulary } from '../../text/vocabulary.ts'
import { formatCount } from '../labels.ts'
import type { ExampleSet, Reading, TaskTypes } from '../task.ts'
import type { TextLearned } from './learned.ts'
import type { ClassifierSettings } from './options.ts'
import { TextReader } from './reader.ts'

/** The types of a task on texts. */
type Texts = TaskTypes & { Settings: ClassifierSettings; Learned: TextLearned }

/** Rows whose texts are read. */
export interface ReadTexts extends Pick<ExampleSet<never>, 'rows' | 'textColumn' | 'warnings'> {
  examples: Examples
  /** The tokens of each text. */
  tokens: readonly (readonly string[])[]
}

/** Texts of rows as tokens; the labels are in `examples`. @throws DataError */
export function readTexts(
  rows: Iterable<object>,
  { settings, trained, columns, purpose }: Reading<Texts>,
  more: Pick<ExampleOptions, 'labelLists'> = {},
): ReadTexts {
  const examples = examplesFromRows(rows, {
    text: columns.texts ?? columns.input,
    label: columns.target,
    name: `${nounOf(purpose)}s`,
    ...more,
  })
  const reader = trained?.learned.reader ?? new TextReader(settings)
  const read = examples.texts.map((text) => reader.read(text))
  const cut = read.reduce((count, { cut: tokens }) => count + (tokens > 0 ? 1 : 0), 0)
  return {
    examples,
    tokens: read.map(({ tokens }) => tokens),
    rows: examples.rowNumbers,
    textColumn: examples.columns.text,
    warnings: [...examples.notes, ...warnCut(cut, reader.maximumLength)],
  }
}

/** A sentence on texts that were cut, if there are any. */
export function warnCut(cut: number, limit: number): string[] {
  return cut > 0 ? [`${formatCount(cut, 'text')} cut at ${formatCount(limit, 'token')}.`] : []
}

/** What rows are called in messages. */
export function nounOf(purpose: Reading<Texts>['purpose']): string {
  return purpose === 'validation' ? 'validation row' : 'row'
}

/** Reads the label of each row; an error names the row. */
export function readLabels<T>(
  { labels, rowNumbers }: Pick<Examples, 'labels' | 'rowNumbers'>,
  purpose: Reading<Texts>['purpose'],
  read: (label: string) => T,
): T[] {
  return labels.map((label, i) => {
    try {
      return read(label)
    } catch (error) {
      throw atRow(error, rowNumbers[i], `${nounOf(purpose)} ${rowNumbers[i]}, `)
    }
  })
}

type Tokens = readonly { tokens: readonly string[] }[]

/** Below this number of training rows every token counts: few occur twice. */
const FEW_ROWS = 200

/**
 * The vocabulary of the training rows, and the settings that they decide.
 * @param keep tokens that stay however rare they are @throws DataError for an empty vocabulary
 */
export function learnWords<S extends ClassifierSettings>(
  settings: S,
  training: Tokens,
  keep: VocabularyOptions['keep'],
): { settings: S; words: Vocabulary } {
  const { minimumCount = training.length < FEW_ROWS ? 1 : 2, maximumVocabulary } = settings
  const words = buildVocabulary(
    training.map(({ tokens }) => tokens),
    { minimumCount, maximumSize: maximumVocabulary ?? undefined, keep },
  )
  if (words.size === 1) throw emptyVocabulary(settings.tokens, minimumCount)
  return { settings: { ...settings, minimumCount }, words }
}

/** The embedding of words, which may begin with pretrained vectors. */
export function wordEmbedding({ lowercase }: ClassifierSettings) {
  return {
    parameter: 'embedding.0.weight',
    ignoreCase: lowercase,
    tokens: (item: Tokens[number]) => item.tokens,
  }
}

/** The ids of items' texts. */
export function encodeItems({ words }: Pick<TextLearned, 'words'>, items: Tokens): Int32Array[] {
  return items.map(({ tokens }) => words.encode(tokens))
}

/** The vocabulary with the tokens of new rows; null if there are none. */
export function extendWords({ settings, words }: TextLearned, training: Tokens): Vocabulary | null {
  const { minimumCount, maximumVocabulary } = settings
  const found = buildVocabulary(
    training.map(({ tokens }) => tokens),
    { minimumCount },
  )
  const most = maximumVocabulary ?? Infinity
  const added = found.tokens.filter((token) => token !== UNKNOWN_TOKEN && !words.has(token))
  const all = [...words.tokens, ...added].slice(0, Math.max(words.size, most))
  return all.length === words.size ? null : new Vocabulary(all)
}

function emptyVocabulary(tokens: TokenKind, minimumCount: number): DataError {
  const chars = { option: 'tokens', value: 'chars', to: 'train on single characters' }
  const once = { option: 'minimumCount', value: 1, to: 'keep tokens that occur once' }
  return new DataError({
    where: 'vocabulary',
    expected: `at least one token that occurs ${minimumCount} times in the training rows`,
    got: 'none: every token would be unknown',
    fix: [...(tokens === 'chars' ? [] : [chars]), ...(minimumCount > 1 ? [once] : [])],
  })
}
