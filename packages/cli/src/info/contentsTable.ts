/** The contents of a file that does not open as layers, as printed by `info`. */
import type { Cell, Contents } from './contents.ts'
import { visible, displayWidth } from '../terminal/glyphWidth.ts'
import { maximum } from 'latch/inspection'
import { count } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { drawTable } from '../training/reports.ts'

/** One line per row; many shapes continue on the lines below. */
export function printContents({ head, rows }: Pick<Contents, 'head' | 'rows'>, output: Output): void {
  const cells = rows.map((row) => row.map(formatCell))
  const widths = head.map((title, i) =>
    maximum(
      cells.map((row) => displayWidth(row[i])),
      displayWidth(title),
    ),
  )
  const weights = head.indexOf('weights')
  const others = widths.reduce((sum, width, i) => sum + (i === weights ? 0 : width + GAP), 0)
  const available = Math.max(MIN_WIDTH, output.width - others)
  const drawn = cells.map((row) => row.map((cell, i) => (i === weights ? wrapShapes(cell, available) : cell)))
  const left = head.flatMap((title, i) => (title === 'parameters' ? [] : [i]))
  output.print(drawTable(drawn, { head, left, colors: output.colors }))
}

/** As JSON objects by the names of the columns. */
export function contentsAsObjects({ head, rows }: Contents): Record<string, Cell>[] {
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])))
}

function formatCell(cell: Cell): string {
  if (cell === null) return '–'
  if (typeof cell === 'number') return cell === 0 ? '–' : count(cell)
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return visible(cell)
}

/** Breaks lines between shapes only. */
function wrapShapes(shapes: string, available: number): string {
  const lines: string[] = []
  for (const shape of shapes.split(/(?<=\)) /)) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${shape}` : shape
    if (lines.length > 0 && longer.length <= available) lines[lines.length - 1] = longer
    else lines.push(shape)
  }
  return lines.join('\n')
}

/** Spaces between the columns of a table. */
const GAP = 2
/** Minimum width of the column of shapes. */
const MIN_WIDTH = 20
