/** The options of a language model and their defaults. */
import { cellNames, type CellName } from '../../cells/registry.ts'
import { UsageError } from '../../core/errors.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { readBoolean, readInteger, type Field } from '../../core/validation.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import { oneOf, readFields, readRate, readWidth } from '../../layers/fields.ts'
import { TOKEN_KINDS, type TokenKind } from '../../text/tokenizer.ts'

/** Options of `languageModel`. All are optional. */
export interface LanguageModelOptions extends EngineOptions {
  /** Default `lstm`. */
  cell?: CellName
  /** Hidden units H. Default 128. */
  units?: number
  /** Recurrent layers. Default 1. */
  layers?: number
  /** How texts are tokenized. Default `chars`. */
  tokens?: TokenKind
  /** Lower-case the texts. Default false. */
  lowercase?: boolean
  /** Width of the embedding, or `oneHot`. Default 64. */
  embedding?: number | 'oneHot'
  /** Dropout of the embedding, between the layers and before the output, in training. Default 0.1. */
  dropout?: number
  /** Tokens through which gradients go back. Default 64. */
  steps?: number
  /** Tokens with fewer occurrences in training are unknown. Default 1 for characters, 2 for words. */
  minimumCount?: number
  /** Maximum size of the vocabulary, including the unknown token and the end token. Default: no limit. */
  maximumVocabulary?: number
  /**
   * Whether `<end>` stands before, between and after the texts, so that the model begins and ends texts. Default: true for
   * several texts, false for one long text.
   */
  endToken?: boolean
}

/** All options with their values, as stored in a model file. */
export interface LanguageModelSettings {
  cell: CellName
  units: number
  layers: number
  tokens: TokenKind
  lowercase: boolean
  embedding: number | 'oneHot'
  dropout: number
  steps: number
  minimumCount: number
  maximumVocabulary: number | null
  /** Undefined until the first `fit`: by the number of texts. */
  endToken: boolean | undefined
}

const NAMES: Names<LanguageModelOptions> = {
  cell: 1,
  units: 1,
  layers: 1,
  tokens: 1,
  lowercase: 1,
  embedding: 1,
  dropout: 1,
  steps: 1,
  minimumCount: 1,
  maximumVocabulary: 1,
  endToken: 1,
  engine: 1,
  reproducible: 1,
  threads: 1,
  precision: 1,
}

/** Limits of widths in the network and counts in a model file, so that every valid model can be saved and read. */
const MAX_WIDTH = 2 ** 20
const MAX_LAYERS = 100
const MAX_COUNT = 2 ** 30

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveLanguageSettings(options: LanguageModelOptions): LanguageModelSettings {
  assertKnownOptions('option', options, NAMES)
  const { tokens = 'chars', embedding = 64, dropout = 0.1, lowercase = false } = options
  const { minimumCount = tokens === 'chars' ? 1 : 2, maximumVocabulary = null, endToken } = options
  const cell = options.cell ?? 'lstm'
  assertOption('cell', cell, cellNames.includes(cell), `one of ${cellNames.join(', ')}`)
  assertOption('tokens', tokens, TOKEN_KINDS.includes(tokens), `one of ${TOKEN_KINDS.join(', ')}`)
  assertOption('lowercase', lowercase, typeof lowercase === 'boolean', 'true or false')
  assertOption('dropout', dropout, dropout >= 0 && dropout < 1, 'a rate from 0 to below 1')
  assertOption('endToken', endToken, ['boolean', 'undefined'].includes(typeof endToken), 'true or false')
  return {
    cell,
    units: readWhole('units', options.units ?? 128, MAX_WIDTH),
    layers: readWhole('layers', options.layers ?? 1, MAX_LAYERS),
    tokens,
    lowercase,
    embedding: embedding === 'oneHot' ? embedding : readWhole('embedding', embedding, MAX_WIDTH),
    dropout,
    steps: readWhole('steps', options.steps ?? 64, MAX_WIDTH),
    minimumCount: readWhole('minimumCount', minimumCount, MAX_COUNT),
    maximumVocabulary:
      maximumVocabulary === null ? null : readWhole('maximumVocabulary', maximumVocabulary, MAX_COUNT),
    endToken,
  }
}

function readWhole(name: string, value: number, max: number): number {
  const fits = Number.isSafeInteger(value) && value >= 1 && value <= max
  assertOption(name, value, fits, `a whole number from 1 to ${max}`)
  return value
}

function assertOption(name: string, value: unknown, fits: boolean, expected: string): void {
  if (!fits) throw new UsageError({ where: `option ${name}`, expected, got: String(value) })
}

/** Reads settings from a model file. @throws FormatError naming the field */
export function readLanguageSettings(field: Field): LanguageModelSettings {
  const count = (x: Field, max = MAX_COUNT) => readInteger(x, { min: 1, max })
  return readFields<LanguageModelSettings>(field, {
    cell: oneOf(...cellNames),
    units: readWidth,
    layers: (x) => count(x, MAX_LAYERS),
    tokens: oneOf(...TOKEN_KINDS),
    lowercase: readBoolean,
    embedding: (x) => (x.value === 'oneHot' ? 'oneHot' : readWidth(x)),
    dropout: readRate,
    steps: readWidth,
    minimumCount: count,
    maximumVocabulary: (x) => (x.value === null ? null : count(x)),
    endToken: readBoolean,
  })
}
