/** The text regressor: trains on rows of a text and a number. */
import type { ExportSource } from '../../formats/imported.ts'
import type { Trace } from '../../inspection/trace/traceTypes.ts'
import type { ModelFitReport } from '../fit/fitOptions.ts'
import type { ModelEvaluateOptions, ValueEvaluation } from '../model.ts'
import type { TaskDefinition } from '../task.ts'
import { TextModel } from '../textModel.ts'
import type { Columns } from '../textClassifier/learned.ts'
import { unscaledNetwork } from './unscaled.ts'
import {
  completeRegressor,
  numberOf,
  type RegressorFitOptions,
  type RegressorTypes,
  type TargetScaling,
} from './learned.ts'
import { resolveRegressorSettings, type RegressorOptions } from './options.ts'
import { textRegressorTask } from './task.ts'

/** A text regressor with its vocabulary and network; created by `textRegressor`, `load` or `fromBytes`. */
export class TextRegressor extends TextModel<RegressorTypes> {
  static readonly task: TaskDefinition<RegressorTypes> = textRegressorTask

  /** Mean and standard deviation of the training targets; the network's own output, which streams and `latch/inspection` see, is in these units. */
  get scaling(): TargetScaling {
    return this.trained.learned.scaling
  }

  /**
   * Trains on rows; the label of a row is a number, or a string of one. A second call continues from the current weights, with
   * the same vocabulary and scaling. Errors: see Model.fit.
   */
  override fit<Row extends object>(
    rows: Iterable<Row>,
    options: RegressorFitOptions<Row>,
  ): Promise<ModelFitReport> {
    return super.fit(rows, options as never)
  }

  /** Mean absolute error, root mean squared error and R² on rows with numbers. Errors: see Model.evaluate. */
  override evaluate<Row extends object>(
    rows: Iterable<Row>,
    options: Columns<Row> & ModelEvaluateOptions,
  ): Promise<ValueEvaluation> {
    return super.evaluate(rows, options)
  }

  /** Follows a text step by step; `probabilities` hold the number so far, in the units of the targets. Errors: see Model.trace. */
  override trace(text: string, options: { label?: string } = {}): Trace {
    const trace = super.trace(text, options)
    for (const { probabilities } of [trace, ...trace.steps.map(({ output }) => output)]) {
      const values = probabilities as Record<string, number>
      for (const name of this.labels) values[name] = numberOf(this.trained.learned, values[name])
    }
    return trace
  }

  /** The input of the writers of other formats: the network's output is in the units of the targets. */
  override exportSource(name = 'model'): ExportSource {
    const { trained, history } = this
    const { learned } = trained
    const { settings, words, labels, textColumn, scaling } = learned
    if (scaling.mean === 0 && scaling.deviation === 1) return super.exportSource(name)
    const own = { mean: 0, deviation: 1 }
    return new TextRegressor({
      ...trained,
      network: unscaledNetwork(trained.network, scaling),
      learned: completeRegressor({ settings, labels, words, textColumn, scaling: own }),
      history,
    }).exportSource(name)
  }
}

/**
 * A text regressor, ready to `fit`: a number for each text, such as its stars or a price.
 * @throws UsageError naming the option that is out of range
 * @example
 * const model = textRegressor()
 * await model.fit([{ text: 'worth every cent', stars: 5 }, …], { text: 'text', label: 'stars' })
 * model.predict('a waste of money').value
 */
export function textRegressor(options: RegressorOptions = {}): TextRegressor {
  return new TextRegressor({ settings: resolveRegressorSettings(options) }, options)
}
