/** Small rows with several labels: each label has a word that texts with it contain. */
import { Random } from '../../../src/core/random.ts'

export const LABELS = ['late', 'loud', 'rude'] as const
export const COLUMNS = { text: 'text', label: 'labels' } as const
export const TINY = { units: 6, embedding: 5, minimumCount: 1, dropout: 0 } as const

export interface LabelledRow {
  text: string
  labels: string[]
}

const FILLERS = ['the', 'hotel', 'was', 'fine', 'today', 'again']

/** Rows with none to three labels. */
export function complaints(count: number, seed = 1): LabelledRow[] {
  const random = new Random(seed, 'complaints')
  return Array.from({ length: count }, (_, i) => {
    const labels = LABELS.filter((_label, c) => (i >> c) & 1)
    const words: string[] = Array.from(
      { length: 3 + random.integer(4) },
      () => FILLERS[random.integer(FILLERS.length)],
    )
    for (const label of labels) words.splice(random.integer(words.length), 0, label)
    return { text: words.join(' '), labels: [...labels] }
  })
}
