/** The text regressor: trains on rows of a text and a number. */
import type { EngineOptions } from '../../engine/engine.ts'
import { decodeModel } from '../../formats/latch/modelFile.ts'
import type { ExportSource } from '../../formats/imported.ts'
import type { Trace } from '../../inspection/trace/traceTypes.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import { readTaskFile, type EngineChoice, type TaskContent } from '../files/taskFile.ts'
import { storage } from '../files/storage.ts'
import type { ModelFitReport } from '../fit/fitOptions.ts'
import type { ModelEvaluateOptions, ValueEvaluation } from '../model.ts'
import { TaskModel } from '../taskModel.ts'
import type { ClassifierFitOptions, Columns } from '../textClassifier/textClassifier.ts'
import { unscaledNetwork } from './unscaled.ts'
import { completeRegressor, numberOf, type RegressorTypes, type TargetScaling } from './learned.ts'
import { resolveRegressorSettings, type RegressorOptions, type RegressorSettings } from './options.ts'
import { textRegressorTask } from './task.ts'

/** Columns that hold the text and the number, and options of the training. */
export type RegressorFitOptions<Row extends object = Record<string, unknown>> = Omit<
  ClassifierFitOptions<Row>,
  'classWeights' | 'labelSmoothing'
>

/** A text regressor with its vocabulary and network; created by `textRegressor`, `load` or `fromBytes`. */
export class TextRegressor extends TaskModel<RegressorTypes> {
  /** Takes checked settings, or the contents of a file. */
  constructor(
    start: { settings: RegressorSettings } | TaskContent<RegressorTypes>,
    { engine, reproducible, threads, precision }: EngineOptions = {},
  ) {
    const content = 'learned' in start ? start : null
    super({
      task: textRegressorTask,
      settings: 'learned' in start ? start.learned.settings : start.settings,
      engine: { engine, reproducible, threads, precision },
      trained: content,
      history: content?.history,
    })
  }

  get vocabulary(): Vocabulary {
    return this.trained.learned.words
  }

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
      training: null,
    }).exportSource(name)
  }

  /** @throws FormatError naming the fault and its place; the errors of `createEngine` */
  static fromBytes(bytes: Uint8Array, source = 'model bytes', engine: EngineOptions = {}): TextRegressor {
    return new TextRegressor(readContent(bytes, source, engine), engine)
  }

  /** Reads a model file (Node). @throws DataError, FormatError */
  static async load(path: string, engine: EngineOptions = {}): Promise<TextRegressor> {
    return TextRegressor.fromBytes(await storage().read(path), path, engine)
  }

  /**
   * The model and options of an interrupted run, to resume exactly where the checkpoint was written:
   * `model.fit(sameRows, { ...fitOptions, resume: bytes })`.
   */
  static async fromCheckpoint(
    bytes: Uint8Array,
    source = 'checkpoint',
    engine: EngineOptions = {},
  ): Promise<{ model: TextRegressor; fitOptions: RegressorFitOptions }> {
    const { engineOfCheckpoint } = await import('./training.ts')
    const content = readContent(bytes, source, engineOfCheckpoint(engine))
    const fitOptions = content.training!.fitOptions as RegressorFitOptions
    return { model: new TextRegressor(content, engine), fitOptions }
  }
}

function readContent(bytes: Uint8Array, source: string, engine: EngineChoice): TaskContent<RegressorTypes> {
  return readTaskFile(textRegressorTask, decodeModel(bytes, source), source, engine)
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
