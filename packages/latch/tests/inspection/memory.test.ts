/** What memory holds, against products by hand, and against what the states of a real pass show. */
import { describe, expect, it } from 'vitest'
import { effectiveMemory } from '../../src/inspection/gradients/effectiveMemory.ts'
import { gradientFlow } from '../../src/inspection/gradients/gradientFlow.ts'
import { intervene } from '../../src/inspection/interventions/intervene.ts'
import { memory } from '../../src/inspection/gradients/memory.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { traceBatch } from '../../src/inspection/trace/traceBatch.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import { UsageError } from '../../src/core/errors.ts'
import { thrown, trained } from '../tasks/textClassifier/classifierHelpers.ts'

const TEXT = 'the great soup was awful today'

/** mean over units of Π gates of the steps between, by definition. */
function byHand(gates: Float64Array[], k: number, t: number): number {
  let sum = 0
  for (let j = 0; j < gates[0].length; j++) {
    let product = 1
    for (let s = k + 1; s <= t; s++) product *= gates[s][j]
    sum += product
  }
  return sum / gates[0].length
}

describe.each(['lstm', 'gru'] as const)('%s, bidirectional', (cell) => {
  it('retention is the product of the gate that keeps, in each direction’s own order', async () => {
    const model = await trained({ cell, bidirectional: true, layers: 2 }, { epochs: 3 })
    const trace = model.trace(TEXT)
    const found = memory(trace)
    expect(found.map(({ layer, direction }) => [layer, direction])).toEqual(
      trace.layers.map(({ layer, direction }) => [layer, direction]),
    )
    const T = 6
    const name = cell === 'lstm' ? 'forget' : 'update'
    found.forEach(({ direction, retention, unitRetention, convention }, i) => {
      expect(convention).toContain(`${name} gates`)
      const inText = trace.layers[i].steps.map(({ gates }) => (gates as Record<string, Float64Array>)[name])
      const backward = direction === 'backward'
      const read = backward ? [...inText].reverse() : inText
      const at = (t: number) => (backward ? T - 1 - t : t)
      for (let t = 0; t < T; t++) {
        for (let k = 0; k < T; k++) {
          const wanted = at(k) > at(t) ? 0 : byHand(read, at(k), at(t))
          expect(retention[t][k]).toBeCloseTo(wanted, 12)
        }
      }
      const end = backward ? 0 : T - 1
      unitRetention.forEach((units, k) => {
        expect(units.reduce((sum, x) => sum + x, 0) / units.length).toBeCloseTo(retention[end][k], 12)
      })
    })
  })

  it('the same of a sequence’s trace, of layers, and of a copy through JSON', async () => {
    const model = await trained({ cell }, { epochs: 1 })
    const trace = model.trace(TEXT)
    const wanted = memory(trace)
    const { ids } = model.encode(TEXT)
    expect(memory(traceSequence(model.network, ids, { classes: [0] }))).toEqual(wanted)
    expect(memory(trace.layers)).toEqual(wanted)
    expect(memory(JSON.parse(JSON.stringify(trace)))).toEqual(wanted)
  })
})

it('is what an LSTM’s cell state is made of: Σ retention·i∘g', async () => {
  const model = await trained({ cell: 'lstm' }, { epochs: 3 })
  const { steps } = model.trace(TEXT).layers[0]
  const [{ unitRetention }] = memory(model.trace(TEXT))
  const last = steps[5].cell!
  last.forEach((c, j) => {
    const sum = steps.reduce((total, { gates, candidate }, k) => {
      return total + unitRetention[k][j] * (gates as { input: Float64Array }).input[j] * candidate[j]
    }, 0)
    expect(sum).toBeCloseTo(c, 5)
  })
})

