/** Help for the width of the terminal: prose is wrapped, and long commands go on behind a backslash. */
import { Help } from '@commander-js/extra-typings'
import { displayWidth, wrap } from './glyphWidth.ts'

/** Wider lines are hard to read. */
const MOST_COLUMNS = 100
/** Below this width a description stands under its option. */
const NARROW = 64
const INDENT = 6

/** How wide help is on a terminal of so many columns. */
export function helpWidth(columns: number): number {
  return Math.min(columns, MOST_COLUMNS)
}

/** Settings of the parser's own help. */
export const helpSettings = {
  minWidthToWrap: 20,
  formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    const width = helper.helpWidth ?? 80
    if (width >= NARROW) return Help.prototype.formatItem.call(helper, term, termWidth, description, helper)
    const lines = description === '' ? [] : wrap(description, width - INDENT)
    return [`  ${term}`, ...lines.map((line) => ' '.repeat(INDENT) + line)].join('\n')
  },
}

/** Paragraphs, headings and commands (`  $ latch …`) for so many columns. */
export function wrapHelp(text: string, columns: number): string {
  const width = helpWidth(columns)
  let out: readonly string[] = []
  let paragraph: string[] = []
  const flush = (): void => {
    if (paragraph.length > 0) out = [...out, ...wrap(paragraph.join(' '), width)]
    paragraph = []
  }
  for (const line of text.split('\n')) {
    const isOwn = line === '' || line.startsWith('  ') || line.endsWith(':')
    if (!isOwn) {
      paragraph.push(line)
      continue
    }
    flush()
    out = [...out, ...(line.startsWith('  $ ') ? wrapCommand(line, width) : [line])]
  }
  flush()
  return out.join('\n')
}

/** Breaks a command between its words; what stands in quotes is one word. */
function wrapCommand(command: string, width: number): string[] {
  const [first, ...words] = command.trim().match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? []
  const lines = [`  ${first}`]
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`
    // A backslash may follow.
    if (displayWidth(longer) <= width - 2 || lines.at(-1)!.trim() === '$') lines[lines.length - 1] = longer
    else lines.push(`      ${word}`)
  }
  // The last line needs none.
  const whole = lines.length > 1 && displayWidth(command) <= width ? [command] : lines
  return whole.map((line, i) => (i < whole.length - 1 ? `${line} \\` : line))
}
