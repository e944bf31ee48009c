/** Which format a table is in: what the caller says, else the name's ending, else the first line. */
import { DataError } from '../core/errors.ts'

/** Comma-separated values, tab-separated values, or JSON Lines: one JSON object a line. */
export type TableFormat = 'csv' | 'tsv' | 'jsonl'

export interface FormatGuess {
  format: TableFormat
  delimiter: string
  /** What was guessed, each a sentence for the user. */
  notes: string[]
}

const ENDINGS: Record<string, TableFormat> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
}

const WORDS: Record<TableFormat, string> = {
  csv: 'comma-separated values',
  tsv: 'tab-separated values',
  jsonl: 'JSON Lines',
}

/** @throws DataError for a format that is none of the three. */
export function guessFormat(name: string, firstLine: string, given?: TableFormat): FormatGuess {
  if (given !== undefined && !(given in WORDS)) {
    throw new DataError({ where: 'format', expected: "'csv', 'tsv' or 'jsonl'", got: `'${String(given)}'` })
  }
  const ending = /\.(\w+)(?:\.gz)?$/.exec(name.toLowerCase())?.[1] ?? ''
  const byName = Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined
  const format = given ?? byName ?? formatOf(firstLine)
  const notes: string[] = []
  if (given === undefined) {
    const reason = byName ? 'its name ends' : 'its first line reads'
    notes.push(`${name}: read as ${WORDS[format]}, as ${reason}.`)
  }
  const semicolons = format === 'csv' && hasSemicolons(firstLine)
  if (semicolons) notes.push(`${name}: the delimiter is ";", as the first line has no comma.`)
  const delimiter = format === 'tsv' ? '\t' : semicolons ? ';' : ','
  return { format, delimiter, notes }
}

function formatOf(firstLine: string): TableFormat {
  if (/^\s*[{[]/.test(firstLine)) return 'jsonl'
  return firstLine.includes('\t') ? 'tsv' : 'csv'
}

/** Cells set apart by `;` alone; a line that ends inside quotes is no evidence, nor is `;` before a space. */
function hasSemicolons(firstLine: string): boolean {
  const unquoted = firstLine.replace(/"[^"]*"/g, '')
  return !/[,"]/.test(unquoted) && /;(?! )/.test(unquoted)
}
