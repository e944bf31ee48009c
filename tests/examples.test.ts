/**
 * The examples: that what they print about the engine is true, by the numbers they return, and that
 * each page is readable: 80 columns, no stray values.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { run as dates } from '../examples/dates.ts'
import { run as fineTune } from '../examples/fineTune.ts'
import { run as gruForms } from '../examples/gruForms.ts'
import { run as inAndOut } from '../examples/inAndOut.ts'
import { run as names } from '../examples/names.ts'
import { run as nextWord } from '../examples/nextWord.ts'
import { run as oneStep } from '../examples/oneStep.ts'
import { multiply, add } from '../examples/paper.ts'
import { run as riya } from '../examples/riya.ts'
import { run as sameDate } from '../examples/sameDate.ts'
import { run as severalLabels } from '../examples/severalLabels.ts'
import { run as sineForecast } from '../examples/sineForecast.ts'
import { run as shapes } from '../examples/shapes.ts'
import { run as sheryians } from '../examples/sheryians.ts'
import { run as whyNotAnn } from '../examples/whyNotAnn.ts'
import { ShapeError } from '../packages/latch/src/core/errors.ts'

const EXACT = 1e-12
const SINGLE = 1e-6
const folder = new URL('../examples/', import.meta.url)

/** Runs an example for its numbers and its text, and checks its page in a test of its own. */
function show<R>(example: (print: (line: string) => void) => R): { result: R; text: string } {
  const page: string[] = []
  const result = example((line) => page.push(line))
  it('prints a readable page without any disagreement', () => checkPage(page))
  return { result, text: page.join('\n') }
}

