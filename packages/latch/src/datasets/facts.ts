/**
 * Facts that change: who lives where, who moved, and a question about one of them at the end. The
 * network must remember the last fact about each person over `distance` tokens and forget older ones.
 */
import { UsageError } from '../core/errors.ts'
import { Random } from '../core/random.ts'
import { requireCount } from './counts.ts'
import type { LabelledText } from './negation.ts'
import { append } from '../core/lists.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** How many texts, how far apart fact and question are, and the seed. */
export interface FactOptions {
  count: number
  /**
   * Tokens between the end of the deciding fact and the question; two numbers are a range, drawn for each story. Short
   * distances among the training stories teach a network the question before it can remember over long ones.
   */
  distance: number | readonly [number, number]
  seed: number
  /** Persons in a story, 1 to 6; all but one are distractors. Default 2. */
  people?: number
}

/** The labels: the six cities. */
export const CITIES = ['delhi', 'london', 'paris', 'tokyo', 'cairo', 'lima'] as const

/** A place where people live. */
export type City = (typeof CITIES)[number]

const NAMES = ['riya', 'omar', 'lena', 'kofi', 'mei', 'ana']

/** Small talk by number of tokens, for any exact distance. */
const FILLERS: readonly (readonly string[])[] = [
  [],
  ['so', 'well'],
  ['anyway ,', 'meanwhile ,'],
  ['it rained .', 'time passed .', 'birds sang .'],
  ['a dog barked .', 'the tea cooled .', 'it was late .'],
  ['a bus went by .', 'the bread was warm .', 'the sun came out .'],
]

const FACT_TOKENS = 5

/** Probability that filler is a fact about another person, if it fits. */
const DISTRACTION = 0.15

const OPTION_NAMES: Names<FactOptions> = { count: 1, distance: 1, seed: 1, people: 1 }

/**
 * Stories such as "riya lives in delhi . it rained . riya moved to london . … where does riya live ?"
 * with the city as label; lower case, tokens separated by spaces.
 *
 * The person in the question moves up to twice; the last fact about that person is exactly `distance` tokens before the
 * question. In between are small talk and facts about the others.
 *
 * @throws UsageError for a count, distance or number of people out of range
 */
export function changingFacts(options: FactOptions): LabelledText<City>[] {
  assertKnownOptions('changingFacts option', options, OPTION_NAMES)
  const { count, distance, seed, people = 2 } = options
  const [least, most] = typeof distance === 'number' ? [distance, distance] : distance
  requireCount('count', count)
  requireCount('distance', least, 0)
  requireCount('distance', most, least)
  if (!Number.isInteger(people) || people < 1 || people > NAMES.length) {
    throw new UsageError({
      where: 'people',
      expected: `an integer from 1 to ${NAMES.length}`,
      got: String(people),
    })
  }
  const random = new Random(seed, 'changing facts', least, most, people)
  return Array.from({ length: count }, () =>
    makeStory(random, least + random.integer(most - least + 1), people),
  )
}

/** Where everybody lives, by the last fact. */
type Homes = Map<string, City>

function makeStory(random: Random, distance: number, people: number): LabelledText<City> {
  const cast = random.shuffle(NAMES.slice(0, people))
  const [asked, ...others] = cast
  const homes: Homes = new Map()
  const sentences: string[] = []
  for (let moves = random.integer(3); moves >= 0; moves--) {
    if (others.length > 0 && random.uniform() < 0.7)
      sentences.push(writeFact(random, random.pick(others), homes))
    else sentences.push(random.pick(FILLERS[4]))
    sentences.push(writeFact(random, asked, homes))
  }
  append(sentences, makeFiller(random, distance, others, homes))
  sentences.push(`where does ${asked} live ?`)
  return { text: sentences.join(' '), label: homes.get(asked) as City }
}

/** Five tokens: a first home, or a move to another city. */
function writeFact(random: Random, person: string, homes: Homes): string {
  const home = homes.get(person)
  const next = random.pick(CITIES.filter((city) => city !== home))
  homes.set(person, next)
  return home === undefined ? `${person} lives in ${next} .` : `${person} moved to ${next} .`
}

function makeFiller(random: Random, tokens: number, others: readonly string[], homes: Homes): string[] {
  const sentences: string[] = []
  for (let left = tokens; left > 0;) {
    if (left >= FACT_TOKENS && others.length > 0 && random.uniform() < DISTRACTION) {
      sentences.push(writeFact(random, random.pick(others), homes))
      left -= FACT_TOKENS
    } else {
      const length = Math.min(left, 1 + random.integer(FILLERS.length - 1))
      sentences.push(random.pick(FILLERS[length]))
      left -= length
    }
  }
  return sentences
}
