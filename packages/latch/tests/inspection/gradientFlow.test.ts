/** Gradient flow: Jacobians and chains against finite differences, contributions against training's gradients, verdicts. */
import { describe, expect, it } from 'vitest'
import { gradientFlow } from '../../src/inspection/gradients/gradientFlow.ts'
import { frobeniusNorm, orthonormalProbes, spectralNorm } from '../../src/inspection/gradients/matrixNorms.ts'
import { contributionMatrix } from '../../src/inspection/gradients/contributions.ts'
import { traceBatch } from '../../src/inspection/trace/traceBatch.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import type { TraceLayer } from '../../src/inspection/trace/traceTypes.ts'
import { verdictOf } from '../../src/inspection/gradients/verdict.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { trained } from '../tasks/textClassifier/classifierHelpers.ts'
import {
  dense,
  distance,
  dot,
  embedding,
  exact,
  forms,
  gradientsOf,
  idsOf,
  oneHot,
  randomNetwork,
  recurrent,
  VOCABULARY,
} from './inspectionHelpers.ts'

const ids = idsOf(6, 1)
const pool: LayerOptions = { type: 'pool', pooling: 'max' }
const stack = (cell: object): LayerOptions[] => [
  embedding,
  recurrent({ ...cell, direction: 'bidirectional', returnSequences: true }),
  recurrent({ cell: 'gru', reset: 'before', units: 3, returnSequences: true }),
  recurrent({ cell: 'lstm', units: 2, direction: 'bidirectional', returnSequences: true }),
  pool,
  dense,
]
const nets: [string, LayerOptions[]][] = [
  ...forms.map(([name, form]) => [name, [embedding, recurrent(form), dense]] as [string, LayerOptions[]]),
  ...forms.map(([name, form]) => [`${name}, in a stack`, stack(form)] as [string, LayerOptions[]]),
  ['one-hot, both ways', [oneHot, recurrent({ cell: 'gru', direction: 'bidirectional' }), dense]],
  ['no bias', [embedding, recurrent({ bias: false }), dense]],
]

/** The layer alone, run forwards over given inputs from a given state; gives the state after it. */
function stepper(made: Network, { layer, direction, steps }: TraceLayer) {
  const width = steps[0].input.length || VOCABULARY
  const options = made.config.layers.filter(({ type }) => type === 'recurrent')[layer]
  const layers = [
    { type: 'features', width },
    { ...options, direction: 'forward', returnSequences: true },
  ]
  const suffix = direction === 'forward' ? '' : '_reverse'
  const alone = network(layers as LayerOptions[], exact)
  for (const p of alone.parameters) {
    const name = `recurrent.${layer}.${p.name.split('.').at(-1)}${suffix}`
    internalsOf(alone).store.write(p, internalsOf(made).store.read(internalsOf(made).store.find(name)))
  }
  const hasCell = steps[0].cell !== null
  const read = direction === 'forward' ? steps : steps.toReversed()
  const inputs = read.map(({ input, inputId }) =>
    input.length > 0 ? Array.from(input) : Array.from({ length: width }, (_, i) => (i === inputId ? 1 : 0)),
  )
  const run = (from: number, to: number, state: Float64Array): number[] => {
    const list = inputs.slice(from, to)
    const batch = PackedBatch.ofFeatures(list.flat(), [1, list.length, width])
    const H = state.length / (hasCell ? 2 : 1)
    alone.writeInitialState(batch, state.subarray(0, H))
    if (hasCell) alone.writeInitialState(batch, state.subarray(H), { state: 'cell' })
    alone.forward(batch)
    const states = hasCell ? (['hidden', 'cell'] as const) : (['hidden'] as const)
    return states.flatMap((name) => Array.from(alone.readFinalState(batch, { state: name })))
  }
  const stateAt = (t: number) => Float64Array.from([...read[t].hidden, ...(read[t].cell ?? [])])
  return { run, stateAt, read }
}

/** (outputs, inputs) by central differences. */
function differences(of: (state: Float64Array) => number[], at: Float64Array): number[][] {
  const epsilon = 1e-5
  const columns = Array.from(at, (_, i) => {
    const nudged = (by: number) => of(at.map((x, j) => (j === i ? x + by : x)))
    const [up, down] = [nudged(epsilon), nudged(-epsilon)]
    return up.map((x, r) => (x - down[r]) / (2 * epsilon))
  })
  return columns[0].map((_, r) => columns.map((column) => column[r]))
}

