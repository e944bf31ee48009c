/** The trace as lines of text with standing bars under each token: for hundreds of tokens, or letters. */
import type { TraceStep } from 'latch'
import { spark } from '../training/bars.ts'
import { fit, pad, visible, widthOf } from '../terminal/glyphWidth.ts'
import type { Canvas } from './traceRows.ts'

/** One token's place in a line. */
interface Place {
  step: TraceStep
  /** Token's number, from 1. */
  number: number
  text: string
  width: number
}

/** Columns at the left, for the names of the lines. */
const MARGIN = 8
const MOST_TOKEN = 16
const SHORTEST_NAME = 4

export function traceColumns(canvas: Canvas): string[] {
  const letters = canvas.trace.steps.every(({ token }) => Array.from(token).length === 1)
  const lines = breakLines(canvas, letters)
  return lines.flatMap((line, i) => [...(i > 0 ? [''] : []), ...drawLine(line, canvas, letters ? 0 : 1)])
}

/** Tokens in order, as many to a line as fit; letters stand without gaps. */
function breakLines({ trace, width }: Canvas, letters: boolean): Place[][] {
  const gap = letters ? 0 : 1
  const lines: Place[][] = []
  let used = Infinity
  trace.steps.forEach((step, i) => {
    const shown = fit(step.token === ' ' ? (letters ? ' ' : '␣') : visible(step.token), MOST_TOKEN)
    const place = { step, number: i + 1, text: shown, width: Math.max(1, widthOf(shown)) }
    if (used + gap + place.width > width - MARGIN) {
      lines.push([])
      used = 0
    }
    used += place.width + (lines[lines.length - 1].length > 0 ? gap : 0)
    lines[lines.length - 1].push(place)
  })
  return lines
}

function drawLine(places: Place[], canvas: Canvas, gap: number): string[] {
  const { colors, scale, trace } = canvas
  const row = (title: string, cells: readonly string[]): string =>
    (colors.dim(pad(title, MARGIN)) + cells.join(' '.repeat(gap))).trimEnd()
  const standing = (paint: (text: string) => string, share: (step: TraceStep) => number): string[] =>
    places.map((place) => paint(spark(share(place.step)).repeat(place.width)))
  const texts = places.map(({ text, width, step }) => {
    const filled = pad(text, width)
    return step.known ? filled : colors.underline(colors.yellow(filled))
  })
  const lines = [row(String(places[0].number), texts)]
  if (places.some(({ step }) => !step.known)) {
    const marks = places.map(({ step, width }) =>
      step.known ? ' '.repeat(width) : colors.yellow(pad('?', width)),
    )
    lines.push(row('', marks))
  }
  if (trace.steps.some((step) => step.keeps !== null)) {
    lines.push(
      row(
        'keeps',
        standing(colors.cyan, (step) => step.keeps ?? 0),
      ),
    )
  }
  lines.push(
    row(
      '∂h',
      standing(colors.magenta, ({ gradient }) => scale.share(gradient.hidden)),
    ),
  )
  if (trace.steps.some((step) => step.gradient.cell !== null)) {
    lines.push(
      row(
        '∂c',
        standing(colors.magenta, ({ gradient }) => scale.share(gradient.cell ?? 0)),
      ),
    )
  }
  return [...lines, ...answers(places, canvas, gap)]
}

/** The probability of the answer so far, and under it the answer's name wherever it changes. */
function answers(places: Place[], canvas: Canvas, gap: number): string[] {
  // Numbers have no share of a bar.
  if (canvas.trace.numbers) return []
  const sparks = places.map(({ step, width }) => {
    const { label, probabilities } = step.output
    return painterOf(label, canvas)(spark(probabilities[label]).repeat(width))
  })
  const says = canvas.colors.dim(pad('says', MARGIN)) + sparks.join(' '.repeat(gap))
  return [says.trimEnd(), `${' '.repeat(MARGIN)}${names(places, canvas, gap)}`.trimEnd()]
}

/** A name takes the columns until the next change; where that is too few to read, none. */
function names(places: readonly Place[], canvas: Canvas, gap: number): string {
  let line = ''
  let start = 0
  places.forEach(({ step, width }, i) => {
    const { label } = step.output
    if (i === 0 || places[i - 1].step.output.label !== label) {
      const next = places.findIndex((place, at) => at > i && place.step.output.label !== label)
      const run = places.slice(i, next < 0 ? undefined : next)
      const left =
        next < 0 ? canvas.width - MARGIN - start : run.reduce((sum, place) => sum + place.width + gap, -1)
      const text = visible(label)
      const name = left >= Math.min(widthOf(text), SHORTEST_NAME) ? fit(text, left) : ''
      line = pad(line, start) + painterOf(label, canvas)(name)
    }
    start += width + gap
  })
  return line
}

/** Green for the final answer, red for another. */
function painterOf(label: string, { colors, trace }: Canvas): (text: string) => string {
  return label === trace.label ? colors.green : colors.red
}
