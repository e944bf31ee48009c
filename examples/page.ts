/**
 * How the examples look: a page of 80 columns, in a terminal or anywhere else that takes lines.
 */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type Print = (line: string) => void

const WIDTH = 78

/** The top of a page. */
export function title(print: Print, text: string): void {
  print(text)
  print('═'.repeat(WIDTH))
}

/** A part of the page. */
export function heading(print: Print, text: string): void {
  print('')
  print(text)
  print('─'.repeat(WIDTH))
}

/** Words, broken into lines. */
export function paragraph(print: Print, text: string): void {
  let line = ''
  for (const word of text.trim().split(/\s+/)) {
    if (line && line.length + 1 + word.length > WIDTH) {
      print(line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  print(line)
}

/** A number in a column: four places, its sign in front, never a minus zero. */
export function number(x: number, places = 4): string {
  const text = x.toFixed(places)
  return /^-0\.?0*$/.test(text) ? ` ${text.slice(1)}` : x < 0 ? text : ` ${text}`
}

/** A number inside arithmetic: negative ones in brackets. */
export function factor(x: number, places = 2): string {
  const text = number(x, places).trim()
  return x < 0 && text.startsWith('-') ? `(${text})` : text
}

/** `[ 0.1000 -0.2000]`, `[1 0 0]` for whole numbers. */
export function row(values: ArrayLike<number>, places = 4): string {
  const all = Array.from(values)
  const whole = all.every(Number.isInteger)
  return `[${all.map((x) => (whole ? String(x) : number(x, places))).join(' ')}]`
}

/** The lines of a matrix, one form for all its numbers. */
export function lines(matrix: readonly ArrayLike<number>[], places = 4): string[] {
  const whole = matrix.every((line) => Array.from(line).every(Number.isInteger))
  return matrix.map((line) =>
    whole ? row(line) : `[${Array.from(line, (x) => number(x, places)).join(' ')}]`,
  )
}

/** A share as a person says it. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

/** Says how far hand and engine are apart. */
export function agreement(print: Print, what: string, difference: number, tolerance: number): void {
  const verdict = difference <= tolerance ? 'the same' : 'NOT THE SAME'
  print(`  ${what.padEnd(36)} ${verdict} (largest difference ${difference.toExponential(1)})`)
}

/** Runs an example when `node` was given its file; importing it runs nothing. */
export function runAsProgram(file: string, run: (print: Print) => unknown): void {
  const program = process.argv[1]
  if (program && realpathSync(program) === fileURLToPath(file)) void run(console.log)
}
