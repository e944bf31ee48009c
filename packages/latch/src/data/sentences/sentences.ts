/**
 * Sentences with a tag for each token: CoNLL files, JSON Lines of `{ tokens, tags }`, and tables with a token or a sentence
 * in each row.
 */
import { DataError, UsageError } from '../../core/errors.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { describe } from '../../core/validation.ts'
import { parseTable } from '../tables.ts'
import { parseConll } from './conll.ts'
import type { RawSentence, SentenceColumns } from './rawSentence.ts'

export type { SentenceColumns } from './rawSentence.ts'

/** A sentence of a file. */
export interface TaggedSentence {
  tokens: string[]
  /** A tag for each token; empty where no tags were read. */
  tags: string[]
  /** Of the whole sentence, where one was asked for. */
  label?: string
}

/** How sentences are read. */
export interface SentenceOptions extends SentenceColumns {
  /** Name of the source in messages. Default `sentences`. */
  name?: string
  /** Default: by the name of the source, and by its content. */
  format?: SentenceFormat
  /** Of bytes, as `TableOptions.encoding`. */
  encoding?: string
}

/** `conll`: a token in each line; `csv` and `tsv`: tables; `jsonl` and `json`: objects. */
export type SentenceFormat = 'conll' | 'jsonl' | 'json' | 'csv' | 'tsv'

/** What was read. */
export interface Sentences {
  sentences: TaggedSentence[]
  /** Where each begins: `line 12`, `row 3`. */
  places: string[]
  format: SentenceFormat
  columns: { tokens: string; tags: string | null }
  /** What was left out, in sentences for the user. */
  notes: string[]
}

export const SENTENCE_NAMES: Names<SentenceOptions> = {
  tokens: 1,
  tags: 1,
  label: 1,
  sentence: 1,
  name: 1,
  format: 1,
  encoding: 1,
}

/** Lines that are looked at to find out the format. */
const LOOKED_AT = 1000
const TOKENS = /^(tokens?|words?|forms?|sentence|text)$/i
const TAGS = /^(tags?|labels?|pos|upos|ner|slots?)$/i
const SENTENCE = /^(sentence|sent)[ _-]?(id|number|no|#)$/i

/**
 * Sentences of a text: CoNLL (2 to 10 columns or more, CoNLL-U too), JSON Lines, or CSV with a token or a sentence in each row.
 * @throws DataError naming the line, for columns or tags that do not fit; UsageError for a column that is not there, and an
 * unknown option
 */
export function parseSentences(text: string, options: SentenceOptions = {}): Sentences {
  assertKnownOptions('parseSentences option', options, SENTENCE_NAMES)
  const { name = 'sentences' } = options
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)
  const format = options.format ?? guessFormat(lines, name)
  const found =
    format === 'conll'
      ? parseConll(lines, name, options)
      : format === 'json' || format === 'jsonl'
        ? parseObjects(lines, format, name, options)
        : parseRows(text, format, name, options)
  const { sentences, columns, notes } = found
  for (const sentence of sentences) checkCounts(sentence, name)
  if (sentences.length === 0)
    throw new DataError({ where: name, expected: 'at least one sentence', got: 'an empty document' })
  return {
    sentences: sentences.map(({ tokens, tags, label }) => {
      return { tokens, tags: tags ?? [], ...(label === null ? {} : { label }) }
    }),
    places: sentences.map(({ place }) => place),
    format,
    columns,
    notes,
  }
}

