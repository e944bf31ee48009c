/**
 * A trace as a picture for the terminal. Short texts: one token a line, a bar for everything. Long ones:
 * the text itself in lines, with what happens at each token standing under it.
 */
import type { Trace } from '../src/inspection/traceTypes.ts'
import { logScale } from './bars.ts'
import { fit, visible, widthOf, wrap } from './glyphWidth.ts'
import { loss, percent, plural } from './numbers.ts'
import type { Colors } from './output.ts'
import { traceColumns } from './traceColumns.ts'
import { traceRows } from './traceRows.ts'
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
  const answers = Object.entries(trace.probabilities).sort(([, a], [, b]) => b - a)
  const others = answers.slice(1, 4).map(([label, share]) => `${visible(label)} ${percent(share)}`)
  const rest = answers.length > 4 ? ', …' : ''
  const said = `${colors.bold(colors.green(visible(trace.label)))} ${percent(trace.probabilities[trace.label])}`
  const [top] = trace.levels.filter((level) => level.direction === 'forward').slice(-1)
  const unknown = trace.steps.filter((step) => !step.known).length
  const facts = [
    `${trace.cell}, ${plural(top.units, 'unit')}`,
    plural(trace.steps.length, 'token'),
    ...(unknown > 0 ? [`${unknown} not in the vocabulary`] : []),
  ]
  const asked =
    trace.target === trace.label
      ? ''
      : `; gradients are of the loss of ${visible(trace.target)}, ${loss(trace.loss)}`
  return [
    `${colors.bold(`“${text}”`)}`,
    `→ ${said}${colors.dim(`   ${others.join(', ')}${rest}`)}`,
    ...wrap(facts.join(' · ') + asked, width).map((line) => colors.dim(line)),
  ]
}

/** What each part means, and in which convention. */
function legend(canvas: Canvas, layout: TraceLayout): string[] {
  const { trace, width, colors, scale } = canvas
  const target = `“${visible(trace.target)}”`
  const deep = trace.levels.length > 1
  const items: [string, string][] = []
  if (trace.steps.some((step) => step.keeps !== null)) {
    items.push([
      'keeps',
      `share of its memory that this step keeps: ${trace.convention.replace(/^keeps = /, '')}`,
    ])
  } else items.push(['keeps', trace.convention])
  items.push(['says', 'what the model would answer if the text ended after this token'])
  const both = trace.steps.some((step) => step.gradient.cell !== null)
  items.push([
    both ? '∂h, ∂c' : '∂h',
    `‖∂L/∂h_t‖${both ? ' and ‖∂L/∂c_t‖' : ''}: how strongly the loss of ${target} pulls at this step's memory. ` +
      `Logarithmic: full is ${scale.most.toExponential(1)}, empty ${scale.least.toExponential(1)} or less`,
  ])
  if (trace.steps.some((step) => !step.known)) {
    items.push(['?', 'not in the vocabulary: the model reads it as the unknown token'])
  }
  if (deep)
    items.push(['level', 'shown is the top level, read forwards; --json has every level and direction'])
  if (layout === 'columns') items.push(['rows', '--layout rows shows every number, one token a line'])
  const indent = Math.max(...items.map(([name]) => widthOf(name))) + 2
  return items.flatMap(([name, meaning]) =>
    wrap(meaning, width - indent).map((line, i) =>
      colors.dim(`${i === 0 ? name + ' '.repeat(indent - widthOf(name)) : ' '.repeat(indent)}${line}`),
    ),
  )
}
