/**
 * The measurements of the shipped models (measured.json, written by demo/lessons/measure.ts), which the lessons quote.
 * Null if there is no such file.
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

/** Leave-one-out influence of both cities on the right answer, in stories with one move. */
export interface CityInfluence {
  /** Mean |change| of the logit. */
  first: Mean
  second: Mean
  ratio: number
  /** Stories in which the influence of the second city is at least five times that of the first. */
  fiveTimes: Share
}

export interface GradientByLag {
  /** By lag: median of the norm divided by the norm at lag 0. */
  relative: number[]
  /** Lag 40 divided by lag 1. */
  ratio: Quartiles
}

/** Mean keep gate at "moved to CITY" and elsewhere, and the fractions of units near 0 and 1. */
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
  /** Mean keep gate at the step of the word. */
  gate: T
  /** Fraction of what the word wrote that remains after the move; null if the word comes later. */
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
  /** Probability of the answer that the lecture's fact gives. */
  probability: number
  /** How much the answer loses without the word of the fact. */
  influence: { logit: number; probability: number }
}

/** How often the likeliest next word is right. */
export interface NextWordClaims {
  /** "the clouds are in the sky": the clue is in the same sentence. */
  near: Share
  /** "i grew up in france … i speak fluent french", by the number of words in between. */
  far: ({ distance: number } & Share)[]
  sayings: { text: string; answer: string; says: string; probability: number }[]
}

/** Another training and its accuracy. */
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
  nextWords: Record<'rnn' | 'lstm', NextWordClaims> | null
  trainings: {
    seconds: Record<string, { perEpoch: number; epochs: number; parameters: number }>
    bySeedAndRate: Training[]
    /** Trained on distances of 0 to 10 words. */
    shortWays: Training[]
  } | null
}

const files = import.meta.glob<Claims>('./measured.json', { eager: true, import: 'default' })

export const claims: Claims | null = files['./measured.json'] ?? null

export const CLAIMED_CELLS = ['rnn', 'lstm', 'gru'] as const

/** Cells of the language models. */
export const LANGUAGE_CELLS = ['rnn', 'lstm'] as const
