/** How tables and lines are read: the same options for every command that reads them. */
import { UsageError } from 'latch'
import type { TableFormat } from 'latch/tables'
import { invalidValue, oneOf, yesOrNo, type OptionParser } from './options.ts'

export interface TableFlags {
  format?: TableFormat
  header?: boolean
  encoding?: string
  delimiter?: string
  quotes?: boolean
}

export const TABLE_HELP = 'CSV, TSV, JSON Lines, JSON or Parquet, plain or gzipped'

export const formatOption = [
  '--format <name>',
  'csv, tsv, jsonl, json, parquet, or lines of a label, a space and a text (default: by file name or content)',
  oneOf('--format', ['csv', 'tsv', 'jsonl', 'json', 'parquet', 'lines']),
] as const
export const headerOption = [
  '--header <yes|no>',
  'whether the first line holds the column names (default: inferred, and printed)',
  yesOrNo('--header'),
] as const
export const delimiterOption = [
  '--delimiter <character>',
  'character between cells, or tab (default: inferred, and printed)',
  delimiterCharacter('--delimiter'),
] as const
export const quotesOption = [
  '--quotes <yes|no>',
  'whether quotes enclose cells (default: yes; in TSV inferred, and printed)',
  yesOrNo('--quotes'),
] as const
export const encodingOption = [
  '--encoding <name>',
  'encoding of tables and lines, such as windows-1252 or gbk (default: UTF-8; UTF-16 and UTF-32 are recognized)',
  encodingLabel('--encoding'),
] as const

/** The options that say how a table is read. */
export function tableOptions({ format, header, encoding, delimiter, quotes }: TableFlags): TableFlags {
  const given = { format, header, encoding, delimiter, quotes }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** As typed again, for a command to copy. */
export function tableWords({ format, header, encoding, delimiter, quotes }: TableFlags): string[] {
  const words: string[] = []
  if (format !== undefined) words.push('--format', format)
  if (header !== undefined) words.push('--header', header ? 'yes' : 'no')
  if (encoding !== undefined) words.push('--encoding', encoding)
  if (delimiter !== undefined) words.push('--delimiter', delimiter === '\t' ? 'tab' : delimiter)
  if (quotes !== undefined) words.push('--quotes', quotes ? 'yes' : 'no')
  return words
}

const NAMED_IN_NOTES = /`(format|header|encoding|delimiter|quotes)(?:: (true|false))?`/g

/** A note of the library, whose options (`header: false`) are named as flags (`--header no`). */
export function noteAsFlags(note: string): string {
  return note.replace(NAMED_IN_NOTES, (_, option: string, value: string | undefined) => {
    return `\`--${option}${value === undefined ? '' : value === 'true' ? ' yes' : ' no'}\``
  })
}

const CHARACTERS: Readonly<Record<string, string>> = {
  tab: '\t',
  '\\t': '\t',
  comma: ',',
  semicolon: ';',
  pipe: '|',
  space: ' ',
}

function delimiterCharacter(flag: string): OptionParser<string> {
  return (text) => {
    const character = Object.hasOwn(CHARACTERS, text) ? CHARACTERS[text] : text
    if (/^[^"\r\n]$/u.test(character)) return character
    throw invalidValue(flag, 'one character, or tab', text)
  }
}

/** The names that the library takes are its own; here only that there is one. */
function encodingLabel(flag: string): OptionParser<string> {
  return (text) => {
    if (text.trim() !== '') return text
    throw new UsageError({ where: flag, expected: 'the name of an encoding', got: 'nothing' })
  }
}
