/** Checks of options, which only training and vocabularies need: pages that only predict do not load them. */
import { UsageError } from './errors.ts'
import { describe } from './validation.ts'

/** As `describe`, with the type of a text that looks like another value: `"64" (string)`. */
export function describeTyped(value: unknown): string {
  const looksOther = typeof value === 'string' && /^(-?[\d.]+|true|false|null)$/.test(value)
  return describe(value) + (looksOther ? ' (string)' : '')
}

/** @throws UsageError unless the value is 1, 2, 3, … */
export function requirePositiveInteger(where: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return
  throw new UsageError({ where, expected: 'a positive integer', got: describeTyped(value) })
}
