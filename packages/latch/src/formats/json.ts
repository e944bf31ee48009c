/** JSON of files, checked for its size before it is parsed. */
import { FormatError } from '../core/errors.ts'

/** Maximum nesting of lists and objects. */
export const MAX_JSON_DEPTH = 64

/** Parses JSON with a bounded number of values. @throws FormatError naming the place */
export function parseJson(text: string, where: string): unknown {
  assertJsonSize(text, where)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const got = cause instanceof SyntaxError ? cause.message.slice(0, 160) : 'other text'
    throw new FormatError({ where, expected: 'JSON', got }, { cause })
  }
}

/** Parses JSON from UTF-8 bytes. @throws FormatError naming the place */
export function parseJsonBytes(bytes: Uint8Array, where: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new FormatError({ where, expected: 'JSON in UTF-8', got: 'invalid UTF-8' }, { cause })
  }
  return parseJson(text, where)
}

/**
 * A list or object takes about 60 bytes of memory and as little as one byte of text. So their depth and
 * number are limited by the length of the text before JSON.parse builds any.
 */
export function assertJsonSize(text: string, where: string): void {
  const most = 100_000 + Math.floor(text.length / 10)
  let depth = 0
  let containers = 0
  let inText = false
  for (let i = 0; i < text.length; i++) {
    const sign = text.charCodeAt(i)
    if (inText) {
      if (sign === 0x5c) i++
      else if (sign === 0x22) inText = false
    } else if (sign === 0x22) {
      inText = true
    } else if (sign === 0x5b || sign === 0x7b) {
      depth++
      containers++
      if (depth > MAX_JSON_DEPTH || containers > most) {
        const expected = `at most ${MAX_JSON_DEPTH} levels and ${most} lists and objects`
        throw new FormatError({ where: `${where}, character ${i}`, expected, got: 'more' })
      }
    } else if (sign === 0x5d || sign === 0x7d) {
      depth--
    }
  }
}
