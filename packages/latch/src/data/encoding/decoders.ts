/**
 * Decoders by the name of an encoding: those of TextDecoder (all of the WHATWG Encoding Standard), and UTF-32. Strict:
 * bytes that are no text of the encoding are an error, for wrongly decoded text would train a wrong model.
 */
import { UsageError } from '../../core/errors.ts'

/** Chunks of bytes → text. */
export interface Decoder {
  /** @throws TypeError at bytes that are not text of this encoding */
  decode(bytes: Uint8Array, isLast: boolean): string
}

/** Encodings to name where a name is unknown. */
const COMMON =
  'utf-8, utf-16le, utf-16be, utf-32, windows-1252, windows-1250, windows-1251, gbk, big5, shift_jis, euc-jp, euc-kr, koi8-r'

/** Names of other programs (Python, Windows) → those of the standard. */
const ALIASES: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  cp65001: 'utf-8',
  macroman: 'macintosh',
  'utf-8-sig': 'utf-8',
  utf16: 'utf-16le',
  'utf-16-le': 'utf-16le',
  'utf-16-be': 'utf-16be',
  'utf-32-le': 'utf-32le',
  'utf-32-be': 'utf-32be',
}

const UTF_32 = /^utf-?32(le|be)?$/

/**
 * The name of an encoding as the standard spells it: `latin1` is windows-1252.
 * @throws UsageError for an unknown one
 */
export function encodingName(given: string): string {
  const typed = typeof given === 'string' ? given.trim().toLowerCase() : ''
  const label = Object.hasOwn(ALIASES, typed) ? ALIASES[typed] : typed
  const utf32 = UTF_32.exec(label)
  if (utf32) return `utf-32${utf32[1] ?? 'le'}`
  try {
    return new TextDecoder(label).encoding
  } catch (cause) {
    const expected = `an encoding such as ${COMMON}`
    throw new UsageError({ where: 'encoding', expected, got: JSON.stringify(given) }, { cause })
  }
}

/** @param encoding as `encodingName` gives it */
export function createDecoder(encoding: string): Decoder {
  if (encoding.startsWith('utf-32')) return new Utf32Decoder(encoding === 'utf-32le')
  if (encoding === 'windows-1252') return WINDOWS_1252
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  return { decode: (bytes, isLast) => decoder.decode(bytes, { stream: !isLast }) }
}

/** All bytes as text; undefined where they are not text of this encoding. */
export function decodeBytes(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return createDecoder(encoding).decode(bytes, true)
  } catch {
    return undefined
  }
}

/** Each byte as the character of that number. */
export function latin1(bytes: Uint8Array): string {
  return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(Uint16Array.from(bytes))
}

/** Characters of the bytes 0x80 to 0x9F. Some versions of Node read them as ISO-8859-1. */
const WINDOWS_1252_C1 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

const WINDOWS_1252: Decoder = {
  decode(bytes) {
    return latin1(bytes).replace(/[\u0080-\u009f]/g, (sign) => WINDOWS_1252_C1[sign.charCodeAt(0) - 0x80])
  },
}

class Utf32Decoder implements Decoder {
  readonly #isLittleEndian: boolean
  #carry: number[] = []

  constructor(isLittleEndian: boolean) {
    this.#isLittleEndian = isLittleEndian
  }

  decode(bytes: Uint8Array, isLast: boolean): string {
    const all = this.#carry.length > 0 ? Uint8Array.from([...this.#carry, ...bytes]) : bytes
    const whole = all.length - (all.length % 4)
    this.#carry = [...all.subarray(whole)]
    if (isLast && this.#carry.length > 0) throw new TypeError('UTF-32 ends inside a character')
    const view = new DataView(all.buffer, all.byteOffset, whole)
    const parts: string[] = []
    for (let at = 0; at < whole; at += 4) {
      const point = view.getUint32(at, this.#isLittleEndian)
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw new TypeError('no character')
      parts.push(String.fromCodePoint(point))
    }
    return parts.join('')
  }
}

const DISPLAYED: Readonly<Record<string, string>> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16LE',
  'utf-16be': 'UTF-16BE',
  'utf-32le': 'UTF-32LE',
  'utf-32be': 'UTF-32BE',
}

/** An encoding as messages spell it: `UTF-16LE`, `windows-1252`. */
export function displayName(encoding: string): string {
  return DISPLAYED[encoding] ?? encoding
}
