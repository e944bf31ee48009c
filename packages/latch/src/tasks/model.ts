/**
 * The model contract: what every task and every imported model can do, in the same types. The command line, the
 * studio and `latch/inspection` ask these questions and never look at a model's class.
 */
import type { EngineOptions } from '../engine/engine.ts'
import type {
  ExportedFile,
  ModelWriter,
  FormatName,
  ModelInput,
  OutputActivation,
} from '../formats/imported.ts'
import type { EncodedInput, InspectableModel } from '../inspection/trace/subject.ts'
import type { Trace } from '../inspection/trace/traceTypes.ts'
import type { StreamState } from '../model/streamState.ts'
import type { Network } from '../model/network.ts'
import type { LayerSummary } from '../model/summary.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { ClassificationReport } from '../training/metrics.ts'
import type { TrainingHistory } from './files/history.ts'
import type { Baseline } from './baselines/baseline.ts'
import type { ColumnOptions } from './columns.ts'
import type { FitOptions, ModelFitReport } from './fit/fitOptions.ts'
import type { TokenKind } from '../text/tokenizer.ts'

/** One input as the network takes it: one entry a step in each list. */
export interface EncodedSequence extends EncodedInput {
  /** Steps of padding at its beginning. */
  padding: number
  /** Tokens beyond the length limit, which the model does not read. */
  cut: number
}

/** What a model predicts for one input. */
export interface Prediction<L extends string = string> {
  /** The output: of the whole sequence, or of its last step where the network has an output at every step. */
  output: number[]
  /** The output of every step (T rows), where the network has one at every step, else null. */
  steps: number[][] | null
  /** The likeliest class of `output`; null where outputs are numbers. */
  label: L | null
  /**
   * By label; null where outputs are numbers. JavaScript lists keys that look like whole numbers first, in rising
   * order; the order of the class numbers is that of the model's `labels`.
   */
  probabilities: Record<L, number> | null
}

/** The prediction of a model whose outputs are classes. */
export interface ClassPrediction<L extends string = string> extends Prediction<L> {
  label: L
  probabilities: Record<L, number>
}

/** The metrics of a model whose outputs are classes. */
export interface ClassEvaluation<L extends string = string> extends ClassificationReport<L> {
  kind: 'classes'
  /** In the order of the class numbers. */
  labels: readonly L[]
  /** Examples left out and inputs cut, each a sentence. */
  warnings: readonly string[]
}

/** The metrics of a model whose outputs are numbers. */
export interface ValueEvaluation {
  kind: 'values'
  /** Mean loss. */
  loss: number
  meanAbsoluteError: number
  rootMeanSquaredError: number
  /** How many sequences (or steps, for outputs at every step). */
  n: number
  /** Names of the outputs. */
  labels: readonly string[]
  warnings: readonly string[]
}

/** What `evaluate` gives; `kind` tells which metrics. */
export type Evaluation<L extends string = string> = ClassEvaluation<L> | ValueEvaluation

/** Options of `evaluate`. */
export interface ModelEvaluateOptions {
  /** Ends it by throwing the signal's reason. */
  signal?: AbortSignal
  /** Called now and then with the fraction done, 0 to 1. */
  onProgress?: (fraction: number) => void
}

/** A stream's state as JSON can carry it. */
export interface ModelStreamState {
  network: StreamState
  /** The network's last output row; empty before the first step. */
  output: number[]
  /** White space at the end of a text, which is read once something follows it (tokens that are characters). */
  space: string
  /** Of texts that are padded to one length: the last ids, and how many tokens were read; else null. */
  text: { ids: number[]; read: number } | null
}

