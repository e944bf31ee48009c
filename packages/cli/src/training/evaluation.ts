/** Evaluates a model on rows, with a progress bar on terminals and Ctrl-C. */
import type { Evaluation, ModelEvaluateOptions } from 'latch'
import type { AnyModel } from 'latch/formats'
import { EXIT_INTERRUPTED } from '../terminal/exitCodes.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { LiveLine, drawFraction } from './progress.ts'
import { namedColumns, type Rows } from '../options/rows.ts'

/** The part of a model that evaluation uses. */
export type Evaluated = Pick<AnyModel, 'evaluate' | 'columns'>

/** The metrics of rows; undefined if interrupted, which sets the exit code. */
export async function evaluateWithProgress(
  model: Evaluated,
  { rows, columns }: Pick<Rows, 'rows' | 'columns'>,
  output: Output,
): Promise<Evaluation | undefined> {
  const named = namedColumns(model, columns)
  return withEvaluationProgress((watch) => model.evaluate(rows, { ...named, ...watch }), output)
}

/** Runs an evaluation; undefined if interrupted, which sets the exit code. */
export async function withEvaluationProgress<T extends Evaluation>(
  evaluate: (watch: ModelEvaluateOptions) => Promise<T>,
  output: Output,
): Promise<T | undefined> {
  const live = new LiveLine(output)
  const interruption = listenForInterrupt(() => {
    live.clear()
    output.log('Stopping (press Ctrl-C again to quit immediately) …')
  })
  try {
    return await evaluate({
      signal: interruption.signal,
      onProgress: (fraction: number) =>
        live.draw((width) => drawFraction('evaluating', fraction, width, output.errorColors)),
    })
  } catch (error) {
    if (!interruption.signal.aborted || error !== interruption.signal.reason) throw error
    process.exitCode = interruption.exitCode ?? EXIT_INTERRUPTED
    return undefined
  } finally {
    live.clear()
    interruption.release()
  }
}
