/**
 * What a text classifier can be told, its defaults, and the network that follows from them.
 * The defaults are a recipe found on validation parts of four public datasets: docs/defaults.md.
 */
import type { CellName } from '../cells/cell.ts'
import type { EngineOptions } from '../engine/engine.ts'
import type { LossOptions } from '../layers/loss.ts'
import type { LayerOptions, NetworkConfig } from '../model/config.ts'
import { UsageError } from '../tensor/errors.ts'
import { readBoolean, readChoice, readInteger, readNumber, readObject, type Field } from '../tensor/fields.ts'

/** The recurrent cells, and the feed-forward baselines: flattened (`ann`) and bag of words (`bag`). */
export const CELL_CHOICES = ['lstm', 'gru', 'rnn', 'ann', 'bag'] as const
export type CellChoice = (typeof CELL_CHOICES)[number]

/** Shares that training drops. */
export interface DropoutShares {
  /** Tokens replaced by the unknown token; this also trains the unknown token. */
  words: number
  /** Elements of the embedding. */
  embedding: number
  /** Elements between recurrent layers. */
  layers: number
  /** Elements before the output. */
  output: number
}

export interface ClassifierOptions<
  C extends CellChoice = CellChoice,
  L extends string = string,
> extends EngineOptions {
  /** Default `lstm`. */
  cell?: C
  /** Hidden units H. Default 64. */
  units?: number
  /** Recurrent levels. Default 1. */
  layers?: number
  /** Also read the text backwards. Default false. */
  bidirectional?: boolean
  /** GRU: reset gate after or before the recurrent product. Default `after`. */
  reset?: 'after' | 'before'
  /** Simple RNN. Default `tanh`. */
  activation?: 'tanh' | 'relu'
  /** What of the steps' outputs decides. Default `last`. */
  pooling?: 'last' | 'max' | 'mean'
  /** Default `words`. */
  tokens?: 'words' | 'characters'
  /** Fold case. Default true for words, false for characters. */
  lowercase?: boolean
  /** Width of the embedding, or `oneHot`. Default 64. */
  embedding?: number | 'oneHot'
  /** A token seen less often in training is unknown. Default 2. */
  minimumCount?: number
  /** Most tokens kept, unknown included. Default none. */
  maximumVocabulary?: number
  /** Tokens a text may have; what is longer is cut, and told. Default 400 words or 1000 characters (`ann`: 60). */
  maximumLength?: number
  /**
   * One share for embedding, layers and output (0 also turns word dropout off), or each by name.
   * Default words 0.2, embedding 0.6, layers 0.3, output 0.3; characters 0.05, 0.2, 0.2, 0.2.
   */
  dropout?: number | Partial<DropoutShares>
  /** The labels, so that their type is known and others are refused. Default: those of the training rows. */
  labels?: readonly L[]
}

/** Every option decided. This is what a model file keeps. */
export interface ClassifierSettings {
  cell: CellChoice
  units: number
  layers: number
  bidirectional: boolean
  reset: 'after' | 'before'
  activation: 'tanh' | 'relu'
  pooling: 'last' | 'max' | 'mean'
  tokens: 'words' | 'characters'
  lowercase: boolean
  embedding: number | 'oneHot'
  minimumCount: number
  maximumVocabulary: number | null
  maximumLength: number
  dropout: DropoutShares
}

const DROPOUT: { [K in ClassifierSettings['tokens']]: DropoutShares } = {
  words: { words: 0.2, embedding: 0.6, layers: 0.3, output: 0.3 },
  characters: { words: 0.05, embedding: 0.2, layers: 0.2, output: 0.2 },
}
const LENGTH = { words: 400, characters: 1000 }
const ANN_LENGTH = 60

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function settle(options: ClassifierOptions): ClassifierSettings {
  const cell = choice('cell', options.cell ?? 'lstm', CELL_CHOICES)
  const tokens = choice('tokens', options.tokens ?? 'words', ['words', 'characters'])
  const { embedding = 64 } = options
  const settings: ClassifierSettings = {
    cell,
    units: whole('units', options.units ?? 64),
    layers: whole('layers', options.layers ?? 1),
    bidirectional: options.bidirectional ?? false,
    reset: choice('reset', options.reset ?? 'after', ['after', 'before']),
    activation: choice('activation', options.activation ?? 'tanh', ['tanh', 'relu']),
    pooling: choice('pooling', options.pooling ?? 'last', ['last', 'max', 'mean']),
    tokens,
    lowercase: options.lowercase ?? tokens === 'words',
    embedding: embedding === 'oneHot' ? embedding : whole('embedding', embedding),
    minimumCount: whole('minimumCount', options.minimumCount ?? 2),
    maximumVocabulary: options.maximumVocabulary === undefined ? null : whole('maximumVocabulary', options.maximumVocabulary), // prettier-ignore
    maximumLength: whole(
      'maximumLength',
      options.maximumLength ?? (cell === 'ann' ? ANN_LENGTH : LENGTH[tokens]),
    ),
    dropout: dropoutShares(options.dropout, DROPOUT[tokens]),
  }
  refuseContradictions(settings)
  return settings
}

