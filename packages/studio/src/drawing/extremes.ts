/** Maximum and minimum of lists of any length; a spread into `Math.max` fails for very long ones. */

/** The largest number, at least `least`. */
export function maximum(numbers: Iterable<number>, least = -Infinity): number {
  let most = least
  for (const number of numbers) most = Math.max(most, number)
  return most
}

/** The smallest number, at most `most`. */
export function minimum(numbers: Iterable<number>, most = Infinity): number {
  let least = most
  for (const number of numbers) least = Math.min(least, number)
  return least
}
