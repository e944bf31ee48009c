/** The trace as lines of tokens with vertical bars below: for hundreds of tokens, or characters. */
import type { TraceStep } from 'latch'
import { spark } from '../training/bars.ts'
import { fit, pad, visible, displayWidth } from '../terminal/glyphWidth.ts'
import type { Canvas } from './traceRows.ts'

/** One step in a line. */
interface Place {
  step: TraceStep
  /** Index of the step, from 0. */
  index: number
  text: string
  width: number
}

/** Columns on the left, for the names of the lines. */
const MARGIN = 9
const MAX_TOKEN_WIDTH = 16
const MIN_NAME_WIDTH = 4

export function traceColumns(canvas: Canvas): string[] {
  const characters = canvas.trace.steps.every(({ token }) => Array.from(token).length === 1)
  const lines = breakLines(canvas, characters)
  return lines.flatMap((line, i) => [...(i > 0 ? [''] : []), ...drawLine(line, canvas, characters ? 0 : 1)])
}

/** As many tokens per line as fit; characters are set without gaps. */
function breakLines({ trace, width }: Canvas, characters: boolean): Place[][] {
  const gap = characters ? 0 : 1
  const lines: Place[][] = []
  let used = Infinity
  trace.steps.forEach((step, i) => {
    const shown = fit(step.token === ' ' ? (characters ? ' ' : '␣') : visible(step.token), MAX_TOKEN_WIDTH)
    const place = { step, index: i, text: shown, width: Math.max(1, displayWidth(shown)) }
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
  const bars = (paint: (text: string) => string, fraction: (step: TraceStep) => number): string[] =>
    places.map((place) => paint(spark(fraction(place.step)).repeat(place.width)))
  const texts = places.map(({ text, width, step }) => {
    const filled = pad(text, width)
    return step.known ? filled : colors.underline(colors.yellow(filled))
  })
  const lines = [row(`step ${places[0].index}`, texts)]
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
        bars(colors.cyan, (step) => step.keeps ?? 0),
      ),
    )
  }
  lines.push(
    row(
      '∂h',
      bars(colors.magenta, ({ gradient }) => scale.fraction(gradient.hidden)),
    ),
  )
  if (trace.steps.some((step) => step.gradient.cell !== null)) {
    lines.push(
      row(
        '∂c',
        bars(colors.magenta, ({ gradient }) => scale.fraction(gradient.cell ?? 0)),
      ),
    )
  }
  return [...lines, ...outputs(places, canvas, gap)]
}

/** The probability of the predicted label at each step, and its name wherever it changes. */
function outputs(places: Place[], canvas: Canvas, gap: number): string[] {
  // Numbers have no bars.
  if (canvas.trace.numbers) return []
  const sparks = places.map(({ step, width }) => {
    const { label, probabilities } = step.output
    return choosePainter(label, canvas)(spark(probabilities[label]).repeat(width))
  })
  const line = canvas.colors.dim(pad('output', MARGIN)) + sparks.join(' '.repeat(gap))
  return [line.trimEnd(), `${' '.repeat(MARGIN)}${names(places, canvas, gap)}`.trimEnd()]
}

/** A name takes the columns until the next change; it is omitted if they are too few. */
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
      const name = left >= Math.min(displayWidth(text), MIN_NAME_WIDTH) ? fit(text, left) : ''
      line = pad(line, start) + choosePainter(label, canvas)(name)
    }
    start += width + gap
  })
  return line
}

/** Green for the final prediction, red for others. */
function choosePainter(label: string, { colors, trace }: Canvas): (text: string) => string {
  return label === trace.label ? colors.green : colors.red
}
