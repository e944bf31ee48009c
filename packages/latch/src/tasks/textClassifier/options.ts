/**
 * The options of a text classifier and their defaults. The defaults were chosen on the validation sets of four public datasets: docs/defaults.md.
 */
import { cellNames, cells, findCell, takesOption } from '../../cells/registry.ts'
import { cleanLabel } from '../../data/labels.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import { oneOf, readFields, readRate, readWidth } from '../../layers/fields.ts'
import { fieldAt, fieldError, readBoolean, readOptional, type Field } from '../../core/validation.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import type { WordVectors } from '../../data/vectors/vectorSource.ts'
import { TOKEN_KINDS, type TokenKind } from '../../text/tokenizer.ts'
import {
  choiceOption,
  countOption,
  embeddingOption,
  flagOption,
  layersOption,
  rateOption,
  readCount,
  readEmbeddingWidth,
  readLayerCount,
  readLimit,
  throwOption,
  widthOption,
} from '../optionChecks.ts'
import { embeddingWidth, keepVectors } from '../vectors/option.ts'

/** The recurrent cells, and the feed-forward baselines: flattened (`ann`) and bag of words (`bag`). */
export const CELL_CHOICES = [...cellNames, 'ann', 'bag'] as const
/** A cell or a baseline by its name. */
export type CellChoice = (typeof CELL_CHOICES)[number]

/** Whether a cell is no recurrent one. */
export const isFeedForward = (cell: CellChoice): cell is 'ann' | 'bag' => cell === 'ann' || cell === 'bag'

/** Dropout rates in training. */
export interface DropoutRates {
  /** Tokens replaced by the unknown token; this also trains the unknown token. */
  words: number
  /** Elements of the embedding. */
  embedding: number
  /** Elements between recurrent layers. */
  layers: number
  /** Elements before the output. */
  output: number
}

/** Options of `textClassifier`. All are optional. */
export interface ClassifierOptions<
  C extends CellChoice = CellChoice,
  L extends string = string,
> extends EngineOptions {
  /** Default `lstm`. */
  cell?: C
  /** Hidden units H. Default 64. */
  units?: number
  /** Recurrent layers. Default 1. */
  layers?: number
  /** Also read the text from end to start. Default false. */
  bidirectional?: boolean
  /** GRU: reset gate after or before the recurrent product. Default `after`. */
  reset?: 'after' | 'before'
  /** Activation of a simple RNN. Default `tanh`. */
  activation?: 'tanh' | 'relu'
  /** Pooling of the steps' outputs. Default `last`. */
  pooling?: 'last' | 'max' | 'mean'
  /**
   * How texts are tokenized. Default `words`, which splits scripts without spaces (Chinese, Japanese, Thai) into
   * letters. `whitespace`: for texts that were split into words before.
   */
  tokens?: TokenKind
  /** Lower-case the texts. Default true for words, false for characters. */
  lowercase?: boolean
  /** Width of the embedding, or `oneHot`. Default 64. */
  embedding?: number | 'oneHot'
  /**
   * Pretrained word vectors with which the embedding begins; its width is then theirs. Words of the training rows that
   * have one are kept whatever `minimumCount` says. `frozen: ['embedding.0']` of `fit` leaves them as they are.
   */
  vectors?: WordVectors
  /** Tokens with fewer occurrences in training are unknown. Default 2, for fewer than 200 training rows 1. */
  minimumCount?: number
  /** Maximum size of the vocabulary, including the unknown token. Default: no limit. */
  maximumVocabulary?: number
  /** Maximum tokens per text; longer texts are truncated, and reported. Default 400 words or 1000 characters (`ann`: 60). */
  maximumLength?: number
  /**
   * One rate for embedding, layers and output (0 also turns word dropout off), or rates by name.
   * Default words 0.2, embedding 0.6, layers 0.3, output 0.3; characters 0.05, 0.2, 0.2, 0.2.
   */
  dropout?: number | Partial<DropoutRates>
  /**
   * Mix the network with a linear model of words and pairs of words, as far as that lowers the validation loss: the report
   * of `fit` says what each contributes. Default true for recurrent cells on words.
   */
  counts?: boolean
  /**
   * The labels, so that their type is known and other labels are errors; trimmed and in NFC,
   * like the labels of rows. Default: those of the training rows.
   */
  labels?: readonly L[]
}

