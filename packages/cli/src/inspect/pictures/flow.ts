/** Gradient flow as a chart: norms of ∂L/∂h and ∂L/∂c of the top layer by step, on a logarithmic axis. */
import type { FlowStep, GradientFlow } from 'latch/inspection'
import type { Trace } from 'latch'
import { visible, wrap } from '../../terminal/glyphWidth.ts'
import { maximum, minimum } from 'latch/inspection'
import { brief, loss, plural } from '../../terminal/numbers.ts'
import { LINE_COLOURS } from './colours.ts'
import { MARGIN, columnsFor, head, notes, tokenNames } from './frame.ts'
import type { Columns } from './frame.ts'
import { describeOutput } from './gates.ts'
import { FAINT, RIM, RULE, columnsWithin, element, picture, text, tooltip } from './svg.ts'

const HEIGHT = 260
const HIDDEN = '‖∂L/∂h‖'
const CELL = '‖∂L/∂c‖'
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'
/** With more decades than this only every k-th is labelled; with few, 3 · 10ᵏ is labelled too. */
const NAMED_DECADES = 9
const FEW_DECADES = 3
const THREE = Math.log10(3)

interface Line {
  name: string
  read: (step: FlowStep) => number
  colour: string
  dashed: boolean
}

/** Logarithms from below the smallest norm to above the largest, each of 10ᵏ or 3 · 10ᵏ. */
interface Span {
  least: number
  most: number
}

/** Draws a gradient flow as an SVG document. @throws UsageError for a text of more than 400 tokens */
export function flowPicture(trace: Trace, flow: GradientFlow): string {
  const layer = flow.layers.findLast(({ direction }) => direction === 'forward') ?? flow.layers.at(-1)!
  const columns = columnsFor(layer.steps.length)
  const lines = buildLines(layer.steps)
  const facts = [
    `${layer.cell.toUpperCase()}, ${plural(layer.units, 'unit')}`,
    trace.source ? 'decoder' : flow.layers.length > 1 ? 'top layer, forward' : '',
    plural(layer.steps.length, trace.inputs ? 'step' : 'token'),
    trace.numbers
      ? `gradient of output ${trace.target}`
      : `gradient of the loss of ${trace.target}, ${loss(flow.loss)}`,
  ]
  const top = head(trace.text, describeOutput(trace), [facts.filter(Boolean).join(' · ')], columns.width)
  const verdict = verdictLines(flow.verdict.words, columns.width, top.bottom + 14)
  const chartTop = verdict.bottom + 34
  const chart = drawChart(layer.steps, lines, columns, chartTop)
  const tokens = tokenNames(trace.steps, columns, chartTop + HEIGHT + 2)
  const words = notes(
    noteLines(layer.steps, lines, trace.inputs ? 'step' : 'token'),
    columns.width,
    tokens.bottom + 6,
  )
  const title = `Gradient flow of “${trace.text}”`
  return picture(
    columns.width,
    words.bottom + 12,
    { title, about: flow.verdict.words },
    top.parts,
    verdict.parts,
    drawLegend(lines, columns.left, chartTop - 16),
    chart,
    tokens.parts,
    words.parts,
  )
}

function buildLines(steps: readonly FlowStep[]): Line[] {
  const hidden = { name: HIDDEN, read: (step: FlowStep) => step.hidden, colour: LINE_COLOURS[0] }
  const cell = { name: CELL, read: (step: FlowStep) => step.cell ?? 0, colour: LINE_COLOURS[1] }
  return [
    { ...hidden, dashed: false },
    ...(steps.some((step) => step.cell !== null) ? [{ ...cell, dashed: true }] : []),
  ]
}

function verdictLines(words: string, width: number, top: number): { parts: string[]; bottom: number } {
  const sentence = `${words[0].toUpperCase()}${words.slice(1)}`
  const lines = wrap(visible(sentence), columnsWithin(width - 2 * MARGIN, 13))
  const bold = { 'font-size': 13, 'font-weight': 'bold' }
  return {
    parts: lines.map((line, i) => text(MARGIN, top + i * 18, line, bold)),
    bottom: top + (lines.length - 1) * 18,
  }
}

/** The legend of the lines, above the chart. */
function drawLegend(lines: readonly Line[], left: number, y: number): string[] {
  return lines.flatMap((line, i) => {
    const x = left + i * 130
    const stroke = {
      stroke: line.colour,
      'stroke-width': 2,
      'stroke-dasharray': line.dashed ? '5 3' : undefined,
    }
    return [
      element('line', { x1: x, x2: x + 30, y1: y, y2: y, ...stroke }),
      marker(line, x + 15, y, 3.25, []),
      text(x + 38, y + 4, line.name, { 'font-size': 12 }),
    ]
  })
}

function drawChart(
  steps: readonly FlowStep[],
  lines: readonly Line[],
  columns: Columns,
  top: number,
): string[] {
  const drawn = steps.flatMap((step) => lines.map(({ read }) => read(step))).filter(isDrawn)
  const span = computeSpan(drawn)
  const size = span.most - span.least
  const y = (value: number): number => top + (HEIGHT * (span.most - Math.log10(value))) / size
  return [
    ...axis(span, columns, top),
    ...(columns.column >= 44 ? numbersAt(steps, lines, columns, y) : []),
    ...lines.flatMap((line) => drawLine(steps, line, columns, y)),
  ]
}

function isDrawn(value: number): boolean {
  return value > 0 && Number.isFinite(value)
}

