/**
 * Texts as bytes and back: UTF-8, with lone surrogates as three bytes of their own (WTF-8), so that every string comes back
 * exactly. Each byte is written as one printable character, as in GPT-2's vocabulary (Radford et al. 2019): a space is `Ġ`.
 */

/** The character of each byte: itself if it is printable and no space, else one from U+0100 on. */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters()

const BYTE_OF: ReadonlyMap<string, number> = new Map(
  BYTE_CHARACTERS.map((character, byte) => [character, byte]),
)

function byteCharacters(): string[] {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)
    return String.fromCharCode(isPrintable ? byte : next++)
  })
}

/** The bytes of a text, a character each. */
export function toByteCharacters(text: string): string {
  let out = ''
  for (const letter of text) {
    const code = letter.codePointAt(0)!
    if (code < 0x80) out += BYTE_CHARACTERS[code]
    else {
      const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3
      out += BYTE_CHARACTERS[[0xc0, 0xe0, 0xf0][more - 1] | (code >> (6 * more))]
      for (let i = more - 1; i >= 0; i--) out += BYTE_CHARACTERS[0x80 | ((code >> (6 * i)) & 0x3f)]
    }
  }
  return out
}

/** Whether a string is made of characters of bytes. */
export function isByteCharacters(text: string): boolean {
  for (const character of text) if (!BYTE_OF.has(character)) return false
  return true
}

/** Characters of bytes → text as it arrives: a letter is given when its last byte is there. */
export class ByteDecoder {
  #code = 0
  #missing = 0
  #least = 0

  /** The text that these bytes complete; bytes that are no part of a letter become U+FFFD. */
  push(characters: string): string {
    let text = ''
    for (const character of characters) text += this.#pushByte(BYTE_OF.get(character) ?? 0xff)
    return text
  }

  /** The same, were they added. */
  peek(characters: string): string {
    const [code, missing, least] = [this.#code, this.#missing, this.#least]
    const text = this.push(characters)
    this.#code = code
    this.#missing = missing
    this.#least = least
    return text
  }

  /** What is left of a letter that was begun. */
  end(): string {
    if (this.#missing === 0) return ''
    this.#missing = 0
    return '\ufffd'
  }

  #pushByte(byte: number): string {
    if (this.#missing > 0 && byte >> 6 === 2) {
      this.#code = (this.#code << 6) | (byte & 0x3f)
      if (--this.#missing > 0) return ''
      const isLetter = this.#code >= this.#least && this.#code <= 0x10ffff
      return isLetter ? String.fromCodePoint(this.#code) : '\ufffd'
    }
    const broken = this.end()
    if (byte < 0x80) return broken + String.fromCharCode(byte)
    if (byte < 0xc2 || byte > 0xf4) return `${broken}\ufffd`
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    this.#least = [0x80, 0x800, 0x10000][this.#missing - 1]
    this.#code = byte & (0x3f >> this.#missing)
    return broken
  }
}

/** The text of characters of bytes. */
export function fromByteCharacters(characters: string): string {
  const decoder = new ByteDecoder()
  const text = decoder.push(characters)
  return text + decoder.end()
}