/** All options with their values, as stored in a model file. */
export interface ClassifierSettings {
  cell: CellChoice
  units: number
  layers: number
  bidirectional: boolean
  reset: 'after' | 'before'
  activation: 'tanh' | 'relu'
  pooling: 'last' | 'max' | 'mean'
  tokens: TokenKind
  lowercase: boolean
  embedding: number | 'oneHot'
  /** Undefined until the first `fit`: by the number of rows. */
  minimumCount: number | undefined
  maximumVocabulary: number | null
  maximumLength: number
  dropout: DropoutRates
  /** Undefined: false, as in files of models without counts. */
  counts?: boolean
}

const WORDS = { length: 400, dropout: { words: 0.2, embedding: 0.6, layers: 0.3, output: 0.3 } }
const CHARS = { length: 1000, dropout: { words: 0.05, embedding: 0.2, layers: 0.2, output: 0.2 } }
const ANN_LENGTH = 60

/** The names of the options. */
export const CLASSIFIER_OPTIONS: Names<ClassifierOptions> = {
  cell: 1,
  units: 1,
  layers: 1,
  bidirectional: 1,
  reset: 1,
  activation: 1,
  pooling: 1,
  tokens: 1,
  lowercase: 1,
  embedding: 1,
  vectors: 1,
  minimumCount: 1,
  maximumVocabulary: 1,
  maximumLength: 1,
  dropout: 1,
  counts: 1,
  labels: 1,
  engine: 1,
  reproducible: 1,
  threads: 1,
  precision: 1,
}

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveSettings(options: ClassifierOptions): ClassifierSettings {
  assertKnownOptions('option', options, CLASSIFIER_OPTIONS)
  const cell = choiceOption('cell', options.cell ?? 'lstm', CELL_CHOICES)
  const tokens = choiceOption('tokens', options.tokens ?? 'words', TOKEN_KINDS)
  const defaults = tokens === 'chars' ? CHARS : WORDS
  const { vectors, maximumVocabulary = null } = options
  const embedding = embeddingWidth(vectors, options.embedding, 64)
  const { maximumLength = cell === 'ann' ? ANN_LENGTH : defaults.length } = options
  const settings: ClassifierSettings = {
    cell,
    units: widthOption('units', options.units ?? 64),
    layers: layersOption(options.layers ?? 1),
    bidirectional: flagOption('bidirectional', options.bidirectional ?? false),
    reset: choiceOption('reset', options.reset ?? 'after', ['after', 'before']),
    activation: choiceOption('activation', options.activation ?? 'tanh', ['tanh', 'relu']),
    pooling: choiceOption('pooling', options.pooling ?? 'last', ['last', 'max', 'mean']),
    tokens,
    lowercase: flagOption('lowercase', options.lowercase ?? tokens !== 'chars'),
    embedding: embeddingOption(embedding),
    minimumCount:
      options.minimumCount === undefined ? undefined : countOption('minimumCount', options.minimumCount),
    maximumVocabulary:
      maximumVocabulary === null ? null : countOption('maximumVocabulary', maximumVocabulary),
    maximumLength: (cell === 'ann' ? widthOption : countOption)('maximumLength', maximumLength),
    dropout: dropoutRates(options.dropout, defaults.dropout),
    counts: flagOption('counts', options.counts ?? (tokens !== 'chars' && !isFeedForward(cell))) || undefined,
  }
  const contradiction = contradictionIn(settings) ?? optionWithoutEffect(options, settings)
  if (contradiction) throwOption(...contradiction)
  return keepVectors(settings, vectors)
}