/** By another way than the library's: the Gram matrix squared again and again. */
function norms(matrix: number[][], size = matrix.length, squarings = 40) {
  const kept = matrix.slice(0, size).map((row) => row.slice(0, size))
  let gram = kept[0].map((_, i) =>
    kept[0].map((__, j) => kept.reduce((sum, row) => sum + row[i] * row[j], 0)),
  )
  let log = 0
  for (let k = 0; k < squarings; k++) {
    const trace = gram.reduce((sum, row, i) => sum + row[i], 0)
    if (trace === 0) return { spectral: 0, frobenius: 0 }
    log += Math.log(trace) / 2 ** k
    gram = gram.map((row) => row.map((x) => x / trace))
    gram = gram.map((row) => gram[0].map((_, j) => row.reduce((sum, x, i) => sum + x * gram[i][j], 0)))
  }
  return { spectral: Math.exp(log / 2), frobenius: Math.sqrt(kept.flat().reduce((sum, x) => sum + x * x, 0)) }
}

describe('Jacobians', () => {
  it.each(nets)('%s: of every step and of the chain, equal to finite differences', (_, layers) => {
    const made = randomNetwork(layers)
    const flow = gradientFlow(made, ids, 1)
    const { layers: recurrentLayers } = traceSequence(made, ids, { classes: [1] })
    expect(flow.layers).toHaveLength(recurrentLayers.length)
    recurrentLayers.forEach((layer, l) => {
      const { run, stateAt } = stepper(made, layer)
      const { steps, exact: all, units } = flow.layers[l]
      expect(all).toBe(true)
      const read = layer.direction === 'forward' ? steps : steps.toReversed()
      expect(read[0].jacobian).toBeNull()
      expect(read[0].stateJacobian).toBeNull()
      const T = read.length
      for (let t = 1; t < T; t++) {
        const matrix = differences((state) => run(t, t + 1, state), stateAt(t - 1))
        const close = (got: number, wanted: number) =>
          expect(Math.abs(got - wanted), `layer ${l}, step ${t}`).toBeLessThan(1e-8 + 1e-6 * wanted)
        const [hidden, state] = [norms(matrix, units), norms(matrix)]
        close(read[t].jacobian!.spectral, hidden.spectral)
        close(read[t].jacobian!.frobenius, hidden.frobenius)
        close(read[t].stateJacobian!.spectral, state.spectral)
        close(read[t].stateJacobian!.frobenius, state.frobenius)
        const chain = differences((s) => run(t, T, s), stateAt(t - 1))
        close(read[t - 1].product, norms(chain, units).spectral)
      }
      expect(read[T - 1].product).toBe(1)
    })
  })

  it('follow the weights as they change', () => {
    const made = randomNetwork([embedding, recurrent({ cell: 'gru' }), dense])
    const first = gradientFlow(made, ids, 1)
    const weight = internalsOf(made).store.find('recurrent.0.weight_hh_l0')
    const kept = internalsOf(made).store.read(weight)
    internalsOf(made).store.write(
      weight,
      kept.map((x) => x / 2),
    )
    expect(gradientFlow(made, ids, 1).layers[0].steps[3].jacobian).not.toEqual(
      first.layers[0].steps[3].jacobian,
    )
    internalsOf(made).store.write(weight, kept)
    expect(gradientFlow(made, ids, 1)).toEqual(first)
  })

  it('of many units are estimates, right in size, never too large', () => {
    const layers = (cell: string): LayerOptions[] => [
      { type: 'features', width: 2 },
      recurrent({ cell, units: 132 }),
      dense,
    ]
    for (const cell of ['gru', 'lstm']) {
      const made = randomNetwork(layers(cell), { scale: 0.08, engine: 'simd', precision: 'float32' })
      const batch = PackedBatch.ofFeatures([1, 2, 0, 1, -1, 1], [1, 3, 2])
      const { layers: recurrentLayers } = traceSequence(made, batch, { classes: [1] })
      const flow = gradientFlow(made, batch, 1).layers[0]
      expect(flow.exact).toBe(false)
      const { run, stateAt } = stepper(made, recurrentLayers[0])
      for (const t of [1, 2]) {
        const matrix = differences((state) => run(t, t + 1, state), stateAt(t - 1))
        for (const [got, wanted] of [
          [flow.steps[t].jacobian!, norms(matrix, 132, 12)],
          [flow.steps[t].stateJacobian!, norms(matrix, matrix.length, 12)],
        ]) {
          expect(got.frobenius / wanted.frobenius).toBeCloseTo(1, 0)
          expect(got.spectral).toBeLessThan(wanted.spectral * 1.002)
          expect(got.spectral).toBeGreaterThan(wanted.spectral * 0.3)
        }
      }
    }
  })

  it('of 400 units over 40 steps take seconds', { timeout: 60_000 }, () => {
    const layers: LayerOptions[] = [embedding, recurrent({ units: 400 }), dense]
    const made = network(layers, { engine: 'simd', loss: { type: 'softmaxCrossEntropy' } })
    const { layers: recurrentLayers } = gradientFlow(made, idsOf(40), 1)
    for (const { product, stateJacobian } of recurrentLayers[0].steps.slice(1)) {
      expect(product).toBeGreaterThan(0)
      expect(stateJacobian!.spectral).toBeLessThan(3)
    }
  })
})

