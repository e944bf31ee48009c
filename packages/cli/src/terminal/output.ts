/**
 * Where words go: results to standard output, everything else to standard error. With `--json`
 * standard output carries JSON alone, an object a line. A reader that goes away (`| head`) is no error.
 */
import pc from 'picocolors'
import { visible, wrap } from './glyphWidth.ts'

const NOTE_INDENT = 'note: '.length

export type Colors = ReturnType<typeof pc.createColors>

export interface OutputOptions {
  json: boolean
  quiet: boolean
}

export class Output {
  readonly json: boolean
  readonly quiet: boolean
  /** Of standard output. */
  readonly colors: Colors
  /** Of standard error. */
  readonly errorColors: Colors
  #closed = false

  constructor(options: OutputOptions) {
    this.json = options.json
    this.quiet = options.quiet
    this.colors = pc.createColors(hasColors(process.stdout))
    this.errorColors = pc.createColors(hasColors(process.stderr))
    for (const stream of [process.stdout, process.stderr]) stream.on('error', (error) => this.#lost(error))
  }

  /** Nobody reads standard output any more. */
  get closed(): boolean {
    return this.#closed
  }

  /** Columns of the terminal; 80 where there is none or it does not know, unless COLUMNS says another number. */
  get width(): number {
    const given = Number(process.env.COLUMNS)
    return process.stdout.columns || (Number.isInteger(given) && given > 0 ? given : 80)
  }

  get isTerminal(): boolean {
    return process.stdout.isTTY === true
  }

  /** A result for people; left out with `--json`. */
  say(text = ''): void {
    if (!this.json) this.#write(`${text}\n`)
  }

  /** A result for programs; left out without `--json`. */
  event(value: object): void {
    if (this.json) this.#write(`${toJson(value)}\n`)
  }

  /** Something worth knowing that is no result. */
  note(text: string): void {
    if (this.quiet) return
    const { stderr } = process
    const lines = wrap(visible(text), (stderr.isTTY ? stderr.columns || 80 : Infinity) - NOTE_INDENT)
    stderr.write(`${this.errorColors.dim('note:')} ${lines.join(`\n${' '.repeat(NOTE_INDENT)}`)}\n`)
  }

  /** An error: what is wrong, then what to do about it; its lines after the first are for copying, and stay as they are. */
  failure(problem: string, remedy?: string): void {
    process.stderr.write(`${this.errorColors.red('error:')} ${visible(sentence(problem))}\n`)
    if (!remedy) return
    const [first, ...lines] = remedy.split('\n')
    process.stderr.write(`       ${visible(sentence(first))}\n`)
    for (const line of lines) process.stderr.write(`${visible(line)}\n`)
  }

  /** Words on standard error as they are. */
  complain(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  /** Resolves when the reader has kept up; long streams wait for it. */
  async drained(): Promise<void> {
    const { stdout } = process
    if (this.#closed || !stdout.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        for (const name of ['drain', 'close', 'error']) stdout.off(name, go)
        resolve()
      }
      for (const name of ['drain', 'close', 'error']) stdout.on(name, go)
    })
  }

  #write(text: string): void {
    if (!this.#closed) process.stdout.write(text)
  }

  #lost(error: NodeJS.ErrnoException): void {
    this.#closed = true
    if (error.code !== 'EPIPE') process.exitCode = 1
  }
}

/** One line of JSON: typed arrays as lists, numbers that JSON lacks as null. */
export function toJson(value: object): string {
  return JSON.stringify(value, (_, item: unknown) =>
    ArrayBuffer.isView(item) ? Array.from(item as unknown as ArrayLike<number>) : item,
  )
}

function hasColors(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
}

function sentence(text: string): string {
  return /[.!?:…]$/.test(text) ? text : `${text}.`
}
