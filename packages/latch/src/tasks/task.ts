/**
 * A task: data and functions that turn examples into sequences and targets, and define its network and the contents of
 * its file. Everything else of a model (fit, evaluate, predict, trace, streams, files, export) is written once for all
 * tasks, in taskModel.ts.
 */
import type { EngineOptions } from '../engine/engine.ts'
import type { FormatName, ModelInput, OutputActivation } from '../formats/imported.ts'
import type { NamedTensor } from '../formats/safetensors/safetensors.ts'
import type { Field } from '../core/validation.ts'
import type { Dataset } from '../training/dataset.ts'
import type { NetworkConfig } from '../model/config.ts'
import type { LayerInfo } from '../layers/definition.ts'
import type { Targets } from '../layers/loss.ts'
import type { Network } from '../model/network.ts'
import type { SequenceTrace, Trace, TraceLayer } from '../inspection/trace/traceTypes.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { VocabularyOptions } from '../text/buildVocabulary.ts'
import type { LanguageTokenKind, Tokenizer } from '../text/tokenizer.ts'
import type { Baseline } from './baselines/baseline.ts'
import type { ColumnOptions, GivenColumns } from './columns.ts'
import type { CountsReport } from './counts/report.ts'
import type { WordCounts } from './counts/wordCounts.ts'
import type { EncodedSequence, Evaluation, ModelEvaluateOptions, ModelSummary, Prediction } from './model.ts'
import type { FitOptions, ModelFitReport, namedColumns } from './fit/fitOptions.ts'
import type { engineOfCheckpoint } from './fit/checkpointEngine.ts'
import type { historyOf } from './fit/history.ts'

/** What a model knows about its data: learned from the training rows, or given. Every task extends it. */
export interface Learned {
  readonly input: ModelInput
  /** The function from the output row to the prediction. */
  readonly outputActivation: OutputActivation
  /** Learned or given; null: classes and outputs are numbered. */
  readonly labels: readonly string[] | null
  /** Tokens by id. */
  readonly vocabulary: readonly string[] | null
  readonly tokens: LanguageTokenKind | null
  /** The column of the training rows that held the texts. */
  readonly textColumn?: string | null
  /** The state is kept from call to call (Keras `stateful`). */
  readonly stateful?: boolean
  /** What counting words adds to the network's output; absent or null: nothing. */
  readonly counts?: WordCounts | null
  /** The source of an imported model. */
  readonly source?: { readonly format: FormatName; readonly producer: string | null }
  /** Conventions found on import and how they were handled, each a sentence. */
  readonly warnings?: readonly string[]
}

/** A trained model. */
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
  /** An example, as returned by `readExamples`. */
  Item: unknown
  Output: Prediction
  Evaluation: Evaluation
  /** The complete options of a model, stored in its file. */
  Settings: object
  Learned: Learned
  /** Of `fit`, with the names of the columns. */
  FitOptions: object
}

/** Examples, read and checked. */
export interface ExampleSet<Item> {
  items: readonly Item[]
  /** The index of each item's row among the given rows; omitted rows have no item. */
  rows: ArrayLike<number>
  /** Names of the classes that occur, in the order of their indices; null for numeric targets. */
  labels: readonly string[] | null
  /** The column of the texts, if they are texts. */
  textColumn?: string
  /** What was omitted or truncated, each a sentence. */
  warnings: readonly string[]
}

/** How many tokens of some rows are outside a vocabulary. */
export interface UnknownTokens {
  unknown: number
  total: number
  /** The most frequent of them. */
  examples: readonly string[]
}

/** The purpose and context of reading examples. */
export interface Reading<T extends TaskTypes> {
  settings: T['Settings']
  /** The model that reads them; null before its first `fit`. */
  trained: Trained<T['Learned']> | null
  /** The given labels; null: those of the examples. */
  labels: readonly string[] | null
  columns: GivenColumns
  purpose: 'training' | 'validation' | 'evaluation'
}

