/** Accuracy, and which languages are confused. */
import type { Row } from './declarations.ts'

export type Predicted = readonly (string | null)[]

export interface Mistake extends Row {
  predicted: string | null
}

export function accuracy(rows: readonly Row[], predicted: Predicted): number {
  return 1 - mistakes(rows, predicted).length / rows.length
}

export function mistakes(rows: readonly Row[], predicted: Predicted): Mistake[] {
  return rows.flatMap((row, i) =>
    predicted[i] === row.language ? [] : [{ ...row, predicted: predicted[i] }],
  )
}

export interface Confusion {
  language: string
  predicted: string
  count: number
}

/** Pairs of language and wrong prediction, the most frequent first. */
export function confusions(wrong: readonly Mistake[]): Confusion[] {
  const pairs = new Map<string, Confusion>()
  for (const { language, predicted } of wrong) {
    const key = JSON.stringify([language, predicted])
    const pair = pairs.get(key) ?? { language, predicted: predicted ?? 'no language', count: 0 }
    pairs.set(key, { ...pair, count: pair.count + 1 })
  }
  return [...pairs.values()].sort((a, b) => b.count - a.count)
}

/** The first characters of each text, like a short message. */
export function shortened<T extends Row>(rows: readonly T[], characters: number): T[] {
  return rows.map((row) => ({ ...row, text: Array.from(row.text).slice(0, characters).join('').trim() }))
}
