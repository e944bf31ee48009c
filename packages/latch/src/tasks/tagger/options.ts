/** The options of a tagger and their defaults. */
import { cellNames, type CellName } from '../../cells/registry.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { describeTyped } from '../../core/typedValues.ts'
import { readBoolean, readObject, readString, type Field } from '../../core/validation.ts'
import { readFactor } from '../../layers/regularisation/activationPenalty.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import { oneOf, readFields, readRate, readWidth } from '../../layers/fields.ts'
import { TOKEN_KINDS, type TokenKind } from '../../text/tokenizer.ts'
import {
  choiceOption,
  countOption,
  flagOption,
  layersOption,
  rateOption,
  readCount,
  readLayerCount,
  readLimit,
  throwOption,
  widthOption,
} from '../optionChecks.ts'
import {
  factorOption,
  REGULARISATION,
  regularisationReaders,
  resolveRegularisation,
  since,
  type Regularisation,
  type RegularisationSettings,
} from '../regularisation.ts'
import { TAG_SCHEMES, type TagScheme } from './spans.ts'

/** How the characters of each word are read. */
export interface CharacterOptions {
  /** Width of a character's embedding. Default 32. */
  embedding?: number
  /** Hidden units of each direction. Default 32. */
  units?: number
  /** Most characters of a word; of longer ones the first and the last are read. Default 24. */
  maximumLength?: number
}

/** Options of `tagger`. All are optional. */
export interface TaggerOptions extends EngineOptions, Regularisation {
  /** Default `lstm`. */
  cell?: CellName
  /** Hidden units H of each direction. Default 100. */
  units?: number
  /** Recurrent layers. Default 1. */
  layers?: number
  /** Also read each sentence from its end. Default true. */
  bidirectional?: boolean
  /** Width of a word's embedding. Default 100. */
  embedding?: number
  /**
   * Reads the characters of each word forwards and backwards, beside its embedding, so that unknown words have a vector
   * too. Default true; false: words alone.
   */
  characters?: boolean | CharacterOptions
  /** A conditional random field over the tags in place of a softmax for each. Default: whether the tags mark spans. */
  crf?: boolean
  /** How the tags mark spans. Default: found by the tags of the training rows. */
  scheme?: TagScheme
  /** Reads broken sequences, such as `I-PER` after `O`, as the spans that they mark, in place of an error. Default false. */
  repair?: boolean
  /** How texts are split into tokens where they are not given as tokens. Default `words`. */
  tokens?: TokenKind
  /** Whether the embedding ignores case; characters keep it. Default: whether characters are read. */
  lowercase?: boolean
  /** Words with fewer occurrences in training are unknown. Default 1. */
  minimumCount?: number
  /** Maximum size of the vocabulary, including the unknown word. Default: no limit. */
  maximumVocabulary?: number
  /** Fraction of words that training replaces by the unknown one. Default 0.1. */
  wordDropout?: number
  /** Dropout of the embedding, between the layers and before the output, in training. Default 0.4. */
  dropout?: number
  /**
   * The column of a label of the whole sentence, such as its intent, which is learned together with the tags. Default: none.
   */
  sentenceLabel?: string
  /** Factor of the loss of these labels, a mean over sentences, in the sum with that of the tags. Default 0.2. */
  sentenceWeight?: number
}

/** All options with their values, as stored in a model file. */
export interface TaggerSettings extends RegularisationSettings {
  cell: CellName
  units: number
  layers: number
  bidirectional: boolean
  embedding: number
  characters: Required<CharacterOptions> | false
  /** Undefined until the first `fit`, as `scheme`: by the tags. */
  crf: boolean | undefined
  scheme: TagScheme | undefined
  repair: boolean
  tokens: TokenKind
  lowercase: boolean
  minimumCount: number
  maximumVocabulary: number | null
  wordDropout: number
  dropout: number
  sentenceLabel: string | null
  sentenceWeight: number
}

const DEFAULT_SENTENCE_WEIGHT = 0.2

const NAMES: Names<TaggerOptions> = {
  cell: 1,
  units: 1,
  layers: 1,
  bidirectional: 1,
  embedding: 1,
  characters: 1,
  crf: 1,
  scheme: 1,
  repair: 1,
  tokens: 1,
  lowercase: 1,
  minimumCount: 1,
  maximumVocabulary: 1,
  wordDropout: 1,
  dropout: 1,
  sentenceLabel: 1,
  sentenceWeight: 1,
  ...REGULARISATION,
  engine: 1,
  reproducible: 1,
  threads: 1,
  precision: 1,
}

