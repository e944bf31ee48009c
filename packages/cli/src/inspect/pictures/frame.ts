/** The frame of every picture of a trace: head, one column per token, token names, notes below. */
import { UsageError } from 'latch'
import { fit, visible, displayWidth, wrap } from '../../terminal/glyphWidth.ts'
import { FAINT, INK, columnsWithin, element, escaped, fitted, text, textWidth, tooltip } from './svg.ts'
import { maximum } from 'latch/inspection'

/** A longer text would have columns narrower than two points. */
export const MAX_STEPS = 400
export const MARGIN = 28
/** Left of the columns, for panel names and axis labels. */
const GUTTER = 150
const LEAST_WIDTH = 780
const WIDEST_COLUMN = 140
const TITLE_SIZE = 17
const TOKEN_SIZE = 11
const LONGEST_TOKEN = 16
const TILT = 50

/** The label of a step. */
export interface LabelledStep {
  token: string
  known: boolean
}

/** The position of the columns. */
export interface Columns {
  /** Of the whole picture. */
  width: number
  /** Left edge of the first column. */
  left: number
  /** Of one column. */
  column: number
  /** Right edge of the last one. */
  right: number
}

/** The layout for a number of steps. @throws UsageError above `MAX_STEPS` */
export function columnsFor(steps: number): Columns {
  if (steps > MAX_STEPS) {
    throw new UsageError({
      where: 'picture',
      expected: `a text of at most ${MAX_STEPS} tokens`,
      got: `${steps} tokens`,
      remedy: 'Shorten the text, or use `--html`, which can zoom.',
    })
  }
  const available = Math.min(920, Math.max(600, steps * 18))
  const exact = Math.min(WIDEST_COLUMN, available / steps)
  const column = exact > 4 ? Math.floor(exact) : Math.floor(exact * 4) / 4
  const left = MARGIN + GUTTER
  const right = left + column * steps
  return { left, column, right, width: Math.max(LEAST_WIDTH, right + MARGIN + 12) }
}

/** Parts of a picture, and the top of the next one. */
export interface Placed {
  parts: string[]
  bottom: number
}

/** The text in bold (at most two lines), the prediction, and facts in grey. */
export function head(title: string, output: string, facts: readonly string[], width: number): Placed {
  const available = width - 2 * MARGIN
  const bold = { 'font-size': TITLE_SIZE, 'font-weight': 'bold' }
  const titles = titleLines(`“${visible(title)}”`, columnsWithin(available, TITLE_SIZE))
  const below = 40 + (titles.length - 1) * 22
  const lines = facts.flatMap((line) => wrap(visible(line), columnsWithin(available, 11)))
  const grey = { 'font-size': 11, fill: FAINT }
  const parts = [
    ...titles.map((line, i) => text(MARGIN, 40 + i * 22, line, bold)),
    text(MARGIN, below + 23, fitted(output, available, 13), { 'font-size': 13 }),
    ...lines.map((line, i) => text(MARGIN, below + 43 + i * 16, line, grey)),
  ]
  return { parts, bottom: below + 57 + (lines.length - 1) * 16 }
}

/** One or two lines, truncated with `…`. */
function titleLines(words: string, available: number): string[] {
  const [first, ...rest] = wrap(words, available)
  return rest.length === 0 ? [fit(first, available)] : [fit(first, available), fit(rest.join(' '), available)]
}

/** Names under the columns: horizontal if they fit, else rotated; every k-th if columns are narrow. */
export function tokenNames(steps: readonly LabelledStep[], { left, column }: Columns, top: number): Placed {
  const names = steps.map(({ token, known }) => fit(visible(token), LONGEST_TOKEN) + (known ? '' : ' ?'))
  const horizontal = names.every((name) => textWidth(name, TOKEN_SIZE) <= column - 6)
  const every = horizontal ? 1 : Math.ceil((TOKEN_SIZE + 2) / column)
  const parts = names.flatMap((name, t) => {
    if (t % every !== 0) return []
    const [x, y] = [left + (t + 0.5) * column, top + (horizontal ? 16 : 10)]
    const place = horizontal
      ? { 'text-anchor': 'middle' }
      : { 'text-anchor': 'end', transform: `rotate(${-TILT} ${round(x + 3)} ${round(y)})` }
    const at = { x: horizontal ? x : x + 3, y, 'font-size': TOKEN_SIZE, fill: steps[t].known ? INK : FAINT }
    const full = `step ${t}: ${steps[t].token}${steps[t].known ? '' : ' (not in the vocabulary)'}`
    return [element('text', { ...at, ...place }, tooltip(full), escaped(name))]
  })
  const longest = maximum(names.map((name) => textWidth(name, TOKEN_SIZE)))
  const height = horizontal ? 26 : 0.9 * longest * Math.sin((TILT / 180) * Math.PI) + 18
  return { parts: [element('g', { class: 'tokens' }, parts)], bottom: top + height }
}

/** Notes in grey, wrapped. */
export function notes(lines: readonly string[], width: number, top: number): Placed {
  const available = columnsWithin(width - 2 * MARGIN, 11)
  const wrapped = lines.flatMap((line) => wrap(visible(line), available))
  const parts = wrapped.map((line, i) =>
    text(MARGIN, top + 14 + i * 16, line, { 'font-size': 11, fill: FAINT }),
  )
  return { parts, bottom: top + wrapped.length * 16 + 8 }
}

/** The name of a panel and a line below it, left of the columns. */
export function panelName(name: string, below: string, top: number): string[] {
  const size = displayWidth(name) > 15 ? 11 : 12
  return [
    text(MARGIN, top + 13, name, { 'font-size': size, 'font-weight': 'bold' }),
    ...(below ? [text(MARGIN, top + 28, below, { 'font-size': 10, fill: FAINT })] : []),
  ]
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
