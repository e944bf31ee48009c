/** Reads sentences with tags for the commands: CoNLL files, JSON Lines and tables. */
import { DataError, LatchError, UsageError, type Tagger } from 'latch'
import { readSentences, type SentenceFormat, type TaggedSentence } from 'latch/tables'
import { invalidValue } from '../options/options.ts'
import { noteAsFlags, type TableFlags } from '../options/tableFlags.ts'
import type { Output } from '../terminal/output.ts'

export interface SentenceFlags extends Pick<TableFlags, 'format' | 'encoding'> {
  /** The column of the tokens. */
  text?: string
  /** The column of the tags; with `tags` that of a label of the whole sentence. */
  label?: string
  /** The column of the tags. */
  tags?: string
  /** Of a table with a token in each row. */
  sentence?: string
}

/** A sentence as the library takes it. */
export interface Sentence extends TaggedSentence {
  /** The label of the whole sentence, by the name that the model has for it. */
  [label: string]: unknown
}

/** The column of a label of the whole sentence: `--label` beside `--tags`. */
export function sentenceLabel({ tags, label }: Pick<SentenceFlags, 'tags' | 'label'>): string | undefined {
  return tags === undefined ? undefined : label
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

/**
 * Reads a file; `-` is standard input.
 * @param model what reads it; null: tokens alone
 * @throws DataError, UsageError
 */
export async function readSentenceFile(
  source: string,
  flags: SentenceFlags,
  output: Output,
  model: Pick<Tagger, 'settings'> | null,
): Promise<SentenceFile> {
  const { text, sentence, format, encoding } = flags
  const own = model?.settings.sentenceLabel ?? null
  const given = sentenceLabel(flags)
  if (model && own === null && given !== undefined) {
    throw new UsageError({
      where: `--label ${given}`,
      expected: 'a tagger that was trained with labels of sentences',
      got: 'one without',
      remedy: 'Omit --label, or train with --tags and --label.',
    })
  }
  if (format !== undefined && !FORMATS.includes(format))
    throw invalidValue('--format', `one of ${FORMATS.join(', ')} for a tagger`, format)
  const found = await readSentences(source, {
    tokens: text,
    tags: model ? (flags.tags ?? flags.label) : false,
    label: own === null ? undefined : (given ?? own),
    sentence,
    encoding,
    format: format as SentenceFormat | undefined,
  })
  for (const note of found.notes) output.note(noteAsFlags(note))
  const name = source === '-' ? 'standard input' : source
  const rows = found.sentences.map(({ tokens, tags, label }): Sentence => {
    return { tokens, tags, ...(own === null ? {} : { [own]: label }) }
  })
  return { rows, places: found.places, name, format: found.format }
}

/** An error on one of the sentences, with its place in the file; any other error unchanged. */
export function atSentence(error: unknown, { name, places }: SentenceFile): unknown {
  if (!(error instanceof LatchError) || error.row === undefined) return error
  const place = error.where.replace(/^(validation )?row \d+(, )?/, '')
  const where = `${name}, sentence from ${places[error.row]}${place ? `, ${place}` : ''}`
  return new DataError({ ...error, where, fix: error.fixes }, { cause: error })
}
