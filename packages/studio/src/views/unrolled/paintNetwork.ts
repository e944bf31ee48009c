/** Draws the visible columns of the unrolled network on one canvas. */
import { visibleToken } from '../../parts/visible.ts'
import type { Inspection } from '../../worker/protocol.ts'
import { short } from '../../drawing/numbers.ts'
import { predictedName, predictedValue } from '../../parts/prediction.ts'
import type { BackwardSheets, ForwardSheets, Sheet } from './sheets.ts'
import type { Schedule } from './phases.ts'
import type { Drawing, Row } from './rows.ts'

export interface Inks {
  ink: string
  soft: string
  line: string
  panel: string
  accent: string
  raised: string
  font: string
}

export interface Scene {
  inspection: Inspection
  drawing: Drawing
  schedule: Schedule
  phase: number
  /** Width of a column. */
  wide: number
  from: number
  to: number
  forward: ForwardSheets
  /** Null until the backward pass is shown. */
  backward: BackwardSheets | null
  marked: number
  unit: number
  cursor: { row: number; step: number } | null
  inks: Inks
}

const FAINT = 0.16

export function paintNetwork(paint: CanvasRenderingContext2D, scene: Scene): void {
  const { wide, from, to, drawing } = scene
  paint.textBaseline = 'alphabetic'
  paint.textAlign = 'center'
  for (let step = from; step < to; step++) {
    const x = step * wide
    if (step === scene.marked) {
      paint.fillStyle = scene.inks.raised
      paint.fillRect(x + 1, 0, wide - 2, drawing.height)
    }
    drawing.rows.forEach((row, at) => {
      if (row.kind === 'state') state(paint, scene, row, step, x)
      else if (row.kind === 'input') input(paint, scene, row, step, x)
      else if (row.kind === 'output') output(paint, scene, row, step, x)
      else token(paint, scene, row, step, x)
      if (row.kind === 'output' || row.kind === 'state') upArrow(paint, scene, row, step, x)
      const { cursor } = scene
      if (cursor && cursor.row === at && cursor.step === step)
        frame(paint, scene, row, x, scene.inks.ink, 1.5)
    })
  }
  paint.globalAlpha = 1
}

/** The box of a row within its column. */
function columnBox(wide: number): { inset: number; width: number } {
  const width = Math.max(10, Math.min(56, wide - (wide > 40 ? 18 : 4)))
  return { inset: (wide - width) / 2, width }
}

function frame(
  paint: CanvasRenderingContext2D,
  { wide }: Scene,
  row: Row,
  x: number,
  colour: string,
  line: number,
): void {
  const { inset, width } = columnBox(wide)
  paint.strokeStyle = colour
  paint.lineWidth = line
  paint.beginPath()
  paint.roundRect(x + inset - 1, row.y - 1, width + 2, row.height + 2, 6)
  paint.stroke()
}

function strip(
  paint: CanvasRenderingContext2D,
  sheet: Sheet,
  step: number,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  if (step >= sheet.image.width || !sheet.units) return
  paint.imageSmoothingEnabled = sheet.units > height * (devicePixelRatio || 1)
  paint.drawImage(sheet.image, step, 0, 1, sheet.units, x, y, width, height)
}

function state(paint: CanvasRenderingContext2D, scene: Scene, row: Row, step: number, x: number): void {
  const { inspection, schedule, phase, wide, inks, forward, backward, unit } = scene
  const data = inspection.trace.layers[row.at].steps[step]
  const when = schedule.stateAt(row.layer, row.direction, step)
  const whenBack = schedule.gradientAt(row.layer, row.direction, step)
  const inGradients = phase > schedule.forward
  const done = inGradients ? phase >= whenBack : phase >= when
  const sheets = inGradients && done && backward ? backward.layers[row.at] : forward.layers[row.at]
  const { inset, width } = columnBox(wide)
  paint.globalAlpha = done ? 1 : FAINT
  paint.fillStyle = inks.panel
  paint.beginPath()
  paint.roundRect(x + inset, row.y, width, row.height, 6)
  paint.fill()
  const now = phase === (inGradients ? whenBack : when)
  frame(paint, scene, row, x, now ? inks.accent : inks.line, now ? 2 : 1)
  const label = wide >= 44
  const [top, height] = [row.y + (label ? 16 : 4), row.height - (label ? 34 : 8)]
  const parts = sheets.cell ? [sheets.cell, sheets.hidden] : [sheets.hidden]
  const each = (width - 6 - 4 * (parts.length - 1)) / parts.length
  parts.forEach((sheet, k) => {
    const left = x + inset + 3 + k * (each + 4)
    strip(paint, sheet, step, left, top, each, height)
    if (done && unit < sheet.units) {
      const pixel = height / sheet.units
      paint.strokeStyle = inks.ink
      paint.lineWidth = 1
      paint.strokeRect(left - 0.5, top + unit * pixel - 0.5, each + 1, Math.max(2, pixel) + 1)
    }
    if (!label) return
    paint.fillStyle = inks.soft
    paint.font = `600 10px ${inks.font}`
    const symbol = parts.length === 2 && k === 0 ? 'c' : 'h'
    paint.fillText(inGradients && done ? `∂${symbol}` : symbol, left + each / 2, row.y + 12)
  })
  if (label) {
    paint.fillStyle = inks.ink
    paint.font = `10px ${inks.font}`
    const words = inGradients
      ? done
        ? `‖${short(data.gradient.hidden, 2)}‖`
        : ''
      : short(data.hidden[unit] ?? NaN, 2)
    paint.fillText(words, x + wide / 2, row.y + row.height - 5, width)
  }
  across(paint, scene, row, step, x)
}