function computeSpan(values: readonly number[]): Span {
  if (values.length === 0) return { least: -1, most: 0 }
  const logs = values.map((value) => Math.log10(value))
  const [low, high] = [minimum(logs) - 0.1, maximum(logs) + 0.1]
  const [below, above] = [Math.floor(low), Math.floor(high)]
  const least = low < below + THREE ? below : below + THREE
  const most = high <= above + THREE ? above + THREE : above + 1
  return most - least > 0.9 ? { least, most } : { least, most: most + 1 }
}

function axis({ least, most }: Span, { left, right }: Columns, top: number): string[] {
  const every = Math.ceil((most - least) / NAMED_DECADES)
  const small = { 'font-size': 11, fill: FAINT, 'text-anchor': 'end' }
  const inside = (place: number): boolean => place >= least - 1e-9 && place <= most + 1e-9
  const decades = Array.from({ length: Math.ceil(most - least) + 2 }, (_, i) => Math.floor(least) + i)
  const rules = decades.flatMap((decade) => {
    const tens = decade % every === 0 ? [{ place: decade, name: powerOfTen(decade) }] : []
    const threes = [{ place: decade + THREE, name: formatThree(decade) }]
    return most - least <= FEW_DECADES ? [...tens, ...threes] : tens
  })
  return [
    text(MARGIN, top + 13, 'norm', { 'font-size': 12, 'font-weight': 'bold' }),
    text(MARGIN, top + 28, 'logarithmic', { 'font-size': 10, fill: FAINT }),
    ...rules
      .filter(({ place }) => inside(place))
      .flatMap(({ place, name }) => {
        const y = top + (HEIGHT * (most - place)) / (most - least)
        const rule = element('line', { x1: left, x2: right, y1: y, y2: y, stroke: RULE })
        return [rule, text(left - 8, y + 4, name, small)]
      }),
  ]
}

function formatThree(decade: number): string {
  return decade >= -3 && decade <= 2 ? String(Number(`3e${decade}`)) : `3·${powerOfTen(decade)}`
}

function powerOfTen(decade: number): string {
  if (decade >= -3 && decade <= 2) return String(Number(`1e${decade}`))
  const digits = Array.from(String(Math.abs(decade)), (digit) => SUPERSCRIPTS[Number(digit)]).join('')
  return `10${decade < 0 ? '⁻' : ''}${digits}`
}

/** Interrupted where a norm is 0 or not finite: it has no logarithm. */
function drawLine(
  steps: readonly FlowStep[],
  line: Line,
  columns: Columns,
  y: (value: number) => number,
): string[] {
  const { left, column } = columns
  let drawing = false
  let path = ''
  const markers = steps.flatMap((step, t) => {
    const value = line.read(step)
    if (!isDrawn(value)) {
      drawing = false
      return []
    }
    const [px, py] = [left + (t + 0.5) * column, y(value)]
    path += `${drawing ? 'L' : 'M'}${Math.round(px * 100) / 100} ${Math.round(py * 100) / 100}`
    drawing = true
    const title = tooltip(`${line.name}, step ${t}: ${value.toPrecision(4)}`)
    return [marker(line, px, py, column >= 9 ? 3.25 : 1.25, [title])]
  })
  const dash = line.dashed ? '5 3' : undefined
  const stroke = { stroke: line.colour, 'stroke-width': 1.75, 'stroke-dasharray': dash }
  const joined = path && element('path', { d: path, fill: 'none', 'stroke-linejoin': 'round', ...stroke })
  return [element('g', { 'data-line': line.name }, joined, markers)]
}

/** A disc, or for the dashed line a square. */
function marker({ dashed, colour }: Line, x: number, y: number, size: number, inside: string[]): string {
  const ink = { fill: colour, stroke: '#ffffff', 'stroke-width': size > 2 ? 1 : 0 }
  if (!dashed) return element('circle', { cx: x, cy: y, r: size, ...ink }, inside)
  return element('rect', { x: x - size, y: y - size, width: 2 * size, height: 2 * size, ...ink }, inside)
}

/** At each step the label of the larger norm is above its point, that of the smaller one below. */
function numbersAt(
  steps: readonly FlowStep[],
  lines: readonly Line[],
  { left, column }: Columns,
  y: (value: number) => number,
): string[] {
  return steps.flatMap((step, t) => {
    const values = lines.map(({ read, colour }) => ({ value: read(step), colour }))
    const most = maximum(values.map(({ value }) => value))
    return values
      .filter(({ value }) => isDrawn(value))
      .map(({ value, colour }) => {
        const place = { 'font-size': 10, 'text-anchor': 'middle', fill: colour, ...RIM }
        return text(left + (t + 0.5) * column, y(value) + (value === most ? -8 : 16), brief(value), place)
      })
  })
}

function noteLines(steps: readonly FlowStep[], lines: readonly Line[], what: string): string[] {
  const names = lines.map(({ name }) => name).join(' and ')
  const states = lines.length > 1 ? 'hidden state h and cell state c' : 'hidden state h'
  const zeros = steps.filter((step) => lines.some(({ read }) => !isDrawn(read(step)))).length
  const note = `${names}: norm of the gradient with respect to the ${states} after each ${what}. The gradient flows back through time from the last ${what} (right) to the first (left).`
  if (zeros === 0) return [note]
  return [
    note,
    `${plural(zeros, 'step')} with a norm of 0, or one that is not finite, omitted from the logarithmic axis.`,
  ]
}
