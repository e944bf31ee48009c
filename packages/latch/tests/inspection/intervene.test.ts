/** What-if questions: nothing changed gives the trace itself; edits of the text are the other text; holds hold. */
import { describe, expect, it } from 'vitest'
import type { Edit } from '../../src/inspection/interventions/editTypes.ts'
import { intervene } from '../../src/inspection/interventions/intervene.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'
import type { ClassifierOptions } from '../../src/tasks/textClassifier/options.ts'
import { UsageError } from '../../src/core/errors.ts'
import { comments, thrown, trained, THREE } from '../tasks/textClassifier/classifierHelpers.ts'

const TEXT = 'the great soup was awful today'
const nets: [string, ClassifierOptions][] = [
  ['lstm', { cell: 'lstm' }],
  ['gru, stacked', { cell: 'gru', layers: 2 }],
  ['gru before, bidirectional', { cell: 'gru', reset: 'before', bidirectional: true }],
  ['rnn, one-hot, mean', { cell: 'rnn', embedding: 'oneHot', pooling: 'mean' }],
]
const make = (options: ClassifierOptions = {}) =>
  trained({ ...options }, { epochs: 3 }, comments(48, 1, THREE))
const values = (x: object) => Object.values(x)

describe.each(nets)('%s', (_, options) => {
  it('without edits: both sides are the trace, to the bit', async () => {
    const model = await make(options)
    const { before, after, steps, target } = intervene(model, TEXT, [])
    const trace = model.trace(TEXT)
    expect(before.layers).toEqual(trace.layers)
    expect(after.layers).toEqual(trace.layers)
    expect(before).toMatchObject({ label: trace.label, loss: trace.loss })
    expect(model.labels[target!]).toBe(trace.target)
    const wanted = model.labels.map((label) => (trace.probabilities as Record<string, number>)[label])
    expect([...before.probabilities!]).toEqual(wanted)
    expect(steps).toEqual([0, 1, 2, 3, 4, 5])
    before.prefixProbabilities!.forEach((row, t) =>
      expect([...row].sort()).toEqual(values(trace.steps[t].output.probabilities).sort()),
    )
  })

  it('dropped and replaced tokens: the trace of that text', async () => {
    const model = await make(options)
    const { after, steps } = intervene(
      model,
      TEXT,
      [
        { type: 'drop', step: 1 },
        { type: 'replace', step: 4, token: 'zyzzyva' },
      ],
      'good',
    )
    const other = model.trace('the soup was zyzzyva today', { label: 'good' })
    expect(after.layers).toEqual(other.layers)
    expect(after.tokens).toEqual(other.steps.map(({ token }) => token))
    expect(after.known).toEqual(other.steps.map(({ known }) => known))
    expect(after.loss).toBe(other.loss)
    expect(steps).toEqual([0, 2, 3, 4, 5])
  })

  it('holds count in the text as it was, and reach what is said so far', async () => {
    const model = await make(options)
    const state: Edit = { type: 'state', state: 'hidden', value: 0.25, from: 3, to: 4 }
    const { before, after } = intervene(model, TEXT, [state, { type: 'drop', step: 1 }])
    for (const { steps } of after.layers) {
      for (const t of [2, 3]) expect(new Set(steps[t].hidden)).toEqual(new Set([0.25]))
      expect(new Set(steps[4].hidden).size).toBeGreaterThan(1)
    }
    expect([...after.output]).not.toEqual([...before.output])
    const last = after.prefixes!.at(-1)!
    last.forEach((x, c) => expect(x).toBeCloseTo(after.output[c], 5))
    const sets = after.layers.at(-1)!.steps
    expect(sets[2].gradient.hidden).toBe(0)
  })
})

