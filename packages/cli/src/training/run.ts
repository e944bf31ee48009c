/** A training run with progress, checkpoints and Ctrl-C, and what is saved when it fails. */
import {
  type FitOptions,
  type ModelFitReport,
  DivergenceError,
  LatchError,
  UsageError,
  WorkerError,
  readFileBytes,
  writeFileAtomic,
} from 'latch'
import type { AnyModel } from 'latch/formats'
import { EXIT_INTERRUPTED } from '../terminal/exitCodes.ts'
import { listenForInterrupt } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { TrainingLog, type LogFlags } from './log.ts'
import { TrainingProgress } from './progress.ts'
import { exists, removeIfThere, type SavedPaths } from './savedPaths.ts'
import type { RunLock } from './runLock.ts'
import { freeName, unusedName } from '../terminal/outputFiles.ts'

/** What every training run needs, whatever it trains. */
export interface Job {
  data: string
  paths: SavedPaths
  lock: RunLock
  /** The command that resumes the run after an interruption. */
  resumeCommand: string
  output: Output
  logFlags: LogFlags
  /** Between checkpoints. */
  seconds: number
  /** Set when training ended: whether the checkpoint is of this run. */
  hasCheckpoint?: boolean
}

/** The part of a model that a run writes. */
type Saved = Pick<AnyModel, 'save'>

/** The options of `fit` that watch a run. */
export type Watch = Required<Pick<FitOptions, 'signal' | 'checkpoint' | 'onEvent'>>

type ResumeFacts = Pick<Job, 'paths' | 'resumeCommand' | 'data' | 'output'>

/** Trains with progress, checkpoints and Ctrl-C; undefined if interrupted. */
export async function trainWithProgress(
  fit: (watch: Watch) => Promise<ModelFitReport>,
  model: Saved,
  job: Job,
): Promise<ModelFitReport | undefined> {
  const { paths, output, seconds } = job
  const progress = new TrainingProgress(output)
  const log = new TrainingLog(job.logFlags, output)
  const checkpoints = new Checkpoints(job)
  const interruption = listenForInterrupt(() => {
    progress.end()
    output.log('Stopping (press Ctrl-C again to quit immediately) …')
  })
  try {
    const report = await fit({
      signal: interruption.signal,
      checkpoint: { everySeconds: seconds, write: (bytes) => checkpoints.write(bytes, progress) },
      onEvent(event) {
        progress.show(event)
        log.show(event)
        const { type, ...facts } = event
        if (type === 'start' || type === 'epoch') output.emit({ event: type, ...facts })
        if (event.type === 'start') for (const note of event.warnings) output.note(note)
      },
    })
    progress.end()
    await log.finish(report)
    job.hasCheckpoint = checkpoints.written
    if (report.stopped !== 'aborted') return report
    printInterrupted(checkpoints, job)
    process.exitCode = interruption.exitCode ?? EXIT_INTERRUPTED
    return undefined
  } catch (error) {
    progress.end()
    await log.finish(undefined)
    if (error instanceof WorkerError) printWorkerLost(checkpoints, job)
    else if (checkpoints.written) output.note(`the last checkpoint is ${paths.checkpoint}.`)
    if (error instanceof DivergenceError) await saveLastGood(model, paths, output)
    throw error
  } finally {
    interruption.release()
  }
}

/** The checkpoints of a run. One that cannot be written is a note: training goes on with the one before. */
class Checkpoints {
  /** Whether there is a checkpoint of this run. */
  written = false
  /** Why the newest could not be written. */
  failure: string | undefined
  readonly #job: Job

  constructor(job: Job) {
    this.#job = job
  }

  async write(bytes: Uint8Array, progress: TrainingProgress): Promise<void> {
    const { paths, lock, output } = this.#job
    try {
      if (!(await lock.isHeld())) throw lostLock(paths)
      await writeFileAtomic(paths.checkpoint, bytes)
      this.written = true
      this.failure = undefined
    } catch (error) {
      if (!(error instanceof LatchError)) throw error
      const isFirst = this.failure === undefined
      this.failure = error.message
      if (!isFirst) return
      progress.end()
      const kept = this.written ? ', with the checkpoint before' : ''
      output.note(`cannot write a checkpoint; training goes on${kept}. ${error.message}`)
    }
  }
}

