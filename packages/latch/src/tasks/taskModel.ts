/** Implements the model interface (model.ts) for every task (task.ts). */
import { decodeModel } from '../formats/latch/modelFile.ts'
import { UsageError, atRow } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import { readTaskFile, taskDocument, writeTaskFile } from './files/taskFile.ts'
import { storage } from './files/storage.ts'
import type { EngineOptions } from '../engine/engine.ts'
import type { ExportedFile, ExportSource, ModelWriter } from '../formats/imported.ts'
import type { Trace } from '../inspection/trace/traceTypes.ts'
import type { Targets } from '../layers/loss.ts'
import type { Network } from '../model/network.ts'
import { OneTraining } from '../model/oneTraining.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Baseline } from './baselines/baseline.ts'
import type { ColumnOptions } from './columns.ts'
import { countedText } from './counts/wordCounts.ts'
import { forEachBatch, packSequences } from './encoding.ts'
import type { TrainingHistory } from './files/history.ts'
import type { FitOptions, ModelFitReport } from './fit/fitOptions.ts'
import type {
  EncodedSequence,
  Model,
  ModelEvaluateOptions,
  ModelStream,
  ModelSummary,
  PredictOptions,
} from './model.ts'
import { interpret, outputRows, ranking } from './prediction.ts'
import { summarize } from './summary.ts'
import { TaskStream } from './stream.ts'
import type { Learned, TaskDefinition, TaskTypes, Trained } from './task.ts'
import { chooseTarget, traceModel } from './trace.ts'

/** What a model begins with: settings, before its first `fit`, or the contents of a file. */
export type ModelStart<T extends TaskTypes> =
  | {
      settings: T['Settings']
      /** The given labels; null: those of the examples. */
      labels?: readonly string[] | null
    }
  | (Trained<T['Learned']> & { history?: TrainingHistory | null })

/** The class of a task's models. */
export interface TaskClass<M, T extends TaskTypes> {
  new (start: ModelStart<T>, engine?: EngineOptions): M
  readonly task: TaskDefinition<T>
}

/**
 * Rows of the network's output with what counting words adds. Here rather than beside the counts, so that a page and
 * the training that it loads later share one chunk, which compresses better than two.
 */
export function mixedRows<Row extends ArrayLike<number>>(
  learned: Learned,
  tokens: readonly string[],
  rows: readonly Row[],
): readonly (Row | number[])[] {
  const text = countedText(learned)?.read(tokens)
  return text ? rows.map((row) => text.mix(row)) : rows
}

/** A model of a task. Each task has a subclass, a `TaskClass`. */
export class TaskModel<T extends TaskTypes> implements Model<
  T['Input'],
  T['Step'],
  T['Output'],
  T['Evaluation'],
  T['Example']
