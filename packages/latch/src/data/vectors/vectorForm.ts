/** Which form a file of word vectors has, by its first bytes: its name does not matter. */
import { DataError } from '../../core/errors.ts'
import { kindOfFile } from '../fileKinds.ts'

/** GloVe text has rows alone; word2vec text and fastText's `.vec` begin with a line of both sizes, as word2vec's binary form does. */
export type VectorForm = 'text' | 'headedText' | 'binary'

export interface VectorStart {
  form: VectorForm
  /** Numbers of a vector. */
  width: number
  /** Vectors, by the first line; null without one. */
  rows: number | null
  /** Bytes before the first vector. */
  skipped: number
}

/** Bytes of a head that always decide. */
export const HEAD_BYTES = 1 << 16
/** Most numbers of a vector, as of an embedding. */
const MAX_WIDTH = 2 ** 20

const NEWLINE = 10
const FORMS = 'word vectors (GloVe, word2vec, or fastText .vec)'
const WHAT = 'Give a file with a word and its numbers in each line, or the binary form of word2vec.'
const utf8 = new TextDecoder()

/** A finite number as text has it. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
export const isNumber = (text: string): boolean => NUMBER.test(text)

/** @throws DataError for anything but word vectors */
export function recogniseVectors(head: Uint8Array, name: string): VectorStart {
  const mark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  assertVectorFile(head, name)
  const end = head.indexOf(NEWLINE, mark)
  const first = utf8.decode(head.subarray(mark, end < 0 ? undefined : end)).trimEnd()
  if (first === '' && utf8.decode(head).trim() === '')
    throw new DataError({ where: name, expected: FORMS, got: 'no vectors', remedy: WHAT })
  const rest = end < 0 ? new Uint8Array(0) : head.subarray(end + 1)
  const sizes = /^(\d{1,15})[ \t](\d{1,15})$/.exec(first)
  const [rows, width] = [Number(sizes?.[1]), Number(sizes?.[2])]
  if (!sizes || isPair(rest, width)) return headless(first, name, mark)
  if (rows === 0 || rest.length === 0)
    throw new DataError({
      where: name,
      expected: FORMS,
      got: 'no vectors after the first line',
      remedy: WHAT,
    })
  requireWidth(width, name)
  const form = isText(rest) ? 'headedText' : 'binary'
  return { form, width, rows, skipped: end + 1 }
}

/** A file without a first line of sizes: the first row shows the width. */
function headless(first: string, name: string, skipped: number): VectorStart {
  const fields = first.split(/[ \t]/)
  const word = fields.findLastIndex((field) => !isNumber(field))
  // The first word may be a number.
  const width = Math.min(fields.length - 1 - word, fields.length - 1)
  if (width === 0) {
    const got = `${JSON.stringify(first.slice(0, 60))} as the first line`
    throw new DataError({ where: name, expected: FORMS, got, remedy: WHAT })
  }
  requireWidth(width, name)
  return { form: 'text', width, rows: null, skipped }
}

/** Whether the second line is a word and one number, though the first line would promise another width. */
function isPair(rest: Uint8Array, width: number): boolean {
  const end = rest.indexOf(NEWLINE)
  const fields = utf8
    .decode(rest.subarray(0, end < 0 ? rest.length : end))
    .trimEnd()
    .split(/[ \t]/)
  return width !== 1 && fields.length === 2 && isNumber(fields[1])
}

function requireWidth(width: number, name: string): void {
  if (width >= 1 && width <= MAX_WIDTH) return
  const expected = `vectors of 1 to ${MAX_WIDTH} numbers`
  throw new DataError({ where: `${name}, line 1`, expected, got: `${width}` })
}

/** Floats as bytes have control characters, or are no UTF-8. */
function isText(bytes: Uint8Array): boolean {
  const some = bytes.subarray(0, 4096)
  if (some.some((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return false
  // A character may be cut at the end.
  return !utf8
    .decode(some.length < 4096 ? some : some.subarray(0, -3))
    .slice(0, -1)
    .includes('\ufffd')
}

function assertVectorFile(head: Uint8Array, name: string): void {
  // The magic number of fastText's binary models.
  if (head[0] === 0xba && head[1] === 0x16 && head[2] === 0x4f && head[3] === 0x2f)
    throw new DataError({
      where: name,
      expected: FORMS,
      got: 'a fastText model (.bin)',
      remedy: 'Give the file .vec that belongs to it.',
    })
  const kind = kindOfFile(head)
  if (!kind) return
  const isArchive = /archive|data/.test(kind.what)
  const remedy = isArchive ? 'Unpack it, and give the file inside.' : WHAT
  throw new DataError({ where: name, expected: FORMS, got: kind.what, remedy })
}
