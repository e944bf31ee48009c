/**
 * Which steps of a network's input each step of a layer is computed from, and names for the steps of layers that have
 * other steps than the input.
 */
import type { ReceptiveField } from '../layer.ts'

/** Tokens of one step that are all named. */
const MOST_NAMED = 4

/** Every step by itself. */
export function ownFields(steps: number): ReceptiveField[] {
  return Array.from({ length: steps }, (_, t) => [t, t])
}

/** From the first step to the last one of some fields; null where all of them are padding. */
export function joinFields(fields: readonly ReceptiveField[]): ReceptiveField {
  return fields.reduce<ReceptiveField>((joined, field) => {
    if (!joined || !field) return joined ?? field
    return [Math.min(joined[0], field[0]), Math.max(joined[1], field[1])]
  }, null)
}

/**
 * What stands for each step of a layer: its token, or the tokens that the step covers. `tokens` are those of the input,
 * `fields` the `receptiveFields` of a traced layer; without them the layer has the steps of the input.
 */
export function stepTokens(tokens: readonly string[], fields?: readonly ReceptiveField[]): string[] {
  // Not of the numbers that steps of features have for names.
  const single =
    tokens.every((token) => Array.from(token).length === 1) && !tokens.every((token) => /\d/.test(token))
  return fields ? fields.map((field) => covered(tokens, field, single)) : [...tokens]
}

function covered(tokens: readonly string[], field: ReceptiveField, single: boolean): string {
  if (!field) return 'padding'
  const [first, last] = field
  const own = tokens.slice(first, last + 1)
  if (own.length > 2 * MOST_NAMED || (!single && own.length > MOST_NAMED)) return `${own[0]} … ${own.at(-1)}`
  return own.join(single ? '' : ' ')
}
