/**
 * A task: data and functions that turn examples into sequences and targets, say which network is needed, and what its
 * file holds. Everything else of a model (fit, evaluate, predict, trace, streams, files, export) is written once over
 * it, in taskModel.ts.
 */
import type { EngineOptions } from '../engine/engine.ts'
import type { FormatName, ModelInput, OutputActivation } from '../formats/imported.ts'
import type { Field } from '../core/validation.ts'
import type { Dataset } from '../training/dataset.ts'
import type { NetworkConfig } from '../model/config.ts'
import type { LayerDefinition } from '../layers/definition.ts'
import type { Network } from '../model/network.ts'
import type { TokenKind, Tokenizer } from '../text/tokenizer.ts'
import type { Baseline } from './baselines/baseline.ts'
import type { ColumnOptions } from './columns.ts'
import type { EncodedSequence, Evaluation, ModelEvaluateOptions, Prediction } from './model.ts'
import type { FitOptions, ModelFitReport } from './fit/fitOptions.ts'
import type { historyOf } from './fit/history.ts'

/** What a task's model knows of its data: learnt from the training part, or given. Every task adds its own. */
export interface Learned {
  readonly input: ModelInput
  /** Which function of the output row people read. */
  readonly outputActivation: OutputActivation
  /** As learnt or given; null: classes and outputs go by number. */
  readonly labels: readonly string[] | null
  /** Tokens by id. */
  readonly vocabulary: readonly string[] | null
  readonly tokens: TokenKind | null
  /** State goes on from call to call (Keras `stateful`). */
  readonly stateful?: boolean
  /** Where an imported model came from. */
  readonly source?: { readonly format: FormatName; readonly producer: string | null }
  /** Conventions found on import and what was done about them, each a sentence. */
  readonly warnings?: readonly string[]
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
  warnings: readonly string[]
}

/** What examples are read for. */
export interface Reading<T extends TaskTypes> {
  settings: T['Settings']
  /** The model that reads them; null before its first `fit`. */
  trained: Trained<T['Learned']> | null
  /** Labels that were named; null: those of the examples. */
  labels: readonly string[] | null
  columns: Partial<ColumnOptions>
  purpose: 'training' | 'validation' | 'evaluation'
}

/** What `fit` and `evaluate` need of a task: loaded by those who train or measure, so that a page that predicts does not carry it. */
export interface TaskTraining<T extends TaskTypes> {
  /** Defaults of `fit`, where they are not those of every task. */
  fitDefaults(settings: T['Settings']): Partial<FitOptions>
  /** @throws DataError naming the row */
  readExamples(examples: Iterable<T['Example']>, reading: Reading<T>): ExampleSet<T['Item']>
  /** What is learnt from the training part: vocabulary, labels, scaling. Absent where a model has its network from the beginning. */
  learn?(settings: T['Settings'], all: ExampleSet<T['Item']>, training: readonly T['Item'][]): T['Learned']
  /** The network that is needed, with its loss, and the layers that it may have; absent likewise. */
  network?(learned: T['Learned']): { config: NetworkConfig; layers: readonly LayerDefinition[] }
  dataset(trained: Trained<T['Learned']>, items: readonly T['Item'][]): Dataset
  /** The classes of an item's target: one, one a step, or none where targets are numbers. */
  classes(item: T['Item']): ArrayLike<number>
  /** A trivial model made from the training examples: what a network should beat before it is worth its training time. */
  baseline(training: Iterable<T['Example']>, reading: Reading<T>): Baseline<T['Example']>
}

/** A model to train, and what on. */
export interface FitRequest<T extends TaskTypes> {
  task: TaskDefinition<T>
  training: TaskTraining<T>
  settings: T['Settings']
  engine: EngineOptions
  /** Labels that were named; null: those of the examples. */
  labels: readonly string[] | null
  examples: Iterable<T['Example']>
  options: T['FitOptions']
  /** The model to train further, or null. */
  trained: Trained<T['Learned']> | null
  /** Called when training starts, so that a run that fails later still leaves its weights. */
  adopt: (trained: Trained<T['Learned']>) => void
}

/** A model to measure, and what on. */
export interface EvaluationRequest<T extends TaskTypes> {
  task: TaskDefinition<T>
  training: TaskTraining<T>
  settings: T['Settings']
  trained: Trained<T['Learned']>
  examples: Iterable<T['Example']>
  options: ModelEvaluateOptions
}

/** The one module that training and measuring load: how the task does it, and what is written once over that. */
export interface TrainingModule<T extends TaskTypes> {
  taskTraining: TaskTraining<T>
  evaluateModel(request: EvaluationRequest<T>): Promise<Evaluation>
  fitModel(request: FitRequest<T>): Promise<ModelFitReport>
  historyOf: typeof historyOf
}

/** A task. */
export interface TaskDefinition<T extends TaskTypes> {
  /** As model files say it. */
  readonly name: string
  /** How `fit` and `evaluate` call the options that name the columns; `required`: they have no default. */
  readonly columns: ColumnOptions & { required: boolean }
  training(): Promise<TrainingModule<T>>
  /** The layers that its networks may have. */
  readonly layers: readonly LayerDefinition[]

  /** Forms of an input. */
  reads(learned: T['Learned']): readonly ('text' | 'ids' | 'features')[]
  /** @throws DataError, ShapeError */
  encode(learned: T['Learned'], input: T['Input']): EncodedSequence
  /** Whether this is a list of inputs. */
  isMany(learned: T['Learned'], input: T['Input'] | readonly T['Input'][]): boolean
  /** One step of a stream as the network takes it. @throws DataError */
  encodeStep(learned: T['Learned'], step: T['Step']): number | ArrayLike<number>
  /** The prediction of one sequence from its rows of the output; absent: label and probabilities of the last row. */
  interpret?(trained: Trained<T['Learned']>, rows: readonly ArrayLike<number>[]): T['Output']
  /** How texts are read; null where inputs are no texts. */
  text(learned: T['Learned']): TextReading | null

  /** The settings that belong to a model file of this task. */
  settings(learned: T['Learned']): T['Settings']
  /** Names of the task's own sections of the model file. */
  readonly sections: readonly string[]
  /** The sections: plain JSON. */
  write(learned: T['Learned']): Record<string, unknown>
  /** Reads them back. @throws FormatError naming the field */
  read(root: Field, config: NetworkConfig): T['Learned']
}

/** How a task reads texts. */
export interface TextReading {
  tokenizer: Tokenizer
  /** The id of a token. @throws DataError where the vocabulary has neither it nor an unknown token */
  findId(token: string): number
  /** What stands for an empty text; null: it is no input. */
  emptyToken: string | null
  /** Length that texts are padded to, with id 0 before them; null: none. */
  paddedLength: number | null
  /** Most tokens of one text that are read; null: all. */
  maximumLength: number | null
}
