/**
 * The model interface: what every task and every imported model can do, with the same types. The command line, the
 * studio and `latch/inspection` use only this interface, not the class of a model.
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
import type { StreamState } from '../model/streams/streamState.ts'
import type { Network } from '../model/network.ts'
import type { LayerSummary } from '../model/summary.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { ClassificationReport, ClassScores } from '../training/metrics.ts'
import type { TrainingHistory } from './files/history.ts'
import type { Baseline } from './baselines/baseline.ts'
import type { ColumnOptions } from './columns.ts'
import type { FitOptions, ModelFitReport } from './fit/fitOptions.ts'
import type { LanguageTokenKind } from '../text/tokenizer.ts'

/** One encoded input: one entry per step in each list. */
export interface EncodedSequence extends EncodedInput {
  /** Steps of padding at its beginning. */
  padding: number
  /** Tokens beyond the length limit, which the model does not read. */
  cut: number
}

/** A label with its probability. */
export interface RankedLabel<L extends string = string> {
  label: L
  probability: number
}

/** Options of `predict`. */
export interface PredictOptions {
  /** Also lists this many of the most likely labels, in `top`. */
  top?: number
}

/** What a model predicts for one input. */
export interface Prediction<L extends string = string> {
  /** The output: of the whole sequence, or of its last step where the network has an output at every step. */
  output: number[]
  /** The output of every step (T rows), where the network has one at every step, else null. */
  steps: number[][] | null
  /** The most likely class of `output`; null for numeric outputs. */
  label: L | null
  /**
   * By label; null for numeric outputs. JavaScript lists keys that look like integers first, in ascending
   * order; the model's `labels` are in the order of the class indices.
   */
  probabilities: Record<L, number> | null
  /** The most likely labels, the first first, as many as the option `top` asks for; absent without it. */
  top?: RankedLabel<L>[]
}

/** The prediction of a model whose outputs are classes. */
export interface ClassPrediction<L extends string = string> extends Prediction<L> {
  label: L
  probabilities: Record<L, number>
}

/** The metrics of a model whose outputs are classes. */
export interface ClassEvaluation<L extends string = string> extends ClassificationReport<L> {
  kind: 'classes'
  /** In the order of the class indices. */
  labels: readonly L[]
  /** Omitted examples and truncated inputs, each a sentence. */
  warnings: readonly string[]
}

/** The metrics of a multi-label classifier. */
export interface MultiLabelEvaluation<L extends string = string> {
  kind: 'labels'
  /** Mean binary cross-entropy of a label. */
  loss: number
  /** Of all labels of all texts together. */
  microF1: number
  microPrecision: number
  microRecall: number
  /** Means over the labels that occur as actual or predicted ones. */
  macroF1: number
  macroPrecision: number
  macroRecall: number
  /** Fraction of texts with exactly the right labels. */
  exactMatch: number
  /** Fraction of labels, of all texts, that are wrong. */
  hammingLoss: number
  /** The probability from which a label is given. */
  threshold: number
  /** Number of texts. */
  n: number
  perLabel: ClassScores<L>[]
  /** In the order of the outputs. */
  labels: readonly L[]
  warnings: readonly string[]
}

/** The metrics of a model with numeric outputs. */
export interface ValueEvaluation {
  kind: 'values'
  /** Mean loss; of a text regressor, whose targets are standardised, in their squared standard deviations. */
  loss: number
  /** In the units of the targets, as the next. */
  meanAbsoluteError: number
  rootMeanSquaredError: number
  /**
   * R², the share of the targets' variance that the outputs explain: 1 of perfect ones, 0 of always their mean; of several
   * outputs the mean. Null where the targets are all the same.
   */
  rSquared: number | null
  /** Number of sequences (or of steps, for outputs at every step). */
  n: number
  /** Names of the outputs. */
  labels: readonly string[]
  warnings: readonly string[]
}

/** The metrics of a language model. */
export interface TokenEvaluation {
  kind: 'tokens'
  /** Mean cross-entropy in nats a token. */
  loss: number
  /** The same in bits. */
  bits: number
  /** e to the loss: among how many equally likely tokens the model chooses, on average. */
  perplexity: number
  /** Bits of all tokens, divided by the characters of the texts; for words, with one space a word. */
  bitsPerCharacter: number
  /** Fraction of tokens that were the likeliest. */
  accuracy: number
  /** Number of tokens. */
  n: number
  /** The vocabulary. */
  labels: readonly string[]
  warnings: readonly string[]
}

/** The metrics of a sequence-to-sequence model. */
export interface SequenceEvaluation {
  kind: 'sequences'
  /** Mean cross-entropy in nats a target token, each after the true tokens before it. */
  loss: number
  /** e to the loss. */
  perplexity: number
  /** Fraction of target tokens that were the likeliest, each after the true tokens before it. */
  tokenAccuracy: number
  /** Fraction of sources for which the model writes the target exactly. */
  accuracy: number
  /** Insertions, deletions and replacements of tokens from what the model writes to the targets, for each target token. */
  errorRate: number
  /** Beginnings that beam search kept to write them; null: the likeliest token at each step. */
  beams: number | null
  /** Number of sources. */
  n: number
  /** The vocabulary of the targets. */
  labels: readonly string[]
  warnings: readonly string[]
}

/** What `evaluate` returns, discriminated by `kind`. */
export type Evaluation<L extends string = string> =
  ClassEvaluation<L> | MultiLabelEvaluation<L> | ValueEvaluation | TokenEvaluation | SequenceEvaluation

