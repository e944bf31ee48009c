/** Counts that data decides: a class of over a million rows, hundreds of labels, pictures of many parts. */
import { describe, expect, it } from 'vitest'
import { createColors } from '../../../cli/src/terminal/escape.ts'
import { count as inWords } from '../../../cli/src/terminal/numbers.ts'
import { element } from '../../../cli/src/inspect/pictures/svg.ts'
import { drawEvaluation, evaluationJson } from '../../../cli/src/training/reports.ts'
import { stratifiedSplit } from '../../src/data/batches.ts'
import { append, maximum, minimum } from '../../src/core/lists.ts'
import { classificationReport } from '../../src/training/metrics.ts'
import type { ClassEvaluation } from '../../src/node.ts'

const MANY = 1_500_000

describe('lists of a million and a half', () => {
  const numbers = Float64Array.from({ length: MANY }, (_, i) => (i * 7919) % MANY)

  it('have a largest and a smallest, and go to the end of another', () => {
    expect(maximum(numbers)).toBe(MANY - 1)
    expect(minimum(numbers)).toBe(0)
    const list = [1]
    append(list, numbers)
    expect(list).toHaveLength(MANY + 1)
  })

  it('keep what Math.max and Math.min say of none and of NaN', () => {
    expect([maximum([]), minimum([]), maximum([], 3), minimum([9], 4)]).toEqual([-Infinity, Infinity, 3, 4])
    expect([maximum([1, NaN, 2]), minimum([1, NaN, 2])]).toEqual([NaN, NaN])
  })

  it('are split where one class has nearly all rows', () => {
    const labels = new Int32Array(MANY)
    labels.fill(1, MANY - 10)
    const { train, validation } = stratifiedSplit(labels, 0.9, [1])
    expect(validation).toHaveLength(0.9 * (MANY - 10) + 9)
    expect(train.length + validation.length).toBe(MANY)
    expect(validation.every((row, i) => i === 0 || row > validation[i - 1])).toBe(true)
  })

  it('are parts of a picture', () => {
    expect(element('g', {}, new Array<string>(MANY).fill('.'))).toHaveLength(MANY + 7)
    expect(element('g', {}, [])).toBe('<g/>')
  })
})

describe('an evaluation of many labels', () => {
  const evaluation = (count: number): ClassEvaluation => {
    const labels = Array.from({ length: count }, (_, i) => `label ${i}`)
    const actual = Array.from({ length: 2 * count }, (_, i) => i % count)
    // Each fortieth class is always taken for the next one.
    const predicted = actual.map((c) => (c % 40 === 3 ? c + 1 : c))
    const report = classificationReport(labels, actual, predicted, 0.5)
    return { kind: 'classes', ...report, labels, warnings: [] }
  }

  it.each([400, 1500])(
    '%i: is drawn in few lines, with the worst classes and the most frequent confusions',
    (count) => {
      const text = drawEvaluation(evaluation(count), createColors(false), 80)
      expect(text.split('\n').length).toBeLessThan(50)
      expect(text).toContain(`(20 of ${inWords(count)}; all in --json)`)
      expect(text).toContain('Most frequent confusions')
      expect(text).toMatch(/label 3\s+label 4\s+2/)
      expect(text).not.toContain('label 7 ')
    },
  )

  it('is all in its JSON', () => {
    const json = evaluationJson(evaluation(400)) as ClassEvaluation
    expect(json.perClass).toHaveLength(400)
    expect(json.confusion).toHaveLength(400)
    expect(json.confusion[3][4]).toBe(2)
  })

  it('of few labels is drawn whole', () => {
    const text = drawEvaluation(evaluation(8), createColors(false), 120)
    expect(text).toContain('Confusion')
    expect(text).toMatch(/label 7 +100/)
  })
})