/** The arrow of the state to the next step, or of the gradient to the previous one. */
function across(paint: CanvasRenderingContext2D, scene: Scene, row: Row, step: number, x: number): void {
  const { inspection, schedule, phase, wide, inks } = scene
  const steps = inspection.trace.layers[row.at].steps.length
  if (step + 1 >= steps) return
  const inGradients = phase > schedule.forward
  const target = (row.direction === 'forward') !== inGradients ? step + 1 : step
  const at = inGradients ? schedule.gradientAt : schedule.stateAt
  paint.globalAlpha = phase >= at(row.layer, row.direction, target) ? 1 : FAINT
  const { inset } = columnBox(wide)
  const [a, b, y] = [x + wide - inset + 2, x + wide + inset - 2, row.y + row.height / 2]
  const onwards = target === step + 1
  const cell = inspection.trace.layers[row.at].steps[step].cell !== null
  if (cell) arrow(paint, inks.accent, onwards ? [a, y - 16, b, y - 16] : [b, y - 16, a, y - 16], 2.5)
  const lower = cell ? y + 10 : y
  arrow(paint, inks.soft, onwards ? [a, lower, b, lower] : [b, lower, a, lower])
  if (wide < 44) return
  paint.fillStyle = inks.soft
  paint.font = `10px ${inks.font}`
  if (cell) paint.fillText('c', x + wide, y - 22)
  paint.fillText('U', x + wide, lower - 6)
}

/** The arrow from the row below; reversed in the backward pass. */
function upArrow(paint: CanvasRenderingContext2D, scene: Scene, row: Row, step: number, x: number): void {
  const { schedule, phase, wide, inks } = scene
  const inGradients = phase > schedule.forward
  const own =
    row.kind === 'output'
      ? inGradients
        ? schedule.forward + 1
        : schedule.outputAt(step)
      : (inGradients ? schedule.gradientAt : schedule.stateAt)(row.layer, row.direction, step)
  paint.globalAlpha =
    phase >= own && !(row.kind === 'output' && inGradients && step < scene.inspection.trace.steps.length - 1)
      ? 1
      : FAINT
  if (row.pair === 'upper') return aroundLower(paint, scene, row, x)
  const [middle, bottom, next] = [x + wide / 2, row.y + row.height + 4, row.y + row.height + 26]
  arrow(paint, inks.soft, inGradients ? [middle, bottom, middle, next] : [middle, next, middle, bottom])
  if (wide < 44) return
  paint.fillStyle = inks.soft
  paint.font = `10px ${inks.font}`
  paint.textAlign = 'left'
  paint.fillText(row.kind === 'output' ? 'V' : 'W', middle + 5, row.y + row.height + 19)
  paint.textAlign = 'center'
}

/**
 * The two directions of a layer share input and output, so the wires of the upper row pass around the lower row.
 */
function aroundLower(paint: CanvasRenderingContext2D, scene: Scene, row: Row, x: number): void {
  const { drawing, inks, wide, phase, schedule } = scene
  const lower = drawing.rows[drawing.rows.indexOf(row) + 1]
  const { inset, width } = columnBox(wide)
  const middle = x + wide / 2
  const [left, right] = [x + inset - 5, x + inset + width + 5]
  const [bottom, under] = [row.y + row.height, lower.y + lower.height]
  paint.strokeStyle = inks.soft
  paint.lineWidth = 1.2
  paint.beginPath()
  paint.moveTo(middle, under + 20)
  paint.lineTo(left, under + 14)
  paint.lineTo(left, bottom + 15)
  paint.lineTo(middle - 6, bottom + 15)
  paint.moveTo(middle + 6, lower.y - 2)
  paint.lineTo(middle + 6, lower.y - 9)
  paint.lineTo(right, lower.y - 9)
  paint.lineTo(right, row.y - 8)
  paint.lineTo(middle, row.y - 14)
  paint.stroke()
  const [from, to] = [bottom + 15, bottom + 3]
  const back = phase > schedule.forward
  arrow(paint, inks.soft, back ? [middle - 6, to, middle - 6, from] : [middle - 6, from, middle - 6, to])
  if (wide < 44) return
  paint.fillStyle = inks.soft
  paint.font = `10px ${inks.font}`
  paint.fillText('W', middle - 16, bottom + 12)
}

