/** The trace with one token per line: step, token, memory kept, prediction so far, gradient norms. */
import type { Trace, TraceStep } from 'latch'
import { bar } from '../training/bars.ts'
import type { LogScale } from '../training/bars.ts'
import { fit, pad, visible, displayWidth } from '../terminal/glyphWidth.ts'
import { brief, clamp, outputNumber } from '../terminal/numbers.ts'
import type { Colors } from '../terminal/escape.ts'

/** The input of both layouts. */
export interface Canvas {
  trace: Trace
  colors: Colors
  width: number
  scale: LogScale
  /** Set for steps that say nothing: those of an encoder. */
  silent?: true
}

/** One column: its heading, its width and its cell at a step. */
interface PictureColumn {
  title: string
  width: number
  cell(step: TraceStep, index: number): string
}

const GAP = 2
/** The heading is repeated after this many tokens. */
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
      .map((column) => pad(column.cell(step, i), column.width))
      .join(gap)
      .trimEnd(),
  )
  return lines.flatMap((line, i) => (i % REPEAT === 0 ? (i === 0 ? [head, line] : ['', head, line]) : [line]))
}

/** Columns that a narrow terminal leaves out: the norms of the cell state, then what is kept. */
const LEFT_OUT = 2

/** Distributes the width: numbers and names take what they need, bars the rest. */
function layOut(canvas: Canvas, without = 0): PictureColumn[] {
  const { trace, width, silent } = canvas
  const steps = trace.steps
  const digits = Math.max(4, String(steps.length - 1).length)
  const token = clamp(longest(steps.map((step) => tokenText(step))), 5, Math.max(8, Math.floor(width / 6)))
  const label = silent
    ? 0
    : clamp(longest(steps.map((step) => labelText(step.output.label))), 4, Math.max(6, Math.floor(width / 8)))
  const hasKeeps = without < LEFT_OUT && steps.some((step) => step.keeps !== null)
  const hasCell = without < 1 && steps.some((step) => step.gradient.cell !== null)
  const bars = (silent ? 1 : 2) + Number(hasKeeps) + Number(hasCell)
  const fixed = digits + token + label + 6 + 8 + (hasKeeps ? 5 : 0) + (hasCell ? 8 : 0) + GAP * (bars + 1)
  const isNarrow = width - fixed < (without === 0 ? 3 * bars : bars)
  if (isNarrow && without < LEFT_OUT) return layOut(canvas, without + 1)
  const size = clamp(Math.floor((width - fixed) / bars), 1, 16)
  const columns = [stepColumn(digits, canvas), tokenColumn(token, canvas)]
  if (hasKeeps) columns.push(keepsColumn(size, canvas))
  if (!silent)
    columns.push(trace.numbers ? numberColumn(label + size + 6, canvas) : labelColumn(label, size, canvas))
  columns.push(gradientColumn('‖∂L/∂h‖', size, canvas, (step) => step.gradient.hidden))
  if (hasCell) columns.push(gradientColumn('‖∂L/∂c‖', size, canvas, (step) => step.gradient.cell ?? 0))
  return columns
}

function stepColumn(width: number, { colors }: Canvas): PictureColumn {
  return { title: 'step', width, cell: (_, index) => colors.dim(pad(String(index), width, 'end')) }
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

/** The output whose gradients are shown, at each step. */
function numberColumn(width: number, { trace, colors }: Canvas): PictureColumn {
  const cell = ({ output }: TraceStep): string =>
    colors.green(
      pad(outputNumber((output.probabilities as Record<string, number>)[trace.target]), width, 'end'),
    )
  return { title: 'output', width, cell }
}

function labelColumn(label: number, size: number, { trace, colors }: Canvas): PictureColumn {
  const cell = ({ output }: TraceStep): string => {
    const probability = output.probabilities[output.label]
    const paint = trace.source || output.label === trace.label ? colors.green : colors.red
    const text = `${pad(fit(labelText(output.label), label), label)} ${bar(probability, size)}`
    return `${paint(text)} ${pad(`${Math.round(probability * 100)}%`, 4, 'end')}`
  }
  return { title: 'output', width: label + size + 6, cell }
}

function gradientColumn(
  title: string,
  size: number,
  { colors, scale }: Canvas,
  read: (step: TraceStep) => number,
): PictureColumn {
  const cell = (step: TraceStep): string => {
    const value = read(step)
    return `${colors.magenta(bar(scale.fraction(value), size))} ${pad(brief(value), 7, 'end')}`
  }
  return { title, width: size + 8, cell }
}

/** A token as displayed: visible spaces, and `?` if it is not in the vocabulary. */
export function tokenText(step: Pick<TraceStep, 'token' | 'known'>): string {
  return `${labelText(step.token)}${step.known ? '' : ' ?'}`
}

/** A label as displayed. The label of a model that predicts the next token may be a space. */
export function labelText(label: string): string {
  return visible(/^\s+$/.test(label) ? label.replaceAll(' ', '␣') : label)
}

function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0)
}
