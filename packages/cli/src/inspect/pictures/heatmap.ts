/**
 * One panel of a heat map: steps from left to right, units from top to bottom. Many units are pooled to fewer rows. Few
 * cells have tooltips with their value; many are drawn as one path per colour.
 */
import { inkOn, signedColour } from './colours.ts'
import type { Columns } from './frame.ts'
import { FAINT, RULE, element, escaped, text, tooltip } from './svg.ts'

export interface Panel {
  name: string
  /** By step, one value per unit. */
  values: readonly Float64Array[]
  /** The value of full colour. */
  most: number
}

/** How the units of a layer are mapped to rows; the same for all panels. */
export interface Rows {
  count: number
  /** Units in a row, fewer in the last. */
  pooled: number
  height: number
}

const MOST_ROWS = 64
/** With more tooltips the file would take tens of megabytes. */
const MAX_TOOLTIPS = 15_000

/** Rows for a number of units: about 100 points high in total, twice that for one or two panels. */
export function rowsFor(units: number, panels: number): Rows {
  const available = panels <= 2 ? 192 : 96
  const pooled = Math.ceil(units / MOST_ROWS)
  const count = Math.ceil(units / pooled)
  return { count, pooled, height: Math.min(16, Math.max(2, Math.round(available / count))) }
}

/** Whether each of this number of cells gets a tooltip. */
export function hasTooltips(cells: number): boolean {
  return cells <= MAX_TOOLTIPS
}

/** The cells of a panel with a frame and the numbers of the first and the last unit. */
export function drawPanel(
  panel: Panel,
  rows: Rows,
  columns: Columns,
  top: number,
  tooltips: boolean,
): string {
  const { values, name } = panel
  const units = values[0].length
  const { left, right } = columns
  const height = rows.count * rows.height
  const cells = tooltips ? tooltipCells(panel, rows, columns, top) : pathCells(panel, rows, columns, top)
  const frame = { x: left - 0.5, y: top - 0.5, width: right - left + 1, height: height + 1 }
  const small = { 'font-size': 9, fill: FAINT, 'text-anchor': 'end' }
  const ends =
    units === 1
      ? []
      : [text(left - 6, top + 8, 'unit 0', small), text(left - 6, top + height, `${units - 1}`, small)]
  return element(
    'g',
    { 'data-panel': escaped(name) },
    element('g', { 'shape-rendering': 'crispEdges' }, cells),
    element('rect', { ...frame, fill: 'none', stroke: RULE }),
    ends,
  )
}

function tooltipCells(panel: Panel, rows: Rows, { left, column }: Columns, top: number): string[] {
  const gaps = { x: column >= 7 ? 1 : 0, y: rows.height >= 7 ? 1 : 0 }
  const numbers = column >= 34 && rows.height >= 12
  return panel.values.flatMap((units, t) =>
    Array.from({ length: rows.count }, (_, row) => {
      const { mean, units: unitNames } = pooledValue(units, row, rows.pooled)
      const [x, y] = [left + t * column, top + row * rows.height]
      const fill = signedColour(mean / panel.most)
      const words = tooltip(`${panel.name}, step ${t}, ${unitNames}: ${mean.toFixed(4)}`)
      const size = { width: column - gaps.x, height: rows.height - gaps.y }
      const cell = element('rect', { x, y, ...size, fill }, words)
      if (!numbers) return cell
      const middle = { 'text-anchor': 'middle', 'font-size': 9, fill: inkOn(mean / panel.most) }
      const at = [x + column / 2, y + rows.height / 2 + 3] as const
      return cell + text(...at, signed(mean), { ...middle, 'pointer-events': 'none' })
    }),
  )
}

/** One path of rectangles per colour. */
function pathCells(panel: Panel, rows: Rows, { left, column }: Columns, top: number): string[] {
  const paths = new Map<string, string[]>()
  panel.values.forEach((units, t) => {
    for (let row = 0; row < rows.count; row++) {
      const colour = signedColour(pooledValue(units, row, rows.pooled).mean / panel.most)
      const part = `M${left + t * column} ${top + row * rows.height}h${column}v${rows.height}h${-column}z`
      const parts = paths.get(colour)
      if (parts) parts.push(part)
      else paths.set(colour, [part])
    }
  })
  return [...paths].map(([fill, parts]) => element('path', { fill, d: parts.join('') }))
}

/** The mean of the units of a row, and their names. */
function pooledValue(units: Float64Array, row: number, pooled: number): { mean: number; units: string } {
  const from = row * pooled
  const part = units.subarray(from, from + pooled)
  const mean = part.reduce((sum, value) => sum + value, 0) / part.length
  return { mean, units: part.length === 1 ? `unit ${from}` : `units ${from} to ${from + part.length - 1}` }
}

function signed(value: number): string {
  return (Math.abs(value) < 0.005 ? 0 : value).toFixed(2).replace('-', '−')
}