describe('contributions', () => {
  it.each(nets)('%s: steps’ matrices add up to training’s gradient, fractions to 1', (_, layers) => {
    for (const [precision, tolerance] of [
      ['float64', 1e-12],
      ['float32', 1e-5],
    ] as const) {
      const made = randomNetwork(layers, {
        precision,
        engine: precision === 'float64' ? 'reference' : 'simd',
      })
      const targets = { classes: [2] }
      const gradients = gradientsOf(made, PackedBatch.ofIds([ids]), targets)
      const trace = traceSequence(made, ids, targets)
      const flow = gradientFlow(made, ids, 2)
      flow.layers.forEach(({ layer, direction, steps }) => {
        for (const weight of ['input', 'hidden'] as const) {
          const own = steps.map((__, step) => contributionMatrix(trace, { layer, direction, step, weight }))
          const sum = own[0].map((__, i) => own.reduce((total, matrix) => total + matrix[i], 0))
          const name = `recurrent.${layer}.weight_${weight === 'input' ? 'ih' : 'hh'}_l0${direction === 'forward' ? '' : '_reverse'}`
          const wanted = gradients.get(name)!
          expect(distance(sum, wanted), name).toBeLessThan(tolerance)
          const total = dot(sum, sum)
          steps.forEach(({ contributions }, t) => {
            expect(contributions[weight].norm).toBeCloseTo(Math.sqrt(dot(own[t], own[t])), 10)
            expect(contributions[weight].fraction).toBeCloseTo(total > 0 ? dot(own[t], sum) / total : 0, 8)
          })
          const all = steps.reduce((x, { contributions }) => x + contributions[weight].fraction, 0)
          expect(all).toBeCloseTo(total > 0 ? 1 : 0, 9)
        }
      })
    }
  })

  it('of more steps than numbers in a matrix, the other way of summing', () => {
    const made = randomNetwork([embedding, recurrent({ units: 2, cell: 'gru' }), dense])
    const long = idsOf(60, 2)
    const trace = traceSequence(made, long, { classes: [0] })
    const { steps } = gradientFlow(made, long, 0).layers[0]
    const own = long.map((_, step) =>
      contributionMatrix(trace, { layer: 0, direction: 'forward', step, weight: 'hidden' }),
    )
    const sum = own[0].map((_, i) => own.reduce((total, matrix) => total + matrix[i], 0))
    const total = sum.reduce((all, x) => all + x * x, 0)
    steps.forEach(({ contributions }, t) => {
      const along = own[t].reduce((all, x, i) => all + x * sum[i], 0)
      expect(contributions.hidden.fraction).toBeCloseTo(along / total, 10)
    })
    expect(steps[0].contributions.hidden).toEqual({ norm: 0, fraction: 0 })
  })
})

