/** Lines of text from files and streams (Node only): one text per line, as `latch predict` reads them. */
import { joined, nameOf, readBytes, readHead } from './bytesNode.ts'
import type { TableSource } from './bytesNode.ts'
import { TextReader } from './encoding.ts'
import { refuseOtherKinds } from './fileKinds.ts'
import type { TableOptions } from './tableStart.ts'

/** How lines are read. */
export interface LineOptions extends Pick<TableOptions, 'name' | 'encoding'> {
  /** Receives what was inferred, such as the encoding, in sentences for the user. */
  onNote?: (note: string) => void
}

/** Bytes waited for where no line end comes. */
const HEAD_BYTES = 4096
const NEWLINE = 10

/**
 * Lines of text without their line ends.
 * @throws DataError for a source that cannot be read, what is no text of its encoding, or damaged gzip; UsageError for
 * an unknown encoding
 */
export async function* readLines(source: TableSource, options: LineOptions = {}): AsyncGenerator<string> {
  const name = nameOf(source, options.name)
  const chunks = readBytes(source, name)
  // A slow pipe is read line by line: the first line tells the encoding.
  const head = await readHead(chunks, (length, chunk) => length >= HEAD_BYTES || chunk.includes(NEWLINE))
  refuseOtherKinds(head, name, 'lines of text')
  const decoder = new TextReader(name, head, options.encoding)
  for (const note of decoder.notes) options.onNote?.(note)
  /** Pieces of a line that is not complete yet. */
  let rest: string[] = []
  const takeLine = (): string => {
    const line = rest.join('').replace(/\r$/, '')
    rest = []
    return line
  }
  for await (const bytes of joined(head, chunks)) {
    const text = decoder.push(bytes)
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      rest.push(text.slice(start, end))
      yield takeLine()
      start = end + 1
    }
    if (start < text.length) rest.push(text.slice(start))
  }
  decoder.finish()
  if (rest.length > 0) yield takeLine()
}
