/**
 * What was measured on the trained models that the studio ships (measured.json, written by
 * demo/lessons/measure.ts): the lessons state these numbers. Null where there is no such file.
 */
export interface Mean {
  mean: number
  standardError: number
  count: number
}

export interface Share {
  share: number
  standardError: number
  count: number
}

export interface Quartiles {
  low: number
  median: number
  high: number
  count: number
}

/** Leave-one-out influence of both cities of a story with one move on the right answer. */
export interface CityInfluence {
  /** Mean |change| of the logit. */
  first: Mean
  second: Mean
  ratio: number
  /** Stories in which the second city's is at least five times the first's. */
  fiveTimes: Share
}

export interface GradientByLag {
  /** By lag: median of its share of the one at lag 0. */
  relative: number[]
  /** Lag 40 divided by lag 1. */
  ratio: Quartiles
}

/** Mean keep gate of the person asked for, at "moved to CITY" and elsewhere; shares of units near 0 and 1. */
export interface KeepsAtMove {
  movedToCity: Mean
  city: Mean
  elsewhere: Mean
  lower: Share
  unitsAtCity: { below10: number; above90: number }
  unitsElsewhere: { below10: number; above90: number }
}

export interface CellClaims {
  accuracy: ({ distance: number } & Share)[]
  influence: { near: CityInfluence; far: CityInfluence }
  story: { answer: string; london: number; ratio: number }
  gradient: { trained: GradientByLag; initial: GradientByLag }
  keeps: KeepsAtMove | null
}

interface FactKeeps<T> {
  /** Mean keep gate as the word is read. */
  gate: T
  /** Of what the word wrote, what is left after the move was told; null if it came later. */
  overMove: T | null
  /** The same after the paragraph. */
  toEnd: T
}

/** One fact of the lecture's paragraph. */
export interface ParagraphFact {
  fact: string
  word: string
  lecture: number
  paragraph: FactKeeps<number>
  mean: FactKeeps<Mean>
  question: string
  says: string
  /** Of the answer that the lecture's fact would be. */
  probability: number
  /** What the answer loses without the fact's word. */
  influence: { logit: number; probability: number }
}

/** One further training, and what it was right in. */
export interface Training {
  cell: string
  seed: number
  rate: number
  accuracy: ({ distance: number } & Share)[]
}

export interface Claims {
  about: { chance: number }
  facts: Record<'rnn' | 'lstm' | 'gru', CellClaims>
  paragraph: Record<'lstm' | 'gru', { accuracy: Record<string, Share>; facts: ParagraphFact[] }> | null
  trainings: {
    seconds: Record<string, { perEpoch: number; epochs: number; parameters: number }>
    bySeedAndRate: Training[]
    /** Taught on ways of 0 to 10 words. */
    shortWays: Training[]
  } | null
}

const files = import.meta.glob<Claims>('./measured.json', { eager: true, import: 'default' })

export const claims: Claims | null = files['./measured.json'] ?? null

export const CLAIMED_CELLS = ['rnn', 'lstm', 'gru'] as const