describe('holding gates', () => {
  it('an LSTM that never forgets and takes in one token only says the same to the end', async () => {
    const model = await make({ cell: 'lstm' })
    const { after } = intervene(model, TEXT, [
      { type: 'gate', gate: 'forget', value: 1 },
      { type: 'gate', gate: 'input', value: 0, from: 2 },
    ])
    const { steps } = after.layers[0]
    for (let t = 2; t < 6; t++) expect(steps[t].cell).toEqual(steps[1].cell)
    for (const { keeps } of steps) expect(keeps).toBe(1)
  })

  it('units, layers and directions that are named, and no others', async () => {
    const model = await make({ cell: 'gru', layers: 2, bidirectional: true })
    const edit: Edit = {
      type: 'gate',
      gate: 'update',
      value: 0.5,
      layer: 1,
      direction: 'backward',
      units: [3],
      from: 2,
      to: 3,
    }
    const { before, after } = intervene(model, TEXT, [edit])
    after.layers.forEach((layer, i) => {
      const held = layer.layer === 1 && layer.direction === 'backward'
      layer.steps.forEach((step, t) => {
        const update = (step.gates as { update: Float64Array }).update
        expect(update[3] === 0.5).toBe(held && (t === 2 || t === 3))
        const unchanged = layer.layer === 0 ? before.layers[i].steps[t].hidden : step.hidden
        expect(step.hidden).toEqual(unchanged)
      })
    })
  })

  it('features, targets at every step', () => {
    const net = network(
      [
        { type: 'features', width: 2 },
        { type: 'recurrent', cell: 'gru', units: 3 },
        { type: 'dense', units: 2 },
      ],
      { loss: { type: 'softmaxCrossEntropy' } },
    )
    const batch = PackedBatch.ofFeatures([1, 2, 3, 4, 5, 6], [1, 3, 2])
    const { after, before } = intervene(net, batch, [{ type: 'drop', step: 1 }], {
      stepClasses: [[0, 1, 1]],
    })
    expect(before.outputs).toHaveLength(3)
    expect(after.layers[0].steps.map(({ input }) => [...input])).toEqual([
      [1, 2],
      [5, 6],
    ])
    expect(after).toMatchObject({ tokens: null, ids: null, label: null, prefixes: null })
    // The class is that of the last step.
    const [no, yes] = after.outputs!.at(-1)!
    expect(after.class).toBe(Number(yes > no))
    expect(after.probabilities![1]).toBeCloseTo(1 / (1 + Math.exp(no - yes)), 6)
  })
})

describe('refusals', () => {
  const drop = (step: number): Edit => ({ type: 'drop', step })
  const gate = (more: object): Edit => ({ type: 'gate', gate: 'update', value: 0.5, ...more }) as Edit
  const wrong: [string, Edit[], string][] = [
    ['gate', [gate({ gate: 'forget' })], 'edit 0 gate: expected one of reset, update, candidate'],
    ['gate value', [gate({ value: 1.5 })], 'expected a number from 0 to 1 for update, got 1.5'],
    ['candidate value', [gate({ gate: 'candidate', value: -2 })], 'a number from -1 to 1 for candidate'],
    ['no number', [gate({ value: undefined })], 'edit 0 value'],
    ['unit', [gate({ units: [8] })], 'expected units from 0 to 7, got 8'],
    ['layer', [gate({ layer: 1 })], 'expected a recurrent layer from 0 to 0, got 1'],
    ['direction', [gate({ direction: 'backward' })], 'expected a direction that the layer reads'],
    ['step', [drop(0), gate({ from: 6 })], 'edit 1 from: expected a step of the text, 0 to 5'],
    ['order', [gate({ from: 3, to: 1 })], 'edit 0 to: expected a step from 3 on'],
    ['state', [{ type: 'state', state: 'cell', value: 0 }], 'expected one of hidden (gru'],
    ['state value', [{ type: 'state', state: 'hidden', value: Infinity }], 'a finite number'],
    ['all dropped', [0, 1, 2, 3, 4, 5].map(drop), 'expected at least one token left'],
    ['held and dropped', [drop(2), gate({ from: 2, to: 2 })], 'a step that is not dropped'],
    ['twice', [drop(2), drop(2)], 'edit 1: expected one edit per token'],
    ['two tokens', [{ type: 'replace', step: 0, token: 'two words' }], 'expected one token'],
    ['id', [{ type: 'replace', step: 0, token: 10_000 }], 'a word, or an id from 0'],
    ['type', [{ type: 'swap' } as never], 'an edit with a type (gate, state, drop, replace)'],
  ]
  it.each(wrong)('%s', async (_, edits, words) => {
    const model = await make({ cell: 'gru' })
    const error = await thrown(() => intervene(model, TEXT, edits))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain(words)
  })
})