/** One sequence, step by step: after each step, to the bit what `predict` gives for the steps so far. */
export interface ModelStream<Step = string, Output extends Prediction = Prediction> {
  /** Steps read since the beginning or the last reset. */
  readonly steps: number
  /** For the steps so far. */
  readonly prediction: Output
  /** Reads one step; gives the prediction for the steps so far. @throws DataError, ShapeError; the stream stays as it was */
  push(step: Step): Output
  /**
   * Reads more of a text, cut into tokens as `predict` cuts it. A piece ends where a token ends: a word in two pieces
   * is two words. There is no length limit. @throws UnsupportedError where the model reads no texts
   */
  pushText(text: string): Output
  /** Back to the beginning. */
  reset(): void
  /** The state as plain data. */
  save(): ModelStreamState
  /** Goes on where a stream of the same model stood when it was saved. @throws ShapeError, UsageError */
  restore(saved: ModelStreamState): void
}

/** What a model is: `toString()` prints the table of its layers. Plain data. */
export interface ModelSummary {
  task: string
  input: ModelInput
  /** Forms of an input: a text, token ids (also typed: `#3 #1`), features (also as JSON). */
  reads: readonly ('text' | 'ids' | 'features')[]
  /** Entries of the vocabulary; null where there is none. */
  vocabularySize: number | null
  /** How texts become tokens; null where the model reads no texts. */
  tokens: TokenKind | null
  /** Most steps that `predict` reads of one input; null: any number. */
  maximumLength: number | null
  predicts: 'classes' | 'values'
  /** Whether there is one output for the sequence, or one at every step. */
  per: 'sequence' | 'step'
  outputActivation: OutputActivation
  labels: readonly string[]
  /** Name, type, output shape and parameters of each layer, lowest first. */
  layers: readonly LayerSummary[]
  parameters: number
  /** State goes on from call to call (Keras `stateful`). */
  stateful: boolean
  /** Where it came from; null for a model of Latch's own. */
  source: { format: FormatName; producer: string | null } | null
  /** Conventions found on import and what was done about them, each a sentence. */
  warnings: readonly string[]
  toString(): string
}

/** What every model can do. `Input` is one input; `Example` one row to learn from or to measure on. */
export interface Model<
  Input = string,
  Step = string,
  Output extends Prediction = Prediction,
  Metrics extends Evaluation = Evaluation,
  Example extends object = object,
  Options extends FitOptions = FitOptions,
> extends InspectableModel<Input> {
  /** `textClassifier`, `sequenceModel`, … as model files say it. */
  readonly task: string
  readonly network: Network
  /** Names of the classes in the order of their numbers, or of the outputs. */
  readonly labels: readonly string[]
  /** Which engine and precision it was made with. */
  readonly engine: EngineOptions
  /** Every option of the model: plain JSON. */
  readonly settings: object
  /** How it was trained, also after loading; null before `fit`. */
  readonly history: TrainingHistory | null
  /** Which options of `fit` and `evaluate` name the columns of the input and of the target. */
  readonly columns: ColumnOptions
  summary(): ModelSummary
  /** The input as the network takes it. @throws DataError, ShapeError */
  encode(input: Input): EncodedSequence
  /** Inputs as one packed batch, for `model.network`. */
  pack(inputs: readonly Input[]): PackedBatch
  predict(input: Input): Output
  predict(inputs: readonly Input[]): Output[]
  evaluate(examples: Iterable<Example>, options?: ModelEvaluateOptions): Promise<Metrics>
  fit(examples: Iterable<Example>, options?: Options): Promise<ModelFitReport>
  /** A trivial model made from training examples, which this one should beat; `options` name the columns. */
  baseline(training: Iterable<Example>, options?: object): Promise<Baseline<Example>>
  /** @param options.label whose loss the gradients are of; default the predicted one, of numbers the first */
  trace(input: Input, options?: { label?: string | number }): Trace
  stream(): ModelStream<Step, Output>
  toBytes(): Uint8Array
  /** Writes the model file (Node), atomically. */
  save(path: string): Promise<void>
  /** The model's files in another format; `exporters` of `latch/formats` has the formats. */
  exportTo(format: ModelWriter, name?: string): Promise<readonly ExportedFile[]>
  /** Frees the memory now. Any later call throws UsageError. */
  dispose(): void
}
