/**
 * The text classifier: rows of text and label in; a trained, saved, explained model out. Two classes
 * end in a sigmoid, more in a softmax. Everything it learns goes through model/, training/ and
 * inspection/: this room only names things.
 */
import { cellNames, type CellName } from '../../cells/registry.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import type { EncodedText } from '../../inspection/trace/subject.ts'
import { KEEPS_CONVENTION, traceSequence } from '../../inspection/trace/trace.ts'
import { prefixOutputs } from '../../inspection/trace/prefixes.ts'
import { passLink } from '../../inspection/trace/traceLink.ts'
import type { Trace, TraceStep } from '../../inspection/trace/traceTypes.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Network } from '../../model/network.ts'
import { OneTraining } from '../../model/oneTraining.ts'
import { DataError, UnsupportedError, UsageError } from '../../core/errors.ts'
import type { EvaluateOptions } from '../../training/evaluate.ts'
import { classOf, type Trained } from './classes.ts'
import { readClassifier, writeClassifier, type ClassifierContent } from './file.ts'
import {
  settle,
  settleLabels,
  type CellChoice,
  type ClassifierOptions,
  type ClassifierSettings,
} from './options.ts'
import { ClassifierStream } from './stream.ts'
import type { Columns, Evaluation } from './evaluate.ts'
import type { ClassifierReport } from './fit.ts'
import type { ClassifierFitOptions } from './fitOptions.ts'
import { historyOf, type TrainingHistory } from '../files/history.ts'
import { refuseNoColumns, refuseNoRows } from '../knownNames.ts'
import { predictionOf, type Prediction } from './probabilities.ts'
import { storage } from '../files/storage.ts'
import { TextReader } from './dataset.ts'

const BATCH = 64

/** A classifier of texts with its vocabulary, labels and network; made by `textClassifier`, `load` or `fromBytes`. */
export class TextClassifier<C extends CellChoice = CellChoice, L extends string = string> {
  readonly settings: ClassifierSettings
  /** Which engine and precision it computes with. */
  readonly engine: EngineOptions
  #trained: Trained | null = null
  #history: TrainingHistory | null = null
  readonly #runs = new OneTraining()
  #disposed = false
  readonly #wantedLabels: readonly L[] | null
  readonly #reader: TextReader

  /** @throws UsageError naming the option that is out of range */
  constructor(options: ClassifierOptions<C, L> = {}) {
    this.settings = settle(options)
    const { engine, reproducible, threads, precision } = options
    this.engine = { engine, reproducible, threads, precision }
    this.#wantedLabels = settleLabels(options.labels)
    this.#reader = new TextReader(this.settings)
  }

  /** The labels, in the order of their class numbers (as keys of `probabilities` they may stand otherwise). */
  get labels(): readonly L[] {
    return this.#need().labels as readonly L[]
  }

  get vocabulary(): Vocabulary {
    return this.#need().vocabulary
  }

  /** The network inside: layers, named parameters, engine. */
  get network(): Network {
    return this.#need().network
  }

  get parameterCount(): number {
    return this.network.parameterCount
  }

  /** How it was trained, also after loading; null before `fit`. */
  get history(): TrainingHistory | null {
    return this.#history
  }

