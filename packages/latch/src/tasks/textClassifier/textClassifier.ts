/** The text classifier: trains on rows of text and label. */
import { cellNames, type CellName } from '../../cells/registry.ts'
import { UnsupportedError } from '../../core/errors.ts'
import type { Trace } from '../../inspection/trace/traceTypes.ts'
import type { FitOptions, ModelFitReport } from '../fit/fitOptions.ts'
import type { ClassEvaluation, EncodedSequence, ModelEvaluateOptions } from '../model.ts'
import type { TaskDefinition } from '../task.ts'
import { TextModel } from '../textModel.ts'
import {
  isFeedForward,
  resolveLabels,
  resolveSettings,
  type CellChoice,
  type ClassifierOptions,
} from './options.ts'
import type { ClassifierFitOptions, Columns, TextTypes } from './learned.ts'
import { textClassifierTask } from './task.ts'

/** A text classifier with its vocabulary, labels and network; created by `textClassifier`, `load` or `fromBytes`. */
export class TextClassifier<C extends CellChoice = CellChoice, L extends string = string> extends TextModel<
  TextTypes<L>
> {
  static readonly task: TaskDefinition<TextTypes> = textClassifierTask

  /** The labels, in the order of their class indices (the keys of `probabilities` may have another order). */
  override get labels(): readonly L[] {
    return super.labels as readonly L[]
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
