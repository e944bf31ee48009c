/** The trace with one token a line: number, token, share kept, answer so far, gradient norms. */
import type { Trace, TraceStep } from 'latch'
import { bar } from '../training/bars.ts'
import type { LogScale } from '../training/bars.ts'
import { fit, pad, visible, widthOf } from '../terminal/glyphWidth.ts'
import { brief, outputNumber } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/output.ts'

/** What both layouts draw from. */
export interface Canvas {
  trace: Trace
  colors: Colors
  width: number
  scale: LogScale
}

/** One column of the picture: its heading, its width, what stands there at a step. */
interface PictureColumn {
  title: string
  width: number
  cell(step: TraceStep, number: number): string
}

const GAP = 2
/** Heading lines come again after this many tokens. */
const REPEAT = 40

export function traceRows(canvas: Canvas): string[] {
  const { trace, colors } = canvas
  const columns = layOut(canvas)
  const gap = ' '.repeat(GAP)
  const head = colors.dim(
    columns
      .map(({ title, width }) => pad(title, width))
      .join(gap)
      .trimEnd(),
  )
  const lines = trace.steps.map((step, i) =>
    columns
      .map((column) => pad(column.cell(step, i + 1), column.width))
      .join(gap)
      .trimEnd(),
  )
  return lines.flatMap((line, i) => (i % REPEAT === 0 ? (i === 0 ? [head, line] : ['', head, line]) : [line]))
}

/** Shares out the width: numbers and names take what they need, the bars what is left. */
function layOut(canvas: Canvas): PictureColumn[] {
  const { trace, width } = canvas
  const steps = trace.steps
  const digits = String(steps.length).length
  const token = between(5, longest(steps.map((step) => tokenText(step))), Math.max(8, Math.floor(width / 6)))
  const label = between(
    4,
    longest(steps.map((step) => labelText(step.output.label))),
    Math.max(6, Math.floor(width / 8)),
  )
  const hasKeeps = steps.some((step) => step.keeps !== null)
  const hasCell = steps.some((step) => step.gradient.cell !== null)
  const bars = 2 + Number(hasKeeps) + Number(hasCell)
  const fixed = digits + token + label + 6 + 8 + (hasKeeps ? 5 : 0) + (hasCell ? 8 : 0) + GAP * (bars + 1)
  const size = between(3, Math.floor((width - fixed) / bars), 16)
  const columns = [numberColumn(digits, canvas), tokenColumn(token, canvas)]
  if (hasKeeps) columns.push(keepsColumn(size, canvas))
  columns.push(
    trace.numbers ? numberSaid(label + size + 6, canvas) : answerColumn(label, size, canvas),
    gradientColumn('‖∂L/∂h‖', size, canvas, (step) => step.gradient.hidden),
  )
  if (hasCell) columns.push(gradientColumn('‖∂L/∂c‖', size, canvas, (step) => step.gradient.cell ?? 0))
  return columns
}

function numberColumn(width: number, { colors }: Canvas): PictureColumn {
  return { title: '', width, cell: (_, number) => colors.dim(pad(String(number), width, 'end')) }
}

function tokenColumn(width: number, { colors }: Canvas): PictureColumn {
  const cell = (step: TraceStep): string => {
    const text = fit(tokenText(step), width)
    return step.known ? text : colors.yellow(text)
  }
  return { title: 'token', width, cell }
}

function keepsColumn(size: number, { colors }: Canvas): PictureColumn {
  const cell = ({ keeps }: TraceStep): string =>
    keeps === null ? '' : `${colors.cyan(bar(keeps, size))} ${pad(`${Math.round(keeps * 100)}%`, 4, 'end')}`
  return { title: 'keeps', width: size + 5, cell }
}

/** The number that gradients are of, at each step. */
function numberSaid(width: number, { trace, colors }: Canvas): PictureColumn {
  const cell = ({ output }: TraceStep): string =>
    colors.green(
      pad(outputNumber((output.probabilities as Record<string, number>)[trace.target]), width, 'end'),
    )
  return { title: 'says', width, cell }
}

function answerColumn(label: number, size: number, { trace, colors }: Canvas): PictureColumn {
  const cell = ({ output }: TraceStep): string => {
    const share = output.probabilities[output.label]
    const paint = output.label === trace.label ? colors.green : colors.red
    const text = `${pad(fit(labelText(output.label), label), label)} ${bar(share, size)}`
    return `${paint(text)} ${pad(`${Math.round(share * 100)}%`, 4, 'end')}`
  }
  return { title: 'says', width: label + size + 6, cell }
}

function gradientColumn(
  title: string,
  size: number,
  { colors, scale }: Canvas,
  of: (step: TraceStep) => number,
): PictureColumn {
  const cell = (step: TraceStep): string => {
    const value = of(step)
    return `${colors.magenta(bar(scale.share(value), size))} ${pad(brief(value), 7, 'end')}`
  }
  return { title, width: size + 8, cell }
}

/** A token as it is shown: spaces as signs, `?` where the vocabulary lacks it. */
export function tokenText(step: Pick<TraceStep, 'token' | 'known'>): string {
  return `${labelText(step.token)}${step.known ? '' : ' ?'}`
}

/** A label as it is shown: of a model that says its next token it may be a space. */
export function labelText(label: string): string {
  return visible(/^\s+$/.test(label) ? label.replaceAll(' ', '␣') : label)
}

function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, widthOf(text)), 0)
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(value, most))
}
