/**
 * Cells of tables that the command line writes. Spreadsheets run a cell that begins with `=`, `+`, `-`, `@`, a tab or
 * a carriage return as a formula: an apostrophe before it makes it text. Numbers and single signs stay as they are.
 */
import { visible } from './glyphWidth.ts'

const FORMULA = /^[=+\-@\t\r][^]/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** One cell of a tab-separated line. */
export function tableCell(text: string): string {
  const cell = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return visible(cell.replace(/[\t\r\n]/g, ' '))
}