function guessFormat(lines: readonly string[], name: string): SentenceFormat {
  const [, extension] = /\.(csv|jsonl|ndjson|json|conllu?|conllp|iob2?|bio)(?:\.gz)?$/i.exec(name) ?? []
  const first = lines.find((line) => line.trim() !== '') ?? ''
  switch (extension?.toLowerCase()) {
    case 'csv':
      return 'csv'
    case 'jsonl':
    case 'ndjson':
      return 'jsonl'
    case 'json':
      return first.trim().startsWith('[') ? 'json' : 'jsonl'
    case undefined:
      break
    default:
      return 'conll'
  }
  if (/^\s*\{\s*"/.test(first)) return 'jsonl'
  if (/^\s*\[\s*(\{|$)/.test(first)) return 'json'
  const start = lines.slice(0, LOOKED_AT)
  const blank = start.findIndex((line, i) => i > 0 && line.trim() === '')
  const hasBreaks = blank >= 0 && start.slice(blank).some((line) => line.trim() !== '')
  if (hasBreaks) return 'conll'
  for (const [delimiter, format] of [
    [',', 'csv'],
    ['\t', 'tsv'],
  ] as const) {
    const names = first.split(delimiter).map((cell) => cell.replace(/^"|"$/g, '').trim())
    if (names.some((one) => TOKENS.test(one)) && names.some((one) => TAGS.test(one))) return format
  }
  return 'conll'
}

/** @throws DataError for tokens and tags of unequal number */
function checkCounts({ tokens, tags, place }: RawSentence, name: string): void {
  if (tokens.length === 0)
    throw new DataError({ where: `${name}, ${place}`, expected: 'at least one token', got: 'none' })
  if (!tags || tags.length === tokens.length) return
  throw new DataError({
    where: `${name}, ${place}`,
    expected: `a tag for each of ${tokens.length} token${tokens.length === 1 ? '' : 's'}`,
    got: `${tags.length}`,
  })
}

interface Parsed {
  sentences: RawSentence[]
  columns: { tokens: string; tags: string | null }
  notes: string[]
}

/** JSON Lines, or an array of objects. */
function parseObjects(
  lines: readonly string[],
  format: 'json' | 'jsonl',
  name: string,
  { tokens = 'tokens', tags = 'tags', label }: SentenceColumns,
): Parsed {
  const objects: { value: unknown; place: string }[] = []
  if (format === 'json') {
    const value = parseJson(lines.join('\n'), name)
    if (!Array.isArray(value))
      throw new DataError({ where: name, expected: 'an array of objects', got: describe(value) })
    value.forEach((one: unknown, i) => objects.push({ value: one, place: `object ${i}` }))
  } else {
    lines.forEach((line, i) => {
      const place = `line ${i + 1}`
      if (line.trim() !== '') objects.push({ value: parseJson(line, `${name}, ${place}`), place })
    })
  }
  const sentences = objects.map(({ value, place }): RawSentence => {
    const own = (value ?? {}) as Record<string, unknown>
    const list = (column: string) => {
      const found = typeof own[column] === 'string' ? split(own[column]) : own[column]
      if (Array.isArray(found) && found.every((item) => typeof item === 'string' && item !== ''))
        return found as string[]
      const where = `${name}, ${place}`
      throw new DataError({
        where,
        expected: `"${column}", a list of strings`,
        got: describe(own[column] ?? value),
      })
    }
    const read = {
      tokens: list(tokens),
      tags: tags === false ? null : list(tags),
      label: label === undefined ? null : own[label],
    }
    if (label === undefined || isLabel(read.label)) return { ...read, place } as RawSentence
    throw new DataError({
      where: `${name}, ${place}`,
      expected: `"${label}", a label of the sentence`,
      got: describe(read.label),
    })
  })
  return { sentences, columns: { tokens, tags: tags === false ? null : tags }, notes: [] }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DataError({ where, expected: 'JSON', got: (cause as Error).message.slice(0, 120) }, { cause })
  }
}

/** A table: a token in each row, with a column that says which sentence it is of; or a sentence in each row. */
function parseRows(
  text: string,
  format: 'csv' | 'tsv',
  name: string,
  { tokens, tags, label, sentence }: SentenceColumns,
): Parsed {
  const table = parseTable(text, { name, format, header: true })
  const find = (chosen: string | undefined, likely: RegExp, what: string): number => {
    const at =
      chosen === undefined
        ? table.columns.findIndex((column) => likely.test(column.trim()))
        : table.columns.indexOf(chosen) >= 0
          ? table.columns.indexOf(chosen)
          : /^\d+$/.test(chosen)
            ? Number(chosen)
            : -1
    if (at >= 0 && at < table.columns.length) return at
    const expected = `${what} among the columns ${table.columns.join(', ')}`
    throw new UsageError({
      where: name,
      expected,
      got: chosen === undefined ? 'none' : JSON.stringify(chosen),
    })
  }
  const ids =
    sentence !== undefined || table.columns.some((column) => SENTENCE.test(column.trim()))
      ? find(sentence, SENTENCE, 'the sentence of each token')
      : -1
  const ofTokens = find(tokens, TOKENS, 'the tokens')
  const ofTags = tags === false ? -1 : find(tags, TAGS, 'the tags')
  const cell = (row: readonly string[], at: number) => row[at]?.trim() ?? ''
  const ofLabel = label === undefined ? -1 : find(label, TAGS, 'the labels of sentences')
  const labelOf = (row: readonly string[], i: number) => {
    const own = ofLabel < 0 ? null : cell(row, ofLabel)
    if (own === null || isLabel(own)) return own
    throw new DataError({
      where: `${name}, row ${i}`,
      expected: 'a label of the sentence',
      got: 'an empty cell',
    })
  }
  const columns = { tokens: table.columns[ofTokens], tags: ofTags < 0 ? null : table.columns[ofTags] }
  if (ids < 0) {
    const sentences = table.rows.map((row, i): RawSentence => {
      const own = ofTags < 0 ? null : split(cell(row, ofTags))
      return {
        tokens: split(cell(row, ofTokens)),
        tags: own,
        label: labelOf(row, i),
        place: `row ${i}`,
      }
    })
    return { sentences, columns, notes: [...table.notes] }
  }
  const sentences: RawSentence[] = []
  let last: string | null = null
  table.rows.forEach((row, i) => {
    const [id, token, tag] = [cell(row, ids), cell(row, ofTokens), ofTags < 0 ? '' : cell(row, ofTags)]
    // An empty cell goes on with the sentence before.
    if (sentences.length === 0 || (id !== '' && id !== last)) {
      sentences.push({
        tokens: [],
        tags: ofTags < 0 ? null : [],
        label: labelOf(row, i),
        place: `row ${i}`,
      })
      last = id
    }
    if (token === '' || (ofTags >= 0 && tag === '')) {
      const what = token === '' ? 'a token' : 'a tag'
      throw new DataError({ where: `${name}, row ${i}`, expected: what, got: 'an empty cell' })
    }
    const own = sentences[sentences.length - 1]
    own.tokens.push(token)
    own.tags?.push(tag)
  })
  return { sentences, columns, notes: [...table.notes] }
}

function isLabel(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function split(text: string): string[] {
  return text.split(/\s+/u).filter(Boolean)
}
