/**
 * Text as it may reach a terminal. Names, labels and texts come from files: characters that move the cursor, colour
 * or hide text, turn its direction around or are invisible are written as `\uXXXX`, which JSON reads as the character.
 */

/** Between two emoji, and in scripts where they shape letters, joiners belong to the text; so does a variant of a glyph. */
const JOINING_SCRIPTS =
  'Arab Syrc Mong Nkoo Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Khmr Mymr Tibt Mand'
    .split(' ')
    .map((script) => `\\p{scx=${script}}`)
    .join('')
const KEPT = [
  '(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})',
  `(?<=[${JOINING_SCRIPTS}])[\\u200c\\u200d]`,
  '(?<=[^\\p{C}\\p{Z}\\p{Default_Ignorable_Code_Point}])[\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}]',
  // Format characters with a glyph: signs before Arabic, Syriac and Kaithi numbers.
  '[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}]',
].join('|')
const HIDDEN = '[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]'
const PLAIN = /^[\n\t\x20-\x7e]*$/

/** Part of each colour escape of this process, so that no text from a file can be one. */
const KEY = Array.from({ length: 3 }, () => String(Math.floor(1000 + Math.random() * 9000))).join(';')
const SPECIAL = new RegExp(`\\u001b\\[${KEY};(\\d+)m|(${KEPT}|[\\n\\t])|${HIDDEN}`, 'gu')

/** Escapes all but newlines, tabs and the styles of `createColors`. */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(SPECIAL, (character: string, style?: string, kept?: string) =>
    style === undefined ? (kept ?? escapeCharacter(character)) : `\u001b[${style}m`,
  )
}

function escapeCharacter(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('')
}

/** First and last SGR code of each style. */
const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  underline: [4, 24],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const

export type Colors = Readonly<Record<keyof typeof STYLES, (text: string) => string>>

/** Functions that style a text for `escapeText`, or leave it as it is. */
export function createColors(enabled: boolean): Colors {
  const style = ([on, off]: readonly [number, number]) => {
    const [begin, end] = [`\u001b[${KEY};${on}m`, `\u001b[${KEY};${off}m`]
    // An inner style ends the outer one too: it begins anew.
    return (text: string) => (enabled ? begin + text.replaceAll(end, end + begin) + end : text)
  }
  return Object.fromEntries(Object.entries(STYLES).map(([name, codes]) => [name, style(codes)])) as Colors
}