> {
  readonly #settings: T['Settings']
  /** Engine and precision of the model. */
  readonly engine: EngineOptions
  readonly #task: TaskDefinition<T>
  readonly #wantedLabels: readonly string[] | null
  readonly #runs = new OneTraining()
  #trained: Trained<T['Learned']> | null
  #history: TrainingHistory | null
  #disposed = false

  /** Takes checked settings, or the contents of a file. */
  constructor(start: ModelStart<T>, { engine, reproducible, threads, precision }: EngineOptions = {}) {
    const { task } = new.target as unknown as TaskClass<unknown, T>
    const content = 'learned' in start ? start : null
    this.#settings = 'learned' in start ? task.settings(start.learned) : start.settings
    this.engine = { engine, reproducible, threads, precision }
    this.#task = task
    this.#wantedLabels = 'learned' in start ? null : (start.labels ?? null)
    this.#trained = content
    this.#history = content?.history ?? null
  }

  /** @throws FormatError naming the fault and its place; the errors of `createEngine` */
  static fromBytes<M, T extends TaskTypes>(
    this: TaskClass<M, T>,
    bytes: Uint8Array,
    source = 'model bytes',
    engine: EngineOptions = {},
  ): M {
    return openAs(this, bytes, source, engine)
  }

  /** Reads a model file (Node). @throws DataError, FormatError */
  static async load<M, T extends TaskTypes>(
    this: TaskClass<M, T>,
    path: string,
    engine: EngineOptions = {},
  ): Promise<M> {
    return openAs(this, await storage().read(path), path, engine)
  }

  /**
   * The model and options of an interrupted run, to resume exactly where the checkpoint was written:
   * `model.fit(sameExamples, { ...fitOptions, resume: bytes })`. Unless `engine` names them, engine and precision are
   * those the run was started with; threads may differ.
   */
  static async fromCheckpoint<M, T extends TaskTypes>(
    this: TaskClass<M, T>,
    bytes: Uint8Array,
    source = 'checkpoint',
    engine: EngineOptions = {},
  ): Promise<{ model: M; fitOptions: T['FitOptions'] }> {
    const { engineOfCheckpoint } = await this.task.training()
    const content = readTaskFile(this.task, decodeModel(bytes, source), source, engineOfCheckpoint(engine))
    return { model: new this(content, engine), fitOptions: content.training!.fitOptions as T['FitOptions'] }
  }

  /** Every option of the model; those that depend on the rows are undefined until the first `fit`. */
  get settings(): T['Settings'] {
    return this.#trained ? this.#task.settings(this.#trained.learned) : this.#settings
  }

  get task(): string {
    return this.#task.name
  }

  get columns(): ColumnOptions {
    const { input, target } = this.#task.columns
    return { input, target }
  }

  /** The network: layers, named parameters, engine. */
  get network(): Network {
    return this.trained.network
  }

  get labels(): readonly string[] {
    return this.trained.names
  }

  get parameterCount(): number {
    return this.network.parameterCount
  }

  /** The training history, also after loading; null before `fit`. */
  get history(): TrainingHistory | null {
    return this.#history
  }

  /** Task, input, outputs, layers and parameters; prints as a table. */
  summary(): ModelSummary {
    return summarize(this.#task, this.trained)
  }

  /** Encodes one input: its tokens, ids or features, and what was padded or truncated. */
  encode(input: T['Input']): EncodedSequence {
    return this.#task.encode(this.trained.learned, input)
  }

  /** Inputs as one packed batch, for `model.network`. */
  pack(inputs: readonly T['Input'][]): PackedBatch {
    const encoded = inputs.map((input) => this.encode(input))
    return packSequences(encoded, this.trained.learned.input)
  }

  /**
   * The prediction for one input, or for each input of a list.
   * @param options.top also lists this many of the most likely labels, the first first
   * @throws UsageError for `top` of a model of numbers; DataError, ShapeError for an input that does not fit; of many, with its `row` (from 0)
   */
  predict(input: T['Input'], options?: PredictOptions): T['Output']
  predict(inputs: readonly T['Input'][], options?: PredictOptions): T['Output'][]
  predict(
    input: T['Input'] | readonly T['Input'][],
    options: PredictOptions = {},
  ): T['Output'] | T['Output'][] {
    const { trained } = this
    const { learned } = trained
    const rank = ranking<T['Output']>(trained, options)
    const many = this.#task.isMany(learned, input)
    const inputs = many ? (input as readonly T['Input'][]) : [input as T['Input']]
    const encoded = inputs.map((one, row) => {
      try {
        return this.#task.encode(learned, one)
      } catch (error) {
        throw many ? atRow(error, row) : error
      }
    })
    const out: T['Output'][] = []
    forEachBatch(
      encoded.map(({ steps }) => steps),
      (numbers) => {
        const batch = packSequences(
          numbers.map((i) => encoded[i]),
          learned.input,
        )
        const rows = outputRows(trained.network, batch)
        this.interpretBatch(
          batch,
          rows,
          numbers.map((i) => encoded[i]),
        ).forEach((prediction, b) => (out[numbers[b]] = rank(prediction)))
      },
    )
    return many ? out : out[0]
  }

  /**
   * A trivial model of the training examples (naive Bayes, the most frequent class, the mean), which this model should
   * beat. `options` name the columns, as in `fit`.
   */
  async baseline(training: Iterable<T['Example']>, options: object = {}): Promise<Baseline<T['Example']>> {
    const { trained, settings } = this
    const { taskTraining, namedColumns } = await this.#task.training()
    const columns = namedColumns('baseline', options, this.#task.columns)
    return taskTraining.baseline(training, { settings, trained, labels: null, columns, purpose: 'training' })
  }

  /** The predictions of a batch that the network has just run, from the output rows of each sequence. */
  protected interpretBatch(
    _batch: PackedBatch,
    rows: readonly (readonly ArrayLike<number>[])[],
    encoded: readonly EncodedSequence[],
  ): T['Output'][] {
    const { trained } = this
    return rows.map((own, b) =>
      interpret(this.#task, trained, mixedRows(trained.learned, encoded[b].tokens, own)),
    )
  }

  /**
   * Metrics on labelled examples.
   * @param options.signal aborts; the signal's reason is thrown
   * @param options.onProgress called from time to time with the fraction done, 0 to 1
   * @throws UsageError for an option; DataError for examples that the model cannot read
   */
  async evaluate(
    examples: Iterable<T['Example']>,
    options: ModelEvaluateOptions = {},
  ): Promise<T['Evaluation']> {
    const { trained, settings } = this
    // Loaded only when a page evaluates or trains.
    const { evaluateModel, taskTraining: training } = await this.#task.training()
    return evaluateModel({ task: this.#task, training, settings, trained, examples, options })
  }

  /**
   * Trains on examples. A second call continues from the current weights, with the same vocabulary, labels and scaling.
   * @throws UsageError naming the option that is unknown, missing or out of range; DataError for examples that cannot
   * be learned from; DivergenceError when the loss leaves the finite numbers; MemoryError for a batch that does not
   * fit; WorkerError when a thread was lost: the model then has valid weights and continues with one thread
   */
  async fit(examples: Iterable<T['Example']>, options: FitOptions = {}): Promise<ModelFitReport> {
    this.#assertOpen()
    const end = this.#runs.begin('fit')
    try {
      const { fitModel, historyOf, taskTraining: training } = await this.#task.training()
      const report = await fitModel({
        task: this.#task,
        training,
        settings: this.settings,
        engine: this.engine,
        labels: this.#wantedLabels,
        examples,
        options,
        trained: this.#trained,
        adopt: (trained) => (this.#trained = trained),
      })
      this.#history = historyOf(report)
      return report
    } finally {
      end()
    }
  }

  /**
   * Follows an input step by step: gates by name, states, the output so far, and the norms of the loss's gradient on
   * its way back through time. For numeric outputs, one of them is differentiated and `probabilities` holds them.
   * @param options.label the label whose loss is differentiated; default the predicted one; for numbers the first
   * @throws DataError for an unknown label; UnsupportedError for networks without a recurrent layer
   */
  trace(input: T['Input'], options: { label?: string | number } = {}): Trace {
    const { trained } = this
    const encoded = this.encode(input)
    const batch = packSequences([encoded], trained.learned.input)
    const text = typeof input === 'string' ? input : encoded.tokens.join(' ')
    return traceModel(trained, { encoded, batch, text, label: options.label ?? null }, this.#task)
  }

  /** What `latch/inspection` differentiates: a class, or one number of the output. */
  chooseTarget(
    batch: PackedBatch,
    label: string | number | null,
    where?: string,
    tokens: readonly string[] | null = null,
  ): { target: number; targets: Targets } {
    return chooseTarget(this.trained, batch, label, tokens, where, this.#task.numberTargets)
  }

  /**
   * Reads a sequence as it arrives, with microseconds per step: `stream.push(step)` returns the prediction so far.
   * @throws UnsupportedError for networks that need later steps
   */
  stream(): ModelStream<T['Step'], T['Output']> {
    return new TaskStream(this.#task, this.trained)
  }

  /** The bytes of the model file: weights, network, vocabulary and labels, history. */
  toBytes(): Uint8Array {
    return writeTaskFile(this.#task, { ...this.trained, history: this.#history, training: null })
  }

  /** Writes the model file (Node), atomically: if it fails, an old file is unchanged. */
  async save(path: string): Promise<void> {
    await storage().write(path, this.toBytes())
  }

  /**
   * The model in another format, `exportTo(exporters.onnx)`: its files, whose chunks are generated as they are read, so that an export never holds the
   * weights twice.
   * @param name for the files and their descriptions, without an extension
   * @throws UnsupportedError naming the layer that the format does not support
   */
  async exportTo(format: ModelWriter, name = 'model'): Promise<readonly ExportedFile[]> {
    if (typeof format === 'function') return format(this.exportSource(name))
    throw new UsageError({
      where: 'exportTo',
      expected: "a format of `exporters` of 'latch/formats'",
      got: describe(format),
    })
  }

  /** The input of the writers of other formats. */
  exportSource(name = 'model'): ExportSource {
    const { trained } = this
    const { outputActivation, input, vocabulary, tokens, labels, stateful } = trained.learned
    // Other formats have the network alone.
    const countsWords = !!trained.learned.counts
    const learned = { ...trained.learned, counts: null }
    const document = taskDocument(this.#task, {
      ...trained,
      learned,
      history: this.#history,
      training: null,
    })
    return {
      network: trained.network,
      outputActivation,
      input,
      labels,
      vocabulary,
      // Other formats have no place for merges; the document has them.
      tokens: tokens === 'bpe' ? null : tokens,
      stateful,
      countsWords,
      document,
      name,
    }
  }

  /**
   * Frees the memory immediately, instead of when the model is collected. Saved files and results remain valid; any later call throws
   * UsageError.
   * @throws UsageError while `fit` runs
   */
  dispose(): void {
    this.#runs.assertIdle('dispose')
    this.#disposed = true
    this.#trained?.network.dispose()
    this.#trained = null
  }

  /** @throws UsageError before `fit` and after `dispose` */
  protected get trained(): Trained<T['Learned']> {
    this.#assertOpen()
    if (this.#trained) return this.#trained
    throw new UsageError({
      where: this.task,
      expected: 'a trained model',
      got: 'an untrained model',
      remedy: 'Call fit first, or load a model file.',
    })
  }

  #assertOpen(): void {
    if (!this.#disposed) return
    throw new UsageError({
      where: this.task,
      expected: 'an open model',
      got: 'a disposed model',
      remedy: 'Load it again, or create a new one.',
    })
  }
}

function openAs<M, T extends TaskTypes>(
  Class: TaskClass<M, T>,
  bytes: Uint8Array,
  source: string,
  engine: EngineOptions,
): M {
  return new Class(readTaskFile(Class.task, decodeModel(bytes, source), source, engine), engine)
}