const CHARACTER_NAMES: Names<CharacterOptions> = { embedding: 1, units: 1, maximumLength: 1 }

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveTaggerSettings(options: TaggerOptions): TaggerSettings {
  assertKnownOptions('option', options, NAMES)
  const { crf, scheme, maximumVocabulary = null } = options
  const characters = resolveCharacters(options.characters ?? true)
  const cell = choiceOption('cell', options.cell ?? 'lstm', cellNames)
  const regularisation = resolveRegularisation(options, cell)
  if (characters && regularisation.embeddingDropout > 0) {
    const expected = '0 where characters are read: `wordDropout` drops words there'
    throwOption('embeddingDropout', expected, regularisation.embeddingDropout)
  }
  return {
    cell,
    units: widthOption('units', options.units ?? 100),
    layers: layersOption(options.layers ?? 1),
    bidirectional: flagOption('bidirectional', options.bidirectional ?? true),
    embedding: widthOption('embedding', options.embedding ?? 100),
    characters,
    crf: crf === undefined ? undefined : flagOption('crf', crf),
    scheme: scheme === undefined ? undefined : choiceOption('scheme', scheme, TAG_SCHEMES),
    repair: flagOption('repair', options.repair ?? false),
    tokens: choiceOption('tokens', options.tokens ?? 'words', TOKEN_KINDS),
    lowercase: flagOption('lowercase', options.lowercase ?? characters !== false),
    minimumCount: countOption('minimumCount', options.minimumCount ?? 1),
    maximumVocabulary:
      maximumVocabulary === null ? null : countOption('maximumVocabulary', maximumVocabulary),
    wordDropout: rateOption('wordDropout', options.wordDropout ?? 0.1),
    dropout: rateOption('dropout', options.dropout ?? 0.4),
    ...regularisation,
    ...sentenceOptions(options),
  }
}

function sentenceOptions({ sentenceLabel, sentenceWeight }: TaggerOptions) {
  if (sentenceLabel !== undefined && (typeof sentenceLabel !== 'string' || sentenceLabel === ''))
    throwOption('sentenceLabel', 'the name of a column', describeTyped(sentenceLabel))
  if (sentenceWeight !== undefined && sentenceLabel === undefined)
    throwOption('sentenceWeight', 'no value without `sentenceLabel`', sentenceWeight)
  const weight =
    sentenceWeight === undefined ? DEFAULT_SENTENCE_WEIGHT : factorOption('sentenceWeight', sentenceWeight)
  return { sentenceLabel: sentenceLabel ?? null, sentenceWeight: weight }
}

function resolveCharacters(given: boolean | CharacterOptions): TaggerSettings['characters'] {
  if (given === false) return false
  const own = given === true ? {} : given
  if (typeof own !== 'object' || own === null) throwOption('characters', 'true, false or an object', given)
  assertKnownOptions('option characters', own, CHARACTER_NAMES)
  return {
    embedding: widthOption('characters.embedding', own.embedding ?? 32),
    units: widthOption('characters.units', own.units ?? 32),
    maximumLength: widthOption('characters.maximumLength', own.maximumLength ?? 24),
  }
}

/** Reads settings from a model file. @throws FormatError naming the field */
export function readTaggerSettings(field: Field): TaggerSettings {
  return readFields<TaggerSettings>(field, {
    cell: oneOf(...cellNames),
    units: readWidth,
    layers: readLayerCount,
    bidirectional: readBoolean,
    embedding: readWidth,
    characters: readCharacters,
    crf: readBoolean,
    scheme: oneOf(...TAG_SCHEMES),
    repair: readBoolean,
    tokens: oneOf(...TOKEN_KINDS),
    lowercase: readBoolean,
    minimumCount: readCount,
    maximumVocabulary: readLimit,
    wordDropout: readRate,
    dropout: readRate,
    ...regularisationReaders,
    sentenceLabel: since((name) => (name.value === null ? null : readString(name, { minLength: 1 })), null),
    sentenceWeight: since(readFactor, DEFAULT_SENTENCE_WEIGHT),
  })
}

function readCharacters(field: Field): TaggerSettings['characters'] {
  if (field.value === false) return false
  const f = readObject(field, ['embedding', 'units', 'maximumLength'])
  return {
    embedding: readWidth(f.embedding),
    units: readWidth(f.units),
    maximumLength: readWidth(f.maximumLength),
  }
}
