/** The picture of a training: curves where the numbers are, ticks, the best epoch, missing values. */
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../src/core/errors.ts'
import { historyToSvg, type DrawnHistory } from '../../src/training/historySvg.ts'
import { trained } from '../tasks/textClassifier/classifierHelpers.ts'

type Epoch = DrawnHistory['history'][number]

const epoch = (number: number, more: Partial<Epoch> = {}): Epoch => ({
  epoch: number,
  trainLoss: 3 - number,
  trainAccuracy: number / 4,
  validationLoss: null,
  validationAccuracy: null,
  learningRate: 0.01,
  gradientNorm: 1,
  ...more,
})
const draw = (history: Epoch[], best: DrawnHistory['best'] = null) => historyToSvg({ history, best })

/** The points of each curve, and the centres of the dots. */
const curvesOf = (svg: string) => [...svg.matchAll(/d="(M[^"]+L[^"]+)"/g)].map(([, path]) => path)
const dotsOf = (svg: string) => [...svg.matchAll(/cx="([^"]+)" cy="([^"]+)"/g)].map(([, x, y]) => `${x} ${y}`)
const textsOf = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, words]) => words)

describe('draws', () => {
  test('the curves at their places', () => {
    // Losses 2, 1, 0 of the range 0 to 2; accuracies 0.25, 0.5, 0.75 of 0 to 1; three epochs over 270 pixels.
    expect(curvesOf(draw([epoch(1), epoch(2), epoch(3)]))).toEqual([
      'M60 40L195 135L330 230',
      'M410 182.5L545 135L680 87.5',
    ])
  })

  test('round ticks, whole epochs, and the best epoch', () => {
    const history = [1, 2, 3].map((n) => epoch(n, { trainLoss: n * 0.7 }))
    const texts = textsOf(draw(history, { epoch: 2, loss: 1, accuracy: null }))
    expect(texts.join(' ')).toBe(
      'Loss 0 0.5 1 1.5 2 2.5 1 2 3 epoch Accuracy 0 0.2 0.4 0.6 0.8 1 1 2 3 epoch training best epoch (2)',
    )
    expect(draw(history, { epoch: 2, loss: 1, accuracy: null })).toContain('M195 40v190')
  })

  test('a line of its own on each side of a missing value, and a dot for one alone', () => {
    const losses = [1, 0.5, NaN, 0.25, Infinity, 0.2]
    const svg = draw(losses.map((trainLoss, i) => epoch(i + 1, { trainLoss, trainAccuracy: null })))
    expect(curvesOf(svg)).toEqual(['M60 40L114 135M222 182.5M330 192'])
    expect(dotsOf(svg)).toEqual(['222 182.5', '330 192'])
    expect(svg).not.toMatch(/NaN|Infinity/)
  })

  test('one panel without accuracies, one epoch as dots, and equal losses', () => {
    const one = { trainAccuracy: null, trainLoss: 2.3, validationLoss: 2.3 + 4e-16 }
    const svg = draw([epoch(1, one)])
    expect(svg).toContain('width="370"')
    expect(textsOf(svg)).not.toContain('Accuracy')
    const [first, second] = dotsOf(svg).map((dot) => dot.split(' ').map(Number))
    expect(second).toEqual(first)
    expect([first[0], first[1] >= 40 && first[1] <= 230]).toEqual([195, true])
    expect(new Set(textsOf(svg)).size).toBe(textsOf(svg).length)
  })

  test('validation in the legend only where there is one', () => {
    expect(textsOf(draw([epoch(1), epoch(2)]))).not.toContain('validation')
    expect(textsOf(draw([epoch(1), epoch(2, { validationLoss: 1 })]))).toContain('validation')
  })

  test('any losses inside the frame, with three to seven ticks', () => {
    for (const scale of [1e-7, 0.013, 0.99, 1.01, 4.2, 37, 1e5]) {
      for (const shift of [-1.5, 0, 3]) {
        const history = [1, 2, 3, 4].map((n) =>
          epoch(n, { trainLoss: (shift + 1 / n) * scale, trainAccuracy: null }),
        )
        const svg = draw(history)
        const heights = [...curvesOf(svg)[0].matchAll(/ ([\d.]+)/g)].map(([, y]) => Number(y))
        expect(heights.filter((y) => !(y >= 40 && y <= 230))).toEqual([])
        const ticks = svg.match(/text-anchor="end"/g)!.length
        expect([ticks >= 3, ticks <= 7]).toEqual([true, true])
      }
    }
  })

  test('the history of a model, also from its file', async () => {
    const model = await trained({}, { epochs: 3, validation: 0.25 })
    const svg = historyToSvg(model.history)
    expect(svg).toContain('<title>Training history of 3 epochs</title>')
    expect(curvesOf(svg)).toHaveLength(4)
    const { TextClassifier } = await import('../../src/tasks/textClassifier/textClassifier.ts')
    expect(historyToSvg(TextClassifier.fromBytes(model.toBytes()).history)).toBe(svg)
  })
})

test.each([
  [null, 'null'],
  [{ history: [], best: null }, 'no epochs'],
  [{ best: null }, 'an object'],
])('%j is no history', (given, got) => {
  const call = () => historyToSvg(given as DrawnHistory)
  expect(call).toThrow(UsageError)
  expect(call).toThrow(`historyToSvg: expected the history of a trained model, got ${got}`)
})
