/** The options of a language model and their defaults. */
import { cellNames, type CellName } from '../../cells/registry.ts'
import { UsageError } from '../../core/errors.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { readBoolean, readOptional, type Field } from '../../core/validation.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import { oneOf, readFields, readWidth } from '../../layers/fields.ts'
import { TOKEN_KINDS, type LanguageTokenKind } from '../../text/tokenizer.ts'
import {
  choiceOption,
  countOption,
  embeddingOption,
  flagOption,
  layersOption,
  readCount,
  readEmbeddingWidth,
  readLayerCount,
  readLimit,
  widthOption,
} from '../optionChecks.ts'
import { REGULARISATION } from '../regularisation.ts'
import {
  languageRegularisationReaders,
  resolveLanguageRegularisation,
  type LanguageRegularisation,
  type LanguageRegularisationSettings,
} from './regularisation.ts'

/** Options of `languageModel`. All are optional. */
export interface LanguageModelOptions extends EngineOptions, LanguageRegularisation {
  /** Default `lstm`. */
  cell?: CellName
  /** Hidden units H. Default 128. */
  units?: number
  /** Recurrent layers. Default 1. */
  layers?: number
  /** How texts are tokenized; `bpe`: byte pairs, learned from the training part. Default `chars`. */
  tokens?: LanguageTokenKind
  /** Lower-case the texts. Default false. */
  lowercase?: boolean
  /** Width of the embedding, or `oneHot`. Default 64. */
  embedding?: number | 'oneHot'
  /** Tokens through which gradients go back. Default 64. */
  steps?: number
  /** Tokens with fewer occurrences in training are unknown; of byte pairs, fewer are not merged. Default 1 for characters, else 2. */
  minimumCount?: number
  /**
   * Maximum size of the vocabulary, including the unknown token and the end token. Default: no limit; of byte pairs 8000, and
   * at least 258.
   */
  maximumVocabulary?: number
  /**
   * Whether `<end>` stands before, between and after the texts, so that the model begins and ends texts. Default: true for
   * several texts, false for one long text.
   */
  endToken?: boolean
  /**
   * Whether training reads each of several texts from states of zero, as `evaluate` and `generate` do; else the states of
   * one text go on into the next. Default true.
   */
  resetStates?: boolean
}

/** All options with their values, as stored in a model file. */
export interface LanguageModelSettings extends LanguageRegularisationSettings {
  cell: CellName
  units: number
  layers: number
  tokens: LanguageTokenKind
  lowercase: boolean
  embedding: number | 'oneHot'
  steps: number
  minimumCount: number
  maximumVocabulary: number | null
  /** Undefined until the first `fit`: by the number of texts. */
  endToken: boolean | undefined
  resetStates: boolean
}

/** The kinds of tokens of a language model. */
export const LANGUAGE_TOKEN_KINDS: readonly LanguageTokenKind[] = [...TOKEN_KINDS, 'bpe']

/** The unknown token, the end token and 256 bytes. */
const LEAST_BYTE_PAIRS = 258

const NAMES: Names<LanguageModelOptions> = {
  cell: 1,
  units: 1,
  layers: 1,
  tokens: 1,
  lowercase: 1,
  embedding: 1,
  dropout: 1,
  ...REGULARISATION,
  tied: 1,
  steps: 1,
  minimumCount: 1,
  maximumVocabulary: 1,
  endToken: 1,
  resetStates: 1,
  engine: 1,
  reproducible: 1,
  threads: 1,
  precision: 1,
}

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveLanguageSettings(options: LanguageModelOptions): LanguageModelSettings {
  assertKnownOptions('option', options, NAMES)
  const { tokens = 'chars', embedding = 64, lowercase = false } = options
  const { minimumCount = tokens === 'chars' ? 1 : 2, maximumVocabulary = null, endToken } = options
  const cell = choiceOption('cell', options.cell ?? 'lstm', cellNames)
  return {
    cell,
    units: widthOption('units', options.units ?? 128),
    layers: layersOption(options.layers ?? 1),
    tokens: choiceOption('tokens', tokens, LANGUAGE_TOKEN_KINDS),
    lowercase: flagOption('lowercase', lowercase),
    embedding: embeddingOption(embedding),
    ...resolveLanguageRegularisation(options, cell, embedding),
    steps: widthOption('steps', options.steps ?? 64),
    minimumCount: countOption('minimumCount', minimumCount),
    maximumVocabulary: limitOption(maximumVocabulary, tokens),
    endToken: endToken === undefined ? undefined : flagOption('endToken', endToken),
    resetStates: flagOption('resetStates', options.resetStates ?? true),
  }
}

function limitOption(limit: number | null, tokens: LanguageTokenKind): number | null {
  const given = limit === null ? null : countOption('maximumVocabulary', limit)
  if (tokens !== 'bpe' || given === null || given >= LEAST_BYTE_PAIRS) return given
  throw new UsageError({
    where: 'maximumVocabulary',
    expected: `at least ${LEAST_BYTE_PAIRS} with byte pairs, which have a token for each byte`,
    got: String(given),
  })
}

/** Reads settings from a model file. @throws FormatError naming the field */
export function readLanguageSettings(field: Field): LanguageModelSettings {
  return readFields<LanguageModelSettings>(field, {
    cell: oneOf(...cellNames),
    units: readWidth,
    layers: readLayerCount,
    tokens: oneOf(...LANGUAGE_TOKEN_KINDS),
    lowercase: readBoolean,
    embedding: readEmbeddingWidth,
    ...languageRegularisationReaders,
    steps: readWidth,
    minimumCount: readCount,
    maximumVocabulary: readLimit,
    endToken: readBoolean,
    // Files of before the option were trained without.
    resetStates: (reset) => readOptional(reset, readBoolean, false),
  })
}
