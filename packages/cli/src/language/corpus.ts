/** Reads the texts of a language model: a text file as one text or line by line, or a column of a table. */
import { DataError } from 'latch'
import { readLines, readTexts } from 'latch/tables'
import type { Output } from '../terminal/output.ts'
import { plural } from '../terminal/numbers.ts'
import { isTable, noteAsFlags, tableOptions, type TableFlags } from '../options/tableFlags.ts'

export interface CorpusFlags extends TableFlags {
  text?: string
  /** Each line of a text file is a text. */
  lines?: boolean
}

export interface Corpus {
  /** One long text, or several. */
  texts: string | string[]
  /** The file's name, for messages. */
  name: string
}

/** Reads the texts of a file; `-` is standard input. @throws DataError */
export async function readCorpus(source: string, flags: CorpusFlags, output: Output): Promise<Corpus> {
  const name = source === '-' ? 'standard input' : source
  if (isTable(source, flags)) {
    const { texts, notes } = await readTexts(source, { text: flags.text, ...tableOptions(flags) })
    for (const note of notes) output.note(noteAsFlags(note))
    return { texts: withoutEmpty(texts, name, output), name }
  }
  const onNote = (note: string) => output.note(noteAsFlags(note))
  const lines: string[] = []
  for await (const line of readLines(source, { encoding: flags.encoding, onNote })) lines.push(line)
  if (flags.lines) return { texts: withoutEmpty(lines, name, output), name }
  const text = lines.join('\n')
  if (text.trim() === '') throw noText(name)
  return { texts: text, name }
}

/** Empty texts have nothing to learn. */
function withoutEmpty(texts: readonly string[], name: string, output: Output): string[] {
  const kept = texts.filter((text) => text.trim() !== '')
  if (kept.length === 0) throw noText(name)
  if (kept.length < texts.length) output.note(`${plural(texts.length - kept.length, 'empty text')} left out.`)
  return kept
}

function noText(name: string): DataError {
  return new DataError({
    where: name,
    expected: 'text',
    got: 'an empty file',
    remedy: 'Check the file and its column.',
  })
}
