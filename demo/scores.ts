/** Who is right how often, and which languages are taken for which. */
import type { Row } from './declarations.ts'

export type Answers = readonly (string | null)[]

export interface Mistake extends Row {
  answer: string | null
}

export function shareRight(rows: readonly Row[], answers: Answers): number {
  return 1 - mistakes(rows, answers).length / rows.length
}

export function mistakes(rows: readonly Row[], answers: Answers): Mistake[] {
  return rows.flatMap((row, i) => (answers[i] === row.language ? [] : [{ ...row, answer: answers[i] }]))
}

export interface Confusion {
  language: string
  answer: string
  count: number
}

/** Pairs of language and wrong answer, the most frequent first. */
export function confusions(wrong: readonly Mistake[]): Confusion[] {
  const pairs = new Map<string, Confusion>()
  for (const { language, answer } of wrong) {
    const key = JSON.stringify([language, answer])
    const pair = pairs.get(key) ?? { language, answer: answer ?? 'no answer', count: 0 }
    pairs.set(key, { ...pair, count: pair.count + 1 })
  }
  return [...pairs.values()].sort((a, b) => b.count - a.count)
}

/** The first characters of a text: how a short message would look. */
export function shortened<T extends Row>(rows: readonly T[], characters: number): T[] {
  return rows.map((row) => ({ ...row, text: Array.from(row.text).slice(0, characters).join('').trim() }))
}
