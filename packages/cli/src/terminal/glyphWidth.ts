/**
 * The number of terminal columns that a text takes: wide East Asian glyphs and emoji take two, combining
 * marks none. Counted by grapheme, so that a letter with its marks or a joined emoji is one glyph.
 */
import { escapeText } from './escape.ts'

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u
const ESCAPES = /\u001b\[[0-9;]*m/g

/** First and last code points that Unicode's EastAsianWidth gives as wide or full-width. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
]

/** The glyphs of a text, as a reader counts them. */
export function splitGlyphs(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment)
}

/** Letters that are divided into glyphs at once. */
const PIECE = 4096

/** Columns a text takes; colour escapes take none. */
export function displayWidth(text: string): number {
  const plain = text.replace(ESCAPES, '')
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length
  let sum = 0
  // The segmenter takes the square of the length.
  for (let at = 0; at < plain.length; at += PIECE)
    for (const glyph of splitGlyphs(plain.slice(at, at + PIECE))) sum += glyphWidth(glyph)
  return sum
}

function glyphWidth(glyph: string): number {
  if (INVISIBLE.test(glyph)) return 0
  if (EMOJI.test(glyph)) return 2
  const code = glyph.codePointAt(0) ?? 0
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1
}

/** Truncates a plain text to at most `width` columns, with `…` at the end. */
export function fit(text: string, width: number): string {
  // Glyphs have a few letters at most: what is behind is not shown.
  const start = text.slice(0, 64 * Math.max(1, width))
  if (start.length === text.length && displayWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const glyph of splitGlyphs(start)) {
    const next = glyphWidth(glyph)
    if (used + next > width - 1) break
    kept += glyph
    used += next
  }
  return `${kept}…`
}

/** Pads with spaces on the right (on the left for `end`). */
export function pad(text: string, width: number, side: 'start' | 'end' = 'start'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return side === 'start' ? text + space : space + text
}

/** Breaks a plain text into lines of at most `width` columns, at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && displayWidth(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

const SIGNS: Record<string, string> = { '\n': '↵', '\r': '↵', '\t': '⇥' }

/** Text from data as it is printed, on one line: line breaks and tabs as signs, other controls escaped. */
export function visible(text: string): string {
  return escapeText(text.replace(/[\n\r\t]/g, (sign) => SIGNS[sign]))
}
