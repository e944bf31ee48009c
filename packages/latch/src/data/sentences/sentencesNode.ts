/** Sentences with tags from files, gzip files and standard input (Node only). */
import { assertKnownOptions } from '../../core/knownNames.ts'
import { nameOf, type TableSource } from '../bytesNode.ts'
import { readLines } from '../linesNode.ts'
import { parseSentences, SENTENCE_NAMES, type SentenceOptions, type Sentences } from './sentences.ts'

/**
 * Sentences of a file or stream, as `parseSentences` reads them.
 * @throws DataError for a file that cannot be read, and as `parseSentences`; UsageError for an unknown option
 */
export async function readSentences(source: TableSource, options: SentenceOptions = {}): Promise<Sentences> {
  assertKnownOptions('readSentences option', options, SENTENCE_NAMES)
  const { encoding, ...rest } = options
  const name = nameOf(source, options.name)
  const lines: string[] = []
  const notes: string[] = []
  const onNote = (note: string) => notes.push(note)
  for await (const line of readLines(source, { name, encoding, onNote })) lines.push(line)
  const found = parseSentences(lines.join('\n'), { ...rest, name })
  return { ...found, notes: [...notes, ...found.notes] }
}
