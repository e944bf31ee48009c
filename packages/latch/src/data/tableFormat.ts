/** The format of a table: the given one, else by the file name extension, else by the first line. */
import { DataError } from '../core/errors.ts'

/** Comma-separated values, tab-separated values, or JSON Lines: one JSON object per line. */
export type TableFormat = 'csv' | 'tsv' | 'jsonl'

export interface FormatGuess {
  format: TableFormat
  delimiter: string
  /** What was inferred, each a sentence for the user. */
  notes: string[]
}

const ENDINGS: Record<string, TableFormat> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
}

const NAMES: Record<TableFormat, string> = {
  csv: 'comma-separated values',
  tsv: 'tab-separated values',
  jsonl: 'JSON Lines',
}

/** @throws DataError for an unknown format */
export function guessFormat(name: string, firstLine: string, given?: TableFormat): FormatGuess {
  if (given !== undefined && !(given in NAMES)) {
    throw new DataError({ where: 'format', expected: "'csv', 'tsv' or 'jsonl'", got: `'${String(given)}'` })
  }
  const ending = /\.(\w+)(?:\.gz)?$/.exec(name.toLowerCase())?.[1] ?? ''
  const byName = Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined
  const format = given ?? byName ?? formatOf(firstLine)
  const notes: string[] = []
  if (given === undefined) {
    notes.push(`${name}: read as ${NAMES[format]} (by its ${byName ? 'name' : 'first line'}).`)
  }
  const semicolons = format === 'csv' && hasSemicolons(firstLine)
  if (semicolons) notes.push(`${name}: the delimiter is ";" (the first line has no comma).`)
  const delimiter = format === 'tsv' ? '\t' : semicolons ? ';' : ','
  return { format, delimiter, notes }
}

function formatOf(firstLine: string): TableFormat {
  if (/^\s*[{[]/.test(firstLine)) return 'jsonl'
  return firstLine.includes('\t') ? 'tsv' : 'csv'
}

/** Cells separated by `;` only; neither a line that ends inside quotes nor `;` before a space is evidence. */
function hasSemicolons(firstLine: string): boolean {
  const unquoted = firstLine.replace(/"[^"]*"/g, '')
  return !/[,"]/.test(unquoted) && /;(?! )/.test(unquoted)
}
