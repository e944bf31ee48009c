/** The log of a training (`--log`) and its picture (`--plot`). */
import { writeFileAtomic, UsageError, type ModelFitEvent, type ModelFitReport } from 'latch'
import { historyToSvg } from 'latch/training'
import type { Output } from '../terminal/output.ts'

/** An epoch as a log lists it. */
type Epoch = ModelFitReport['history'][number]

/** Columns of a log in CSV; the fields of a line of JSON Lines. */
const COLUMNS = [
  'epoch',
  'trainLoss',
  'trainAccuracy',
  'validationLoss',
  'validationAccuracy',
  'learningRate',
  'gradientNorm',
  'seconds',
] as const satisfies readonly (keyof Epoch)[]

/** The first line of a log in CSV. */
export const LOG_HEADER = COLUMNS.join(',')
/** What each line of a log in JSON Lines begins with. */
export const LOG_START = '{"epoch":'

export interface LogFlags {
  log?: string
  plot?: string
}

/** @throws UsageError for names with other endings */
export function checkLogNames({ log, plot }: LogFlags): void {
  if (log !== undefined && !/\.(csv|jsonl)$/i.test(log)) {
    throw new UsageError({ where: `--log ${log}`, expected: 'a name that ends in .csv or .jsonl', got: log })
  }
  if (plot !== undefined && !/\.svg$/i.test(plot)) {
    throw new UsageError({ where: `--plot ${plot}`, expected: 'a name that ends in .svg', got: plot })
  }
}

export function formatLog(epochs: readonly Epoch[], path: string): string {
  const picked = epochs.map((epoch) => COLUMNS.map((name) => [name, epoch[name]] as const))
  const lines = /\.csv$/i.test(path)
    ? [LOG_HEADER, ...picked.map((cells) => cells.map(([, value]) => value ?? '').join(','))]
    : picked.map((cells) => JSON.stringify(Object.fromEntries(cells)))
  return `${lines.join('\n')}\n`
}

/** Writes the log after each epoch, so that a run which is stopped has one, and the picture at the end. */
export class TrainingLog {
  readonly #flags: LogFlags
  readonly #output: Output
  readonly #epochs: Epoch[] = []
  #writing = Promise.resolve()
  #failed = false

  constructor(flags: LogFlags, output: Output) {
    this.#flags = flags
    this.#output = output
  }

  show(event: ModelFitEvent): void {
    if (event.type !== 'epoch') return
    this.#epochs.push(event)
    this.#write(this.#epochs)
  }

  /** With the epochs before a resumed run too. */
  async finish(report: Pick<ModelFitReport, 'history' | 'best'> | undefined): Promise<void> {
    if (report) this.#write(report.history)
    await this.#writing
    const { plot } = this.#flags
    if (plot === undefined || !report || report.history.length === 0) return
    await writeFileAtomic(plot, new TextEncoder().encode(historyToSvg(report)))
    this.#output.note(`wrote ${plot}: loss and accuracy by epoch.`)
  }

  /** One after the other. A log that cannot be written is a note: training goes on. */
  #write(epochs: readonly Epoch[]): void {
    const { log } = this.#flags
    if (log === undefined) return
    const text = formatLog(epochs, log)
    this.#writing = this.#writing
      .then(async () => void (await writeFileAtomic(log, new TextEncoder().encode(text))))
      .catch((error: Error) => {
        if (!this.#failed) this.#output.note(`cannot write the log; training goes on. ${error.message}`)
        this.#failed = true
      })
  }
}
