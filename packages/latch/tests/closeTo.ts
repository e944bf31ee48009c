/** How far two rows of numbers are apart: infinitely where a row is empty, lengths differ or NaN is in them. */
import { expect } from 'vitest'

type Numbers = ArrayLike<number>

/** The greatest of `by(i)` for the numbers of two rows. */
function greatest(got: Numbers, wanted: Numbers, by: (i: number) => number): number {
  if (wanted.length === 0 || got.length !== wanted.length) return Infinity
  let most = 0
  for (let i = 0; i < wanted.length; i++) {
    const difference = Object.is(got[i], wanted[i]) ? 0 : by(i)
    if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference
  }
  return most
}

/** The greatest difference. */
export function greatestDifference(got: Numbers, wanted: Numbers): number {
  return greatest(got, wanted, (i) => Math.abs(got[i] - wanted[i]))
}

/** The greatest difference, relative where `wanted` is above 1. */
export function relativeDifference(got: Numbers, wanted: Numbers): number {
  return greatest(got, wanted, (i) => Math.abs(got[i] - wanted[i]) / Math.max(1, Math.abs(wanted[i])))
}

/** Every number within `tolerance` of the wanted one. */
export function expectClose(
  got: Numbers,
  wanted: Numbers,
  tolerance: number,
  what = 'greatest difference',
): void {
  expect(greatestDifference(got, wanted), what).toBeLessThanOrEqual(tolerance)
}
