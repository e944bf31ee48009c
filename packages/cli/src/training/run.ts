/** A training run with progress, checkpoints and Ctrl-C, and what is saved when it fails. */
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
  /** The command that resumes the run after an interruption. */
  resumeCommand: string
  output: Output
  /** Between checkpoints. */
  seconds: number
}

/** Trains with progress, checkpoints and Ctrl-C; undefined if interrupted. */
export async function trainWithProgress(
  model: TextClassifier,
  options: Options,
  job: Job,
): Promise<ModelFitReport | undefined> {
  const { rows, paths, output, seconds } = job
  const progress = new TrainingProgress(output)
  let written = false
  const interruption = listenForInterrupt(() => {
    progress.end()
    output.log('Stopping (press Ctrl-C again to quit immediately) …')
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
        if (type === 'start' || type === 'epoch') output.emit({ event: type, ...facts })
        if (event.type === 'start') for (const note of event.warnings) output.note(note)
      },
    })
    progress.end()
    if (report.stopped !== 'aborted') return report
    printInterrupted(written ? paths.checkpoint : undefined, job)
    process.exitCode = interruption.exitCode ?? EXIT_INTERRUPTED
    return undefined
  } catch (error) {
    progress.end()
    if (error instanceof WorkerError) printWorkerLost(written ? paths.checkpoint : null, job)
    else if (written) output.note(`the last checkpoint is ${paths.checkpoint}.`)
    if (error instanceof DivergenceError) await saveLastGood(model, paths, output)
    throw error
  } finally {
    interruption.release()
  }
}

/** A run that diverged still has the weights of the step before: not the result, but not lost. */
async function saveLastGood(model: TextClassifier, { lastGood }: SavedPaths, output: Output): Promise<void> {
  await model.save(lastGood)
  output.note(`the last good weights are saved in ${lastGood}.`)
}

/** A worker thread died: the run can resume from its last checkpoint. */
function printWorkerLost(checkpoint: string | null, { resumeCommand, data, output }: Job): void {
  const resume = checkpoint && resumeCommand
  output.emit({ event: 'failed', checkpoint, resume })
  if (!checkpoint) return output.log('A worker thread died before the first checkpoint.')
  const rows = data === '-' ? ', with the same data on standard input' : ''
  output.log(
    `A worker thread died; the last checkpoint is ${checkpoint}. To resume${rows}:\n  ${resumeCommand}`,
  )
}

function printInterrupted(checkpoint: string | undefined, { resumeCommand, data, output }: Job): void {
  output.emit({
    event: 'interrupted',
    checkpoint: checkpoint ?? null,
    resume: checkpoint ? resumeCommand : null,
  })
  if (checkpoint === undefined) return output.log('Stopped before the first checkpoint.')
  const rows = data === '-' ? ', with the same data on standard input' : ''
  output.log(`Stopped; the state of the run is saved in ${checkpoint}. To resume${rows}:\n  ${resumeCommand}`)
}
