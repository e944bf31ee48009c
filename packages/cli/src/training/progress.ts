/**
 * Progress on standard error: the engine, one line per epoch, and on a terminal a live progress line below. Work that
 * ends within half a second shows no progress line.
 */
import type { ModelFitEvent } from 'latch'
import { bar } from './bars.ts'
import { describeEngine } from '../terminal/engineText.ts'
import { fit, pad, displayWidth } from '../terminal/glyphWidth.ts'
import { clock, count, loss, percent } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/escape.ts'
import type { Output } from '../terminal/output.ts'

const REDRAW_MILLISECONDS = 80
const DELAY_MILLISECONDS = 500

/** A line at the bottom of the terminal that is redrawn in place; never shown on a pipe. */
export class LiveLine {
  readonly #output: Output
  readonly #shown: boolean
  readonly #started = Date.now()
  #drawn = 0
  #visible = false

  constructor(output: Output) {
    this.#output = output
    this.#shown = output.errorIsTerminal && !output.quiet
  }

  /** Draws the text for the width of the terminal, at most every 80 ms. */
  draw(text: (width: number) => string): void {
    const now = Date.now()
    if (!this.#shown || now - this.#started < DELAY_MILLISECONDS || now - this.#drawn < REDRAW_MILLISECONDS)
      return
    this.#drawn = now
    this.#visible = true
    this.#output.redraw(text(this.#output.errorWidth - 1))
  }

  clear(): void {
    if (this.#visible) this.#output.redraw('')
    this.#visible = false
  }
}

/** One line with a name and a progress bar. */
export function drawFraction(name: string, fraction: number, width: number, { bold, cyan }: Colors): string {
  const size = Math.max(4, Math.min(24, width - displayWidth(name) - 6))
  const done = `${pad(`${Math.floor(fraction * 100)}`, 3, 'end')}%`
  return `${bold(fit(name, width))} ${cyan(bar(fraction, size))} ${done}`
}

type Progress = Extract<ModelFitEvent, { type: 'progress' }>
type Epoch = Extract<ModelFitEvent, { type: 'epoch' }>

/** Prints the events of a training run. */
export class TrainingProgress {
  readonly #output: Output
  readonly #name: string
  readonly #live: LiveLine
  readonly #everyEpoch: boolean
  #headed = false

  /** `everyEpoch: false` shows only the live line, under the given name. */
  constructor(output: Output, options: { name?: string; everyEpoch?: boolean } = {}) {
    this.#output = output
    this.#name = options.name ?? 'epoch'
    this.#everyEpoch =
      (options.everyEpoch ?? true) && !output.quiet && !(output.json && !output.errorIsTerminal)
    this.#live = new LiveLine(output)
  }

  show(event: ModelFitEvent): void {
    if (event.type === 'progress') {
      this.#live.draw((width) => this.#bar(event, width))
    } else if (this.#everyEpoch) {
      if (event.type === 'start')
        this.#output.log(this.#output.errorColors.dim(`engine ${describeEngine(event)}`))
      if (event.type === 'epoch') this.#epoch(event)
    }
  }

  end(): void {
    this.#live.clear()
  }

  #bar(at: Progress, width: number): string {
    const { bold, cyan, dim } = this.#output.errorColors
    const fraction = at.steps > 0 ? at.step / at.steps : 0
    const name = `${this.#name} ${at.epoch}/${at.epochs}`
    const facts = [
      `loss ${loss(at.loss)}`,
      `accuracy ${percent(at.accuracy)}`,
      `${count(at.sequencesPerSecond)} seq/s`,
      `${clock(at.secondsLeft)} left`,
    ]
    const available = width - displayWidth(name) - 6
    while (facts.length > 1 && displayWidth(facts.join('  ')) + 8 > available) facts.splice(-2, 1)
    const size = Math.max(4, Math.min(24, available - displayWidth(facts.join('  ')) - 3))
    const done = `${pad(`${Math.floor(fraction * 100)}`, 3, 'end')}%`
    return `${bold(fit(name, width))} ${cyan(bar(fraction, size))} ${done}  ${facts.join(dim('  '))}`
  }

  #epoch(event: Epoch): void {
    this.#live.clear()
    const { dim, green } = this.#output.errorColors
    const columns = epochColumns(this.#output.errorIsTerminal ? this.#output.errorWidth : Infinity)
    const line = (cell: (column: EpochColumn) => string): string =>
      columns.map((column) => pad(cell(column), column.width, 'end')).join(' ')
    if (!this.#headed) this.#output.log(dim(line(({ title }) => title)))
    this.#headed = true
    this.#output.log(line(({ read }) => read(event)) + (event.best ? green(BEST) : ''))
  }
}

interface EpochColumn {
  title: string
  width: number
  read(event: Epoch): string
}

const BEST = '  best'

const EPOCH_COLUMNS: readonly EpochColumn[] = [
  { title: 'epoch', width: 7, read: ({ epoch, epochs }) => `${epoch}/${epochs}` },
  { title: 'loss', width: 8, read: ({ trainLoss }) => loss(trainLoss) },
  { title: 'accuracy', width: 9, read: ({ trainAccuracy }) => percent(trainAccuracy) },
  { title: 'val. loss', width: 10, read: ({ validationLoss }) => loss(validationLoss) },
  { title: 'val. acc.', width: 9, read: ({ validationAccuracy }) => percent(validationAccuracy) },
  { title: 'time', width: 9, read: ({ seconds }) => `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` },
]
/** Of these columns, in the order in which they go. */
const DROPPED = ['time', 'val. loss', 'accuracy']

function epochColumns(width: number): readonly EpochColumn[] {
  let columns = EPOCH_COLUMNS
  for (const title of DROPPED) {
    if (columns.reduce((sum, column) => sum + column.width + 1, BEST.length - 1) <= width) break
    columns = columns.filter((column) => column.title !== title)
  }
  return columns
}