describe('half-life', () => {
  it('of a gate clamped to a value is log ½ / log value; null where nothing is lost', async () => {
    const model = await trained({ cell: 'gru' }, { epochs: 1 })
    const clamped = (value: number) => {
      const { after } = intervene(model, TEXT, [{ type: 'gate', gate: 'update', value }])
      return memory(after)[0]
    }
    expect(clamped(0.5).halfLife).toBeCloseTo(1, 12)
    expect(clamped(0.9).halfLife).toBeCloseTo(Math.log(0.5) / Math.log(0.9), 4)
    expect(clamped(1)).toMatchObject({ halfLife: null })
    expect(clamped(0).halfLife).toBe(0)
    expect(clamped(0.5).retention[5][1]).toBeCloseTo(0.5 ** 4, 12)
  })

  it('of a simple RNN is 0: it overwrites', async () => {
    const model = await trained({ cell: 'rnn' }, { epochs: 1 })
    const [{ retention, halfLife, convention, unitRetention }] = memory(model.trace(TEXT))
    expect(halfLife).toBe(0)
    expect(convention).toContain('overwrites')
    retention.forEach((row, t) => row.forEach((x, k) => expect(x).toBe(t === k ? 1 : 0)))
    expect(unitRetention.map((units) => units[0])).toEqual([0, 0, 0, 0, 0, 1])
  })
})

it('long sequences: every step against every other up to 2,048, on request none', async () => {
  const step = { gates: { forget: Float64Array.of(0.999, 0.99) }, hidden: Float64Array.of(0, 0) }
  const layer = (T: number) => ({
    layer: 0,
    direction: 'forward' as const,
    steps: Array.from({ length: T }, () => step),
  })
  const [{ retention, unitRetention }] = memory([layer(1000)])
  expect(retention[999][0]).toBeCloseTo((0.999 ** 999 + 0.99 ** 999) / 2, 10)
  expect(unitRetention[0][0]).toBeCloseTo(0.999 ** 999, 10)
  const error = await thrown(() => memory([layer(2049)]))
  expect(error).toBeInstanceOf(UsageError)
  expect(error.message).toContain('retention: false')
  expect(memory([layer(5000)], { retention: false })[0]).toMatchObject({ retention: [] })
  expect(await thrown(() => memory({} as never))).toBeInstanceOf(UsageError)
})

describe('effective memory', () => {
  it.each(['rnn', 'lstm', 'gru'] as const)('%s: the same from a flow, a trace and a copy', async (cell) => {
    const model = await trained({ cell, bidirectional: true }, { epochs: 2 })
    const trace = model.trace(TEXT)
    const found = effectiveMemory(trace)
    const flow = effectiveMemory(gradientFlow(model, TEXT))
    const lives = memory(trace).map(({ halfLife }) => halfLife)
    expect(found).toHaveLength(2)
    found.forEach(({ gradient, halfLife }, i) => {
      expect(halfLife).toBe(lives[i])
      expect(flow[i].gradient === null).toBe(gradient === null)
      expect(gradient ?? 0).toBeCloseTo(flow[i].gradient ?? 0, 6)
      expect(flow[i]).not.toHaveProperty('halfLife')
    })
    expect(effectiveMemory(JSON.parse(JSON.stringify(trace)))).toEqual(found)
  })

  it('of clamped gates: a cell that keeps f a step loses 1/e of the gradient in −1/ln f steps', async () => {
    const model = await trained({ cell: 'lstm' }, { epochs: 1 })
    const value = Math.exp(-1 / 3)
    const { after } = intervene(model, TEXT, [
      { type: 'gate', gate: 'forget', value },
      { type: 'gate', gate: 'input', value: 0 },
      { type: 'gate', gate: 'candidate', value: 0 },
      { type: 'gate', gate: 'output', value: 0, to: 4 },
    ])
    const [{ gradient, halfLife }] = effectiveMemory(after)
    expect(halfLife).toBeCloseTo(3 * Math.LN2, 4)
    const norms = after.layers[0].steps.map((step) => step.gradient.cell!)
    for (let t = 0; t < 5; t++) expect(norms[t] / norms[t + 1]).toBeCloseTo(value, 4)
    // The last step's own ∂L/∂h adds to its norm alone, so the line falls a little faster.
    expect(gradient!).toBeGreaterThan(1)
    expect(gradient!).toBeLessThan(3)
  })

  it('says nothing of gradients where a trace has none', async () => {
    const model = await trained({ cell: 'gru' }, { epochs: 1 })
    const [trace] = traceBatch(model.network, PackedBatch.ofIds([[1, 2, 3]]), null)
    expect(effectiveMemory(trace)[0]).not.toHaveProperty('gradient')
    expect(await thrown(() => effectiveMemory({ layers: [] }))).toBeInstanceOf(UsageError)
  })
})