/** The part of a task for `fit` and `evaluate`; loaded on their first call, so that a page that only predicts does not load it. */
export interface TaskTraining<T extends TaskTypes> {
  /** Defaults of `fit` that differ from the common ones. */
  fitDefaults(settings: T['Settings']): Partial<FitOptions>
  /** @throws DataError naming the row */
  readExamples(examples: Iterable<T['Example']>, reading: Reading<T>): ExampleSet<T['Item']>
  /**
   * Learns from the training rows: vocabulary, labels, scaling. Absent if a model has its network from the start.
   * @param keep tokens that stay in the vocabulary however rare they are
   */
  learn?(
    settings: T['Settings'],
    all: ExampleSet<T['Item']>,
    training: readonly T['Item'][],
    keep?: VocabularyOptions['keep'],
  ): T['Learned']
  /** The embedding of words that may begin with pretrained vectors; absent if a model has none. */
  embedding?(settings: T['Settings']): {
    /** Its parameter (V, E). */
    parameter: string
    /** Whether tokens are in lower case. */
    ignoreCase: boolean
    /** The words of an item. */
    tokens(item: T['Item']): readonly string[]
  }
  /**
   * What a trained model knows, with the tokens of new training rows; null if there are none. Absent if a model does not
   * learn its vocabulary.
   */
  extend?(learned: T['Learned'], training: readonly T['Item'][]): T['Learned'] | null
  /** The tokens of new training rows that a trained model does not know; absent likewise. */
  unknownTokens?(learned: T['Learned'], training: readonly T['Item'][]): UnknownTokens
  /** Sentences on what makes these training rows hard to learn from; absent if nothing is known of that. */
  describeRows?(learned: T['Learned'], training: readonly T['Item'][]): string[]
  /** The network with its loss, and the layers it may have; absent likewise. */
  network?(learned: T['Learned']): { config: NetworkConfig; layers: readonly LayerInfo[] }
  /**
   * The two parts of items that one example makes up, such as one long text; null, or absent: whole items are held out.
   */
  divide?(
    items: readonly T['Item'][],
    fraction: number,
  ): { train: T['Item'][]; validation: T['Item'][] } | null
  /** @param batchSize sequences per batch of training; undefined for validation and evaluation */
  dataset(trained: Trained<T['Learned']>, items: readonly T['Item'][], batchSize?: number): Dataset
  /**
   * What a model learns once its network is trained, from its predictions of the validation rows: counts of words, a
   * threshold; and a warning about it. Null: nothing. Absent if there is nothing of the kind.
   */
  complete?(
    trained: Trained<T['Learned']>,
    training: readonly T['Item'][],
    validation: readonly T['Item'][],
  ): Promise<{ learned: T['Learned']; counts?: CountsReport; warning?: string } | null>
  /** The tokens of an item, for its counts; absent if a model has none. */
  tokens?(item: T['Item']): readonly string[]
  /** Names of its own options of `evaluate`, which `measure` gets; absent: none. */
  readonly evaluateOptions?: { readonly [option: string]: 1 }
  /** The metrics; absent: those of classes or numbers. */
  measure?(
    trained: Trained<T['Learned']>,
    items: readonly T['Item'][],
    dataset: Dataset,
    options: ModelEvaluateOptions,
  ): Promise<T['Evaluation']>
  /** The classes of an item's target: one, one per step, or none for numeric targets. */
  classes(item: T['Item']): ArrayLike<number>
  /** A trivial model of the training examples, which a network should beat before it is worth its training time. */
  baseline(training: Iterable<T['Example']>, reading: Reading<T>): Baseline<T['Example']>
}

/** What a trace has to know of networks that not every task has. */
export interface TraceParts {
  /**
   * Where layers may have other steps than the input: what the steps of the top layer are called, the outputs at them,
   * and what else the trace says. Null where they are those of the input.
   */
  readonly traceSteps?: (traced: {
    network: Network
    batch: PackedBatch
    sequence: SequenceTrace
    /** The layer whose steps the trace has. */
    top: TraceLayer
    encoded: EncodedSequence
  }) =>
    | (Pick<EncodedSequence, 'tokens' | 'ids' | 'known'> & {
        outputs: Float64Array[]
        facts: Pick<Trace, 'inputs' | 'whole'>
      })
    | null
  /** Where outputs may be other than logits of one class: what is differentiated. Null where they are not. */
  readonly numberTargets?: (
    network: Network,
    outputActivation: OutputActivation,
    out: Float64Array,
    given: number | null,
  ) => { target: number; targets: Targets } | null
}