/** Options of `evaluate`. */
export interface ModelEvaluateOptions {
  /** Aborts; the signal's reason is thrown. */
  signal?: AbortSignal
  /** Called from time to time with the fraction done, 0 to 1. */
  onProgress?: (fraction: number) => void
}

/** A stream's state as plain JSON. */
export interface ModelStreamState {
  /** Identifies the weights: the state of another model is refused. */
  fingerprint: number
  network: StreamState
  /** The network's last output row; empty before the first step. */
  output: number[]
  /** White space at the end of a text, which is read once more text follows (character tokens). */
  space: string
  /** For texts padded to one length: the ids that count, and how many tokens were read; else null. */
  text: { ids: number[]; read: number } | null
  /** For a model that counts words: the text so far, as rows of its table, and the last token. */
  counted?: { rows: number[]; last: string | null }
}

/** One sequence, step by step. After each step, the prediction equals that of `predict` for the steps so far, bit for bit. */
export interface ModelStream<Step = string, Output extends Prediction = Prediction> {
  /** Number of steps since the start or the last reset. */
  readonly steps: number
  /** The prediction for the steps so far. */
  readonly prediction: Output
  /** Reads one step and returns the prediction so far: a new object for each push. @throws DataError, ShapeError; the stream is unchanged */
  push(step: Step): Output
  /**
   * Reads more text, tokenized as by `predict`. Each call ends a token: a word split over two calls
   * is two words. There is no length limit. @throws UnsupportedError for a model that does not read texts
   */
  pushText(text: string): Output
  /** Resets the state. */
  reset(): void
  /** The state as plain data. */
  save(): ModelStreamState
  /** Restores a state that a stream of the same model saved. @throws ShapeError, UsageError */
  restore(saved: ModelStreamState): void
}

/** A summary of a model: plain data, and `toString()` prints the table of layers. */
export interface ModelSummary {
  task: string
  input: ModelInput
  /** Kinds of input: a text, a pair of texts ({ a, b }), token ids (also typed: `#3 #1`), features (also as JSON). */
  reads: readonly ('text' | 'pair' | 'ids' | 'features')[]
  /** Number of tokens in the vocabulary; null without one. */
  vocabularySize: number | null
  /** How texts are tokenized; null if the model does not read texts. */
  tokens: LanguageTokenKind | null
  /** Maximum number of steps that `predict` reads of one input; null: no limit. */
  maximumLength: number | null
  /**
   * The column of the training rows that held the texts; several of `latch train --text title,body` are separated by
   * commas. Null if not known.
   */
  textColumn: string | null
  /** `labels`: any number of them. */
  predicts: 'classes' | 'labels' | 'values'
  /** Whether there is one output per sequence or one per step. */
  per: 'sequence' | 'step'
  outputActivation: OutputActivation
  labels: readonly string[]
  /** Name, type, output shape and parameters of each layer, lowest first. */
  layers: readonly LayerSummary[]
  parameters: number
  /** The state is kept from call to call (Keras `stateful`). */
  stateful: boolean
  /** The source of an imported model; null for a Latch model. */
  source: { format: FormatName; producer: string | null } | null
  /** Conventions found on import and how they were handled, each a sentence. */
  warnings: readonly string[]
  toString(): string
}

/** The interface of every model. `Input` is one input; `Example` is one row for `fit` or `evaluate`. */
export interface Model<
  Input = string,
  Step = string,
  Output extends Prediction = Prediction,
  Metrics extends Evaluation = Evaluation,
  Example extends object = object,
  Options extends FitOptions = FitOptions,
> extends InspectableModel<Input> {
  /** `textClassifier`, `sequenceModel`, … as in model files. */
  readonly task: string
  readonly network: Network
  /** Names of the classes in the order of their indices, or of the outputs. */
  readonly labels: readonly string[]
  /** Engine and precision of the model. */
  readonly engine: EngineOptions
  /** All options of the model: plain JSON. */
  readonly settings: object
  /** The training history, also after loading; null before `fit`. */
  readonly history: TrainingHistory | null
  /** The options of `fit` and `evaluate` that name the input and target columns. */
  readonly columns: ColumnOptions
  summary(): ModelSummary
  /** Encodes an input for the network. @throws DataError, ShapeError */
  encode(input: Input): EncodedSequence
  /** Inputs as one packed batch, for `model.network`. */
  pack(inputs: readonly Input[]): PackedBatch
  predict(input: Input, options?: PredictOptions): Output
  predict(inputs: readonly Input[], options?: PredictOptions): Output[]
  evaluate(examples: Iterable<Example>, options?: ModelEvaluateOptions): Promise<Metrics>
  fit(examples: Iterable<Example>, options?: Options): Promise<ModelFitReport>
  /** A trivial model of the training examples, which this model should beat; `options` name the columns. */
  baseline(training: Iterable<Example>, options?: object): Promise<Baseline<Example>>
  /** @param options.label the label whose loss is differentiated; default the predicted one; for numbers the first */
  trace(input: Input, options?: { label?: string | number }): Trace
  stream(): ModelStream<Step, Output>
  toBytes(): Uint8Array
  /** Writes the model file (Node), atomically. */
  save(path: string): Promise<void>
  /** The model's files in another format; `exporters` of `latch/formats` has the formats. */
  exportTo(format: ModelWriter, name?: string): Promise<readonly ExportedFile[]>
  /** Frees the memory immediately. Any later call throws UsageError. */
  dispose(): void
}
