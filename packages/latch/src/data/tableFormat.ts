/** The format of a table: the given one, else by the file name extension, else by the text. */
import { DataError, UsageError } from '../core/errors.ts'
import { delimiterName, guessDelimiter, guessQuotes } from './delimiters.ts'
import { isFastText } from './labelledLines.ts'

/**
 * Comma-separated values (or another delimiter), tab-separated values, JSON Lines (one JSON object per line), JSON (an
 * array of objects), Parquet, or lines of a label, a space and a text: `positive what a film`, or fastText's
 * `__label__positive what a film`; their columns are `label` and `text`.
 */
export type TableFormat = 'csv' | 'tsv' | 'jsonl' | 'json' | 'parquet' | 'lines'

/** What is given about the form of a table; whatever is not is inferred, with a note. */
export interface FormatOptions {
  /** Default: by the extension of the name, else by the text. */
  format?: TableFormat
  /** One character between cells: `,`, `;`, `|` or any other. Default: the one that fits the first records. */
  delimiter?: string
  /** Whether a cell that starts with a quote ends at its closing quote. Default: yes; tab-separated: by the first records. */
  quotes?: boolean
}

/** What a reader of delimited records needs to know. */
export interface Dialect {
  /** Name of the source in messages. */
  name: string
  delimiter: string
  /** Whether a cell that starts with a quote ends at its closing quote; else a quote is an ordinary character. */
  quotes: boolean
  /** Lines before the text that is parsed: blank ones, or `sep=;`. */
  firstLine: number
}

export interface FormatGuess {
  format: TableFormat
  delimiter: string
  quotes: boolean
  /** Characters of a line `sep=;`, as Excel writes it first; it is not a record. */
  skip: number
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

const WORDS: Record<TableFormat, string> = {
  csv: 'comma-separated values',
  tsv: 'tab-separated values',
  jsonl: 'JSON Lines',
  json: 'a JSON array of objects',
  parquet: 'Parquet',
  lines: 'lines of a label and a text',
}

const SEPARATOR_LINE = /^"?sep=(.)"?(?:\r\n|\n|\r)/i

/** @throws UsageError for an invalid option */
export function checkFormatOptions({ format, delimiter, quotes }: FormatOptions): void {
  if (format !== undefined && !Object.hasOwn(WORDS, format)) {
    const expected = `'csv', 'tsv', 'jsonl', 'json', 'parquet' or 'lines'`
    throw new DataError({ where: 'format', expected, got: `'${String(format)}'` })
  }
  if (delimiter !== undefined && !(typeof delimiter === 'string' && /^[^"\r\n]$/u.test(delimiter))) {
    const expected = 'one character other than a quote or a line end'
    throw new UsageError({ where: 'delimiter', expected, got: JSON.stringify(delimiter) ?? 'undefined' })
  }
  if (quotes !== undefined && typeof quotes !== 'boolean') {
    throw new UsageError({
      where: 'quotes',
      expected: 'true or false',
      got: JSON.stringify(quotes) ?? 'undefined',
    })
  }
}

/**
 * @param head the text up to its first records
 * @param isWhole whether the text ends with the head
 */
export function guessFormat(
  name: string,
  head: string,
  isWhole: boolean,
  options: FormatOptions,
): FormatGuess {
  const byName = formatByName(name)
  const given = options.format ?? byName
  const json = isJson(head, given)
  if (json && (options.format === undefined || options.format === json)) {
    const notes = given === json ? [] : [`${name}: read as ${WORDS[json]} (by its first characters).`]
    return { format: json, delimiter: ',', quotes: false, skip: 0, notes }
  }
  if (options.format === undefined && given === undefined && isFastText(wholeLines(head, isWhole))) {
    const notes = [`${name}: read as ${WORDS.lines}, as fastText writes them (each begins with __label__).`]
    return { format: 'lines', delimiter: ',', quotes: false, skip: 0, notes }
  }
  if (given === 'jsonl' || given === 'json' || given === 'lines') {
    return { format: given, delimiter: ',', quotes: false, skip: 0, notes: [] }
  }
  return delimited(name, head, isWhole, { ...options, format: options.format }, byName)
}

/** Without a last line that may go on. */
function wholeLines(head: string, isWhole: boolean): string {
  return isWhole ? head : head.slice(0, head.lastIndexOf('\n') + 1)
}

/** The format that the extension of a file name promises. */
export function formatByName(name: string): TableFormat | undefined {
  const ending = /\.(\w+)(?:\.gz)?$/.exec(name.toLowerCase())?.[1] ?? ''
  return Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined
}

/** JSON by its first characters: text that starts with a bracket may also be a comment, `[deleted]`. */
function isJson(head: string, given: TableFormat | undefined): 'jsonl' | 'json' | undefined {
  if (given === 'csv' || given === 'tsv') return undefined
  if (/^\s*\[\s*(?:\{|\]\s*$)/.test(head)) return 'json'
  return /^\s*\{\s*(?:"|\}|$)/.test(head) ? 'jsonl' : undefined
}

function delimited(
  name: string,
  head: string,
  isWhole: boolean,
  options: FormatOptions,
  byName: TableFormat | undefined,
): FormatGuess {
  const notes: string[] = []
  const line = SEPARATOR_LINE.exec(head)
  const skip = line?.[0].length ?? 0
  const given = options.format ?? byName
  const own = given === 'csv' ? ',' : given === 'tsv' ? '\t' : undefined
  const records = head.slice(skip)
  const { delimiter, reason } = chosenDelimiter(options, line?.[1], () =>
    guessDelimiter(records, isWhole, own),
  )
  const format = given ?? (delimiter === '\t' ? 'tsv' : 'csv')
  if (line) notes.push(`${name}: the first line says that the delimiter is ${delimiterName(line[1])}.`)
  else if (given === undefined && options.delimiter === undefined) {
    const how =
      delimiter === ',' || delimiter === '\t'
        ? WORDS[format]
        : `values separated by ${delimiterName(delimiter)}`
    notes.push(`${name}: read as ${how} (${reason ?? 'by its text'}); \`delimiter\` names another.`)
  } else if (reason !== null) {
    notes.push(
      `${name}: the delimiter is ${delimiterName(delimiter)} (${reason}); \`delimiter\` names another.`,
    )
  }
  return {
    format,
    delimiter,
    quotes: chosenQuotes(name, records, isWhole, delimiter, options, notes),
    skip,
    notes,
  }
}

function chosenDelimiter(
  { format, delimiter }: FormatOptions,
  line: string | undefined,
  guess: () => { delimiter: string; reason: string | null },
): { delimiter: string; reason: string | null } {
  const given = delimiter ?? line ?? (format === 'tsv' ? '\t' : undefined)
  return given === undefined ? guess() : { delimiter: given, reason: null }
}

function chosenQuotes(
  name: string,
  records: string,
  isWhole: boolean,
  delimiter: string,
  { quotes }: FormatOptions,
  notes: string[],
): boolean {
  if (quotes !== undefined) return quotes
  if (delimiter !== '\t') return true
  const guess = guessQuotes(records, isWhole, delimiter)
  if (guess === undefined) return !isWhole
  const how = guess
    ? 'cells in quotes are read without them; `quotes: false` keeps the quotes'
    : 'quotes are read as characters; `quotes: true` reads cells in quotes'
  notes.push(`${name}: ${how}.`)
  return guess
}