function checkPage(page: readonly string[]): void {
  expect(page.length).toBeGreaterThan(20)
  expect(page.filter((line) => [...line].length > 80)).toEqual([])
  expect(page.filter((line) => /NaN|undefined|Infinity|NOT THE SAME|\[object|-0\.0000\b/.test(line))).toEqual(
    [],
  )
}

function expectAgreement({ float64, float32 }: { float64: number; float32: number }): void {
  expect(float64).toBeLessThanOrEqual(EXACT)
  expect(float32).toBeLessThanOrEqual(SINGLE)
}

describe('shapes', () => {
  const { result, text } = show(shapes)

  it("prints the lecture's shapes at every step, from the matrices themselves", () => {
    expect(result.steps.map((step) => step.word)).toEqual(['you', 'are', 'good'])
    const line = '(1, 5)·(5, 3) + (1, 3)·(3, 3) + (1, 3) → (1, 3)'
    for (const step of result.steps) expect(step.shapes).toBe(line)
    expect(result.outputShapes).toBe('(1, 3)·(3, 1) → (1, 1)')
    expect(text.split(line).length - 1).toBe(3)
    expect(text).toContain(result.outputShapes)
  })

  it('has one-hot rows in the order of the lecture, and (batch, timesteps, features)', () => {
    expect(result.steps.map((step) => step.x)).toEqual([
      [[1, 0, 0, 0, 0]],
      [[0, 1, 0, 0, 0]],
      [[0, 0, 1, 0, 0]],
    ])
    expect(result.inputShape).toEqual([3, 4, 5])
    expect(result.lengths).toEqual([3, 3, 4])
    expect(text).toMatch(/T4 {2}\[0 0 0 0 0\] +← padding/)
  })

  it('hands each state on to the next step', () => {
    expect(result.steps[0].before).toEqual([[0, 0, 0]])
    expect(result.steps[1].before).toEqual(result.steps[0].after)
    expect(result.steps[2].before).toEqual(result.steps[1].after)
  })

  it('is what the engine computes', () => {
    expectAgreement(result.difference)
    expect(new Set(result.answers).size).toBe(3)
    for (const answer of result.answers) expect(answer > 0 && answer < 1).toBe(true)
  })

  it('shows that padding read as a word would change the answer', () => {
    expect(Math.abs(result.padding.left - result.padding.read)).toBeGreaterThan(0.01)
    expect(result.padding.left).toBe(result.answers[0])
  })
})

// From the equations in another language, to 12 places.
const LSTM_CELL = [1.309866177582, -0.531689802462]
const LSTM_HIDDEN = [0.567815739385, -0.315889138128]
const GRU_HIDDEN = [0.733965008227, 0.021778003316]

describe('one step', () => {
  const { result, text } = show(oneStep)

  it.each(['rnn', 'lstm', 'gru'] as const)('%s: by hand as by the engine', (cell) => {
    expectAgreement(result[cell].difference)
  })

  it('has the numbers that a pocket calculator gives', () => {
    const close = (got: number[], wanted: number[]) =>
      got.forEach((x, i) => expect(x).toBeCloseTo(wanted[i], 10))
    close(result.rnn.hidden, [Math.tanh(0.645), Math.tanh(-0.265)])
    close(result.lstm.cell!, LSTM_CELL)
    close(result.lstm.hidden, LSTM_HIDDEN)
    close(result.gru.hidden, GRU_HIDDEN)
  })

  it('writes the arithmetic out', () => {
    expect(text).toContain('h_1 = tanh( 1·0.40 + 0·(-0.20) + 0·0.70 + 0.65·0.50 + 0.30·(-0.60) + 0.10 )')
    expect(text).toContain('= tanh( 0.6450 ) = 0.5683')
    expect(text).toContain('c_1 = 0.8727·0.80 + 0.7211·0.8483 = 1.3099')
  })
})

describe('two ways to write a GRU', () => {
  const { result, text } = show(gruForms)

  it("the notes' form is the native form with the sign of z's weights turned", () => {
    expectAgreement(result.difference)
    expect(result.updateSum).toBeLessThanOrEqual(EXACT)
    expect(result.steps.map((step) => step.word)).toEqual(['Riya', 'Delhi', 'London'])
  })

  it('says the same share of the past in both', () => {
    result.steps.forEach(({ keeps }, t) => expect(keeps).toBeCloseTo(result.engineKeeps[t], 12))
    const shares = [
      ...text.matchAll(/keeps (\S+) % of the past \(notes\), keeps (\S+) % of the past \(native\)/g),
    ]
    expect(shares.length).toBe(3)
    for (const [, notes, native] of shares) expect(notes).toBe(native)
  })

  it('keeps most at Riya and least at London', () => {
    const [riyaKeeps, delhiKeeps, londonKeeps] = result.steps.map((step) => step.keeps)
    expect(riyaKeeps).toBeGreaterThan(0.85)
    expect(delhiKeeps).toBeLessThan(riyaKeeps)
    expect(londonKeeps).toBeLessThan(0.15)
  })

  it('is another cell than the one with reset after the product', () => {
    expect(result.resetAfter).toBeGreaterThan(0.01)
  })
})

describe('three sentences', () => {
  const { result, text } = show(sheryians)

  it('multiplies the chain of one weight to the gradient that the engine has', () => {
    for (const { lossByO3, o3ByO2, o2ByO1, o1ByW, product } of result.chains) {
      const chain = multiply(multiply(multiply(lossByO3, o3ByO2), o2ByO1), o1ByW)
      expect(chain).toEqual([[product]])
    }
    const { gradient, engineGradient } = result.weight
    expect(Math.abs(gradient)).toBeGreaterThan(1e-3)
    expect(Math.abs(gradient - engineGradient)).toBeLessThanOrEqual(EXACT)
  })

  it('takes the step w_new = w_old - η·gradient that the engine takes', () => {
    const { old, gradient, new: after, engineNew } = result.weight
    expect(after).toBe(old - 0.2 * gradient)
    expect(Math.abs(after - engineNew)).toBeLessThanOrEqual(EXACT)
  })

  it('has the gradients of all weights', () => {
    expectAgreement(result.difference)
  })

  it('trains until all three are right', () => {
    const [coding, ai, cyber] = result.answers
    expect(Math.min(coding, ai)).toBeGreaterThanOrEqual(0.9)
    expect(cyber).toBeLessThanOrEqual(0.1)
    expect(result.losses[result.losses.length - 1]).toBeLessThan(result.losses[0])
    expect(text.match(/loss +0\.\d+/g)!.length).toBeGreaterThanOrEqual(5)
    expect(text.match(/label \d {3}right/g)!.length).toBe(3)
  })
})

describe('why not an ANN', () => {
  const { result } = show(whyNotAnn)

  it('counts what there is to learn', () => {
    const ann = (T: number) => T * 7 * 16 + 16 + 16 + 1
    const rnn = 7 * 16 + 16 * 16 + 2 * 16 + 16 + 1
    expect(result.parameters).toEqual([3, 10, 100].map((T) => ({ T, ann: ann(T), rnn })))
  })

  it('cuts what is longer than an ANN, not what is longer than an RNN', () => {
    const { ann, rnn } = result.fixedSize
    expect(ann[0]).toBe(ann[1])
    expect(Math.abs(rnn[0] - rnn[1])).toBeGreaterThan(0.01)
  })

  it('a bag of words cannot tell the order, an RNN can', () => {
    const { bag, rnn } = result.order
    expect(Math.abs(bag.answers[0] - bag.answers[1])).toBeLessThan(SINGLE)
    expect(bag.loss).toBeGreaterThanOrEqual(Math.LN2 - SINGLE)
    expect(rnn.answers[0]).toBeGreaterThan(0.95)
    expect(rnn.answers[1]).toBeLessThan(0.05)
  })
})

describe('Riya', () => {
  it('an LSTM and a GRU learn to hold the last city, and let go of the one before', async () => {
    const page: string[] = []
    const result = await riya((line) => page.push(line))
    checkPage(page)
    for (const cell of ['lstm', 'gru'] as const) {
      const { accuracy, answer, moments, keeps } = result[cell]
      for (const { share } of accuracy.slice(0, 2)) expect(share, cell).toBeGreaterThanOrEqual(0.95)
      expect(answer).toBe('london')
      expect(moments.length).toBe(24)
      for (const moment of moments) expect(moment.keeps > 0 && moment.keeps < 1).toBe(true)
      const beforeTheMove = moments[moments.findIndex(({ token }) => token === 'moved') - 1]
      expect(beforeTheMove.answer).toBe('delhi')
      expect(keeps.moving).toBeLessThan(keeps.elsewhere)
    }
  })
})

describe('in and out', () => {
  it('leaves for four formats and comes back from each as it was; the graph says the same', async () => {
    const page: string[] = []
    const { journeys, graph, refusal } = await inAndOut((line) => page.push(line))
    checkPage(page)
    expect(journeys.map(({ format }) => format).toSorted()).toEqual(['keras', 'onnx', 'tfjs', 'torch'])
    for (const { difference, files } of journeys) {
      expect(difference).toBeLessThanOrEqual(SINGLE)
      for (const { bytes } of files) expect(bytes).toBeGreaterThan(1000)
    }
    expect(graph.inputs).toEqual(['ids', 'lengths'])
    expect(graph.difference).toBeLessThanOrEqual(SINGLE)
    expect(refusal).toContain('reset before')
    expect(page.join('\n')).toContain('load_state_dict')
  })

  it('a model that came as ONNX learns on, streams and is saved', async () => {
    const page: string[] = []
    const result = await fineTune((line) => page.push(line))
    checkPage(page)
    const { accuracy, losses, stream, streamDifference, savedDifference } = result
    expect(accuracy.before).toBeLessThan(0.8)
    expect(accuracy.after).toBeGreaterThan(0.97)
    expect(losses[losses.length - 1]).toBeLessThan(losses[0] / 10)
    expect(stream.length).toBe(7)
    expect(streamDifference).toBeLessThanOrEqual(SINGLE)
    expect(savedDifference).toBe(0)
  })
})

it('a sine is forecast from its windows, and from its own predictions', async () => {
  const page: string[] = []
  const { error, forecast, sine } = await sineForecast((line) => page.push(line))
  checkPage(page)
  expect(error.model).toBeLessThan(error.last / 2)
  forecast.forEach((value, t) => expect(Math.abs(value - sine[t])).toBeLessThan(0.35))
})

it('names are found, also unknown ones, and no prediction breaks BIO', async () => {
  const page: string[] = []
  const { f1, prediction, broken } = await names((line) => page.push(line))
  checkPage(page)
  expect(f1.model).toBeGreaterThan(0.95)
  expect(f1.model).toBeGreaterThan(f1.baseline + 0.1)
  expect(prediction.entities.map(({ label, text }) => `${label} ${text}`)).toEqual([
    'PER Ada Petrov',
    'LOC New York',
  ])
  expect(broken).toBe(0)
})

it('several labels are found at once, and a number is near the truth', async () => {
  const page: string[] = []
  const { labels, baseline, prediction, numbers, value } = await severalLabels((line) => page.push(line))
  checkPage(page)
  expect(labels.microF1).toBeGreaterThan(0.95)
  expect(baseline).toBeGreaterThan(0.5)
  expect([...prediction.labels].sort()).toEqual(['cold', 'loud'])
  expect(numbers.rSquared).toBeGreaterThan(0.8)
  expect(Math.abs(value - 60)).toBeLessThan(12)
})

it('two sentences name the same date, where naive Bayes can but guess', async () => {
  const page: string[] = []
  const { evaluation, baseline, bothOrders, answers } = await sameDate((line) => page.push(line))
  checkPage(page)
  expect(evaluation.accuracy).toBeGreaterThan(0.95)
  expect(baseline).toBeLessThan(0.6)
  expect(bothOrders).toBe(true)
  expect(answers).toEqual(['same', 'another', 'same', 'another'])
})

it('dates that it has never seen are rewritten, by looking at the right letters', async () => {
  const page: string[] = []
  const { accuracy, written, likeliest } = await dates((line) => page.push(line))
  checkPage(page)
  expect(accuracy.model).toBeGreaterThan(0.95)
  expect(accuracy.baseline).toBe(0)
  expect(written.text).toBe('1990-09-22')
  // The last two characters are the day's, which the source begins with.
  const looked = written.attention!.slice(-2).map((weights) => weights.indexOf(Math.max(...weights)))
  expect(looked).toEqual([0, 1])
  expect(likeliest.map(({ text }) => text)[0]).toBe(written.text)
})

it('the next word is the right one, also where it depends on one far back', async () => {
  const page: string[] = []
  const { next, nats, language, written } = await nextWord((line) => page.push(line))
  checkPage(page)
  expect(next.token).toBe('sky')
  expect(next.probability).toBeGreaterThan(0.9)
  expect(language).toBeGreaterThan(0.9)
  expect(nats.model).toBeLessThan(nats.baseline)
  expect(written.length).toBeGreaterThan(10)
})

describe('the folder', () => {
  const programs = readdirSync(folder).filter(
    (name) => name.endsWith('.ts') && !/^(page|paper)\.ts$/.test(name),
  )

  it('is listed in its README', () => {
    const page = readFileSync(new URL('README.md', folder), 'utf8')
    expect(programs.filter((name) => !page.includes(`(${name})`))).toEqual([])
  })

  it('refuses products and sums of shapes that do not fit', () => {
    expect(() => multiply([[1, 2]], [[1, 2]])).toThrow(ShapeError)
    expect(() => add([[1, 2]], [[1]])).toThrow('sum of matrices: expected (1, 2), got (1, 1)')
  })
})