/** This process was stopped for so long that another run took its files. */
function lostLock({ lock }: SavedPaths): UsageError {
  const expected = 'the lock file of this run'
  return new UsageError({ where: lock, expected, got: 'none, or that of another run' })
}

/**
 * Saves the trained model and deletes the checkpoint. On a full disk the checkpoint is deleted first; if the model does
 * not even fit in its place, the checkpoint is written again.
 */
export async function saveModel(model: Saved, job: Job): Promise<void> {
  const { paths, lock, output } = job
  if (!(await lock.isHeld())) {
    const file = await freeName(paths.model, output)
    await model.save(file)
    output.note(`another run took over ${paths.model}; this model is saved in ${file}.`)
    paths.model = file
    return
  }
  try {
    await model.save(paths.model).catch((error: unknown) => saveInPlaceOf(paths, model, error))
  } catch (error) {
    if (job.hasCheckpoint && (await exists(paths.checkpoint)))
      printResume('The model could not be saved', job)
    throw error
  }
  await removeIfThere(paths.checkpoint)
}

/** Says that an interrupt ended the evaluation: the model is saved already. */
export function reportNotEvaluated({ paths, output }: Pick<Job, 'paths' | 'output'>): void {
  output.emit({ event: 'interrupted', model: paths.model })
  output.log(`Stopped before the evaluation ended. The trained model is saved in ${paths.model}.`)
}

/** Saves the model where the checkpoint was: it has a part of the checkpoint's numbers. @throws the error given, for others */
async function saveInPlaceOf(
  { checkpoint, model: path }: SavedPaths,
  model: Saved,
  error: unknown,
): Promise<void> {
  const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code
  if ((code !== 'ENOSPC' && code !== 'EDQUOT') || !(await exists(checkpoint))) throw error
  const kept = await readFileBytes(checkpoint)
  await removeIfThere(checkpoint)
  try {
    await model.save(path)
  } catch (second) {
    await writeFileAtomic(checkpoint, kept)
    throw second
  }
}

/** A run that diverged still has the weights of the step before: not the result, but not lost. */
async function saveLastGood(model: Saved, { lastGood }: SavedPaths, output: Output): Promise<void> {
  const file = await unusedName(lastGood)
  await model.save(file)
  output.note(`the last good weights are saved in ${file}.`)
}

/** A worker thread died: the run can resume from its last checkpoint. */
function printWorkerLost({ written }: Checkpoints, { paths, resumeCommand, data, output }: Job): void {
  const checkpoint = written ? paths.checkpoint : null
  const resume = checkpoint && resumeCommand
  output.emit({ event: 'failed', checkpoint, resume })
  if (!checkpoint) return output.log('A worker thread died before the first checkpoint.')
  printResume('A worker thread died', { paths, resumeCommand, data, output })
}

/** What happened, and the command that goes on from the last checkpoint. */
function printResume(what: string, { paths, resumeCommand, data, output }: ResumeFacts): void {
  const rows = data === '-' ? ', with the same data on standard input' : ''
  output.log(`${what}; the last checkpoint is ${paths.checkpoint}. To resume${rows}:\n  ${resumeCommand}`)
}

function printInterrupted(
  { written, failure }: Checkpoints,
  { paths, resumeCommand, data, output }: Job,
): void {
  const checkpoint = written ? paths.checkpoint : null
  output.emit({ event: 'interrupted', checkpoint, resume: checkpoint && resumeCommand })
  if (!checkpoint)
    return output.log(failure ? 'Stopped without a checkpoint.' : 'Stopped before the first checkpoint.')
  const rows = data === '-' ? ', with the same data on standard input' : ''
  const state = failure ? 'an earlier state of the run' : 'the state of the run'
  output.log(`Stopped; ${state} is saved in ${checkpoint}. To resume${rows}:\n  ${resumeCommand}`)
}
