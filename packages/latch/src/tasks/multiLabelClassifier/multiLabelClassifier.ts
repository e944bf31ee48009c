/** The multi-label classifier: trains on rows of a text and any number of labels. */
import type { EngineOptions } from '../../engine/engine.ts'
import { decodeModel } from '../../formats/latch/modelFile.ts'
import { readTaskFile, type EngineChoice, type TaskContent } from '../files/taskFile.ts'
import { storage } from '../files/storage.ts'
import type { ModelFitReport } from '../fit/fitOptions.ts'
import type { ModelEvaluateOptions, ModelSummary, MultiLabelEvaluation, PredictOptions } from '../model.ts'
import { ranking } from '../prediction.ts'
import { TaskModel } from '../taskModel.ts'
import { resolveLabels, type CellChoice } from '../textClassifier/options.ts'
import type { ClassifierFitOptions, Columns } from '../textClassifier/textClassifier.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { MultiLabelPrediction, MultiLabelTypes } from './learned.ts'
import { resolveMultiLabelSettings, type MultiLabelOptions, type MultiLabelSettings } from './options.ts'
import { multiLabelTask } from './task.ts'

/** A multi-label classifier with its vocabulary, labels and network; created by `multiLabelClassifier`, `load` or `fromBytes`. */
export class MultiLabelClassifier<L extends string = string> extends TaskModel<MultiLabelTypes<L>> {
  /** Takes checked settings, or the contents of a file. */
  constructor(
    start: { settings: MultiLabelSettings; labels: readonly L[] | null } | TaskContent<MultiLabelTypes>,
    { engine, reproducible, threads, precision }: EngineOptions = {},
  ) {
    const content = 'learned' in start ? start : null
    super({
      task: multiLabelTask as never,
      settings: 'learned' in start ? start.learned.settings : start.settings,
      engine: { engine, reproducible, threads, precision },
      labels: 'learned' in start ? null : start.labels,
      trained: content,
      history: content?.history,
    })
  }

  /** The labels, in the order of the outputs. */
  override get labels(): readonly L[] {
    return super.labels as readonly L[]
  }

  get vocabulary(): Vocabulary {
    return this.trained.learned.words
  }

  /**
   * The probability from which a text gets a label: the one with the highest micro F1 on the validation rows of the last
   * `fit`; 0.5 where none were held out.
   */
  get threshold(): number {
    return this.trained.learned.threshold
  }

  /**
   * Trains on rows; the label of a row is an array of strings, or a string with `labelSeparator` between labels. A second
   * call continues from the current weights, with the same vocabulary and labels. Errors: see Model.fit.
   */
  override fit<Row extends object>(
    rows: Iterable<Row>,
    options: ClassifierFitOptions<Row>,
  ): Promise<ModelFitReport> {
    return super.fit(rows, options as never)
  }

  /** Task, input, labels, layers and parameters; prints as a table. */
  override summary(): ModelSummary {
    const summary = super.summary()
    const { labels } = this
    const shown = labels.slice(0, 8).join(', ') + (labels.length > 8 ? ', …' : '')
    const [numbers, named] = [`${labels.length} numbers`, `any of ${labels.length} labels (${shown})`]
    const text = `${summary}`.replace(numbers, () => named)
    return Object.defineProperty({ ...summary, predicts: 'labels' as const }, 'toString', {
      value: () => text,
    })
  }

  /**
   * The labels of one text, or of each text of a list.
   * @param options.top also lists this many of the likeliest labels, given or not, the first first
   * @throws UsageError for an option; DataError for an input that is not a text; of many, with its `row` (from 0)
   */
  override predict(input: string, options?: PredictOptions): MultiLabelPrediction<L>
  override predict(inputs: readonly string[], options?: PredictOptions): MultiLabelPrediction<L>[]
  override predict(
    input: string | readonly string[],
    options: PredictOptions = {},
  ): MultiLabelPrediction<L> | MultiLabelPrediction<L>[] {
    const { learned, ...rest } = this.trained
    const probabilities = { ...learned, outputActivation: 'probabilities' } as const
    const rank = ranking<MultiLabelPrediction<L>>({ ...rest, learned: probabilities }, options)
    return Array.isArray(input)
      ? super.predict(input as readonly string[]).map(rank)
      : rank(super.predict(input as string))
  }

  /** Micro and macro F1, a table of the labels and the loss on rows with labels. Errors: see Model.evaluate. */
  override evaluate<Row extends object>(
    rows: Iterable<Row>,
    options: Columns<Row> & ModelEvaluateOptions,
  ): Promise<MultiLabelEvaluation<L>> {
    return super.evaluate(rows, options)
  }

  /** @throws FormatError naming the fault and its place; the errors of `createEngine` */
  static fromBytes(
    bytes: Uint8Array,
    source = 'model bytes',
    engine: EngineOptions = {},
  ): MultiLabelClassifier {
    return new MultiLabelClassifier(readContent(bytes, source, engine), engine)
  }

  /** Reads a model file (Node). @throws DataError, FormatError */
  static async load(path: string, engine: EngineOptions = {}): Promise<MultiLabelClassifier> {
    return MultiLabelClassifier.fromBytes(await storage().read(path), path, engine)
  }

  /**
   * The model and options of an interrupted run, to resume exactly where the checkpoint was written:
   * `model.fit(sameRows, { ...fitOptions, resume: bytes })`.
   */
  static async fromCheckpoint(
    bytes: Uint8Array,
    source = 'checkpoint',
    engine: EngineOptions = {},
  ): Promise<{ model: MultiLabelClassifier; fitOptions: ClassifierFitOptions }> {
    const { engineOfCheckpoint } = await import('./training.ts')
    const content = readContent(bytes, source, engineOfCheckpoint(engine))
    const fitOptions = content.training!.fitOptions as ClassifierFitOptions
    return { model: new MultiLabelClassifier(content, engine), fitOptions }
  }
}

function readContent(bytes: Uint8Array, source: string, engine: EngineChoice): TaskContent<MultiLabelTypes> {
  return readTaskFile(multiLabelTask, decodeModel(bytes, source), source, engine)
}

/**
 * A multi-label classifier, ready to `fit`: a text has any number of labels.
 * @throws UsageError naming the option that is out of range
 * @example
 * const model = multiLabelClassifier()
 * await model.fit([{ text: 'rude and loud', labels: ['rude', 'loud'] }, …], { text: 'text', label: 'labels' })
 * model.predict('so rude').labels
 */
export function multiLabelClassifier<const L extends string = string>(
  options: MultiLabelOptions<CellChoice, L> = {},
): MultiLabelClassifier<L> {
  const settings = resolveMultiLabelSettings(options)
  return new MultiLabelClassifier<L>({ settings, labels: resolveLabels(options.labels) }, options)
}
