/** A trace as text for the terminal: one token per line with horizontal bars, or lines of tokens with vertical bars. */
import type { Trace } from 'latch'
import { logScale } from '../training/bars.ts'
import { fit, pad, visible, displayWidth, wrap } from '../terminal/glyphWidth.ts'
import { maximum } from 'latch/inspection'
import { brief, loss, percent, plural, outputNumber } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/escape.ts'
import { traceColumns } from './traceColumns.ts'
import { labelText, traceRows } from './traceRows.ts'
import type { Canvas } from './traceRows.ts'

export type TraceLayout = 'rows' | 'columns'

export interface PictureOptions {
  width: number
  colors: Colors
  layout: TraceLayout
}

/** Texts of more tokens than this are drawn in columns by default. */
export const MOST_ROWS = 60

export function drawTrace(trace: Trace, options: PictureOptions): string[] {
  const { colors } = options
  const gradients = trace.steps.flatMap(({ gradient }) => [gradient.hidden, gradient.cell ?? 0])
  const canvas: Canvas = { trace, colors, width: Math.max(40, options.width), scale: logScale(gradients) }
  const body = options.layout === 'rows' ? traceRows(canvas) : traceColumns(canvas)
  return [...headline(canvas), '', ...body, '', ...legend(canvas, options.layout)]
}

function headline({ trace, colors, width }: Canvas): string[] {
  const text = fit(visible(trace.text), width - 4)
  const { first, others, rest } = trace.numbers
    ? describeNumbers(trace, colors)
    : describeClasses(trace, colors)
  const top = trace.layers.findLast((layer) => layer.direction === 'forward') ?? trace.layers.at(-1)!
  const unknown = (trace.inputs ?? trace.steps).filter((step) => !step.known).length
  const facts = [
    `${trace.cell}, ${plural(top.units, 'unit')}`,
    plural((trace.inputs ?? trace.steps).length, 'token'),
    ...(trace.inputs ? [plural(trace.steps.length, 'step')] : []),
    ...(unknown > 0 ? [`${unknown} not in the vocabulary`] : []),
  ]
  const target = trace.numbers
    ? `; gradients of output ${visible(trace.target)}`
    : trace.target === trace.label
      ? ''
      : `; gradients of the loss of ${visible(trace.target)}, ${loss(trace.loss)}`
  return [
    `${colors.bold(`“${text}”`)}`,
    `→ ${first}${colors.dim(`   ${others.join(', ')}${rest}`)}`,
    ...[facts.join(' · ') + target, ...describeCounts(trace)].flatMap((line) =>
      wrap(line, width).map((part) => colors.dim(part)),
    ),
  ]
}

/** Words that are named. */
const NAMED = 3

/** What counting words adds to the label, and which words most. */
function describeCounts({ counts, label, steps }: Trace): string[] {
  if (!counts) return []
  const { network, shares } = counts
  const of = (t: number): number => (shares[t] as Record<string, number>)[label]
  const words = steps
    .map(({ token }, t) => ({ token, share: of(t + 1) - of(t) }))
    .sort((a, b) => Math.abs(b.share) - Math.abs(a.share))
    .slice(0, NAMED)
    .map(({ token, share }) => `${labelText(token)} ${signed(share)}`)
  const probability = (network.probabilities as Record<string, number>)[network.label]
  return [
    `the network alone: ${labelText(network.label)} ${percent(probability)}; counts of words add ${signed(of(steps.length))} to the logit of ${labelText(label)} (most: ${words.join(', ')})`,
  ]
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`

function describeClasses({ label, probabilities }: Trace, colors: Colors) {
  const classes = Object.entries<number>(probabilities).sort(([, a], [, b]) => b - a)
  const others = classes
    .slice(1, 4)
    .map(([name, probability]) => `${labelText(name)} ${percent(probability)}`)
  const first = `${colors.bold(colors.green(labelText(label)))} ${percent((probabilities as Record<string, number>)[label])}`
  return { first, others, rest: classes.length > 4 ? ', …' : '' }
}

function describeNumbers({ probabilities }: Trace, colors: Colors) {
  const numbers = Object.values<number>(probabilities).map(outputNumber)
  return {
    first: colors.bold(colors.green(numbers[0])),
    others: numbers.slice(1, 8),
    rest: numbers.length > 8 ? ', …' : '',
  }
}

/** The meaning of each column, with its convention. */
function legend(canvas: Canvas, layout: TraceLayout): string[] {
  const { width, colors } = canvas
  const items = layout === 'rows' ? meanings(canvas, '‖∂L/∂h‖') : meanings(canvas, '∂h')
  if (layout === 'columns') items.push(['more', 'use --layout rows to see numbers, one token per line'])
  const indent = maximum(items.map(([name]) => displayWidth(name))) + 2
  return items.flatMap(([name, meaning]) =>
    wrap(meaning, width - indent).map((line, i) => colors.dim(pad(i === 0 ? name : '', indent) + line)),
  )
}

function meanings({ trace, scale }: Canvas, gradient: string): [name: string, meaning: string][] {
  const gated = trace.steps.some((step) => step.keeps !== null)
  const cells = trace.steps.some((step) => step.gradient.cell !== null)
  const rule = trace.convention.replace(/^keeps = /, '')
  const source = trace.numbers ? `output ${visible(trace.target)}` : `the loss of “${visible(trace.target)}”`
  const norms = `norm of the gradient of ${source} with respect to the hidden state h${cells ? ' or the cell state c' : ''} of this step`
  const bars = `logarithmic bars from ${brief(scale.least)} or less (empty) to ${brief(scale.most)} (full)`
  const items: [string, string][] = [
    ['keeps', gated ? `fraction of the memory that this step keeps (${rule})` : rule],
    [
      'output',
      trace.whole
        ? 'the prediction for the whole text: the network does not read its beginnings'
        : `the prediction if the text ended after this ${trace.inputs ? 'step' : 'token'}`,
    ],
    [gradient, `${norms}; ${bars}`],
  ]
  if (trace.steps.some((step) => !step.known)) {
    items.push(['?', 'not in the vocabulary; read as the unknown token'])
  }
  if (trace.inputs) items.push(['token', 'the tokens that a step of the top layer is computed from'])
  if (trace.layers.length > 1) {
    items.push([
      'layer',
      'the top layer in forward direction is shown; --json prints every layer and direction',
    ])
  }
  return items
}