/** A model to train and its examples. */
export interface FitRequest<T extends TaskTypes> {
  task: TaskDefinition<T>
  training: TaskTraining<T>
  settings: T['Settings']
  engine: EngineOptions
  /** The given labels; null: those of the examples. */
  labels: readonly string[] | null
  examples: Iterable<T['Example']>
  options: FitOptions
  /** The model to continue training, or null. */
  trained: Trained<T['Learned']> | null
  /** Called when training starts, so that a run that fails later still leaves its weights. */
  adopt: (trained: Trained<T['Learned']>) => void
}

/** A model to evaluate and its examples. */
export interface EvaluationRequest<T extends TaskTypes> {
  task: TaskDefinition<T>
  training: TaskTraining<T>
  settings: T['Settings']
  trained: Trained<T['Learned']>
  examples: Iterable<T['Example']>
  options: ModelEvaluateOptions
}

/** The module that `fit` and `evaluate` load: the task's part and the common part. */
export interface TrainingModule<T extends TaskTypes> {
  taskTraining: TaskTraining<T>
  evaluateModel(request: EvaluationRequest<T>): Promise<Evaluation>
  fitModel(request: FitRequest<T>): Promise<ModelFitReport>
  engineOfCheckpoint: typeof engineOfCheckpoint
  historyOf: typeof historyOf
  namedColumns: typeof namedColumns
}

/** A task. */
export interface TaskDefinition<T extends TaskTypes> extends TraceParts {
  /** The name in model files. */
  readonly name: string
  /** The options of `fit` and `evaluate` that name the columns; `required`: they have no default. */
  readonly columns: ColumnOptions & { required: boolean }
  training(): Promise<TrainingModule<T>>
  /** The layers that its networks may contain. */
  readonly layers: readonly LayerInfo[]
  /** Kinds of input. */
  reads(learned: T['Learned']): ModelSummary['reads']
  /** @throws DataError, ShapeError */
  encode(learned: T['Learned'], input: T['Input']): EncodedSequence
  /** Whether this is a list of inputs. */
  isMany(learned: T['Learned'], input: T['Input'] | readonly T['Input'][]): boolean
  /** Encodes one step of a stream. @throws DataError */
  encodeStep(learned: T['Learned'], step: T['Step']): number | ArrayLike<number>
  /** The prediction of one sequence from its output rows; absent: label and probabilities of the last row. */
  interpret?(trained: Trained<T['Learned']>, rows: readonly ArrayLike<number>[]): T['Output']
  /** Names of the classes, or of the outputs where those are numbers. @throws UsageError if labels do not fit them */
  nameOutputs(network: Network, learned: T['Learned']): readonly string[]
  /** How texts are read; null if inputs are not texts. */
  text(learned: T['Learned']): TextReading | null

  /** The settings in a model file of this task. */
  settings(learned: T['Learned']): T['Settings']
  /** Names of the task's own sections of the model file. */
  readonly sections: readonly string[]
  /** The sections: plain JSON. */
  write(learned: T['Learned']): Record<string, unknown>
  /** Its own tensors in the file; absent: none. */
  tensors?(learned: T['Learned']): NamedTensor[]
  /** Reads the sections; `take` takes the tensors whose names begin with a prefix. @throws FormatError naming the field */
  read(root: Field, config: NetworkConfig, take: (prefix: string) => NamedTensor[]): T['Learned']
}

/** How a task reads texts. */
export interface TextReading {
  tokenizer: Pick<Tokenizer, 'tokenize'> & { readonly config: { readonly kind: LanguageTokenKind } }
  /** The id of a token; null: it is left out. @throws DataError if the vocabulary has neither it nor an unknown token */
  findId(token: string): number | null
  /** The token of an empty text; null: empty texts are not allowed. */
  emptyToken: string | null
  /** Maximum number of tokens read from one text; null: all. */
  maximumLength: number | null
}
