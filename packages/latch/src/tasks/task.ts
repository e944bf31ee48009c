/**
 * A task: data and functions that turn examples into sequences and targets, say which network is needed, and what its
 * file holds. Everything else of a model (fit, evaluate, predict, trace, streams, files, export) is written once over
 * it, in taskModel.ts.
 */
import type { EngineOptions } from '../engine/engine.ts'
import type { Answer, ModelInput } from '../formats/imported.ts'
import type { Field } from '../core/validation.ts'
import type { Dataset } from '../training/dataset.ts'
import type { NetworkConfig } from '../model/config.ts'
import type { Network, NetworkOptions } from '../model/network.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { ColumnOptions, EncodedSequence, Evaluation, Prediction } from './model.ts'
import type { FitOptions } from './fit/fitOptions.ts'

/** What a task's model knows of its data: learnt from the training part, or given. Every task adds its own. */
export interface Learned {
  readonly input: ModelInput
  /** Which function of the output row people read. */
  readonly answer: Answer
  /** As learnt or given; null: classes and outputs go by number. */
  readonly labels: readonly string[] | null
  /** Tokens by id. */
  readonly vocabulary: readonly string[] | null
  readonly tokens: 'word' | 'character' | null
}

/** A model at work. */
export interface Trained<L extends Learned = Learned> {
  readonly network: Network
  readonly learned: L
  /** Names of the classes, or of the outputs. */
  readonly names: readonly string[]
}

/** The types of one task. */
export interface TaskTypes {
  Input: unknown
  Step: unknown
  Example: object
  /** An example as `readExamples` gives it. */
  Item: unknown
  Output: Prediction
  Evaluation: Evaluation
  /** The options that make a model, complete; kept in its file. */
  Settings: object
  Learned: Learned
  FitOptions: FitOptions
}

/** Examples, read and checked. */
export interface ExampleSet<Item> {
  items: readonly Item[]
  /** The number of each item's row among those given, from 0; rows left out have none. */
  rows: ArrayLike<number>
  /** Names of the classes that occur, in the order of their numbers; null where targets are numbers. */
  labels: readonly string[] | null
  /** What was left out or cut, each a sentence. */
  notes: readonly string[]
}

/** What examples are read for. */
export interface Reading<T extends TaskTypes> {
  settings: T['Settings']
  /** The model that reads them; null before its first `fit`. */
  trained: Trained<T['Learned']> | null
  columns: Partial<ColumnOptions>
  purpose: 'training' | 'validation' | 'evaluation'
}

/** A task. */
export interface TaskDefinition<T extends TaskTypes> {
  /** As model files say it. */
  readonly name: string
  /** How errors name the options of `fit` and `evaluate` that name columns; `required`: they have no default. */
  readonly columns: ColumnOptions & { required: boolean }
  /** Defaults of `fit`, where they are not those of every task. */
  fitDefaults(settings: T['Settings']): Partial<FitOptions>
  /** @throws DataError naming the row */
  readExamples(examples: Iterable<T['Example']>, reading: Reading<T>): ExampleSet<T['Item']>
  /** What is learnt from the training part: vocabulary, labels, scaling. */
  learn(settings: T['Settings'], all: ExampleSet<T['Item']>, training: readonly T['Item'][]): T['Learned']
  /** The classes of an item's target: one, one a step, or none where targets are numbers. */
  classes(item: T['Item']): ArrayLike<number>
  dataset(trained: Trained<T['Learned']>, items: readonly T['Item'][]): Dataset
  /** The network that is needed, with its loss. */
  network(learned: T['Learned']): NetworkConfig
  buildNetwork(config: NetworkConfig, options: NetworkOptions): Network
  /** @throws DataError, ShapeError */
  encode(learned: T['Learned'], input: T['Input']): EncodedSequence
  /** One step of a stream as the network takes it. @throws DataError */
  encodeStep(learned: T['Learned'], step: T['Step']): number | ArrayLike<number>
  /** Whether this is many inputs and not one. */
  isMany(learned: T['Learned'], input: T['Input'] | readonly T['Input'][]): boolean
  /** How texts become tokens; null where inputs are no texts. */
  tokenizer(learned: T['Learned']): Tokenizer | null
  /** The id of a token in streams of texts, and what stands for an empty text. */
  text: { idOf(learned: T['Learned'], token: string): number; emptyToken: string | null }
  /** Length that texts are padded to with id 0 before them; null: none. */
  paddedLength(learned: T['Learned']): number | null
  /** Most tokens of one input that are read; null: all. */
  maximumLength(learned: T['Learned']): number | null
  /** The settings that a model file of this task says, and its options. */
  settings(learned: T['Learned']): T['Settings']
  /** The task's own sections of the model file: plain JSON. */
  write(learned: T['Learned']): Record<string, unknown>
  /** Names of those sections. */
  readonly sections: readonly string[]
  /** Reads them back. @throws FormatError naming the field */
  read(root: Field, config: NetworkConfig): T['Learned']
  /** What a summary adds. */
  facts?(learned: T['Learned']): Partial<{
    stateful: boolean
    source: { format: string; producer: string | null }
    notes: readonly string[]
  }>
  /** The trivial model beside a trained one: made from the training examples. */
  baseline(training: readonly T['Example'][], reading: Reading<T>): Baseline<T['Example']>
}

/** A trivial model: what a network should beat before it is worth its training time. */
export interface Baseline<Example extends object = object> {
  name: string
  evaluate(examples: Iterable<Example>): { metric: 'accuracy' | 'meanAbsoluteError'; value: number; n: number }
}

/** Engine, and a seed for initial weights. */
export type ModelEngine = EngineOptions
