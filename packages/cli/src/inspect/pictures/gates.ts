/**
 * The heat map of a trace: every gate, the candidate and the states of the top layer at each token, unit by unit, below
 * a line with the fraction of the memory that each step keeps.
 */
import type { Trace, TraceStep } from 'latch'
import { loss, percent, plural, outputNumber } from '../../terminal/numbers.ts'
import { LINE_COLOURS, signedColour } from './colours.ts'
import { MARGIN, columnsFor, head, notes, panelName, tokenNames } from './frame.ts'
import type { Columns } from './frame.ts'
import { drawPanel, hasTooltips, rowsFor } from './heatmap.ts'
import type { Panel, Rows } from './heatmap.ts'
import { FAINT, RIM, RULE, element, picture, text, tooltip } from './svg.ts'

const GATE_LETTERS: Record<string, string> = { input: 'i', forget: 'f', output: 'o', update: 'z', reset: 'r' }
const CANDIDATE_LETTERS: Readonly<Record<string, string>> = { lstm: 'g', gru: 'n', rnn: 'h' }
const KEEPS_HEIGHT = 56
const GAP = 16

/** Draws a trace's gates as an SVG document. @throws UsageError for a text of more than 400 tokens */
export function gatesPicture(trace: Trace): string {
  const steps: readonly TraceStep[] = trace.steps
  const columns = columnsFor(steps.length)
  const panels = buildPanels(trace)
  const rows = rowsFor(steps[0].hidden.length, panels.length)
  const tooltips = hasTooltips(panels.length * steps.length * rows.count)
  const top = head(trace.text, describeOutput(trace), listFacts(trace), columns.width)
  const parts = [...top.parts]
  let y = top.bottom + 10
  if (steps[0].keeps !== null) {
    parts.push(keepsLine(steps, columns, y))
    y += KEEPS_HEIGHT + GAP + 6
  }
  for (const panel of panels) {
    const range = panel.signed ? `−${formatBound(panel.most)} … ${formatBound(panel.most)}` : '0 … 1'
    parts.push(panelName(panel.name, range, y).join('\n'), drawPanel(panel, rows, columns, y, tooltips))
    y += Math.max(rows.count * rows.height, 30) + GAP
  }
  const tokens = tokenNames(steps, columns, y - GAP + 2)
  const legend = coloursLegend(panels, tokens.bottom + 12)
  const words = notes(noteLines(trace, rows), columns.width, legend.bottom)
  const title = `Gates of “${trace.text}”`
  const about = { title, about: describeOutput(trace) }
  const below = [...tokens.parts, ...legend.parts, ...words.parts]
  return picture(columns.width, words.bottom + 12, about, parts, below)
}

/** The prediction, with probabilities. */
export function describeOutput(trace: Trace): string {
  if (trace.source) return `→ ${trace.target}`
  if (trace.numbers) {
    const numbers = Object.values<number>(trace.probabilities).map(outputNumber)
    return `→ ${numbers.slice(0, 8).join(', ')}${numbers.length > 8 ? ', …' : ''}`
  }
  const classes = Object.entries<number>(trace.probabilities).sort(([, a], [, b]) => b - a)
  const others = classes.slice(1, 4).map(([label, probability]) => `${label} ${percent(probability)}`)
  const rest = classes.length > 4 ? ', …' : ''
  return `→ ${trace.label} ${percent(classes[0][1])}   (${others.join(', ')}${rest})`
}

function listFacts(trace: Trace): string[] {
  const inputs = trace.inputs ?? trace.steps
  const unknown = inputs.filter(({ known }) => !known).length
  const facts = [
    `${trace.cell.toUpperCase()}, ${plural(trace.steps[0].hidden.length, 'unit')}`,
    trace.source ? 'decoder' : trace.layers.length > 1 ? 'top layer, forward' : '',
    plural(inputs.length, 'token'),
    trace.inputs ? plural(trace.steps.length, 'step') : '',
    unknown > 0 ? `${unknown} not in the vocabulary (?)` : '',
    trace.numbers ? '' : `loss of ${trace.target} ${loss(trace.loss)}`,
  ]
  return [facts.filter(Boolean).join(' · ')]
}

interface NamedPanel extends Panel {
  signed: boolean
}

/** Gates in the cell's order, candidate, cell state, hidden state; an RNN's candidate is its hidden state. */
function buildPanels(trace: Trace): NamedPanel[] {
  const steps: readonly TraceStep[] = trace.steps
  const by = (read: (step: TraceStep) => Float64Array): Float64Array[] => steps.map(read)
  const panels = Object.keys(steps[0].gates).map((gate): NamedPanel => {
    const name = `${gate} gate ${GATE_LETTERS[gate] ?? ''}`.trim()
    const values = by((step) => (step.gates as Record<string, Float64Array>)[gate])
    return { name, values, most: 1, signed: false }
  })
  const signed = (name: string, values: Float64Array[]): NamedPanel => ({
    name,
    values,
    most: bound(values),
    signed: true,
  })
  if (panels.length > 0) {
    panels.push(
      signed(
        `candidate ${CANDIDATE_LETTERS[trace.cell] ?? ''}`.trim(),
        by(({ candidate }) => candidate),
      ),
    )
  }
  if (steps[0].cell) {
    panels.push(
      signed(
        'cell state c',
        by(({ cell }) => cell!),
      ),
    )
  }
  return [
    ...panels,
    signed(
      'hidden state h',
      by(({ hidden }) => hidden),
    ),
  ]
}

