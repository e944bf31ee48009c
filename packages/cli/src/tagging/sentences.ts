/** Reads sentences with tags for the commands: CoNLL files, JSON Lines and tables. */
import { DataError, LatchError } from 'latch'
import { readSentences, type SentenceFormat } from 'latch/tables'
import { invalidValue } from '../options/options.ts'
import { noteAsFlags, type TableFlags } from '../options/tableFlags.ts'
import type { Output } from '../terminal/output.ts'

export interface SentenceFlags extends Pick<TableFlags, 'format' | 'encoding'> {
  /** The column of the tokens. */
  text?: string
  /** The column of the tags. */
  label?: string
  /** Of a table with a token in each row. */
  sentence?: string
}

/** A sentence as the library takes it. */
export interface Sentence {
  tokens: string[]
  tags: string[]
}

/** The sentences of a file. */
export interface SentenceFile {
  rows: Sentence[]
  /** Where each begins. */
  places: string[]
  /** The file's name, for messages. */
  name: string
  format: SentenceFormat
}

const FORMATS: readonly string[] = ['csv', 'tsv', 'jsonl', 'json', 'conll']

/** Reads a file; `-` is standard input. @param tags false: tokens alone. @throws DataError, UsageError */
export async function readSentenceFile(
  source: string,
  flags: SentenceFlags,
  output: Output,
  tags = true,
): Promise<SentenceFile> {
  const { text, label, sentence, format, encoding } = flags
  if (format !== undefined && !FORMATS.includes(format))
    throw invalidValue('--format', `one of ${FORMATS.join(', ')} for a tagger`, format)
  const found = await readSentences(source, {
    tokens: text,
    tags: tags ? label : false,
    sentence,
    encoding,
    format: format as SentenceFormat | undefined,
  })
  for (const note of found.notes) output.note(noteAsFlags(note))
  const name = source === '-' ? 'standard input' : source
  return { rows: found.sentences, places: found.places, name, format: found.format }
}

/** An error on one of the sentences, with its place in the file; any other error unchanged. */
export function atSentence(error: unknown, { name, places }: SentenceFile): unknown {
  if (!(error instanceof LatchError) || error.row === undefined) return error
  const place = error.where.replace(/^(validation )?row \d+(, )?/, '')
  const where = `${name}, sentence from ${places[error.row]}${place ? `, ${place}` : ''}`
  return new DataError({ ...error, where, fix: error.fixes }, { cause: error })
}
