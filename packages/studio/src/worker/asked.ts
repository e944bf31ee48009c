/** Inputs as the views can show them, of any model. */
import type { AnyModel } from 'latch/formats'

/** Longer sequences are cut: what the views can show, and what is quick to compute. */
export const MOST_TOKENS = 400
/** Characters that are read at all, of a text and of numbers. */
const MOST_CHARACTERS = { text: 200_000, numbers: 2_000_000 }
/** Numbers that a view may hold: steps × units × layers, some dozen vectors each. */
const MOST_NUMBERS = 100_000

/** What was typed as far as views can show it, cut at a token. @throws Error for an empty text */
export function fittingText(model: AnyModel, text: string): { text: string; cut: number } {
  const { reads, input, tokens: kind } = model.summary()
  const readsText = reads.includes('text')
  if (text.trim() === '' && !(kind === 'character' && text !== '')) throw new Error(describeEmpty(reads))
  const most = readsText ? MOST_CHARACTERS.text : MOST_CHARACTERS.numbers
  const { steps, tokens, ids, features, padding, cut } = model.encode(text.slice(0, most))
  const width = model.network.recurrent.reduce((sum, { units, loops }) => sum + units * loops.length, 0)
  const shown = Math.min(MOST_TOKENS, Math.max(8, Math.floor(MOST_NUMBERS / Math.max(1, width))))
  if (steps <= shown) return { text, cut }
  const short = { cut: cut + steps - shown }
  if (features) {
    const F = input.width
    const rows = Array.from({ length: shown }, (_, t) => Array.from(features.subarray(t * F, (t + 1) * F)))
    return { ...short, text: JSON.stringify(rows) }
  }
  if (!readsText) return { ...short, text: ids!.slice(0, shown).join(' ') }
  return { ...short, text: tokens.slice(padding, padding + shown).join(kind === 'character' ? '' : ' ') }
}

function describeEmpty(reads: readonly string[]): string {
  if (reads.includes('text')) return 'The text is empty: write something.'
  return reads.includes('ids')
    ? 'No ids yet: write token ids, 3 1 4.'
    : 'No steps yet: write a row of numbers a step.'
}
