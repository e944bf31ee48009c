/** Checks the options of JavaScript callers: a misspelt or unknown name is an error that gives the one meant. */
import { editDistance } from './editDistance.ts'
import { UsageError } from './errors.ts'
import { describe } from './validation.ts'

/** Every name of T exactly once, so that a new option cannot be forgotten. */
export type Names<T> = { readonly [K in keyof Required<T>]: 1 }

/** @throws UsageError unless `options` is an object with known names only; `where` begins the message */
export function assertKnownOptions(where: string, options: unknown, names: object): void {
  const known = Object.keys(names)
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const expected = `an object of options (${known.join(', ')})`
    throw new UsageError({ where, expected, got: describe(options) })
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name))
  if (unknown === undefined) return
  const closest = closestName(unknown, known)
  throw new UsageError({
    where: `${where} ${unknown}`,
    expected: `one of the options ${known.join(', ')}`,
    got: JSON.stringify(unknown),
    remedy: closest && `Did you mean \`${closest}\`?`,
  })
}

/** Longer names are not compared: the work grows with the square of the length. */
const LONGEST_NAME = 100

/** The known name that was probably meant: the fewest letters differ, or one abbreviates the other (`lr`). */
export function closestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST_NAME) return undefined
  const written = name.toLowerCase()
  let [best, least]: [string | undefined, number] = [undefined, Infinity]
  for (const candidate of known) {
    const meant = candidate.toLowerCase()
    const abbreviated = isAbbreviation(written, meant) || isAbbreviation(meant, written)
    const most = Math.ceil(written.length / 3)
    const distance = editDistance(written, meant, most)
    const longer = most + Math.abs(meant.length - written.length)
    const score = Math.min(distance, abbreviated ? longer : Infinity)
    if (score < least) [best, least] = [candidate, score]
  }
  return best
}

/** Whether `long` contains `short`, or all its letters in this order with the first of them at its start. */
function isAbbreviation(short: string, long: string): boolean {
  if (short.length > 2 && long.includes(short)) return true
  let at = 0
  for (const letter of long) if (letter === short[at]) at++
  return at === short.length && short[0] === long[0]
}
