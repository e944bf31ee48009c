/**
 * Text of a model or a file as it may stand on the page: characters that hide text, turn its direction around or have no
 * glyph are written as \uXXXX. Joiners and variation selectors shape the letters beside them and stay.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
const KEPT = /\n|\t|\u200c|\u200d|\p{Variation_Selector}/u

/** Escapes all but line ends and tabs. */
export function escapeHidden(text: string): string {
  return text.replace(HIDDEN, (character) => (KEPT.test(character) ? character : escapeCharacter(character)))
}

/** A token by itself, with its blanks and line ends made visible too. */
export function visibleToken(token: string): string {
  const shown = escapeHidden(token).replaceAll('\n', '↵').replaceAll('\t', '⇥')
  return shown.replace(/^ +| +$/g, (blanks) => '␣'.repeat(blanks.length))
}

function escapeCharacter(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('')
}
