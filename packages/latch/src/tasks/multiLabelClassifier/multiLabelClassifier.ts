/** The multi-label classifier: trains on rows of a text and any number of labels. */
import type { ModelFitReport } from '../fit/fitOptions.ts'
import type { ModelEvaluateOptions, ModelSummary, MultiLabelEvaluation, PredictOptions } from '../model.ts'
import { ranking } from '../prediction.ts'
import type { TaskDefinition } from '../task.ts'
import { TextModel } from '../textModel.ts'
import { resolveLabels, type CellChoice } from '../textClassifier/options.ts'
import type { ClassifierFitOptions, Columns } from '../textClassifier/learned.ts'
import type { MultiLabelPrediction, MultiLabelTypes } from './learned.ts'
import { resolveMultiLabelSettings, type MultiLabelOptions } from './options.ts'
import { multiLabelTask } from './task.ts'

/** A multi-label classifier with its vocabulary, labels and network; created by `multiLabelClassifier`, `load` or `fromBytes`. */
export class MultiLabelClassifier<L extends string = string> extends TextModel<MultiLabelTypes<L>> {
  static readonly task: TaskDefinition<MultiLabelTypes> = multiLabelTask

  /** The labels, in the order of the outputs. */
  override get labels(): readonly L[] {
    return super.labels as readonly L[]
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
