/** A training run under watch: progress, checkpoints, Ctrl-C, and what is kept when it goes wrong. */
import {
  type ModelFitReport,
  type TextClassifier,
  DivergenceError,
  WorkerError,
  writeFileAtomic,
} from 'latch'
import { EXIT_INTERRUPTED } from '../terminal/exitCodes.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { TrainingProgress } from './progress.ts'
import type { Options } from './resume.ts'
import type { Rows } from '../options/rows.ts'
import type { SavedPaths } from './savedPaths.ts'

export interface Job {
  data: string
  rows: Rows
  test: Rows | undefined
  paths: SavedPaths
  /** What to type to go on after an interruption. */
  again: string
  output: Output
  /** Between checkpoints. */
  seconds: number
}

/** Trains with progress, checkpoints and Ctrl-C; nothing comes back from an interrupted run. */
export async function trainWatched(
  model: TextClassifier,
  options: Options,
  job: Job,
): Promise<ModelFitReport | undefined> {
  const { rows, paths, output, seconds } = job
  const progress = new TrainingProgress(output)
  let written = false
  const interruption = listenForInterrupt(() => {
    progress.end()
    output.complain('stopping … (Ctrl-C again stops at once)')
  })
  const write = async (bytes: Uint8Array): Promise<void> => {
    await writeFileAtomic(paths.checkpoint, bytes)
    written = true
  }
  try {
    const report = await model.fit(rows.rows, {
      ...options,
      signal: interruption.signal,
      checkpoint: { everySeconds: seconds, write },
      onEvent(event) {
        progress.show(event)
        const { type, ...facts } = event
        if (type === 'start' || type === 'epoch') output.event({ event: type, ...facts })
        if (event.type === 'start') for (const note of event.warnings) output.note(note)
      },
    })
    progress.end()
    if (report.stopped !== 'aborted') return report
    tellInterrupted(written ? paths.checkpoint : undefined, job)
    process.exitCode = interruption.exitCode ?? EXIT_INTERRUPTED
    return undefined
  } catch (error) {
    progress.end()
    if (error instanceof WorkerError) tellLost(written ? paths.checkpoint : null, job)
    else if (written) output.note(`the last checkpoint is ${paths.checkpoint}.`)
    if (error instanceof DivergenceError) await keepLastGood(model, paths, output)
    throw error
  } finally {
    interruption.release()
  }
}

/** A run that left the finite numbers still has the weights of the step before: not the model, but not lost. */
async function keepLastGood(model: TextClassifier, { lastGood }: SavedPaths, output: Output): Promise<void> {
  await model.save(lastGood)
  output.note(`the last good weights are saved in ${lastGood}.`)
}

/** A thread died: nothing is wrong with the run, so it can go on from where it was last saved. */
function tellLost(checkpoint: string | null, { again, data, output }: Job): void {
  const resume = checkpoint && again
  output.event({ event: 'failed', checkpoint, resume })
  if (!checkpoint) return output.complain('A thread was lost before there was anything to keep.')
  const rows = data === '-' ? ', with the same rows on standard input' : ''
  output.complain(`A thread was lost; the last checkpoint is ${checkpoint}. To go on${rows}:\n  ${again}`)
}

function tellInterrupted(checkpoint: string | undefined, { again, data, output }: Job): void {
  output.event({ event: 'interrupted', checkpoint: checkpoint ?? null, resume: checkpoint ? again : null })
  if (checkpoint === undefined) return output.complain('Stopped before there was anything to keep.')
  const rows = data === '-' ? ', with the same rows on standard input' : ''
  output.complain(`Stopped; everything so far is in ${checkpoint}. To go on${rows}:\n  ${again}`)
}
