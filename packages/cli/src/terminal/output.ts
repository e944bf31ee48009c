/**
 * Results go to standard output, everything else to standard error. With `--json`, standard output carries JSON only,
 * one object per line. A reader that closes the pipe (`| head`) is not an error. Nothing else writes to these streams,
 * and everything passes `escapeText`.
 */
import { createColors, escapeText, type Colors } from './escape.ts'
import { visible, wrap } from './glyphWidth.ts'

const NOTE_INDENT = 'note: '.length
const ERROR_INDENT = ' '.repeat('error: '.length)

export interface OutputOptions {
  json: boolean
  quiet: boolean
}

export class Output {
  readonly json: boolean
  readonly quiet: boolean
  /** For standard output. */
  readonly colors: Colors
  /** For standard error. */
  readonly errorColors: Colors
  #closed = false

  constructor(options: OutputOptions) {
    this.json = options.json
    this.quiet = options.quiet
    this.colors = createColors(hasColors(process.stdout))
    this.errorColors = createColors(hasColors(process.stderr))
    for (const stream of [process.stdout, process.stderr])
      stream.on('error', (error) => this.#onError(error, stream))
  }

  /** Whether standard output was closed by its reader. */
  get closed(): boolean {
    return this.#closed
  }

  /** Columns of the terminal; else COLUMNS, else 80. */
  get width(): number {
    const given = Number(process.env.COLUMNS)
    return process.stdout.columns || (Number.isInteger(given) && given > 0 ? given : 80)
  }

  get isTerminal(): boolean {
    return process.stdout.isTTY === true
  }

  /** Whether people watch standard error. */
  get errorIsTerminal(): boolean {
    return process.stderr.isTTY === true
  }

  /** Columns of the terminal behind standard error. */
  get errorWidth(): number {
    return process.stderr.columns || 80
  }

  /** Prints a result for people; nothing with `--json`. */
  print(text = ''): void {
    if (!this.json) this.#write(`${text}\n`)
  }

  /** Prints a part of a line for people; nothing with `--json`. */
  printPart(text: string): void {
    if (!this.json) this.#write(text)
  }

  /** Prints a result for programs; nothing without `--json`. */
  emit(value: object): void {
    if (this.json) this.#write(`${toJson(value)}\n`)
  }

  /** Prints a note; nothing with `--quiet`. */
  note(text: string): void {
    if (this.quiet) return
    const lines = wrap(visible(text), (this.errorIsTerminal ? this.errorWidth : Infinity) - NOTE_INDENT)
    this.log(`${this.errorColors.dim('note:')} ${lines.join(`\n${' '.repeat(NOTE_INDENT)}`)}`)
  }

  /** Prints an error and its remedy; lines of the remedy after the first are for copying and are printed verbatim. */
  error(problem: string, remedy?: string): void {
    this.log(`${this.errorColors.red('error:')} ${this.#wrapError(sentence(problem))}`)
    if (!remedy) return
    const [first, ...lines] = remedy.split('\n')
    this.log(`${ERROR_INDENT}${this.#wrapError(sentence(first))}`)
    for (const line of lines) this.log(visible(line))
  }

  /** Prints a line to standard error. */
  log(text: string): void {
    this.#writeError(`${text}\n`)
  }

  /** Writes over the last line of the terminal behind standard error. */
  redraw(text: string): void {
    process.stderr.write(`\r${escapeText(text.replaceAll('\n', ' '))}\u001b[K`)
  }

  /** Prints text of the parser of the command line as it is: help, and usage errors. */
  readonly forParser = {
    writeOut: (text: string): void => this.#write(text),
    writeErr: (text: string): void => this.#writeError(text),
  }

  /** Resolves once the reader has caught up. */
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

  /** Lines for the terminal; else one line, which programs search. */
  #wrapError(text: string): string {
    if (!this.errorIsTerminal) return visible(text)
    return wrap(visible(text), this.errorWidth - ERROR_INDENT.length).join(`\n${ERROR_INDENT}`)
  }

  #write(text: string): void {
    if (!this.#closed) process.stdout.write(escapeText(text))
  }

  #writeError(text: string): void {
    process.stderr.write(escapeText(text))
  }

  #onError(error: NodeJS.ErrnoException, stream: NodeJS.WriteStream): void {
    const isFirst = !this.#closed
    this.#closed = true
    if (error.code === 'EPIPE') return
    process.exitCode = 1
    if (isFirst && stream === process.stdout) this.error(`cannot write to standard output: ${error.message}`)
  }
}

/** One line of JSON: typed arrays as lists, non-finite numbers as null. */
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
