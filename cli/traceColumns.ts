/** The trace as lines of text with standing bars under each token: for hundreds of tokens, or letters. */
import type { TraceStep } from '../src/inspection/traceTypes.ts'
import { spark } from './bars.ts'
import { fit, pad, visible, widthOf } from './glyphWidth.ts'
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

/** The probability of the answer so far, and its name wherever it changes and there is room. */
function answers(places: Place[], { colors, trace }: Canvas, gap: number): string[] {
  const paint = (step: TraceStep) => (step.output.label === trace.label ? colors.green : colors.red)
  const sparks = places.map(({ step, width }) =>
    paint(step)(spark(step.output.probabilities[step.output.label]).repeat(width)),
  )
  let names = ''
  places.forEach(({ step, width }, i) => {
    const changed = i === 0 || places[i - 1].step.output.label !== step.output.label
    const start = places.slice(0, i).reduce((sum, place) => sum + place.width + gap, 0)
    if (!changed || widthOf(names) > start) return
    let until = i
    while (until + 1 < places.length && places[until + 1].step.output.label === step.output.label) until++
    const last = until === places.length - 1
    const room = places.slice(i, until + 1).reduce((sum, place) => sum + place.width + gap, -1)
    const name = fit(visible(step.output.label), Math.max(last ? 8 : 1, room))
    names = pad(names, start) + (widthOf(name) > 0 ? paint(step)(name) : '')
    void width
  })
  return [
    (colors.dim(pad('says', MARGIN)) + sparks.join(' '.repeat(gap))).trimEnd(),
    `${' '.repeat(MARGIN)}${names}`.trimEnd(),
  ]
}
