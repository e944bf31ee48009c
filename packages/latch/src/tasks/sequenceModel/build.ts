/** A sequence model from scratch: the input's layer, the given layers, and the layer and loss of the output. */
import type { EngineOptions } from '../../engine/engine.ts'
import type { ModelInput, OutputActivation } from '../../formats/imported.ts'
import { dense } from '../../layers/dense.ts'
import type { LayerSpec } from '../../layers/definition.ts'
import { embedding as embeddingLayer } from '../../layers/embedding.ts'
import { features as featuresLayer } from '../../layers/features.ts'
import type { LossOptions } from '../../layers/loss.ts'
import { oneHot } from '../../layers/oneHot.ts'
import { network } from '../../model/network.ts'
import { UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { defaultTextInput } from '../../formats/text/textInput.ts'
import { guessTokenKind } from '../../text/tokenKind.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { nameOutputs } from './outputNames.ts'
import { completeFacts } from './learned.ts'
import { SequenceModel } from './sequenceModel.ts'
import type { TokenKind } from '../../text/tokenizer.ts'

/** Inputs: rows of `features` numbers; token ids below `ids`; or texts, with a vocabulary. */
export type SequenceInputOptions =
  | { features: number }
  | { ids: number; embedding?: number | 'oneHot' }
  | { vocabulary: readonly string[]; tokens?: TokenKind; embedding?: number | 'oneHot' }

/** Outputs: numbers (their count or names), or classes (their count or names). */
export type SequenceOutputOptions =
  | { values: number | readonly string[]; per?: 'sequence' | 'step' }
  | { classes: number | readonly string[]; per?: 'sequence' | 'step' }

/** Options of `sequenceModel`. */
export interface SequenceModelOptions extends EngineOptions {
  /** `{ features: 3 }`, `{ ids: 500 }` or `{ vocabulary: [...] }`; ids are embedded, by default with width 64. */
  input: SequenceInputOptions
  /** The hidden layers: `[gru(32)]`. */
  layers: readonly LayerSpec[]
  /**
   * `{ values: 1 }` or `{ classes: ['down', 'up'] }`, one per sequence by default, or with `per: 'step'` one per step.
   * Adds a dense layer: one logit for two classes, a softmax for more.
   */
  output: SequenceOutputOptions
  /** Default: mean squared error for values, cross-entropy for classes. */
  loss?: LossOptions['type'] | LossOptions
  /** Seed of the initial weights. Default 1. */
  seed?: number
}

const NAMES: Names<SequenceModelOptions> = {
  input: 1,
  layers: 1,
  output: 1,
  loss: 1,
  seed: 1,
  engine: 1,
  reproducible: 1,
  threads: 1,
  precision: 1,
}

/**
 * A sequence model, ready to `fit`.
 * @example
 * const model = sequenceModel({ input: { features: 1 }, layers: [gru(32)], output: { values: 1 } })
 * await model.fit(rows) // rows of { input, target }
 * model.predict([[0.1], [0.2], [0.3]]).output
 * @throws UsageError naming the option; ShapeError for layers that do not fit
 */
export function sequenceModel(options: SequenceModelOptions): SequenceModel {
  assertKnownOptions('option', options, NAMES)
  const { layers, seed, engine, reproducible, threads, precision } = options
  if (!Array.isArray(layers)) throwInvalid('layers', 'a list of layers, such as [gru(32)]', layers)
  const input = resolveInput(options.input)
  const output = resolveOutput(options.output)
  const loss = resolveLoss(options.loss, output)
  const compute = { engine, reproducible, threads, precision }
  const specs = [input.layer, ...endSequence(layers, output.per), dense(output.width)]
  const net = network(specs, { ...compute, seed, loss })
  if (net.output.per !== output.per) {
    const got = `layers with an output per ${net.output.per}`
    const expected = `layers with an output per ${output.per}`
    throw new UsageError({
      where: 'option layers',
      expected,
      got,
      fix: { option: 'output.per', value: net.output.per, to: 'keep these layers' },
    })
  }
  const { vocabulary, tokens } = input
  const facts = {
    outputActivation: output.activation,
    input: input.facts,
    labels: output.labels,
    vocabulary,
    tokens,
    textInput: defaultTextInput({ input: input.facts, vocabulary, tokens }),
    stateful: false,
    warnings: [],
    source: { format: 'latch', producer: null } as const,
  }
  const learned = completeFacts(facts, net.config)
  return new SequenceModel({ network: net, learned, names: nameOutputs(net, learned) }, compute)
}

function resolveInput(input: SequenceInputOptions): {
  layer: LayerSpec
  facts: ModelInput
  vocabulary: readonly string[] | null
  tokens: TokenKind | null
} {
  if (typeof input !== 'object' || input === null) {
    throwInvalid('input', '{ features }, { ids } or { vocabulary }', input)
  }
  if ('features' in input) {
    assertKnownOptions('option input', input, { features: 1 })
    const facts = { kind: 'features', width: input.features, steps: null } as const
    return { layer: featuresLayer(input.features), facts, vocabulary: null, tokens: null }
  }
  const { embedding = 64 } = input
  const named = 'vocabulary' in input ? input : null
  assertKnownOptions(
    'option input',
    input,
    named ? { vocabulary: 1, tokens: 1, embedding: 1 } : { ids: 1, embedding: 1 },
  )
  const vocabulary = named ? named.vocabulary : null
  if (named && !Array.isArray(vocabulary)) throwInvalid('input.vocabulary', 'a list of tokens', vocabulary)
  const size = vocabulary ? vocabulary.length : (input as { ids: number }).ids
  const layer =
    embedding === 'oneHot'
      ? oneHot({ vocabulary: size })
      : embeddingLayer({ vocabulary: size, size: embedding })
  const tokens = vocabulary && (named!.tokens ?? guessTokenKind(vocabulary))
  return { layer, facts: { kind: 'ids', width: size, steps: null }, vocabulary, tokens }
}

interface Output {
  width: number
  activation: OutputActivation
  labels: readonly string[] | null
  per: 'sequence' | 'step'
}

function resolveOutput(output: SequenceOutputOptions): Output {
  if (typeof output !== 'object' || output === null || !('values' in output || 'classes' in output)) {
    throwInvalid('output', '{ values } or { classes }', output)
  }
  assertKnownOptions('option output', output, { ['values' in output ? 'values' : 'classes']: 1, per: 1 })
  const { per = 'sequence' } = output
  if (per !== 'sequence' && per !== 'step') throwInvalid('output.per', "'sequence' or 'step'", per)
  const given = 'values' in output ? output.values : output.classes
  const labels = typeof given === 'number' ? null : given
  const count = labels ? labels.length : (given as number)
  if ('values' in output) return { width: count, activation: 'linear', labels, per }
  if (!(count >= 2)) throwInvalid('output.classes', 'at least two classes', count)
  return { width: count === 2 ? 1 : count, activation: count === 2 ? 'sigmoid' : 'softmax', labels, per }
}

function resolveLoss(loss: SequenceModelOptions['loss'], { activation }: Output): LossOptions {
  const own =
    activation === 'linear'
      ? 'meanSquaredError'
      : activation === 'sigmoid'
        ? 'binaryCrossEntropy'
        : 'softmaxCrossEntropy'
  if (loss === undefined) return { type: own }
  const given = typeof loss === 'string' ? { type: loss } : loss
  const isOfClasses = /CrossEntropy$|^ctc$/.test(given.type)
  if (activation !== 'linear' && given.type !== own)
    throwInvalid('loss', `${own} for these classes`, given.type)
  if (activation === 'linear' && isOfClasses) throwInvalid('loss', 'a regression loss', given.type)
  return given
}

/** Sets `returnSequences` of the last recurrent layer by the output, if the layer does not set it. */
function endSequence(layers: readonly LayerSpec[], per: 'sequence' | 'step'): LayerSpec[] {
  const top = layers.findLastIndex(({ options }) => /^(recurrent|projectedLstm)$/.test(options.type))
  const reduced = layers.slice(top + 1).some(({ options }) => /pool|flatten/i.test(options.type))
  return layers.map((layer, i) =>
    i !== top || reduced || 'returnSequences' in layer.options
      ? layer
      : { ...layer, options: { ...layer.options, returnSequences: per === 'step' } as typeof layer.options },
  )
}

function throwInvalid(name: string, expected: string, got: unknown): never {
  throw new UsageError({ where: `option ${name}`, expected, got: describe(got) })
}
