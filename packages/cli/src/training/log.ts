/** The log of a training (`--log`) and its picture (`--plot`). */
import { existsSync, readFileSync } from 'node:fs'
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

/** An epoch as a line of the log. */
function formatEpoch(epoch: Epoch, isCsv: boolean): string {
  const picked = COLUMNS.map((name) => [name, epoch[name]] as const)
  if (!isCsv) return JSON.stringify(Object.fromEntries(picked))
  return picked.map(([, value]) => value ?? '').join(',')
}

/** Writes the log after each epoch, so that a run which is stopped has one, and the picture at the end. */
export class TrainingLog {
  readonly #flags: LogFlags
  readonly #output: Output
  readonly #isCsv: boolean
  #lines: string[] = []
  #writing: Promise<void> | null = null
  #changed = false
  #failed = false

  constructor(flags: LogFlags, output: Output) {
    this.#flags = flags
    this.#output = output
    this.#isCsv = /\.csv$/i.test(flags.log ?? '')
  }

  show(event: ModelFitEvent): void {
    const { log } = this.#flags
    if (log === undefined) return
    if (event.type === 'start' && event.resumed) this.#keepLines(log, event.resumed.epochs)
    if (event.type !== 'epoch') return
    this.#lines.push(formatEpoch(event, this.#isCsv))
    this.#write(log)
  }

  /** With the report of a run: its whole history. */
  async finish(report: Pick<ModelFitReport, 'history' | 'best'> | undefined): Promise<void> {
    const { log, plot } = this.#flags
    if (log !== undefined && report) {
      this.#lines = report.history.map((epoch) => formatEpoch(epoch, this.#isCsv))
      this.#write(log)
    }
    while (this.#writing) await this.#writing
    if (plot === undefined || !report || report.history.length === 0) return
    try {
      await writeFileAtomic(plot, new TextEncoder().encode(historyToSvg(report)))
      this.#output.note(`wrote ${plot}: loss and accuracy by epoch.`)
    } catch (error) {
      this.#output.note(`cannot write the plot; the model is not affected. ${(error as Error).message}`)
    }
  }

  /** The lines of the run before, as far as its checkpoint goes. */
  #keepLines(log: string, epochs: number): void {
    const old = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : []
    const numberOf = (line: string) => Number(/^(?:\{"epoch":)?(\d+),/.exec(line)?.[1])
    this.#lines = old.filter((line) => numberOf(line) <= epochs)
  }

  /** One write at a time. A log that cannot be written is a note: training goes on. */
  #write(log: string): void {
    this.#changed = true
    this.#writing ??= this.#writeAll(log)
      .catch((error: Error) => {
        if (!this.#failed) this.#output.note(`cannot write the log; training goes on. ${error.message}`)
        this.#failed = true
      })
      .finally(() => (this.#writing = null))
  }

  async #writeAll(log: string): Promise<void> {
    while (this.#changed) {
      this.#changed = false
      const lines = [...(this.#isCsv ? [LOG_HEADER] : []), ...this.#lines]
      await writeFileAtomic(log, new TextEncoder().encode(`${lines.join('\n')}\n`))
    }
  }
}
