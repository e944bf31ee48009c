/** Lines of text from files and streams (Node only): one text per line, as `latch predict` reads them. */
import { DataError } from '../core/errors.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'
import { joined, nameOf, readBytes, readHead } from './bytesNode.ts'
import type { TableSource } from './bytesNode.ts'
import { TextReader } from './encoding/encoding.ts'
import { assertTextFile } from './fileKinds.ts'
import { LineBuffer } from './lineBuffer.ts'
import type { TableOptions } from './tableStart.ts'

/** How lines are read. */
export interface LineOptions extends Pick<TableOptions, 'name' | 'encoding'> {
  /** Receives what was inferred, such as the encoding, in sentences for the user. */
  onNote?: (note: string) => void
  /**
   * Receives the error of a line (from 1) that its encoding cannot decode; the line then reads as '', and reading goes
   * on. Of UTF-8 only: elsewhere the line that follows is not known. Default: the error is thrown.
   */
  onFault?: (error: DataError, line: number) => void
}

const NAMES: Names<LineOptions> = { name: 1, encoding: 1, onNote: 1, onFault: 1 }

/** Bytes waited for where no line end comes. */
const HEAD_BYTES = 4096
const NEWLINE = 10

/**
 * Lines of text without their line ends.
 * @throws DataError for a source that cannot be read, bytes that are not text of the encoding, or damaged gzip; UsageError for
 * an unknown encoding
 */
export async function* readLines(source: TableSource, options: LineOptions = {}): AsyncGenerator<string> {
  assertKnownOptions('readLines option', options, NAMES)
  const name = nameOf(source, options.name)
  const chunks = readBytes(source, name)
  // A slow pipe is read line by line: the first line shows the encoding.
  const head = await readHead(chunks, (length, chunk) => length >= HEAD_BYTES || chunk.includes(NEWLINE))
  assertTextFile(head, name, 'lines of text')
  const decoder = new TextReader(name, head, options.encoding)
  for (const note of decoder.notes) options.onNote?.(note)
  const all = joined(head, chunks)
  if (options.onFault && decoder.encoding === 'utf-8') {
    yield* tolerantLines(all, decoder, options.onFault)
    return
  }
  const lines = new LineBuffer()
  for await (const bytes of all) yield* lines.push(decoder.push(bytes))
  decoder.finish()
  yield* lines.finish()
}

/** Lines of UTF-8, cut as bytes, so that a line at fault ends with its line end. */
async function* tolerantLines(
  chunks: AsyncIterable<Uint8Array>,
  decoder: TextReader,
  onFault: NonNullable<LineOptions['onFault']>,
): AsyncGenerator<string> {
  let rest: Uint8Array[] = []
  let line = 0
  const read = (bytes: Uint8Array): string => {
    line++
    try {
      return decoder.push(bytes).replace(/\r?\n?$/, '')
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      decoder.skip(bytes)
      onFault(error, line)
      return ''
    }
  }
  for await (const bytes of chunks) {
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield read(Buffer.concat([...rest, bytes.subarray(start, end + 1)]))
      rest = []
      start = end + 1
    }
    if (start < bytes.length) rest.push(bytes.subarray(start))
  }
  if (rest.length > 0) yield read(Buffer.concat(rest))
}