/** 1, or for states outside −1..1 the next multiple of 0.5 above the largest. */
function bound(values: readonly Float64Array[]): number {
  let most = 1
  for (const vector of values) {
    for (const value of vector) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value))
  }
  return most === 1 ? 1 : Math.ceil(most * 2) / 2
}

function formatBound(most: number): string {
  return most > 1e4 ? most.toExponential(0) : String(most)
}

/** The fraction of the memory kept, with numbers where they fit. */
function keepsLine(steps: readonly TraceStep[], { left, column, right }: Columns, top: number): string {
  const y = (fraction: number): number => top + KEEPS_HEIGHT * (1 - fraction)
  const x = (t: number): number => left + (t + 0.5) * column
  const small = { 'font-size': 9, fill: FAINT }
  const rules = [0, 0.5, 1].flatMap((fraction) => [
    element('line', { x1: left, x2: right, y1: y(fraction), y2: y(fraction), stroke: RULE }),
    text(left - 6, y(fraction) + 3, `${fraction * 100}%`, { ...small, 'text-anchor': 'end' }),
  ])
  const fractions = steps.map(({ keeps }) => keeps ?? 0)
  const points = fractions.map((fraction, t) => `${x(t)},${Math.round(y(fraction) * 100) / 100}`).join(' ')
  const [blue] = LINE_COLOURS
  const line = { points, fill: 'none', stroke: blue, 'stroke-width': 1.75, 'stroke-linejoin': 'round' }
  const dots = fractions.map((fraction, t) =>
    element(
      'circle',
      { cx: x(t), cy: y(fraction), r: column >= 9 ? 2.75 : 1, fill: blue },
      tooltip(`keeps, step ${t}: ${fraction.toFixed(4)}`),
    ),
  )
  const middle = { 'font-size': 9.5, 'text-anchor': 'middle', ...RIM }
  // Above the point, unless it would leave the panel.
  const labels = fractions.map((fraction, t) =>
    text(x(t), y(fraction) + (fraction > 0.85 ? 14 : -7), percent(fraction, 0), middle),
  )
  return element(
    'g',
    { 'data-panel': 'keeps' },
    panelName('keeps', 'of the memory', top),
    rules,
    column >= 30 ? labels : [],
    element('polyline', line),
    dots,
  )
}

/** The legend of both colour scales. */
function coloursLegend(panels: readonly NamedPanel[], top: number): { parts: string[]; bottom: number } {
  const bars: [string, number, string[]][] = []
  if (panels.some(({ signed }) => !signed)) bars.push(['gates', 0, ['0: closed', '1: open']])
  const states = panels.some(({ name }) => name.startsWith('candidate')) ? 'candidate and states' : 'states'
  bars.push([states, -1, ['−', '0', '+']])
  const [width, height, pieces] = [150, 9, 50]
  const parts = bars.flatMap(([name, from, ends], i) => {
    const x = MARGIN + i * (width + 60)
    const strips = Array.from({ length: pieces }, (_, k) => {
      const value = from + ((1 - from) * k) / (pieces - 1)
      return element('rect', { x: x + k * 3, y: top + 8, width: 3, height, fill: signedColour(value) })
    })
    const frame = { x: x - 0.5, y: top + 7.5, width: width + 1, height: height + 1 }
    const small = { 'font-size': 10, fill: FAINT }
    const anchors = ends.map((words, k) => {
      const fraction = k / (ends.length - 1)
      const anchor = fraction === 0 ? 'start' : fraction === 1 ? 'end' : 'middle'
      return text(x + fraction * width, top + 30, words, { ...small, 'text-anchor': anchor })
    })
    return [
      text(x, top + 2, name, { 'font-size': 10 }),
      element('g', { 'shape-rendering': 'crispEdges' }, strips),
      element('rect', { ...frame, fill: 'none', stroke: RULE }),
      ...anchors,
    ]
  })
  return { parts, bottom: top + 44 }
}

function noteLines(trace: Trace, rows: Rows): string[] {
  const lines = [`${trace.convention[0].toUpperCase()}${trace.convention.slice(1)}.`]
  if (trace.inputs)
    lines.push('Each column is a step of the top layer, named by the tokens it is computed from.')
  if (rows.pooled > 1) lines.push(`Each row is the mean of ${rows.pooled} adjacent units.`)
  if (trace.steps.some(({ known }) => !known)) {
    lines.push('? marks tokens that are not in the vocabulary; the model reads them as the unknown token.')
  }
  return lines
}
