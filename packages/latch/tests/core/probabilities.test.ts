/** Softmax and its relatives: against their definitions, and where plain powers would overflow. */
import { describe, expect, it } from 'vitest'
import { logSoftmax, logSumExp, sigmoid, softmax } from '../../src/core/probabilities.ts'

describe('small logits', () => {
  const logits = [0.5, -1, 2]
  const sum = logits.reduce((total, x) => total + Math.exp(x), 0)

  it('softmax is e^x / Σ e^x', () => {
    softmax(logits).forEach((p, j) => expect(p).toBeCloseTo(Math.exp(logits[j]) / sum, 15))
  })

  it('log-softmax and log-sum-exp are its logarithms', () => {
    expect(logSumExp(logits)).toBeCloseTo(Math.log(sum), 15)
    logSoftmax(logits).forEach((p, j) => expect(p).toBeCloseTo(logits[j] - Math.log(sum), 15))
  })

  it('sigmoid is the softmax of x and 0', () => {
    for (const x of logits) expect(sigmoid(x)).toBeCloseTo(softmax([x, 0])[0], 15)
  })
})

it('large logits do not overflow', () => {
  expect(Array.from(softmax([1000, 1000]))).toEqual([0.5, 0.5])
  expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 12)
  expect(Array.from(logSoftmax([-1000, 0]))).toEqual([-1000, 0])
  expect([sigmoid(-1000), sigmoid(1000)]).toEqual([0, 1])
})

it('takes rows of any length', () => {
  const logits = new Float64Array(500_000)
  expect(logSumExp(logits)).toBeCloseTo(Math.log(500_000), 9)
})