  /**
   * Trains on rows. A second call goes on from the weights there are, with the same vocabulary and labels.
   * @param rows objects, each with a text and a label under the names in `options`
   * @throws UsageError naming the option that is unknown, missing or out of range;
   * DataError for rows that cannot be learned from (one class only, no text …);
   * DivergenceError when the loss leaves the finite numbers; MemoryError for a batch that does not fit;
   * WorkerError when a thread was lost: the model then holds good weights and goes on with one thread
   */
  async fit<Row extends object>(
    rows: Iterable<Row>,
    options: ClassifierFitOptions<Row>,
  ): Promise<ClassifierReport> {
    this.#refuseDisposed()
    const end = this.#runs.begin('fit')
    try {
      const { fitClassifier } = await import('./fit.ts')
      const report = await fitClassifier({
        rows,
        options: options as unknown as ClassifierFitOptions,
        settings: this.settings,
        engine: this.engine,
        reader: this.#reader,
        wantedLabels: this.#wantedLabels,
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
   * Loss, accuracy, precision, recall, F1 and confusion on rows with labels.
   * @param options.signal ends it by throwing the signal's reason
   * @param options.onProgress called now and then with the share done, 0 to 1
   * @throws UsageError without rows or columns; DataError for a label that the model does not know, or no
   * usable row
   */
  async evaluate<Row extends object>(
    rows: Iterable<Row>,
    columns: Columns<Row>,
    options: Pick<EvaluateOptions, 'signal' | 'onProgress'> = {},
  ): Promise<Evaluation<L>> {
    const { network, vocabulary } = this.#need()
    refuseNoRows('evaluate', rows)
    refuseNoColumns('evaluate', columns ?? {})
    // Only a page that measures or trains loads what that takes.
    const { evaluateClassifier } = await import('./evaluate.ts')
    const found = await evaluateClassifier({
      rows,
      columns: columns as Columns<object>,
      network,
      vocabulary,
      labels: this.labels,
      reader: this.#reader,
      ...options,
    })
    return found as Evaluation<L>
  }

  /** The label and every label's probability of a text, or of each of many. Unseen words are fine. */
  predict(text: string): Prediction<L>
  predict(texts: readonly string[]): Prediction<L>[]
  predict(input: string | readonly string[]): Prediction<L> | Prediction<L>[] {
    const { network, labels, vocabulary } = this.#need()
    const texts = Array.isArray(input) ? (input as readonly string[]) : [input as string]
    texts.forEach(refuseNoText)
    const ids = texts.map((text) => vocabulary.encode(this.#reader.read(text).tokens))
    const out = new Array<Prediction<L>>(texts.length)
    eachBatch(
      ids.map((list) => list.length),
      (index) => {
        const batch = PackedBatch.ofIds(Array.from(index, (i) => ids[i]))
        network.forward(batch)
        this.#eachLogits(
          network,
          batch,
          (i, logits) => (out[index[i]] = predictionOf(logits, labels as readonly L[])),
        )
      },
    )
    return typeof input === 'string' ? out[0] : out
  }

  /**
   * A text as the model reads it: its tokens, their ids, and whether the vocabulary has them (at most
   * `maximumLength`; a text without any is one unknown token).
   * @throws DataError for what is no string
   */
  encode(text: string): EncodedText {
    refuseNoText(text)
    const { vocabulary } = this.#need()
    const { tokens } = this.#reader.read(text)
    const ids = Array.from(vocabulary.encode(tokens))
    return { tokens, ids, known: tokens.map((token) => vocabulary.has(token)) }
  }

  /**
   * Reads a text as it comes in, a token in microseconds: `stream.push(token)` gives the prediction so far.
   * @throws UnsupportedError for a `bidirectional` model and for `ann`, which need the whole text
   */
  stream(): ClassifierStream<L> {
    return new ClassifierStream<L>(this.#need(), this.settings)
  }

  /**
   * Follows a text step by step: tokens, gates by name, states, the output so far, and the norms of the
   * loss's gradient on its way back through time.
   * @param options.label whose loss the gradients are of (a number stands for its text, as in rows);
   * default the predicted label
   * @throws DataError for a label that the model does not know; UnsupportedError for the feed-forward baselines, which have no steps
   */
  trace(text: string, options: { label?: L | number } = {}): Trace<Extract<C, CellName>, L> {
    refuseNoText(text)
    const { network, labels } = this.#need()
    const { cell } = this.settings
    if (cell === 'ann' || cell === 'bag') {
      const expected = `a recurrent cell (${cellNames.join(', ')})`
      throw new UnsupportedError({ where: 'trace', expected, got: `cell ${cell}, which has no steps` })
    }
    const { tokens, ids, known } = this.encode(text)
    const { label, probabilities } = this.predict(text)
    const target = classOf(options.label ?? label, labels)
    const sequence = traceSequence(network, ids, { classes: [target] })
    const { loss, layers } = sequence
    const top = layers.findLast((layer) => layer.direction === 'forward')!
    const outputs = prefixOutputs(network, ids)
    const steps = tokens.map((token, t) => ({
      ...top.steps[t],
      token,
      id: ids[t],
      known: known[t],
      output: predictionOf(outputs[t], labels as readonly L[]),
    }))
    const trace = {
      text,
      cell,
      label,
      probabilities,
      target: labels[target],
      loss,
      convention: KEEPS_CONVENTION[cell],
      steps: steps as TraceStep[],
      layers,
    } as unknown as Trace<Extract<C, CellName>, L>
    passLink(sequence, trace)
    return trace
  }

  /** The model file's bytes: weights, vocabulary, labels, settings, history. */
  toBytes(): Uint8Array {
    return writeClassifier(this.#content(this.#need(), this.#history))
  }

  /** Writes the model file (Node), atomically: an old file stays whole if anything fails. */
  async save(path: string): Promise<void> {
    await storage().write(path, this.toBytes())
  }

  /** @throws FormatError naming what is wrong with the bytes and where; what `createEngine` throws */
  static fromBytes(bytes: Uint8Array, source = 'model bytes', engine: EngineOptions = {}): TextClassifier {
    return TextClassifier.#of(readClassifier(bytes, source, engine), engine)
  }

  /** Reads a model file (Node). @throws DataError, FormatError */
  static async load(path: string, engine: EngineOptions = {}): Promise<TextClassifier> {
    return TextClassifier.fromBytes(await storage().read(path), path, engine)
  }

  /**
   * A killed run's model and the options it ran with, to go on exactly where the checkpoint was written:
   * `model.fit(sameRows, { ...fitOptions, resume: bytes })`. Unless `engine` names them, engine and
   * precision are those the run began with; threads may differ.
   */
  static fromCheckpoint(
    bytes: Uint8Array,
    source = 'checkpoint',
    engine: EngineOptions = {},
  ): { model: TextClassifier; fitOptions: ClassifierFitOptions } {
    const content = readClassifier(bytes, source, engine)
    if (!content.training) {
      throw new UsageError({
        where: source,
        expected: 'a checkpoint of a run that was stopped',
        got: 'the model of a finished run',
        remedy: 'Train it further with fit, or start a new run.',
      })
    }
    const { fitOptions } = content.training
    return { model: TextClassifier.#of(content, engine), fitOptions: fitOptions as ClassifierFitOptions }
  }

  static #of(content: ClassifierContent, engine: EngineOptions): TextClassifier {
    const model = new TextClassifier({ ...optionsOf(content.settings), ...engine })
    model.#trained = content
    model.#history = content.history
    return model
  }

  #content(trained: Trained, history: TrainingHistory | null): ClassifierContent {
    return { ...trained, settings: this.settings, history, training: null }
  }

  #eachLogits(network: Network, batch: PackedBatch, visit: (i: number, logits: Float64Array) => void): void {
    const out = network.readOutput(batch)
    const { width } = network.output
    for (let i = 0; i < batch.sequences; i++) visit(i, out.subarray(i * width, (i + 1) * width))
  }

  /**
   * Gives the model's memory back at once, instead of when it is collected: for programs that make many
   * models. Saved files and results stay; anything else afterwards throws.
   * @throws UsageError while a training is under way
   */
  dispose(): void {
    this.#runs.refuse('dispose')
    this.#disposed = true
    this.#trained?.network.dispose()
    this.#trained = null
  }

  #refuseDisposed(): void {
    if (!this.#disposed) return
    throw new UsageError({
      where: 'textClassifier',
      expected: 'a model in use',
      got: 'one that was disposed of',
      remedy: 'Load it again, or make a new one.',
    })
  }

  #need(): Trained {
    this.#refuseDisposed()
    if (this.#trained) return this.#trained
    throw new UsageError({
      where: 'textClassifier',
      expected: 'a trained model',
      got: 'one without weights',
      remedy: 'Call fit first, or load a model file.',
    })
  }
}

/**
 * A text classifier, ready to `fit`.
 * @example
 * const model = textClassifier({ cell: 'gru', units: 64 })
 * await model.fit(rows, { text: 'comment', label: 'sentiment' })
 * model.predict('you are not good')
 */
export function textClassifier<const C extends CellChoice = 'lstm', const L extends string = string>(
  options: ClassifierOptions<C, L> = {},
): TextClassifier<C, L> {
  return new TextClassifier<C, L>(options)
}

/** Numbers of rows, longest first, in batches. */
function eachBatch(lengths: ArrayLike<number>, visit: (index: Int32Array) => void): void {
  const order = Int32Array.from(lengths, (_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b)
  for (let from = 0; from < order.length; from += BATCH) visit(order.subarray(from, from + BATCH))
}

function refuseNoText(text: unknown): void {
  if (typeof text === 'string') return
  throw new DataError({ where: 'text', expected: 'a string', got: text === null ? 'null' : typeof text })
}

function optionsOf({ maximumVocabulary, ...rest }: ClassifierSettings): ClassifierOptions {
  return maximumVocabulary === null ? rest : { ...rest, maximumVocabulary }
}