function dropoutShares(given: ClassifierOptions['dropout'], defaults: DropoutShares): DropoutShares {
  const one = typeof given === 'number' ? given : null
  const shares =
    one === null
      ? { ...defaults, ...(given as Partial<DropoutShares> | undefined) }
      : { words: one === 0 ? 0 : defaults.words, embedding: one, layers: one, output: one }
  for (const [name, share] of Object.entries(shares)) {
    if (!(share >= 0 && share < 1))
      refuse(one === null ? `dropout.${name}` : 'dropout', 'a share from 0 to below 1', share)
  }
  return shares
}

function refuseContradictions({ cell, embedding, bidirectional, layers }: ClassifierSettings): void {
  const recurrent = cell !== 'ann' && cell !== 'bag'
  if (!recurrent && embedding === 'oneHot') refuse('embedding', `a width for cell ${cell}`, 'oneHot')
  if (!recurrent && bidirectional) refuse('bidirectional', `false for cell ${cell}`, true)
  if (!recurrent && layers !== 1) refuse('layers', `1 for cell ${cell}`, layers)
}

function whole(name: string, value: number): number {
  return Number.isSafeInteger(value) && value >= 1 ? value : refuse(name, 'a whole number from 1', value)
}

function choice<const T extends string>(name: string, value: string, choices: readonly T[]): T {
  return choices.includes(value as T) ? (value as T) : refuse(name, `one of ${choices.join(', ')}`, value)
}

function refuse(name: string, expected: string, got: unknown): never {
  throw new UsageError({ where: `option ${name}`, expected, got: String(got) })
}

/** Reads settings from a model file. @throws FormatError naming the field */
export function readSettings(field: Field): ClassifierSettings {
  const f = readObject(field, [
    'cell', 'units', 'layers', 'bidirectional', 'reset', 'activation', 'pooling', 'tokens', 'lowercase',
    'embedding', 'minimumCount', 'maximumVocabulary', 'maximumLength', 'dropout',
  ]) // prettier-ignore
  const count = (x: Field) => readInteger(x, { min: 1, max: 2 ** 30 })
  const shares = readObject(f.dropout, ['words', 'embedding', 'layers', 'output'])
  const share = (x: Field) => readNumber(x, { min: 0, max: 1 })
  return {
    cell: readChoice(f.cell, CELL_CHOICES),
    units: count(f.units),
    layers: count(f.layers),
    bidirectional: readBoolean(f.bidirectional),
    reset: readChoice(f.reset, ['after', 'before']),
    activation: readChoice(f.activation, ['tanh', 'relu']),
    pooling: readChoice(f.pooling, ['last', 'max', 'mean']),
    tokens: readChoice(f.tokens, ['words', 'characters']),
    lowercase: readBoolean(f.lowercase),
    embedding: f.embedding.value === 'oneHot' ? 'oneHot' : count(f.embedding),
    minimumCount: count(f.minimumCount),
    maximumVocabulary: f.maximumVocabulary.value === null ? null : count(f.maximumVocabulary),
    maximumLength: count(f.maximumLength),
    dropout: {
      words: share(shares.words),
      embedding: share(shares.embedding),
      layers: share(shares.layers),
      output: share(shares.output),
    },
  }
}

/** The layers that settings, a vocabulary and a number of classes make. Two classes: one logit. */
export function classifierNetwork(
  settings: ClassifierSettings,
  vocabulary: number,
  classes: number,
  loss: Omit<LossOptions, 'type'>,
): NetworkConfig {
  const { dropout } = settings
  const two = classes === 2
  return {
    layers: [
      ...inputLayers(settings, vocabulary),
      ...(settings.cell === 'ann' || settings.cell === 'bag'
        ? feedForward(settings)
        : recurrentLayers(settings)),
      ...dropoutLayer(dropout.output),
      { type: 'dense', units: two ? 1 : classes },
    ],
    loss: { type: two ? 'binaryCrossEntropy' : 'softmaxCrossEntropy', ...loss },
  }
}

function inputLayers({ embedding, dropout }: ClassifierSettings, vocabulary: number): LayerOptions[] {
  const wordDropout = dropout.words
  if (embedding === 'oneHot') return [{ type: 'oneHot', vocabulary, wordDropout }]
  return [{ type: 'embedding', vocabulary, size: embedding, wordDropout }, ...dropoutLayer(dropout.embedding)]
}

function recurrentLayers(settings: ClassifierSettings): LayerOptions[] {
  const { cell, units, layers, bidirectional, reset, activation, pooling, dropout } = settings
  const out: LayerOptions[] = []
  for (let level = 0; level < layers; level++) {
    const top = level === layers - 1
    if (level > 0) out.push(...dropoutLayer(dropout.layers))
    out.push({
      type: 'recurrent',
      cell: cell as CellName,
      units,
      direction: bidirectional ? 'bidirectional' : 'forward',
      outputs: top && pooling === 'last' ? 'last' : 'every',
      ...(cell === 'gru' ? { reset } : {}),
      ...(cell === 'rnn' ? { activation } : {}),
    })
  }
  if (pooling !== 'last') out.push({ type: 'pool', over: pooling })
  return out
}

function feedForward({ cell, units, maximumLength }: ClassifierSettings): LayerOptions[] {
  const gather: LayerOptions =
    cell === 'bag' ? { type: 'pool', over: 'mean' } : { type: 'flatten', steps: maximumLength }
  return [gather, { type: 'dense', units, activation: 'relu' }]
}

function dropoutLayer(rate: number): LayerOptions[] {
  return rate > 0 ? [{ type: 'dropout', rate }] : []
}