describe('verdicts', () => {
  const scaled = (options: object, by: number) => {
    const made = randomNetwork([embedding, recurrent(options), dense], { scale: 0.3 })
    const weight = internalsOf(made).store.find('recurrent.0.weight_hh_l0')
    const units = internalsOf(made).recurrent[0].units
    internalsOf(made).store.write(
      weight,
      Float64Array.from({ length: weight.size }, (_, i) =>
        Math.floor(i / units) % units === i % units ? by : 0,
      ),
    )
    return gradientFlow(made, idsOf(20), 1)
  }

  it('of networks whose recurrent weights keep a known fraction', () => {
    const relu = { cell: 'rnn', activation: 'relu' }
    const vanishing = scaled({ cell: 'rnn' }, 0.4).verdict
    expect(vanishing.kind).toBe('vanishing')
    expect(vanishing.factor).toBeLessThan(0.4)
    expect(vanishing.effectiveLength).toBeCloseTo(-1 / Math.log(vanishing.factor), 12)
    expect(vanishing.words).toMatch(
      /^vanishing: each step back keeps 0\.\d+ of the gradient; after 19 steps \de-\d+ is left$/,
    )
    expect(scaled(relu, 1.9).verdict.kind).toBe('exploding')
    const healthy = scaled(relu, 1).verdict
    expect(healthy.kind).toBe('healthy')
    expect(healthy.words).toMatch(/^healthy: each step back keeps /)
    const flow = scaled(relu, 1)
    expect(flow.verdict).toBe(flow.layers[0].verdict)
  })

  it('by norms: known factors, single steps, zeros, numbers that are not finite', () => {
    const geometric = (factor: number, count: number) =>
      Array.from({ length: count }, (_, t) => 3 * factor ** (count - 1 - t))
    expect(verdictOf(geometric(0.62, 41))).toMatchObject({
      kind: 'vanishing',
      words: 'vanishing: each step back keeps 0.62 of the gradient; after 40 steps 5e-9 is left',
    })
    expect(verdictOf(geometric(0.62, 41)).factor).toBeCloseTo(0.62, 12)
    expect(verdictOf(geometric(0.62, 4)).kind).toBe('healthy')
    expect(verdictOf(geometric(0.05, 2)).kind).toBe('vanishing')
    expect(verdictOf(geometric(1.5, 30)).kind).toBe('exploding')
    expect(verdictOf(geometric(1.5, 30)).effectiveLength).toBeNull()
    expect(verdictOf([2])).toMatchObject({ kind: 'healthy', factor: 1, ratio: 1, effectiveLength: null })
    expect(verdictOf([0, 0])).toMatchObject({ kind: 'vanishing', factor: 0, ratio: 0, effectiveLength: 0 })
    expect(verdictOf([0, 0, 1, 2])).toMatchObject({
      kind: 'vanishing',
      ratio: 0,
      words: 'vanishing: after 2 steps back the gradient is exactly 0',
    })
    expect(verdictOf([0, 5])).toMatchObject({ kind: 'vanishing', factor: 0, ratio: 0 })
    expect(verdictOf([NaN, 1, 1])).toMatchObject({ kind: 'exploding', ratio: Infinity })
    expect(verdictOf([NaN, 1, 1]).words).toContain('after 2 steps back')
  })
})

describe('a flow', () => {
  it('of a text, its norms those of the trace', async () => {
    const model = await trained({ cell: 'lstm', layers: 2, bidirectional: true })
    const flow = gradientFlow(model, 'the great soup', 'bad')
    const trace = model.trace('the great soup', { label: 'bad' })
    expect(flow.tokens).toEqual(['the', 'great', 'soup'])
    expect(flow.loss).toBe(trace.loss)
    expect(flow.target).toBe(model.labels.indexOf('bad'))
    flow.layers.forEach(({ steps, cell, layer, direction }, l) => {
      expect({ cell, layer, direction }).toEqual({
        cell: 'lstm',
        layer: trace.layers[l].layer,
        direction: trace.layers[l].direction,
      })
      expect(steps.map(({ hidden, cell: c }) => ({ hidden, cell: c }))).toEqual(
        trace.layers[l].steps.map(({ gradient }) => ({ hidden: gradient.hidden, cell: gradient.cell })),
      )
    })
    expect(flow.verdict).toBe(flow.layers[2].verdict)
    expect(gradientFlow(model, 'soup').layers[0].steps[0]).toMatchObject({ jacobian: null, product: 1 })
  })

  it('of a network that answers every step', () => {
    const made = randomNetwork([embedding, recurrent({ cell: 'gru', returnSequences: true }), dense])
    const flow = gradientFlow(made, ids)
    expect(flow.target).toBeNull()
    const said = traceBatch(made, PackedBatch.ofIds([ids]), null)[0].outputs!
    const stepClasses = [said.map((row) => row.indexOf(Math.max(...row)))]
    expect(flow.loss).toBe(traceSequence(made, ids, { stepClasses }).loss)
  })
})

it('matrix norms', () => {
  const values = Float64Array.from([3, 0, 0, 0, -4, 0])
  expect(spectralNorm({ rows: 2, columns: 3, values })).toBeCloseTo(4, 10)
  expect(frobeniusNorm({ rows: 2, columns: 3, values })).toBe(5)
  for (const scale of [1e-200, 1e200]) {
    const far = { rows: 2, columns: 3, values: values.map((x) => x * scale) }
    expect(spectralNorm(far) / scale).toBeCloseTo(4, 10)
    expect(frobeniusNorm(far) / scale).toBeCloseTo(5, 12)
  }
  expect(spectralNorm({ rows: 1, columns: 2, values: new Float64Array(2) })).toBe(0)
  expect(spectralNorm({ rows: 1, columns: 2, values: Float64Array.of(NaN, 1) })).toBeNaN()
  const probes = orthonormalProbes(3, 5, 'test').values
  for (let a = 0; a < 3; a++) {
    for (let b = 0; b < 3; b++) {
      const product = Array.from({ length: 5 }, (_, c) => probes[a * 5 + c] * probes[b * 5 + c]).reduce(
        (x, y) => x + y,
      )
      expect(product).toBeCloseTo(a === b ? 1 : 0, 12)
    }
  }
})
