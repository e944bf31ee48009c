/** The text classifier: trains on rows of text and label. */
import { cellNames, type CellName } from '../../cells/registry.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import { decodeModel } from '../../formats/latch/modelFile.ts'
import { UnsupportedError } from '../../core/errors.ts'
import type { Trace } from '../../inspection/trace/traceTypes.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import { readTaskFile, type EngineChoice, type TaskContent } from '../files/taskFile.ts'
import { storage } from '../files/storage.ts'
import type { FitOptions, ModelFitReport } from '../fit/fitOptions.ts'
import type { ClassEvaluation, EncodedSequence, ModelEvaluateOptions } from '../model.ts'
import { TaskModel } from '../taskModel.ts'
import {
  isFeedForward,
  resolveLabels,
  resolveSettings,
  type CellChoice,
  type ClassifierOptions,
  type ClassifierSettings,
} from './options.ts'
import type { TextTypes } from './learned.ts'
import { textClassifierTask } from './task.ts'

/** Columns that hold the text and the label. */
export interface Columns<Row extends object = Record<string, unknown>> {
  /** Of several columns, the texts are joined in this order with a space, without empty ones. */
  text: (keyof Row & string) | readonly (keyof Row & string)[]
  label: keyof Row & string
}

/** Options of `fit` of a text classifier. All but `text` and `label` are optional. */
export interface ClassifierFitOptions<Row extends object = Record<string, unknown>>
  extends FitOptions<Row>, Columns<Row> {}

/** A text classifier with its vocabulary, labels and network; created by `textClassifier`, `load` or `fromBytes`. */
export class TextClassifier<C extends CellChoice = CellChoice, L extends string = string> extends TaskModel<
  TextTypes<L>
> {
  /** Takes checked settings, or the contents of a file. */
  constructor(
    start: { settings: ClassifierSettings; labels: readonly L[] | null } | TaskContent<TextTypes>,
    { engine, reproducible, threads, precision }: EngineOptions = {},
  ) {
    const content = 'learned' in start ? start : null
    super({
      task: textClassifierTask as never,
      settings: 'learned' in start ? start.learned.settings : start.settings,
      engine: { engine, reproducible, threads, precision },
      labels: 'learned' in start ? null : start.labels,
      trained: content,
      history: content?.history,
    })
  }

  /** The labels, in the order of their class indices (the keys of `probabilities` may have another order). */
  override get labels(): readonly L[] {
    return super.labels as readonly L[]
  }

  get vocabulary(): Vocabulary {
    return this.trained.learned.words
  }

  /**
   * Trains on rows. A second call continues from the current weights, with the same vocabulary and labels.
   * @param rows objects, each with a text and a label under the names in `options`
   * @throws UsageError naming the option that is unknown, missing or out of range; DataError for rows that cannot be
   * learned from (one class only, no text …); DivergenceError when the loss leaves the finite numbers; MemoryError for
   * a batch that does not fit; WorkerError when a thread was lost: the model then has valid weights and continues with
   * one thread
   */
  override fit<Row extends object>(
    rows: Iterable<Row>,
    options: ClassifierFitOptions<Row>,
  ): Promise<ModelFitReport> {
    return super.fit(rows, options as unknown as FitOptions)
  }

  /** Loss, accuracy, precision, recall, F1 and confusion on rows with labels. Errors: see Model.evaluate. */
  override evaluate<Row extends object>(
    rows: Iterable<Row>,
    options: Columns<Row> & ModelEvaluateOptions,
  ): Promise<ClassEvaluation<L>> {
    return super.evaluate(rows, options)
  }

  /**
   * Encodes a text (or token ids): its tokens, their ids, and whether the vocabulary contains them (at most
   * `maximumLength`; a text without tokens is one unknown token).
   * @throws DataError for anything else
   */
  override encode(input: string | ArrayLike<number>): EncodedSequence & { ids: readonly number[] } {
    return super.encode(input as string) as EncodedSequence & { ids: readonly number[] }
  }

  /**
   * Follows a text step by step: tokens, gates by name, states, the output so far, and the norms of the loss's
   * gradient on its way back through time.
   * @param options.label the label whose loss is differentiated (a number is converted to text, as in rows); default the
   * predicted label
   * @throws DataError for an unknown label; UnsupportedError for the feed-forward baselines, which have no steps
   */
  override trace(text: string, options: { label?: L | number } = {}): Trace<Extract<C, CellName>, L> {
    const { cell } = this.settings
    if (this.trained && isFeedForward(cell)) {
      const expected = `a recurrent cell (${cellNames.join(', ')})`
      throw new UnsupportedError({ where: 'trace', expected, got: `cell ${cell}, which has no steps` })
    }
    return super.trace(text, options) as unknown as Trace<Extract<C, CellName>, L>
  }

  /** @throws FormatError naming the fault and its place; the errors of `createEngine` */
  static fromBytes(bytes: Uint8Array, source = 'model bytes', engine: EngineOptions = {}): TextClassifier {
    return TextClassifier.fromContent(readContent(bytes, source, engine), engine)
  }

  /** Reads a model file (Node). @throws DataError, FormatError */
  static async load(path: string, engine: EngineOptions = {}): Promise<TextClassifier> {
    return TextClassifier.fromBytes(await storage().read(path), path, engine)
  }

  /**
   * The model and options of an interrupted run, to resume exactly where the checkpoint was written:
   * `model.fit(sameRows, { ...fitOptions, resume: bytes })`. Unless `engine` names them, engine and precision are
   * those the run was started with; threads may differ.
   */
  static async fromCheckpoint(
    bytes: Uint8Array,
    source = 'checkpoint',
    engine: EngineOptions = {},
  ): Promise<{ model: TextClassifier; fitOptions: ClassifierFitOptions }> {
    const { engineOfCheckpoint } = await import('./training.ts')
    const content = readContent(bytes, source, engineOfCheckpoint(engine))
    const fitOptions = content.training!.fitOptions as ClassifierFitOptions
    return { model: TextClassifier.fromContent(content, engine), fitOptions }
  }

  /** From the contents of a file. */
  static fromContent(content: TaskContent<TextTypes>, engine: EngineOptions): TextClassifier {
    return new TextClassifier(content, engine)
  }
}

function readContent(bytes: Uint8Array, source: string, engine: EngineChoice): TaskContent<TextTypes> {
  return readTaskFile(textClassifierTask, decodeModel(bytes, source), source, engine)
}

/**
 * A text classifier, ready to `fit`.
 * @throws UsageError naming the option that is out of range
 * @example
 * const model = textClassifier({ cell: 'gru', units: 64 })
 * await model.fit(rows, { text: 'comment', label: 'sentiment' })
 * model.predict('you are not good')
 */
export function textClassifier<const C extends CellChoice = 'lstm', const L extends string = string>(
  options: ClassifierOptions<C, L> = {},
): TextClassifier<C, L> {
  const settings = resolveSettings(options)
  return new TextClassifier<C, L>({ settings, labels: resolveLabels(options.labels) }, options)
}
