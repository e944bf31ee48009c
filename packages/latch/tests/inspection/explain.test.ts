/** Every number of a trace explained: the terms give the number, the sources are the numbers they name. */
import { describe, expect, it } from 'vitest'
import { explain } from '../../src/inspection/explain/explain.ts'
import type { Explanation, TracePlace } from '../../src/inspection/explain/explanation.ts'
import { traceBatch } from '../../src/inspection/trace/traceBatch.ts'
import { traceSequence, type SequenceTrace } from '../../src/inspection/trace/trace.ts'
import type { CellStep, StepGradient } from '../../src/inspection/trace/traceTypes.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network, type NetworkOptions } from '../../src/model/network.ts'
import { UnsupportedError, UsageError } from '../../src/core/errors.ts'
import { trained } from '../tasks/textClassifier/classifierHelpers.ts'
import {
  dense,
  embedding,
  forms,
  idsOf,
  oneHot,
  randomNetwork,
  recurrent,
  VOCABULARY,
} from './inspectionHelpers.ts'

const ids = idsOf(5, 1)
const every = { returnSequences: true, direction: 'bidirectional' }
const pool = (over: string): LayerOptions => ({ type: 'pool', pooling: over }) as LayerOptions

const nets: [string, LayerOptions[]][] = [
  ...forms.flatMap(([name, form]): [string, LayerOptions[]][] => [
    [name, [embedding, recurrent(form), dense]],
    [
      `${name}, no bias`,
      [embedding, recurrent({ ...form, bias: false }), { type: 'dense', units: 3, bias: false }],
    ],
    [
      `${name}, in a stack both ways, last`,
      [
        embedding,
        recurrent({ ...form, ...every }),
        { type: 'dropout', rate: 0.2 },
        recurrent({ ...form, units: 3, direction: 'bidirectional' }),
        dense,
      ],
    ],
  ]),
  ['one-hot, max over time', [oneHot, recurrent({ cell: 'gru', ...every }), pool('max'), dense]],
  ['mean over time', [embedding, recurrent(every), pool('mean'), { type: 'dropout', rate: 0.1 }, dense]],
  ['last by pooling', [embedding, recurrent(every), pool('last'), dense]],
  ['every step', [embedding, recurrent({ cell: 'gru', returnSequences: true }), dense]],
]

type AnyTrace = SequenceTrace<StepGradient | null>

/** The number a place names, read off the trace. */
function numberAt(trace: AnyTrace, { layer, direction, step, value, unit }: TracePlace): number {
  if (value === 'logit') return trace.outputs ? trace.outputs[step][unit] : trace.output[unit]
  const found = trace.layers.find((l) => l.layer === layer && l.direction === direction)!.steps[
    step
  ] as CellStep
  const gate = (found.gates as Record<string, Float64Array>)[value]
  if (gate) return gate[unit]
  if (value !== 'x') return (found as unknown as Record<string, Float64Array>)[value][unit]
  return found.input.length > 0 ? found.input[unit] : Number(unit === found.inputId)
}

