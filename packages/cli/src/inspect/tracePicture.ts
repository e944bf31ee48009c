/**
 * A trace as a picture for the terminal. Short texts: one token a line, a bar for everything. Long ones:
 * the text itself in lines, with what happens at each token standing under it.
 */
import type { Trace } from 'latch'
import { logScale } from '../training/bars.ts'
import { fit, pad, visible, widthOf, wrap } from '../terminal/glyphWidth.ts'
import { brief, largest, loss, percent, plural, outputNumber } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/output.ts'
import { traceColumns } from './traceColumns.ts'
import { labelText, traceRows } from './traceRows.ts'
import type { Canvas } from './traceRows.ts'

export type TraceLayout = 'rows' | 'columns'

export interface PictureOptions {
  width: number
  colors: Colors
  layout: TraceLayout
}

/** A text of more tokens than this is drawn in columns unless asked otherwise. */
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
  const { said, others, rest } = trace.numbers ? numbersSaid(trace, colors) : classesSaid(trace, colors)
  const top = trace.layers.findLast((layer) => layer.direction === 'forward') ?? trace.layers.at(-1)!
  const unknown = trace.steps.filter((step) => !step.known).length
  const facts = [
    `${trace.cell}, ${plural(top.units, 'unit')}`,
    plural(trace.steps.length, 'token'),
    ...(unknown > 0 ? [`${unknown} not in the vocabulary`] : []),
  ]
  const asked = trace.numbers
    ? `; gradients are of output ${visible(trace.target)}`
    : trace.target === trace.label
      ? ''
      : `; gradients are of the loss of ${visible(trace.target)}, ${loss(trace.loss)}`
  return [
    `${colors.bold(`“${text}”`)}`,
    `→ ${said}${colors.dim(`   ${others.join(', ')}${rest}`)}`,
    ...wrap(facts.join(' · ') + asked, width).map((line) => colors.dim(line)),
  ]
}

function classesSaid({ label, probabilities }: Trace, colors: Colors) {
  const answers = Object.entries<number>(probabilities).sort(([, a], [, b]) => b - a)
  const others = answers.slice(1, 4).map(([name, share]) => `${labelText(name)} ${percent(share)}`)
  const said = `${colors.bold(colors.green(labelText(label)))} ${percent((probabilities as Record<string, number>)[label])}`
  return { said, others, rest: answers.length > 4 ? ', …' : '' }
}

function numbersSaid({ probabilities }: Trace, colors: Colors) {
  const numbers = Object.values<number>(probabilities).map(outputNumber)
  return {
    said: colors.bold(colors.green(numbers[0])),
    others: numbers.slice(1, 8),
    rest: numbers.length > 8 ? ', …' : '',
  }
}

/** What each part means, and in which convention. */
function legend(canvas: Canvas, layout: TraceLayout): string[] {
  const { width, colors } = canvas
  const items = layout === 'rows' ? meanings(canvas, '‖∂L/∂h‖') : meanings(canvas, '∂h')
  if (layout === 'columns') items.push(['more', '--layout rows shows the numbers, one token a line'])
  const indent = largest(items.map(([name]) => widthOf(name))) + 2
  return items.flatMap(([name, meaning]) =>
    wrap(meaning, width - indent).map((line, i) => colors.dim(pad(i === 0 ? name : '', indent) + line)),
  )
}

function meanings({ trace, scale }: Canvas, gradient: string): [name: string, meaning: string][] {
  const gated = trace.steps.some((step) => step.keeps !== null)
  const cells = trace.steps.some((step) => step.gradient.cell !== null)
  const rule = trace.convention.replace(/^keeps = /, '')
  const source = trace.numbers ? `output ${visible(trace.target)}` : `the loss of “${visible(trace.target)}”`
  const norms = `how strongly ${source} pulls at the memory of this step: norm of its gradient by the hidden state h${cells ? ', by the cell state c' : ''}`
  const bars = `bars are logarithmic: full is ${brief(scale.most)}, empty ${brief(scale.least)} or less`
  const items: [string, string][] = [
    ['keeps', gated ? `share of its memory that this step keeps (${rule})` : rule],
    ['says', 'what the model would answer if the text ended after this token'],
    [gradient, `${norms}; ${bars}`],
  ]
  if (trace.steps.some((step) => !step.known)) {
    items.push(['?', 'not in the vocabulary: the model reads it as the unknown token'])
  }
  if (trace.layers.length > 1) {
    items.push(['layer', 'this is the top layer, read forwards; --json has every layer and direction'])
  }
  return items
}
