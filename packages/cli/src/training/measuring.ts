/** A model measured on rows under watch: how far it is, on a terminal, and Ctrl-C. */
import type { Evaluation } from 'latch'
import type { AnyModel } from 'latch/formats'
import { EXIT_INTERRUPTED } from '../terminal/exitCodes.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { LiveLine, drawShare } from './progress.ts'
import type { Rows } from '../options/rows.ts'

/** What can be measured. */
export type Measured = Pick<AnyModel, 'evaluate' | 'columns'>

/** The figures; nothing comes back from an interrupted measurement, and the exit code is set. */
export async function measureWatched(
  model: Measured,
  { rows, columns }: Pick<Rows, 'rows' | 'columns'>,
  output: Output,
): Promise<Evaluation | undefined> {
  const live = new LiveLine(output)
  const interruption = listenForInterrupt(() => {
    live.clear()
    output.complain('stopping … (Ctrl-C again stops at once)')
  })
  try {
    return await model.evaluate(rows, {
      [model.columns.input]: columns.text,
      [model.columns.target]: columns.label,
      signal: interruption.signal,
      onProgress: (fraction: number) =>
        live.draw((width) => drawShare('testing', fraction, width, output.errorColors)),
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