function expectExplained(made: Network, trace: AnyTrace, found: Explanation, tolerance: number): void {
  const where = `${found.place.layer} ${found.place.direction} ${found.place.step} ${found.place.value}[${found.place.unit}]`
  expect(Math.abs(found.computed - found.value), where).toBeLessThanOrEqual(tolerance)
  const traced = found.place.value === 'probability' ? found.value : numberAt(trace, found.place)
  expect(found.value, where).toBe(traced)
  expect(found.terms.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(found.preActivation, 12)
  expect(found.groups.reduce((sum, { sum: own }) => sum + own, 0)).toBeCloseTo(found.preActivation, 12)
  expect(found.groups.reduce((sum, { count }) => sum + count, 0)).toBe(found.terms.length)
  found.terms.forEach(({ value, factors }, i) => {
    expect(Math.abs(value)).toBeLessThanOrEqual(Math.abs(found.terms[i - 1]?.value ?? Infinity))
    expect(factors.reduce((product, factor) => product * factor.value, 1)).toBe(value)
    for (const { name, value: factor, source } of factors) {
      const read = source.kind === 'trace' ? numberAt(trace, source) : factor
      expect(factor, name).toBe(source.kind === 'trace' && name === '1 − z' ? 1 - read : read)
      if (source.kind !== 'parameter') continue
      const parameter = internalsOf(made).store.find(source.name)
      const at = source.column === null ? source.row : source.row * parameter.shape[1] + source.column
      expect(factor, source.name).toBe(internalsOf(made).store.read(parameter)[at])
    }
  })
}

/** Every place of a trace. */
function* placesOf(made: Network, { layers }: AnyTrace): Generator<TracePlace> {
  for (const { layer, direction, units, steps } of layers) {
    for (const [step, { gates, cell, saved, input }] of steps.entries()) {
      const at = { layer, direction, step }
      const values = [
        ...Object.keys(gates),
        'candidate',
        'hidden',
        ...(cell ? ['cell'] : []),
        ...(saved ? ['saved'] : []),
      ]
      for (const value of values) for (let unit = 0; unit < units; unit++) yield { ...at, value, unit }
      for (let unit = 0; unit < (input.length || VOCABULARY); unit++) yield { ...at, value: 'x', unit }
    }
  }
  const layer = layers.at(-1)!.layer
  for (const value of ['logit', 'probability']) {
    for (const [step] of layers[0].steps.entries())
      for (let unit = 0; unit < made.output.width; unit++)
        yield { layer, direction: 'forward', step, value, unit }
  }
}

describe('every number', () => {
  it.each(nets)('%s: explained, in float64 and on the SIMD engine', (_, layers) => {
    const engines: [NetworkOptions, number][] = [
      [{}, 1e-12],
      [{ engine: 'simd', precision: 'float32' }, 1e-6],
    ]
    for (const [options, tolerance] of engines) {
      const made = randomNetwork(layers, options)
      const [, trace] = traceBatch(made, PackedBatch.ofIds([idsOf(3), ids]), null)
      let count = 0
      for (const place of placesOf(made, trace)) {
        expectExplained(made, trace, explain(trace, place), tolerance)
        count++
      }
      expect(count).toBeGreaterThan(80)
    }
  })

  it('of features, and of one logit that speaks of two classes', () => {
    const layers: LayerOptions[] = [
      { type: 'features', width: 2 },
      recurrent({}),
      { type: 'dense', units: 1 },
    ]
    const made = randomNetwork(layers, { loss: { type: 'binaryCrossEntropy' } })
    const trace = traceSequence(made, PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2]), { classes: [1] })
    const given = explain(trace, 1, 'x', 0)
    expect(given).toMatchObject({ value: 3, computed: 3, equation: 'x as given' })
    expect(given.terms[0].factors[0].source).toEqual({ kind: 'constant' })
    const [logit] = trace.output
    const [first, second] = [0, 1].map((unit) => explain(trace, 1, 'probability', unit))
    expect(second.computed).toBeCloseTo(1 / (1 + Math.exp(-logit)), 14)
    expect(first.computed + second.computed).toBeCloseTo(1, 14)
    expect(Math.exp(-trace.loss)).toBeCloseTo(second.value, 12)
  })
})

