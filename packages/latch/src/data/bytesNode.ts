/** Bytes of files, standard input and streams, plain or gzipped (Node only), and the faults of reading them. */
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DataError } from '../core/errors.ts'
import { missingFile } from '../core/missingFileNode.ts'
import { isGzip } from './fileKinds.ts'

/** A file's path, '-' for standard input, bytes in memory, or a stream of bytes. */
export type TableSource = string | Uint8Array | AsyncIterable<Uint8Array>

/** The name of a source in messages. */
export function nameOf(source: TableSource, name: string | undefined): string {
  if (name !== undefined) return name
  if (typeof source !== 'string') return 'table'
  return source === '-' ? 'standard input' : basename(source)
}

/** The bytes of a source, decompressed where they are gzip. @throws DataError for a file that cannot be read */
export async function* readBytes(source: TableSource, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* decompressed(bytesOf(source), name)
  } catch (cause) {
    const where = typeof source === 'string' && source !== '-' ? source : name
    throw isMissing(cause) ? await missingFile(where, cause) : explained(cause, where)
  }
}

function bytesOf(source: TableSource): AsyncIterable<Uint8Array> {
  if (source instanceof Uint8Array) return Readable.from([source])
  if (typeof source !== 'string') return source
  return source === '-' ? process.stdin : createReadStream(source)
}

/** Gzip is detected by its first two bytes, so it may come from standard input or have any name. */
async function* decompressed(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  const head = await readHead(chunks, (length) => length >= 2)
  const all = joined(head, chunks)
  if (isGzip(head)) {
    const gunzip = createGunzip()
    // The loop below throws the pipeline's errors; its callback has nothing to add.
    pipeline(Readable.from(all), gunzip, () => {})
    yield* gunzip as AsyncIterable<Uint8Array>
    return
  }
  if (name.endsWith('.gz') && head.length > 0) {
    const got = 'other data'
    throw new DataError({
      where: name,
      expected: 'gzip data, as its name says',
      got,
      remedy: 'Rename the file.',
    })
  }
  yield* all
}

/**
 * The first bytes: chunks until they are enough, or end.
 * @param isEnough asked after each chunk, with the bytes so far
 */
export async function readHead(
  chunks: AsyncIterator<Uint8Array>,
  isEnough: (length: number, chunk: Uint8Array) => boolean,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for (;;) {
    const result = await chunks.next()
    if (result.done) break
    parts.push(result.value)
    length += result.value.length
    if (isEnough(length, result.value)) break
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts)
}

/** The head, then the rest. */
export async function* joined<Piece extends string | Uint8Array>(
  head: Piece,
  rest: AsyncIterator<Piece>,
): AsyncGenerator<Piece> {
  try {
    if (head.length > 0) yield head
    for (let result = await rest.next(); !result.done; result = await rest.next()) yield result.value
  } finally {
    // A reader that stopped early (at a bad row, say) must not leave the file open.
    await rest.return?.()
  }
}

const FILE_FAULTS: Record<string, { got: string; remedy?: string }> = {
  EISDIR: { got: 'a folder', remedy: 'Name a file in it.' },
  EACCES: { got: 'permission denied', remedy: 'Check its permissions.' },
  Z_BUF_ERROR: { got: 'gzip data that ends too early', remedy: 'Copy or compress the file again.' },
  Z_DATA_ERROR: { got: 'gzip data that is damaged', remedy: 'Copy or compress the file again.' },
}

function isMissing(cause: unknown): boolean {
  return (cause as { code?: unknown } | null)?.code === 'ENOENT'
}

function explained(cause: unknown, where: string): unknown {
  const code = (cause as { code?: unknown } | null)?.code
  if (typeof code !== 'string' || !Object.hasOwn(FILE_FAULTS, code)) return cause
  const expected = 'a readable file'
  return new DataError({ where, expected, ...FILE_FAULTS[code] }, { cause })
}
