/** The options of a sequence-to-sequence model and their defaults. */
import { cellNames, type CellName } from '../../cells/registry.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { readBoolean, type Field } from '../../core/validation.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import { ATTENTION_SCORES, type AttentionScore } from '../../layers/encoderDecoder/attention.ts'
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
import { since } from '../regularisation.ts'
import {
  readScheduledSampling,
  scheduledSamplingOption,
  type ScheduledSampling,
} from './scheduledSampling.ts'

/** Options of `sequenceToSequence`. All are optional. */
export interface SequenceToSequenceOptions extends EngineOptions {
  /** Default `gru`. */
  cell?: CellName
  /** Hidden units H; a bidirectional encoder has half of them in each direction. Default 128. */
  units?: number
  /** Recurrent layers of the encoder, and of the decoder. Default 1. */
  layers?: number
  /** Whether the encoder reads both ways. Default true. */
  bidirectional?: boolean
  /** How the decoder looks at the source: scores by Luong et al. 2015, or `additive` by Bahdanau et al. 2015. Default `general`. */
  attention?: AttentionScore
  /** How sources are tokenized. Default `chars`. */
  tokens?: TokenKind
  /** How targets are tokenized. Default: as sources. */
  targetTokens?: TokenKind
  /** Lower-case the sources. Default false. */
  lowercase?: boolean
  /** Width of the embeddings. Default 64. */
  embedding?: number
  /** Dropout of embeddings, between the layers and before the output, in training. Default 0.2. */
  dropout?: number
  /** Tokens with fewer occurrences in training are unknown. Default 1 for characters, 2 for words; by side. */
  minimumCount?: number
  /** Maximum size of each vocabulary, including the unknown and the end token. Default: no limit. */
  maximumVocabulary?: number
  /**
   * How often the decoder reads the true token in training, and else what the model says there (Bengio et al. 2015). Default:
   * always the true one (teacher forcing).
   */
  scheduledSampling?: ScheduledSampling
  /** Maximum tokens of a source, which is cut, and of a target, which is refused. Default 400. */
  maximumLength?: number
}

/** All options with their values, as stored in a model file. */
export interface SequenceToSequenceSettings {
  cell: CellName
  units: number
  layers: number
  bidirectional: boolean
  attention: AttentionScore
  tokens: TokenKind
  targetTokens: TokenKind
  lowercase: boolean
  embedding: number
  dropout: number
  /** Null: teacher forcing. */
  scheduledSampling: ScheduledSampling | null
  /** Null: by the kind of tokens of each side. */
  minimumCount: number | null
  maximumVocabulary: number | null
  maximumLength: number
  /** Tokens of the longest target of the training rows; null before the first `fit`. */
  longestTarget: number | null
}

const NAMES: Names<SequenceToSequenceOptions> = {
  cell: 1,
  units: 1,
  layers: 1,
  bidirectional: 1,
  attention: 1,
  tokens: 1,
  targetTokens: 1,
  lowercase: 1,
  embedding: 1,
  dropout: 1,
  scheduledSampling: 1,
  minimumCount: 1,
  maximumVocabulary: 1,
  maximumLength: 1,
  engine: 1,
  reproducible: 1,
  threads: 1,
  precision: 1,
}

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveSequenceToSequence(options: SequenceToSequenceOptions): SequenceToSequenceSettings {
  assertKnownOptions('option', options, NAMES)
  const { tokens = 'chars', minimumCount = null, maximumVocabulary = null } = options
  const settings: SequenceToSequenceSettings = {
    cell: choiceOption('cell', options.cell ?? 'gru', cellNames),
    units: widthOption('units', options.units ?? 128),
    layers: layersOption(options.layers ?? 1),
    bidirectional: flagOption('bidirectional', options.bidirectional ?? true),
    attention: choiceOption('attention', options.attention ?? 'general', ATTENTION_SCORES),
    tokens: choiceOption('tokens', tokens, TOKEN_KINDS),
    targetTokens: choiceOption('targetTokens', options.targetTokens ?? tokens, TOKEN_KINDS),
    lowercase: flagOption('lowercase', options.lowercase ?? false),
    embedding: widthOption('embedding', options.embedding ?? 64),
    dropout: rateOption('dropout', options.dropout ?? 0.2),
    scheduledSampling: scheduledSamplingOption(options.scheduledSampling),
    minimumCount: minimumCount === null ? null : countOption('minimumCount', minimumCount),
    maximumVocabulary:
      maximumVocabulary === null ? null : countOption('maximumVocabulary', maximumVocabulary),
    maximumLength: widthOption('maximumLength', options.maximumLength ?? 400),
    longestTarget: null,
  }
  if (settings.bidirectional && settings.units % 2)
    throwOption(
      'units',
      'an even number for a bidirectional encoder, half for each direction',
      settings.units,
    )
  return settings
}

/** Reads settings from a model file. @throws FormatError naming the field */
export function readSequenceToSequence(field: Field): SequenceToSequenceSettings {
  return readFields<SequenceToSequenceSettings>(field, {
    cell: oneOf(...cellNames),
    units: readWidth,
    layers: readLayerCount,
    bidirectional: readBoolean,
    attention: oneOf(...ATTENTION_SCORES),
    tokens: oneOf(...TOKEN_KINDS),
    targetTokens: oneOf(...TOKEN_KINDS),
    lowercase: readBoolean,
    embedding: readWidth,
    dropout: readRate,
    scheduledSampling: since(readScheduledSampling, null),
    minimumCount: readLimit,
    maximumVocabulary: readLimit,
    maximumLength: readWidth,
    longestTarget: readCount,
  })
}
