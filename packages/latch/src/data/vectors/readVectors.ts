/** Word vectors from bytes: text with or without a first line of sizes, and word2vec's binary form. */
import { DataError } from '../../core/errors.ts'
import { ByteQueue } from './byteQueue.ts'
import { VectorCollector, type FoundVectors } from './foundVectors.ts'
import { HEAD_BYTES, isNumber, recogniseVectors, type VectorStart } from './vectorForm.ts'

/** Most bytes of a line, or of a word of the binary form. */
const MAX_LINE = 1 << 24
const MAX_WORD = 1 << 16

const [TAB, NEWLINE, RETURN, SPACE] = [9, 10, 13, 32]
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The vectors of a file, as they are read. */
interface Source {
  name: string
  start: VectorStart
  queue: ByteQueue
  collector: VectorCollector
}

/** The first bytes decide about the form. @throws DataError for anything but word vectors */
export async function startOfVectors(
  chunks: AsyncIterator<Uint8Array>,
  name: string,
): Promise<{ queue: ByteQueue; start: VectorStart }> {
  const queue = new ByteQueue(chunks)
  const isEnough = () => {
    const { arrived } = queue
    const first = arrived.indexOf(NEWLINE)
    return (
      arrived.length >= MAX_LINE ||
      (arrived.length >= HEAD_BYTES && arrived.indexOf(NEWLINE, first + 1) > first)
    )
  }
  while (!isEnough() && (await queue.fill()));
  return { queue, start: recogniseVectors(queue.arrived, name) }
}

/**
 * Reads the vectors of some words.
 * @param words null: of all
 * @param unseen how many of the first rows are read whatever their words are
 * @throws DataError naming the line or vector at fault
 */
export async function readVectors(
  chunks: AsyncIterator<Uint8Array>,
  name: string,
  words: ReadonlySet<string> | null,
  ignoreCase: boolean,
  unseen = 0,
): Promise<FoundVectors> {
  const { queue, start } = await startOfVectors(chunks, name)
  const source = { name, start, queue, collector: new VectorCollector(words, ignoreCase, unseen) }
  try {
    queue.take(start.skipped)
    await (start.form === 'binary' ? readBinary(source) : readText(source))
  } finally {
    await queue.close()
  }
  return source.collector.finish()
}

async function readText(source: Source): Promise<void> {
  const { name, start, queue, collector } = source
  const { found } = collector
  let line = start.form === 'text' ? 0 : 1
  for (;;) {
    line++
    const bytes = await next(source, () => queue.takeUntil(NEWLINE), MAX_LINE, `line ${line}`)
    const last = bytes ?? queue.take(queue.arrived.length)!
    if (bytes === null && last.length === 0) break
    readLine(source, last, line)
  }
  if (found.rows === 0) throw new DataError({ where: name, expected: 'vectors', got: 'blank lines' })
  if (start.rows !== null && start.rows !== found.rows)
    found.notes.push(`The first line of ${name} says ${start.rows} vectors; the file has ${found.rows}.`)
}

/** A word, spaces or tabs, and as many numbers as the width says. Words may have spaces, as some of GloVe have. */
function readLine({ name, start, collector }: Source, bytes: Uint8Array, line: number): void {
  let end = bytes.length
  while (end > 0 && isSpace(bytes[end - 1])) end--
  if (end === 0) return
  let [fields, at] = [0, end]
  // The separator before the numbers, from the end.
  for (let i = end - 1; i >= 0 && fields < start.width; i--) {
    if (bytes[i] !== SPACE && bytes[i] !== TAB) continue
    fields++
    at = i
  }
  const word = utf8.decode(bytes.subarray(0, at))
  const where = `${name}, line ${line}`
  const before = word.slice(Math.max(word.lastIndexOf(' '), word.lastIndexOf('\t')) + 1)
  if (fields < start.width || (before !== word && isNumber(before))) {
    const all = utf8.decode(bytes.subarray(0, end)).split(/[ \t]/)
    const expected = `a word and ${start.width} numbers, as in ${start.rows === null ? 'line 1' : 'the first line'}`
    const remedy = 'The rows are ragged: check the download, or remove the line.'
    throw new DataError({ where, expected, got: `${JSON.stringify(all[0])} and ${all.length - 1}`, remedy })
  }
  const wanted = collector.wants(word)
  if (!wanted) return
  const texts = utf8.decode(bytes.subarray(at + 1, end)).split(/[ \t]/)
  const vector = Float32Array.from(texts, Number)
  const wrong = texts.findIndex((text, i) => !isNumber(text) || !Number.isFinite(vector[i]))
  if (wrong >= 0) throwNumber(`${where}, ${JSON.stringify(word)}`, JSON.stringify(texts[wrong]), wrong)
  wanted.into.set(wanted.word, vector)
}

async function readBinary(source: Source): Promise<void> {
  const { name, start, queue, collector } = source
  const { width } = start
  const rows = start.rows!
  for (let row = 1; row <= rows; row++) {
    const place = `vector ${row}`
    const word = await next(source, () => queue.takeUntil(SPACE), MAX_WORD, place)
    const bytes = word && (await next(source, () => queue.take(4 * width), Infinity, place))
    if (!bytes) {
      const expected = `${rows} vectors of ${width} numbers, as the first line says`
      const got = `the end of the file in vector ${row}`
      const remedy = 'The file is cut short: copy or download it again.'
      throw new DataError({ where: name, expected, got, remedy })
    }
    // Some writers end each vector with a line.
    const text = utf8.decode(word).replace(/^\n+/, '')
    const wanted = collector.wants(text)
    if (!wanted) continue
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const vector = Float32Array.from({ length: width }, (_, i) => view.getFloat32(4 * i, true))
    const wrong = vector.findIndex((value) => !Number.isFinite(value))
    if (wrong >= 0) throwNumber(`${name}, ${place}, ${JSON.stringify(text)}`, `${vector[wrong]}`, wrong)
    wanted.into.set(wanted.word, vector)
  }
  const more = await next(source, () => (queue.arrived.length > 1 ? queue.arrived : null), Infinity, '')
  if (more || queue.arrived.some((byte) => byte !== NEWLINE)) {
    const expected = `the end of the file after ${rows} vectors of ${width} numbers, as the first line says`
    const remedy = 'The first line belongs to another file: download it again.'
    throw new DataError({ where: name, expected, got: 'more bytes', remedy })
  }
}

/** Waits until bytes can be taken; null at the end of the file. @throws DataError for more than `limit` bytes */
async function next(
  { queue, name }: Source,
  take: () => Uint8Array | null,
  limit: number,
  place: string,
): Promise<Uint8Array | null> {
  for (;;) {
    const taken = take()
    if (taken) return taken
    if (queue.arrived.length > limit) {
      const expected = `at most ${limit} bytes`
      throw new DataError({ where: `${name}, ${place}`, expected, got: 'more, without an end' })
    }
    if (!(await queue.fill())) return null
  }
}

function throwNumber(where: string, got: string, index: number): never {
  throw new DataError({ where: `${where}, number ${index + 1}`, expected: 'a finite number of float32', got })
}

const isSpace = (byte: number): boolean =>
  byte === SPACE || byte === TAB || byte === RETURN || byte === NEWLINE
