/** What a program on a page says it prints, in the comment behind `console.log(…)`, and whether it does. */
import { inspect } from 'node:util'

/** The comments of the calls, in order; undefined where there is none, or it is a sentence. */
export function commentsOf(program: string): (string | undefined)[] {
  const calls = program.match(/console\.log\(.*/g) ?? []
  return calls.map((line) => /\) \/\/ ((?:[[{'\d-]|true|false).*)$/.exec(line)?.[1])
}

/** What was printed, as a comment would say it. */
export function asPrinted(values: readonly unknown[]): string {
  const shown = values.map((value) =>
    inspect(value, { depth: 6, breakLength: Infinity, maxArrayLength: 100 }),
  )
  return shown.join(', ')
}

/** Whether a comment describes what was printed: `…` stands for anything, blanks and commas for nothing. */
export function describesPrinted(comment: string, printed: string): boolean {
  const bare = (text: string) => text.replaceAll(/[\s,]|\b[A-Z]\w* (?=\{)/g, '')
  const parts = bare(comment).split('…')
  const pattern = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('.*')
  return new RegExp(`^${pattern}$`, 's').test(bare(printed))
}
