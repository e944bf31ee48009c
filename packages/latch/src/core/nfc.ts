/** Unicode NFC in time proportional to the text. */

/**
 * A text in NFC. Sorting a run of combining marks takes the square of its length: of a run of 200 or more, of which no
 * writing has as many, each 200 are sorted on their own.
 */
export function toNfc(text: string): string {
  if (text.length < 400) return text.normalize('NFC')
  const parts = text.match(/[^]*?\p{M}{200}|[^]+/gu)!
  return parts.map((part) => part.normalize('NFC')).join('')
}
