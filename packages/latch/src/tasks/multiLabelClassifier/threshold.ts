/**
 * The threshold of a multi-label classifier: one for all labels, that with the highest micro F1 on the validation rows. One
 * for each label (SCut) overfits labels of which few rows are held out (Yang 2001; Fan & Lin 2007).
 */
import { USUAL_THRESHOLD } from './learned.ts'

/** A probability of a label, and whether the text has the label. */
export interface ScoredLabel {
  probability: number
  isTrue: boolean
}

/**
 * The threshold with the highest micro F1: halfway between two probabilities; of equal ones the nearest to 0.5. That of no
 * true label is 0.5.
 */
export function chooseThreshold(scored: readonly ScoredLabel[]): number {
  const ordered = [...scored].sort((a, b) => b.probability - a.probability)
  const support = scored.reduce((sum, { isTrue }) => sum + Number(isTrue), 0)
  let [best, threshold, right] = [0, USUAL_THRESHOLD, 0]
  ordered.forEach(({ probability, isTrue }, i) => {
    right += Number(isTrue)
    const next = ordered[i + 1]?.probability ?? 0
    if (next === probability) return
    const f1 = (2 * right) / (i + 1 + support)
    const between = (probability + next) / 2
    if (f1 < best || right === 0) return
    if (f1 === best && Math.abs(between - USUAL_THRESHOLD) >= Math.abs(threshold - USUAL_THRESHOLD)) return
    ;[best, threshold] = [f1, between]
  })
  return threshold
}
