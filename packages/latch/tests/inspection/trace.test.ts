/** Traces against a forward pass by hand in float64: every gate, state and output, and every gradient by differences. */
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { UsageError, UnsupportedError, DataError } from '../../src/core/errors.ts'
import { network } from '../networks.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import type { CellStep, TraceLayer } from '../../src/inspection/trace/traceTypes.ts'
import type { ClassifierOptions } from '../../src/tasks/textClassifier/options.ts'
import { TextClassifier, textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { Random } from '../../src/core/random.ts'
import { comments, quick, THREE, thrown } from '../tasks/textClassifier/classifierHelpers.ts'
import { handForward, handLoss, type HandStep, type Nudge } from '../model/handForward.ts'
import { expectClose } from '../closeTo.ts'

const TEXT = 'the great soup was zyzzyva , not awful'

/** In float64, with weights large enough that no gate is near the middle. */
async function model(
  options: ClassifierOptions,
  labels: typeof THREE | readonly ['good', 'bad'] = THREE,
): Promise<TextClassifier> {
  const made = textClassifier({
    units: 4,
    embedding: 3,
    dropout: 0,
    engine: 'reference',
    precision: 'float64',
    ...options,
  })
  await made.fit(comments(30, 1, labels), { ...quick, epochs: 1 })
  const random = new Random(3, 'weights')
  for (const parameter of made.network.parameters) {
    const values = Float64Array.from({ length: parameter.size }, () => random.between(-1.2, 1.2))
    internalsOf(made.network).store.write(parameter, values)
  }
  return made as TextClassifier
}

const cells: [string, ClassifierOptions][] = [
  ['lstm', { cell: 'lstm' }],
  ['gru, reset after', { cell: 'gru' }],
  ['gru, reset before', { cell: 'gru', reset: 'before' }],
  ['rnn tanh', { cell: 'rnn' }],
  ['rnn relu', { cell: 'rnn', activation: 'relu' }],
]
const nets: [string, ClassifierOptions][] = [
  ...cells,
  ['lstm, stacked and bidirectional', { cell: 'lstm', layers: 2, bidirectional: true }],
  ['gru, stacked and bidirectional', { cell: 'gru', layers: 2, bidirectional: true, units: 3 }],
  [
    'gru before, bidirectional, mean over time',
    { cell: 'gru', reset: 'before', bidirectional: true, pooling: 'mean' },
  ],
  ['lstm, max over time', { cell: 'lstm', pooling: 'max' }],
  ['one-hot, bidirectional rnn', { cell: 'rnn', embedding: 'oneHot', bidirectional: true }],
]

function expectNear(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 5e-11): void {
  expectClose(got, wanted, tolerance)
}

function expectStep(step: CellStep, hand: HandStep): void {
  expect(Object.keys(step.gates).sort()).toEqual(Object.keys(hand.gates).sort())
  for (const [name, values] of Object.entries(hand.gates))
    expectNear((step.gates as Record<string, Float64Array>)[name], values)
  expectNear(step.candidate, hand.candidate)
  expectNear(step.hidden, hand.hidden)
  expect(step.cell === null).toBe(!hand.cell)
  if (hand.cell) expectNear(step.cell!, hand.cell)
}

describe('every number of a trace', () => {
  it.each(nets)('%s: equal to the forward pass by hand', async (_, options) => {
    const made = await model(options)
    const trace = made.trace(TEXT)
    const hand = handForward(
      made,
      trace.steps.map(({ id }) => id),
    )
    const directions = options.bidirectional ? ['forward', 'backward'] : ['forward']
    const order = Array.from({ length: options.layers ?? 1 }, (__, layer) =>
      directions.map((name) => `${layer} ${name}`),
    )
    expect(trace.layers.map(({ layer, direction }) => `${layer} ${direction}`)).toEqual(order.flat())
    for (const { layer, direction, units, steps } of trace.layers) {
      expect(units).toBe(made.settings.units)
      expect(steps).toHaveLength(8)
      steps.forEach((step, t) => expectStep(step, hand.steps[layer][direction === 'forward' ? 0 : 1][t]))
    }
    const top = trace.layers.find(
      ({ layer, direction }) => layer === (options.layers ?? 1) - 1 && direction === 'forward',
    )!
    trace.steps.forEach((step, t) => expect(step).toMatchObject(top.steps[t]))
    const target = made.labels.indexOf(trace.target)
    expect(trace.loss).toBeCloseTo(handLoss(hand.logits, target), 10)
    expect(trace.loss).toBeCloseTo(-Math.log(trace.probabilities[trace.target]), 10)
  })

  it.each(nets)('%s: the output so far is the prediction of the words so far', async (_, options) => {
    const made = await model(options)
    const words = TEXT.split(' ')
    made.trace(TEXT).steps.forEach(({ output, token }, t) => {
      expect(token).toBe(words[t])
      const prefix = made.predict(words.slice(0, t + 1).join(' '))
      expect(output.label).toBe(prefix.label)
      expectNear(Object.values(output.probabilities), Object.values(prefix.probabilities), 12)
    })
  })

  it('on the SIMD engine within 1e-5, prefixes to the bit, longer than one round of prefixes', async () => {
    const exact = await model({ cell: 'gru' })
    const fast = TextClassifier.fromBytes(exact.toBytes())
    const long = `${TEXT} `.repeat(10)
    const [trace, wanted] = [fast.trace(long), exact.trace(long)]
    const words = long.trim().split(' ')
    expect(trace.steps).toHaveLength(80)
    trace.steps.forEach((step, t) => {
      expectNear(step.hidden, wanted.steps[t].hidden, 5e-6)
      expect(step.gradient.hidden).toBeCloseTo(wanted.steps[t].gradient.hidden, 5)
    })
    for (let t = 0; t < 80; t += 9)
      expect(fast.predict(words.slice(0, t + 1).join(' '))).toMatchObject(trace.steps[t].output)
  })
})

describe('gradients', () => {
  /** ‖∂L/∂state‖ by central differences over every unit. */
  function numeric(
    made: TextClassifier,
    ids: number[],
    target: number,
    at: Omit<Nudge, 'unit' | 'by'>,
  ): number {
    const epsilon = 1e-6
    let sum = 0
    for (let unit = 0; unit < made.settings.units; unit++) {
      const loss = (by: number) => handLoss(handForward(made, ids, { ...at, unit, by }).logits, target)
      sum += ((loss(epsilon) - loss(-epsilon)) / (2 * epsilon)) ** 2
    }
    return Math.sqrt(sum)
  }

  function expectGradients(made: TextClassifier, layers: TraceLayer[], ids: number[], target: number): void {
    for (const { layer, direction, steps } of layers) {
      steps.forEach(({ gradient }, position) => {
        const at = { layer, direction: direction === 'forward' ? 0 : 1, position } as const
        const where = `layer ${layer}, ${direction}, step ${position}`
        const hidden = numeric(made, ids, target, { ...at, state: 'hidden' })
        expect(Math.abs(gradient.hidden - hidden), where).toBeLessThan(1e-7 + 1e-6 * hidden)
        expect(gradient.cell === null).toBe(made.settings.cell !== 'lstm')
        if (gradient.cell === null) return
        const cell = numeric(made, ids, target, { ...at, state: 'cell' })
        expect(Math.abs(gradient.cell! - cell), `${where}, cell`).toBeLessThan(1e-7 + 1e-6 * cell)
      })
    }
  }

  it.each(nets)('%s: norms equal finite differences, for every label', async (_, options) => {
    const made = await model(options)
    const norms = new Set<number>()
    for (const label of made.labels) {
      const trace = made.trace(TEXT, { label })
      expect(trace.target).toBe(label)
      expect(trace.label).toBe(made.predict(TEXT).label)
      norms.add(trace.steps.reduce((sum, { gradient }) => sum + gradient.hidden, 0))
      const ids = trace.steps.map(({ id }) => id)
      expectGradients(made, trace.layers, ids, made.labels.indexOf(label))
    }
    expect(norms.size).toBe(3)
  })

  it.each(cells)('%s: with two classes too', async (_, options) => {
    const made = await model(options, ['good', 'bad'])
    for (const label of made.labels) {
      const trace = made.trace('great soup today', { label })
      const ids = trace.steps.map(({ id }) => id)
      expectGradients(made, trace.layers, ids, made.labels.indexOf(label))
    }
  })

  it('are of the plain loss, whatever smoothing and weights the model was trained with', async () => {
    const made = textClassifier({
      units: 4,
      embedding: 3,
      dropout: 0.4,
      engine: 'reference',
      precision: 'float64',
    })
    const fit = { ...quick, epochs: 1, labelSmoothing: 0.3, classWeights: { good: 7 } }
    await made.fit(comments(30, 1), fit)
    const trace = made.trace(TEXT, { label: 'bad' })
    const ids = trace.steps.map(({ id }) => id)
    expect(trace.loss).toBeCloseTo(-Math.log(trace.probabilities.bad), 10)
    expectGradients(made as TextClassifier, trace.layers, ids, made.labels.indexOf('bad'))
  })
})

describe('the contents of a trace', () => {
  it.each(nets)('%s: shares kept lie between 0 and 1, and only gates keep', async (_, options) => {
    const trace = (await model(options)).trace(TEXT)
    expect(trace.convention).toMatch(
      options.cell === 'rnn' ? /no gate/ : /^keeps = mean of the (forget|update) gate/,
    )
    for (const { keeps, gates } of trace.layers.flatMap(({ steps }) => steps as CellStep[])) {
      expect(keeps === null).toBe(options.cell === 'rnn')
      if (keeps === null) continue
      const gate =
        options.cell === 'lstm'
          ? (gates as { forget: Float64Array }).forget
          : (gates as { update: Float64Array }).update
      expect(keeps).toBeCloseTo(gate.reduce((a, b) => a + b) / gate.length, 12)
      expect(keeps).toBeGreaterThan(0)
      expect(keeps).toBeLessThan(1)
    }
  })

  it('tokens: unknown ones are marked, a text without any is one unknown token, long ones are cut', async () => {
    const made = await model({ cell: 'gru', maximumLength: 6 })
    const { steps, text } = made.trace('The GREAT zyzzyva soup')
    expect(text).toBe('The GREAT zyzzyva soup')
    expect(steps.map(({ token }) => token)).toEqual(['the', 'great', 'zyzzyva', 'soup'])
    expect(steps.map(({ known }) => known)).toEqual([true, true, false, true])
    expect(steps[2].id).toBe(0)
    expect(made.trace('  ').steps).toMatchObject([{ token: '<unk>', known: false, id: 0 }])
    expect(made.trace(TEXT).steps).toHaveLength(6)
  })

  it('changes nothing: weights, predictions, training', async () => {
    const [one, other] = [await model({ cell: 'lstm' }), await model({ cell: 'lstm' })]
    const before = one.predict([TEXT, 'soup'])
    one.trace(TEXT)
    const { used } = internalsOf(one.network).engine.memory
    for (let i = 0; i < 20; i++) one.trace(TEXT)
    expect(internalsOf(one.network).engine.memory.used).toBe(used)
    expect(one.predict([TEXT, 'soup'])).toEqual(before)
    for (const made of [one, other]) await made.fit(comments(20, 4, THREE), { ...quick, epochs: 2 })
    expect(one.toBytes()).toEqual(other.toBytes())
  })

  it('a trace is a copy: the next one does not change it', async () => {
    const made = await model({ cell: 'lstm' })
    const trace = made.trace(TEXT)
    const copy = structuredClone(trace)
    made.trace('awful , awful soup', { label: 'odd' })
    expect(trace).toEqual(copy)
  })
})

describe('refused', () => {
  it('nets without steps, labels and texts that are none', async () => {
    for (const cell of ['ann', 'bag'] as const) {
      const made = await model({ cell })
      const error = await thrown(() => made.trace(TEXT))
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.message).toMatch(
        /^trace: expected a recurrent cell \(lstm, gru, rnn\), got cell (ann|bag)/,
      )
    }
    const made = await model({ cell: 'gru' })
    const unknown = await thrown(() => made.trace(TEXT, { label: 'ugly' }))
    expect(unknown).toBeInstanceOf(DataError)
    expect(unknown.message).toMatch(/^label: expected one of the labels bad, good, odd, got "ugly"/)
    expect(await thrown(() => made.trace(5 as never))).toBeInstanceOf(DataError)
    expect(await thrown(() => textClassifier().trace('a'))).toBeInstanceOf(UsageError)
  })

  it('a plain network without recurrent layers', async () => {
    const net = network(
      [
        { type: 'features', width: 3 },
        { type: 'pool', pooling: 'mean' },
        { type: 'dense', units: 2 },
      ],
      {
        loss: { type: 'softmaxCrossEntropy' },
      },
    )
    const error = await thrown(() => traceSequence(net, [0, 1], { classes: [1] }))
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error.message).toMatch(/got layers features, pool, dense\. A feed-forward net/)
  })
})
