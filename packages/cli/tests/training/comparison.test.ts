/** What `latch compare` and the baseline claim: only differences whose 95 % interval leaves out 0. */
import { describe, expect, it } from 'vitest'
import { compareWithBaseline, differenceInterval } from '../../src/training/baseline.ts'
import { mean, verdicts, type Compared } from '../../src/training/comparison.ts'
import { Random } from '../../../latch/src/core/random.ts'

const row = (model: string, testAccuracy: number, shuffledAccuracies: number[] = []): Compared => ({
  model,
  parameters: 1,
  epochs: 1,
  secondsPerEpoch: 1,
  seconds: 1,
  trainAccuracy: 1,
  validationAccuracy: 1,
  testAccuracy,
  shuffledAccuracy: shuffledAccuracies.length > 0 ? mean(shuffledAccuracies) : null,
  shuffledAccuracies,
  warnings: [],
})
const verdict = (ordered: number, shuffles: number[], n: number) =>
  verdicts([row('gru', ordered, shuffles)], n)[0]

describe('word order', () => {
  it.each([
    [0.9, [0.7, 0.71, 0.69, 0.7, 0.7], 1000, /^Word order matters: .* falls by 20\.0 points .*5 shuffles/],
    [0.9, [0.89, 0.9, 0.91, 0.9, 0.88], 1000, /^No effect of word order beyond chance/],
    // Ten rows, or shuffles that differ by as much as the loss, show nothing.
    [0.9, [0.7, 0.7, 0.7, 0.7, 0.7], 10, /^No effect/],
    [0.9, [0.5, 0.95, 0.6, 0.9, 0.55], 1e6, /^No effect/],
    [1, [0, 0, 0, 0, 0], 2, /^No effect/],
    [0.6, [0.8, 0.8, 0.81, 0.79, 0.8], 1000, /^Word order misleads: .* rises by 20\.0 points/],
  ])('%d against %j on %d rows', (ordered, shuffles, n, words) => {
    expect(verdict(ordered, shuffles, n)).toMatch(words)
    expect(verdict(ordered, shuffles, n)).toMatch(/95 % interval -?[\d.]+ to -?[\d.]+ points/)
  })
})

describe('the baseline', () => {
  const against = (accuracy: number, n: number) =>
    compareWithBaseline('GRU', accuracy, { name: 'naive Bayes', part: 'test', accuracy: 0.8, n })
  it.each([
    [0.9, 1000, /^GRU beats the naive Bayes baseline by 10\.0 points/],
    [0.7, 1000, /^GRU is below the naive Bayes baseline/],
    [0.82, 1000, /^GRU ties with/],
    [0.9, 20, /^GRU ties with/],
    [0.8, 0, /^GRU ties with/],
  ])('%d against 0.8 on %d rows', (accuracy, n, words) => {
    expect(against(accuracy, n)).toMatch(words)
  })
})

it('claims a difference of equal accuracies at most as often as the interval says', () => {
  const random = new Random(3, 'trials')
  const [n, trials] = [60, 400]
  const measured = () =>
    Array.from({ length: n }, () => Number(random.uniform() < 0.8)).reduce((a, b) => a + b) / n
  let claims = 0
  for (let trial = 0; trial < trials; trial++) {
    const { from, to } = differenceInterval(measured(), measured(), n)
    if (from > 0 || to < 0) claims++
  }
  expect(claims / trials).toBeLessThan(0.08)
  expect(claims / trials).toBeGreaterThan(0.01)
})

it('the mean of equal numbers is that number', () => {
  expect(mean([0.1, 0.1, 0.1])).toBe(0.1)
  expect(mean([0.5, 0.25])).toBe(0.375)
})
