/** Pairs of sentences of which only the relation decides: whether both say the same number, as a digit or a word. */
import { Random } from '../../../src/core/random.ts'
import type { TextPair } from '../../../src/index.ts'

export interface NumberPair extends TextPair {
  label: 'same' | 'different'
}

export const TINY = { units: 6, embedding: 5, minimumCount: 1, dropout: 0 } as const
/** Enough to learn `sameNumber`. */
export const SMALL = { cell: 'gru', units: 24, embedding: 16, dropout: 0, minimumCount: 1 } as const

const WORDS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']
const SENTENCES = ['I have # apples', 'there are # apples', 'we counted # today', '# lie on the table']

/** As many of the same number as of different ones; every number is as frequent in both. */
export function sameNumber(count: number, seed = 1): NumberPair[] {
  const random = new Random(seed, 'numbers')
  const say = (number: number) =>
    SENTENCES[random.integer(SENTENCES.length)].replace(
      '#',
      random.integer(2) === 0 ? WORDS[number] : String(number + 1),
    )
  return Array.from({ length: count }, (_, i) => {
    const number = random.integer(WORDS.length)
    const other = i % 2 === 0 ? number : (number + 1 + random.integer(WORDS.length - 1)) % WORDS.length
    return { a: say(number), b: say(other), label: i % 2 === 0 ? 'same' : 'different' }
  })
}
