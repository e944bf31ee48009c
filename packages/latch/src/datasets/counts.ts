/** Validation of the generators' counts. */
import { UsageError } from '../core/errors.ts'

/** @throws UsageError unless the value is an integer of at least `least`. */
export function requireCount(where: string, value: number, least = 1): void {
  if (Number.isInteger(value) && value >= least) return
  throw new UsageError({ where, expected: `an integer of at least ${least}`, got: String(value) })
}
