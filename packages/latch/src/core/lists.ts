/**
 * Lists whose length comes from data. A call takes its arguments on the stack, so a list spread into `Math.max` or
 * `push` ends in a RangeError at some hundred thousand items; these take lists of any length.
 */

/** The largest number, at least `least`; NaN where one is NaN. */
export function maximum(numbers: Iterable<number>, least = -Infinity): number {
  let most = least
  for (const number of numbers) most = Math.max(most, number)
  return most
}

/** The smallest number, at most `most`; NaN where one is NaN. */
export function minimum(numbers: Iterable<number>, most = Infinity): number {
  let least = most
  for (const number of numbers) least = Math.min(least, number)
  return least
}

/** Adds items to the end of a list. */
export function append<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item)
}
