/**
 * Short texts for the lesson on next-word prediction, from a small grammar. Some are single sentences whose last word
 * follows from a word nearby ("the clouds are in the sky"). The others begin with "i grew up in france" and end, some
 * sentences later, with "i speak fluent french".
 */
import { Random } from 'latch'

/** What is where. */
export const PLACES = {
  clouds: 'sky',
  fish: 'sea',
  books: 'library',
  cows: 'field',
  coins: 'purse',
  cars: 'street',
  cups: 'kitchen',
  pupils: 'school',
} as const

/** What people speak where. */
export const LANGUAGES = {
  france: 'french',
  spain: 'spanish',
  italy: 'italian',
  germany: 'german',
  japan: 'japanese',
  greece: 'greek',
} as const

export type Country = keyof typeof LANGUAGES

const THINGS = Object.keys(PLACES) as (keyof typeof PLACES)[]
export const COUNTRIES = Object.keys(LANGUAGES) as Country[]

/** Longest distance in the training texts. */
export const LONGEST_WAY = 40

/** Fewest words of a sentence in between, its full stop included. */
const SHORTEST = 4

/** A sentence about a thing; its last word follows from the thing. */
function nearSentence(random: Random): string {
  const thing = random.pick(THINGS)
  const place = PLACES[thing]
  return random.pick([
    `the ${thing} are in the ${place} .`,
    `today the ${thing} are in the ${place} .`,
    `the ${thing} that we saw are in the ${place} .`,
  ])
}

/** A sentence about a country and its language: without such sentences no network finds the link over a distance. */
function countrySentence(random: Random): string {
  const country = random.pick(COUNTRIES)
  const language = LANGUAGES[country]
  return random.pick([
    `people in ${country} speak ${language} .`,
    `in ${country} people speak ${language} .`,
    `i grew up in ${country} and i speak ${language} .`,
  ])
}

/** A sentence that says nothing about the person. */
function otherSentence(random: Random): string {
  if (random.integer(10) < 2) return nearSentence(random)
  return random.pick([
    'i like music .',
    'we had a small house .',
    'it rained all day .',
    'the winters were cold .',
    'my sister works at a school .',
    'that was long ago .',
  ])
}

/** Sentences of exactly so many words together: none, or at least four words. */
function wordsBetween(random: Random, count: number): string[] {
  const found: string[] = []
  for (let left = count; left > 0;) {
    const sentence = otherSentence(random)
    const { length } = sentence.split(' ')
    if (length !== left && length + SHORTEST > left) continue
    found.push(sentence)
    left -= length
  }
  return found
}

/** A text about a person, without its last word, and that word. */
export interface FarText {
  text: string
  country: Country
  answer: string
}

/** A text with `distance` words between "i grew up in …" and "i speak fluent". */
function farText(random: Random, distance: number): FarText {
  const country = random.pick(COUNTRIES)
  const sentences = [`i grew up in ${country} .`, ...wordsBetween(random, distance), 'i speak fluent']
  return { text: sentences.join(' '), country, answer: LANGUAGES[country] }
}

/** New texts of one distance: none, or at least four words. */
export function farTexts(distance: number, count: number): FarText[] {
  const random = new Random(7, 'far texts', distance)
  return Array.from({ length: count }, () => farText(random, distance))
}

/** New single sentences without their last word. */
export function nearTexts(count: number): { text: string; answer: string }[] {
  const random = new Random(7, 'near texts')
  return Array.from({ length: count }, () => {
    const words = nearSentence(random).split(' ')
    return { text: words.slice(0, -2).join(' '), answer: words[words.length - 2] }
  })
}

/** The training texts: single sentences about things, about countries, and texts of all distances, short ones more often. */
export function nextWordTexts(count: number, seed: number): string[] {
  const random = new Random(seed, 'next words')
  return Array.from({ length: count }, () => {
    const kind = random.uniform()
    if (kind < 0.3) return nearSentence(random)
    if (kind < 0.5) return countrySentence(random)
    const distance = Math.floor((LONGEST_WAY + 1) * random.uniform() ** 2)
    const { text, answer } = farText(random, distance < SHORTEST ? 0 : distance)
    return `${text} ${answer} .`
  })
}