/** At least two different labels, cleaned like those of rows; or null. @throws UsageError */
export function resolveLabels<L extends string>(given: readonly L[] | undefined): readonly L[] | null {
  if (given === undefined) return null
  if (!Array.isArray(given) || given.some((label) => typeof label !== 'string' || label.trim() === ''))
    throwOption('labels', 'a list of non-empty strings', JSON.stringify(given))
  const labels = given.map((label) => cleanLabel(label) as L)
  const twice = labels.find((label, i) => labels.indexOf(label) !== i)
  if (twice !== undefined) throwOption('labels', 'different labels', `${JSON.stringify(twice)} twice`)
  if (labels.length < 2) throwOption('labels', 'at least two labels', `${labels.length}`)
  return labels
}

function dropoutRates(given: ClassifierOptions['dropout'], defaults: DropoutRates): DropoutRates {
  if (typeof given === 'number') {
    const one = rateOption('dropout', given)
    return { words: one === 0 ? 0 : defaults.words, embedding: one, layers: one, output: one }
  }
  const rates = { ...defaults }
  for (const [name, value] of Object.entries(given ?? {})) {
    const known = Object.keys(defaults)
    if (!known.includes(name)) throwOption('dropout', `rates named ${known.join(', ')}`, name)
    if (value !== undefined) rates[name as keyof DropoutRates] = rateOption(`dropout.${name}`, value)
  }
  return rates
}

/** An option that contradicts the others: its name, the expected value, its value. */
function contradictionIn(
  settings: ClassifierSettings,
): [name: string, expected: string, got: unknown] | null {
  const { cell, embedding, bidirectional, layers } = settings
  if (!isFeedForward(cell)) return null
  if (embedding === 'oneHot') return ['embedding', `a width for cell ${cell}`, 'oneHot']
  if (bidirectional) return ['bidirectional', `false for cell ${cell}`, true]
  return layers === 1 ? null : ['layers', `1 for cell ${cell}`, layers]
}

/** An option that was given and has no effect for the cell, likewise. */
function optionWithoutEffect(
  { reset, activation, pooling }: ClassifierOptions,
  { cell }: ClassifierSettings,
): [name: string, expected: string, got: unknown] | null {
  const none = `no value for cell ${cell}`
  const takesReset = !isFeedForward(cell) && takesOption(cells, cell, 'reset')
  if (reset !== undefined && !takesReset) return ['reset', none, reset]
  const hasGates = isFeedForward(cell) || findCell(cells, cell).gateNames.length > 1
  if (activation !== undefined && hasGates) return ['activation', none, activation]
  return pooling !== undefined && isFeedForward(cell) ? ['pooling', none, pooling] : null
}

/** Reads settings from a model file. @throws FormatError naming the field */
export function readSettings(field: Field): ClassifierSettings {
  const settings = readFields<ClassifierSettings>(field, {
    cell: oneOf(...CELL_CHOICES),
    units: readWidth,
    layers: readLayerCount,
    bidirectional: readBoolean,
    reset: oneOf('after', 'before'),
    activation: oneOf('tanh', 'relu'),
    pooling: oneOf('last', 'max', 'mean'),
    tokens: oneOf(...TOKEN_KINDS),
    lowercase: readBoolean,
    embedding: readEmbeddingWidth,
    minimumCount: readCount,
    maximumVocabulary: readLimit,
    maximumLength: (x) => (fieldAt(field, 'cell').value === 'ann' ? readWidth(x) : readCount(x)),
    dropout: (x) =>
      readFields(x, { words: readRate, embedding: readRate, layers: readRate, output: readRate }),
    counts: (x) => readOptional(x, readBoolean, false) || undefined,
  })
  const contradiction = contradictionIn(settings)
  if (contradiction) throw fieldError(fieldAt(field, contradiction[0]), contradiction[1])
  return settings
}