describe('the words', () => {
  const lstm = () => traceSequence(randomNetwork([embedding, recurrent({}), dense]), ids, { classes: [1] })

  it('equations, groups and factors of an LSTM', () => {
    const trace = lstm()
    const cell = explain(trace, 2, 'cell', 1)
    expect(cell).toMatchObject({ equation: 'c = f∘c₋₁ + i∘g', activation: 'linear' })
    expect(cell.groups.map(({ group }) => group)).toEqual(['f∘c₋₁', 'i∘g'])
    const kept = cell.terms.find(({ group }) => group === 'f∘c₋₁')!
    expect(kept.factors.map(({ name }) => name)).toEqual(['f', 'c₋₁'])
    expect(kept.factors[1].source).toEqual({
      kind: 'trace',
      layer: 0,
      direction: 'forward',
      step: 1,
      value: 'cell',
      unit: 1,
    })
    const gate = explain(trace, 2, 'forget', 1)
    expect(gate.equation).toBe('f = σ(W_if·x + b_if + W_hf·h₋₁ + b_hf)')
    expect(gate.groups.map(({ group, count }) => [group, count])).toEqual([
      ['input', 5],
      ['bias', 2],
      ['state', 4],
    ])
    expect(explain(trace, 2, 'input', 1).equation).toMatch(/^i = σ/)
  })

  it('states before the first step are constants', () => {
    const { terms } = explain(lstm(), 0, 'cell', 0)
    const kept = terms.find(({ group }) => group === 'f∘c₋₁')!
    expect(kept.factors[1]).toEqual({ name: 'c₋₁', value: 0, source: { kind: 'constant' } })
    const both = randomNetwork([embedding, recurrent({ direction: 'bidirectional' }), dense])
    const back = explain(traceSequence(both, ids, { classes: [1] }), 4, 'cell', 0, { direction: 'backward' })
    expect(back.terms.find(({ group }) => group === 'f∘c₋₁')!.factors[1].source).toEqual({ kind: 'constant' })
  })

  it('the candidate of both forms of a GRU', () => {
    const of = (form: object) =>
      explain(
        traceSequence(randomNetwork([embedding, recurrent({ cell: 'gru', ...form }), dense]), ids, {
          classes: [1],
        }),
        2,
        'candidate',
        1,
      )
    const [after, before] = [of({}), of({ reset: 'before' })]
    expect(after.equation).toBe('n = tanh(W_in·x + b_in + r∘(W_hn·h₋₁ + b_hn))')
    expect(after.terms.find(({ group }) => group === 'state')!.factors).toHaveLength(3)
    expect(before.equation).toBe('n = tanh(W_in·x + b_in + W_hn·(r∘h₋₁) + b_hn)')
    expect(before.terms.find(({ group }) => group === 'state')!.factors[0].source).toMatchObject({
      value: 'saved',
    })
  })

  it('leads from the output down to the embedding', async () => {
    const model = await trained({ cell: 'gru', layers: 2, bidirectional: true })
    const trace = model.trace('the great soup')
    let found = explain(trace, 2, 'probability', 0)
    let end: object | undefined
    const seen: string[] = []
    for (;;) {
      seen.push(found.place.value)
      const sources = found.terms.flatMap(({ factors }) => factors.map(({ source }) => source))
      const next = sources.find(
        (source) => source.kind === 'trace' && ['logit', 'hidden', 'candidate', 'x'].includes(source.value),
      )
      if (next?.kind !== 'trace') {
        end = sources[0]
        break
      }
      found = explain(trace, next)
    }
    expect(end).toMatchObject({ kind: 'parameter', name: 'embedding.0.weight' })
    expect(seen.slice(0, 3)).toEqual(['probability', 'logit', 'hidden'])
    expect(seen.at(-1)).toBe('x')
    expect(Object.values(trace.probabilities)).toContainEqual(
      expect.closeTo(explain(trace, 2, 'probability', 0).value, 12),
    )
  })
})

describe('refused', () => {
  const made = randomNetwork([embedding, recurrent({}), dense])
  const trace = () => traceSequence(made, ids, { classes: [1] })

  it('stale traces and copies', () => {
    const old = trace()
    explain(old, 0, 'hidden', 0)
    expect(() => explain(structuredClone(old), 0, 'hidden', 0)).toThrow(UsageError)
    internalsOf(made).store.write(made.parameters[0], internalsOf(made).store.read(made.parameters[0]))
    expect(() => explain(old, 0, 'hidden', 0)).toThrow(/weights that have changed since\. Trace again\.$/)
  })

  it('places that are none', () => {
    const one = trace()
    for (const wrong of [
      () => explain(one, 5, 'hidden', 0),
      () => explain(one, 0, 'hidden', 4),
      () => explain(one, 0, 'x', 5),
      () => explain(one, 0, 'toString', 0),
      () => explain(one, 0, 'update', 0),
      () => explain(one, 0, 'logit', 3),
      () => explain(one, 0, 'hidden', 0, { layer: 1 }),
      () => explain(one, 0, 'hidden', 0, { direction: 'backward' }),
    ])
      expect(wrong).toThrow(UsageError)
    expect(() => explain(one, 0, 'update', 0)).toThrow(
      /^explain: expected a value among input, forget, candidate, output, cell, saved, hidden, x, logit, probability, got update/,
    )
  })

  it('heads and inputs that a trace does not hold', () => {
    const two = randomNetwork([
      embedding,
      recurrent({}),
      { type: 'dense', units: 4, activation: 'tanh' },
      dense,
    ])
    expect(() => explain(traceSequence(two, ids, { classes: [1] }), 0, 'logit', 0)).toThrow(UnsupportedError)
    const regression = randomNetwork([embedding, recurrent({}), dense], { loss: { type: 'huber' } })
    const traced = traceSequence(regression, ids, { values: [0, 0, 0] })
    expect(explain(traced, 0, 'logit', 0).computed).toBeCloseTo(traced.output[0], 12)
    expect(() => explain(traced, 0, 'probability', 0)).toThrow(UnsupportedError)
    const between = randomNetwork([embedding, { type: 'dense', units: 4 }, recurrent({}), dense])
    expect(() => explain(traceSequence(between, ids, { classes: [1] }), 0, 'x', 0)).toThrow(UnsupportedError)
  })
})
