/** Small rows of a text and a number: the sum of what its words are worth. */
import { Random } from '../../../src/core/random.ts'

export const COLUMNS = { text: 'text', label: 'stars' } as const
export const TINY = { units: 6, embedding: 5, minimumCount: 1, dropout: 0 } as const

export interface RatedRow {
  text: string
  stars: number
}

const WORTH: Readonly<Record<string, number>> = { awful: -40, bad: -20, good: 20, great: 40 }
const FILLERS = ['the', 'hotel', 'was', 'and', 'today', 'again']

/** Rows whose numbers are around 100, tens apart. */
export function ratings(count: number, seed = 1): RatedRow[] {
  const random = new Random(seed, 'ratings')
  const rated = Object.keys(WORTH)
  return Array.from({ length: count }, (_, i) => {
    const words: string[] = Array.from(
      { length: 3 + random.integer(4) },
      () => FILLERS[random.integer(FILLERS.length)],
    )
    const word = rated[i % rated.length]
    words.splice(random.integer(words.length), 0, word)
    return { text: words.join(' '), stars: 100 + WORTH[word] + random.integer(5) }
  })
}
