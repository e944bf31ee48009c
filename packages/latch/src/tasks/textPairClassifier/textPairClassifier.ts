/** The classifier of pairs of texts: trains on rows of two texts and a label. */
import type { FitOptions, ModelFitReport } from '../fit/fitOptions.ts'
import type { ClassEvaluation, ModelEvaluateOptions, ModelSummary } from '../model.ts'
import type { TaskDefinition } from '../task.ts'
import { TextModel } from '../textModel.ts'
import { resolveLabels, type CellChoice } from '../textClassifier/options.ts'
import type { TextPairColumns, TextPairFitOptions, TextPairTypes } from './learned.ts'
import { resolveTextPairSettings, type TextPairOptions } from './options.ts'
import { textPairTask } from './task.ts'

/** A classifier of pairs of texts with its vocabulary, labels and network; created by `textPairClassifier`, `load` or `fromBytes`. */
export class TextPairClassifier<L extends string = string> extends TextModel<TextPairTypes<L>> {
  static readonly task: TaskDefinition<TextPairTypes> = textPairTask

  /** The labels, in the order of their class indices. */
  override get labels(): readonly L[] {
    return super.labels as readonly L[]
  }

  /**
   * Trains on rows of two texts and a label. A second call continues from the current weights, with the same vocabulary and
   * labels. Errors: see Model.fit.
   */
  override fit<Row extends object>(
    rows: Iterable<Row>,
    options: TextPairFitOptions<Row> = {},
  ): Promise<ModelFitReport> {
    return super.fit(rows, options as unknown as FitOptions)
  }

  /** Loss, accuracy, precision, recall, F1 and confusion on rows with labels. Errors: see Model.evaluate. */
  override evaluate<Row extends object>(
    rows: Iterable<Row>,
    options: TextPairColumns<Row> & ModelEvaluateOptions = {},
  ): Promise<ClassEvaluation<L>> {
    return super.evaluate(rows, options)
  }

  /** Task, input, labels, layers and parameters; prints as a table. */
  override summary(): ModelSummary {
    const summary = super.summary()
    const { input, tokens, vocabularySize } = summary
    const text = `${summary}`.replace(
      `token ids below ${input.width}`,
      `pairs of texts as ${tokens} (vocabulary of ${vocabularySize})`,
    )
    return Object.defineProperty({ ...summary }, 'toString', { value: () => text })
  }
}

/**
 * A classifier of pairs of texts, ready to `fit`: what two texts are to each other, such as whether one follows from the other.
 * One encoder reads both (InferSent: Conneau et al. 2017).
 * @throws UsageError naming the option that is out of range
 * @example
 * const model = textPairClassifier({ pooling: 'max', bidirectional: true })
 * await model.fit([{ a: 'How old are you?', b: 'What is your age?', label: 'same' }, …])
 * model.predict({ a: 'Where is it?', b: 'In what place is it?' }).label
 */
export function textPairClassifier<const L extends string = string>(
  options: TextPairOptions<CellChoice, L> = {},
): TextPairClassifier<L> {
  const settings = resolveTextPairSettings(options)
  return new TextPairClassifier<L>({ settings, labels: resolveLabels(options.labels) }, options)
}
