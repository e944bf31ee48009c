/** Inputs as the views can show them, of any model. */
import type { NetworkConfig } from 'latch'
import type { AnyModel } from 'latch/formats'

/** Longer inputs are cut: to what the views can show and what is quick to compute. */
export const MAX_TOKENS = 400
/** Characters of the input that are read: of a text, and of numbers. */
const MAX_CHARACTERS = { text: 200_000, numbers: 2_000_000 }
/** Numbers in an inspection: steps × units × layers, some dozen vectors each. */
const MAX_NUMBERS = 100_000
/** Probabilities in an inspection: steps × classes. */
const MAX_PROBABILITIES = 1_000_000

/** The input as far as the views can show it, cut at a token. @throws Error for an empty text */
export function fitInput(model: AnyModel, text: string): { text: string; cut: number } {
  const { reads, input, tokens: kind } = model.summary()
  const readsText = reads.includes('text')
  if (text.trim() === '' && !(kind === 'chars' && text !== '')) throw new Error(emptyInput(reads))
  const characters = readsText ? MAX_CHARACTERS.text : MAX_CHARACTERS.numbers
  const { steps, tokens, ids, features, padding, cut } = model.encode(text.slice(0, characters))
  const most = mostTokens(model)
  if (steps <= most) return { text, cut }
  const all = cut + steps - most
  if (features) {
    const F = input.width
    const rows = Array.from({ length: most }, (_, t) => Array.from(features.subarray(t * F, (t + 1) * F)))
    return { text: JSON.stringify(rows), cut: all }
  }
  if (!readsText) return { text: ids!.slice(0, most).join(' '), cut: all }
  const separator = kind === 'chars' ? '' : ' '
  return { text: tokens.slice(padding, padding + most).join(separator), cut: all }
}

/** Tokens of an inspection at most. */
export function mostTokens({ network, labels }: AnyModel): number {
  const units = Math.max(1, unitsOf(network.config))
  const fits = Math.min(MAX_NUMBERS / units, MAX_PROBABILITIES / Math.max(1, labels.length))
  return Math.min(MAX_TOKENS, Math.max(8, Math.floor(fits)))
}

/** Units of all recurrent layers in all directions. */
function unitsOf({ layers }: NetworkConfig): number {
  const units = layers.map((layer) =>
    layer.type === 'recurrent' ? layer.units * (layer.direction === 'bidirectional' ? 2 : 1) : 0,
  )
  return units.reduce((sum, count) => sum + count, 0)
}

function emptyInput(reads: readonly string[]): string {
  if (reads.includes('text')) return 'The text is empty. Enter some text.'
  return reads.includes('ids')
    ? 'The input is empty. Enter token ids, for example 3 1 4.'
    : 'The input is empty. Enter one row of numbers for each step.'
}
