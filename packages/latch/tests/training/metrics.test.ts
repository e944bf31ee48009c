/** Classification metrics, by hand; the formulas are scikit-learn's with zero for 0/0. */
import { describe, expect, it } from 'vitest'
import { classificationReport, confusionMatrix } from '../../src/training/metrics.ts'

// actual:    a a a a b b c c c c
// predicted: a a b c b b a c c b
const actual = [0, 0, 0, 0, 1, 1, 2, 2, 2, 2]
const predicted = [0, 0, 1, 2, 1, 1, 0, 2, 2, 1]

describe('classification report', () => {
  const report = classificationReport(['a', 'b', 'c'], actual, predicted, 0.5)

  it('counts', () => {
    expect(report.confusion).toEqual([
      [2, 1, 1],
      [0, 2, 0],
      [1, 1, 2],
    ])
    expect(report.n).toBe(10)
    expect(report.accuracy).toBe(0.6)
    expect(report.loss).toBe(0.5)
  })

  it('scores each class', () => {
    const [a, b, c] = report.perClass
    expect(a).toEqual({ label: 'a', precision: 2 / 3, recall: 0.5, f1: 4 / 7, support: 4 })
    expect(b).toEqual({ label: 'b', precision: 0.5, recall: 1, f1: 2 / 3, support: 2 })
    expect(c).toEqual({ label: 'c', precision: 2 / 3, recall: 0.5, f1: 4 / 7, support: 4 })
  })

  it('averages over classes', () => {
    expect(report.macroPrecision).toBeCloseTo((2 / 3 + 1 / 2 + 2 / 3) / 3, 12)
    expect(report.macroRecall).toBeCloseTo(2 / 3, 12)
    expect(report.macroF1).toBeCloseTo((4 / 7 + 2 / 3 + 4 / 7) / 3, 12)
  })

  it('is JSON', () => expect(JSON.parse(JSON.stringify(report))).toEqual(report))
})

describe('edges', () => {
  it('leaves unknown classes out', () => {
    const report = classificationReport(['a', 'b'], [0, -1, 1], [0, 1, 1], 0)
    expect(report.n).toBe(2)
    expect(report.accuracy).toBe(1)
  })

  it('averages over classes that occur, as actual or predicted', () => {
    const report = classificationReport(['a', 'b', 'never'], [0, 0], [0, 1], 0)
    expect(report.perClass[2]).toEqual({ label: 'never', precision: 0, recall: 0, f1: 0, support: 0 })
    expect(report.macroF1).toBeCloseTo(2 / 3 / 2, 12)
  })

  it('gives zeros for nothing', () => {
    const report = classificationReport(['a', 'b'], [], [], 0)
    expect([report.accuracy, report.macroF1, report.n]).toEqual([0, 0, 0])
  })

  it('refuses lists that do not fit, and classes without a label', () => {
    expect(() => confusionMatrix(2, [0, 1], [0])).toThrow(/expected 2 predicted classes.*got 1/)
    expect(() => confusionMatrix(2, [0, 2], [0, 1])).toThrow(/pair 1: expected a class from 0 to 1, got 2/)
  })
})
