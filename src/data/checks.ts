/** Checks of options that several files of this floor share. */
import { UsageError } from '../tensor/errors.ts'

/** @throws UsageError unless the value is 1, 2, 3, … */
export function requirePositiveInteger(where: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return
  throw new UsageError({ where, expected: 'a positive integer', got: String(value) })
}
