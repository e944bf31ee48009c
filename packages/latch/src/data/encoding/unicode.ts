/**
 * UTF-8, UTF-16 or UTF-32 by the first bytes: a byte order mark, else the places of NUL bytes. A text of UTF-16 or
 * UTF-32 without a mark is also valid UTF-8, full of NUL characters, and would be trained on as such.
 */
import { decodeBytes } from './decoders.ts'

export interface Detected {
  encoding: string
  /** Bytes of the byte order mark to leave out. */
  mark: number
  /** Why the encoding is not the expected one, as a note says; null for UTF-8 and the one given. */
  reason: string | null
}

/** Bytes looked at. */
const HEAD_BYTES = 1 << 13

const MARKS: readonly (readonly [encoding: string, ...bytes: number[]])[] = [
  ['utf-32le', 0xff, 0xfe, 0, 0],
  ['utf-32be', 0, 0, 0xfe, 0xff],
  ['utf-8', 0xef, 0xbb, 0xbf],
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
]

/** @param given the encoding by the option, null without; a byte order mark is stronger */
export function detectEncoding(head: Uint8Array, given: string | null): Detected {
  const found = MARKS.find(([, ...bytes]) => bytes.every((byte, at) => head[at] === byte))
  if (found) {
    const [encoding, ...bytes] = found
    const silent = encoding === (given ?? 'utf-8')
    return { encoding, mark: bytes.length, reason: silent ? null : 'by its byte order mark' }
  }
  if (given !== null) return { encoding: given, mark: 0, reason: null }
  const encoding = byNulBytes(head.subarray(0, HEAD_BYTES))
  if (encoding === null) return { encoding: 'utf-8', mark: 0, reason: null }
  return { encoding, mark: 0, reason: 'by its NUL bytes' }
}

/** The encoding whose units put NUL bytes where they are; null where none does. */
function byNulBytes(head: Uint8Array): string | null {
  if (!head.includes(0)) return null
  const units = Math.floor(head.length / 4)
  const nuls = [0, 0, 0, 0]
  for (let at = 0; at < head.length; at++) if (head[at] === 0) nuls[at % 4]++
  if (units > 0) {
    // The highest byte of a character is always NUL, the second highest at most 0x10.
    if (nuls[3] === units && nuls[2] >= units * 0.5 && isText(head, 4, 'utf-32le')) return 'utf-32le'
    if (nuls[0] >= units && nuls[1] >= units * 0.5 && isText(head, 4, 'utf-32be')) return 'utf-32be'
  }
  const [even, odd] = [nuls[0] + nuls[2], nuls[1] + nuls[3]]
  const encoding = odd >= even ? 'utf-16le' : 'utf-16be'
  const [most, least] = [Math.max(even, odd), Math.min(even, odd)]
  const pairs = Math.floor(head.length / 2)
  // Where all other bytes are plain ASCII, single NULs are damage, not UTF-16.
  const isAscii = head.every((byte) => byte === 0 || (byte < 0x7f && (byte >= 0x20 || isSpace(byte))))
  const enough = isAscii ? most >= pairs * 0.6 && least <= most * 0.1 : most >= 3 * least
  return enough && isText(head, 2, encoding) ? encoding : null
}

/** What separates words, cells and lines: a text of another encoding has none of it in pairs of bytes. */
const SEPARATOR = /[\n\r\t ,;|"]/

function isSpace(byte: number): boolean {
  return byte === 9 || byte === 10 || byte === 13
}

/** Whether whole units decode to text without control characters, and with a separator. */
function isText(head: Uint8Array, size: number, encoding: string): boolean {
  let end = head.length - (head.length % size)
  // The last unit may be the first half of a surrogate pair.
  let text = decodeBytes(head.subarray(0, end), encoding)
  if (text === undefined && end > size) {
    end -= size
    text = decodeBytes(head.subarray(0, end), encoding)
  }
  return text !== undefined && SEPARATOR.test(text) && !/[\0-\x08\x0e-\x1f\ufffe\uffff]/.test(text)
}