function arrow(
  paint: CanvasRenderingContext2D,
  colour: string,
  [x1, y1, x2, y2]: number[],
  width = 1.2,
): void {
  const [dx, dy] = [Math.sign(x2 - x1), Math.sign(y2 - y1)]
  paint.strokeStyle = paint.fillStyle = colour
  paint.lineWidth = width
  paint.beginPath()
  paint.moveTo(x1, y1)
  paint.lineTo(x2 - 3 * dx, y2 - 3 * dy)
  paint.stroke()
  paint.beginPath()
  paint.moveTo(x2, y2)
  paint.lineTo(x2 - 5 * dx + 3 * dy, y2 - 5 * dy + 3 * dx)
  paint.lineTo(x2 - 5 * dx - 3 * dy, y2 - 5 * dy - 3 * dx)
  paint.fill()
}

function input(paint: CanvasRenderingContext2D, scene: Scene, row: Row, step: number, x: number): void {
  const { schedule, phase, wide, inks, forward, inspection } = scene
  const { inset, width } = columnBox(wide)
  paint.globalAlpha = phase >= schedule.inputAt(step) ? 1 : FAINT
  if (forward.input) {
    const thin = Math.min(22, width)
    strip(paint, forward.input, step, x + (wide - thin) / 2, row.y, thin, row.height)
    return
  }
  frame(paint, scene, row, x, inks.line, 1)
  paint.fillStyle = inks.ink
  paint.font = `10px ${inks.font}`
  paint.fillText(
    `id ${inspection.trace.steps[step].id}`,
    x + inset + width / 2,
    row.y + row.height / 2 + 3,
    width - 4,
  )
}

function output(paint: CanvasRenderingContext2D, scene: Scene, row: Row, step: number, x: number): void {
  const { inspection, schedule, phase, wide, inks, forward } = scene
  const { inset, width } = columnBox(wide)
  const last = step === inspection.trace.steps.length - 1
  const { output: predicted } = inspection.trace.steps[step]
  paint.globalAlpha = phase >= schedule.outputAt(step) && (phase <= schedule.forward || last) ? 1 : FAINT
  const words = wide >= 44
  strip(paint, forward.output, step, x + inset, row.y, words ? 10 : width, row.height)
  const atLoss = phase === schedule.forward && last
  frame(paint, scene, row, x, atLoss ? inks.accent : inks.line, atLoss ? 2 : 1)
  if (words) {
    paint.fillStyle = inks.ink
    paint.font = `600 10px ${inks.font}`
    const middle = x + inset + 10 + (width - 10) / 2
    paint.fillText(cut(paint, predictedName(inspection.trace, predicted), width - 14), middle, row.y + 18)
    paint.font = `10px ${inks.font}`
    paint.fillText(predictedValue(inspection.trace, predicted), middle, row.y + 34, width - 14)
  }
  if (last && phase >= schedule.forward) {
    paint.fillStyle = inks.accent
    paint.font = `600 11px ${inks.font}`
    paint.textAlign = 'right'
    paint.fillText(
      inspection.trace.numbers ? 'output' : `loss ${short(inspection.trace.loss)}`,
      x + wide - 2,
      row.y - 9,
    )
    paint.textAlign = 'center'
  }
}

function token(paint: CanvasRenderingContext2D, scene: Scene, row: Row, step: number, x: number): void {
  const { inspection, schedule, phase, wide, inks } = scene
  const { token: word, known } = inspection.trace.steps[step]
  paint.globalAlpha = phase >= schedule.inputAt(step) ? 1 : 0.55
  paint.fillStyle = known ? inks.ink : inks.soft
  paint.font = `${known ? '' : 'italic '}12px ${inks.font}`
  const shown = visibleToken(word)
  if (wide >= 44) {
    paint.fillText(cut(paint, shown, wide - 4), x + wide / 2, row.y + 16)
    return
  }
  if (wide < 9) return
  paint.save()
  paint.translate(x + wide / 2 + 4, row.y + 4)
  paint.rotate(-Math.PI / 2)
  paint.textAlign = 'right'
  paint.fillText(cut(paint, shown, row.height - 6), 0, 0)
  paint.restore()
}

/** Shortens a word to the width. */
function cut(paint: CanvasRenderingContext2D, word: string, width: number): string {
  if (paint.measureText(word).width <= width) return word
  let kept = word
  while (kept.length > 1 && paint.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1)
  return kept.length === 1 && width < 14 ? kept : `${kept}…`
}
