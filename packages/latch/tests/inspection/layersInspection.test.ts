/** Traces, gradient flow, influence and explanations of networks with layers beyond the core. */
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { explain } from '../../src/inspection/explain/explain.ts'
import { contributionMatrix } from '../../src/inspection/gradients/contributions.ts'
import { gradientFlow } from '../../src/inspection/gradients/gradientFlow.ts'
import { influence } from '../../src/inspection/interventions/influence.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import { valueOf } from '../../src/engine/generic/values.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import {
  dense,
  distance,
  dot,
  embedding,
  gradientsOf,
  idsOf,
  randomNetwork,
  recurrent,
} from './inspectionHelpers.ts'

const ids = idsOf(5, 1)
const every = recurrent({ returnSequences: true })
const pool = (over: string): LayerOptions => ({ type: 'pool', pooling: over }) as LayerOptions
const everything: LayerOptions[] = [
  embedding,
  { type: 'layerNorm' },
  every,
  { type: 'activation', activation: 'gelu' },
  { type: 'concat', inputs: ['embedding.0', 'activation.0'] },
  { type: 'reverse' },
  recurrent({ cell: 'gru', units: 3, returnSequences: true }),
  { type: 'concat', inputs: ['recurrent.0', 'recurrent.1'] },
  { type: 'dense', units: 4, activation: 'softsign' },
  pool('attention'),
  dense,
]

describe('a network of all layers', () => {
  const net = randomNetwork(everything)
  const batch = PackedBatch.ofIds([ids])
  const targets = { classes: [1] }

  it('has a trace whose inputs are the outputs of the layers below', () => {
    const trace = traceSequence(net, batch, targets)
    expect(trace.layers.map(({ units }) => units)).toEqual([4, 3])
    const [low, high] = trace.layers
    // The second layer reads [embedding, gelu(h)] reversed.
    const first = high.steps[0].input
    expect(first).toHaveLength(9)
    const table = internalsOf(net).store.read(internalsOf(net).store.find('embedding.0.weight'))
    high.steps.forEach(({ input }, t) => {
      const below = ids.length - 1 - t
      expect(input.slice(0, 5)).toEqual(table.slice(ids[below] * 5, ids[below] * 5 + 5))
      const gelu = low.steps[below].hidden.map((h) => valueOf({ type: 'gelu', alpha: 0, beta: 0 }, h))
      expect(distance(input.slice(5), gelu)).toBeLessThan(1e-12)
    })
  })

  it('has gradients of gates that add up to training’s gradients of the biases', () => {
    const gradients = gradientsOf(net, batch, targets)
    traceSequence(net, batch, targets).layers.forEach(({ steps }, layer) => {
      const names = internalsOf(net).recurrent[layer].cell.gateNames
      const got = names.flatMap((name) =>
        Array.from(steps[0].gradient.gates[name], (_, j) =>
          steps.reduce((sum, { gradient }) => sum + gradient.gates[name][j], 0),
        ),
      )
      expect(distance(got, gradients.get(`recurrent.${layer}.bias_ih_l0`)!)).toBeLessThan(1e-12)
    })
  })

  it('has a gradient flow whose contributions add up to training’s gradients of the weights', () => {
    const gradients = gradientsOf(net, batch, targets)
    const trace = traceSequence(net, batch, targets)
    const flow = gradientFlow(net, batch, 1)
    expect(flow.layers).toHaveLength(2)
    flow.layers.forEach(({ steps, direction }, layer) => {
      for (const weight of ['input', 'hidden'] as const) {
        const wanted = gradients.get(`recurrent.${layer}.weight_${weight === 'input' ? 'ih' : 'hh'}_l0`)!
        const own = steps.map((_, step) => contributionMatrix(trace, { layer, direction, step, weight }))
        const total = own[0].map((_, i) => own.reduce((sum, matrix) => sum + matrix[i], 0))
        expect(distance(total, wanted)).toBeLessThan(1e-12)
        const squares = dot(total, total)
        steps.forEach(({ contributions }, t) => {
          expect(contributions[weight].norm).toBeCloseTo(Math.sqrt(dot(own[t], own[t])), 10)
          expect(contributions[weight].fraction).toBeCloseTo(dot(own[t], total) / squares, 10)
        })
        expect(steps.reduce((sum, one) => sum + one.contributions[weight].fraction, 0)).toBeCloseTo(1, 10)
      }
    })
  })

  it.each([...new Set(ids)])(
    'gives the influence of token %i: gradient × input is the slope of the logit',
    (id) => {
      const { tokens } = influence(net, batch, 1)
      expect(tokens).toHaveLength(5)
      const table = internalsOf(net).store.find('embedding.0.weight')
      const values = internalsOf(net).store.read(table)
      const logitAt = (scale: number) => {
        const changed = values.slice()
        for (let j = 0; j < 5; j++) changed[id * 5 + j] *= scale
        internalsOf(net).store.write(table, changed)
        net.forward(batch)
        return net.readOutput(batch)[1]
      }
      const slope = (logitAt(1 + 1e-5) - logitAt(1 - 1e-5)) / 2e-5
      internalsOf(net).store.write(table, values)
      const same = tokens.filter((_, t) => ids[t] === id)
      const sum = same.reduce((total, { gradientInput }) => total + gradientInput, 0)
      expect(sum).toBeCloseTo(slope, 8)
    },
  )
})

describe('explanations of the head', () => {
  const heads: [string, LayerOptions[]][] = [
    ['first', [every, pool('first'), dense]],
    ['sum', [every, pool('sum'), dense]],
    ['mean', [every, pool('mean'), dense]],
    [
      'first, both ways',
      [recurrent({ returnSequences: true, direction: 'bidirectional' }), pool('first'), dense],
    ],
  ]
  const masked: LayerOptions = { ...embedding, maskZero: true } as LayerOptions
  const inputs = [embedding, masked]
  it.each(heads.flatMap(([name, layers]) => inputs.map((input) => [name, [input, ...layers]] as const)))(
    'pool over %s',
    (_, layers) => {
      const net = randomNetwork(layers)
      const trace = traceSequence(net, [0, 3, 0, 5, 2], { classes: [2] })
      for (let unit = 0; unit < 3; unit++) {
        const { value, computed, terms } = explain(trace, 4, 'logit', unit)
        expect(value).toBe(trace.output[unit])
        expect(computed).toBeCloseTo(value, 12)
        expect(terms.length).toBeGreaterThan(4)
      }
    },
  )

  const refused: [string, LayerOptions[], string][] = [
    ['attention', [embedding, every, pool('attention'), dense], 'pool over attention, dense'],
    ['layer normalisation', [embedding, recurrent({}), { type: 'layerNorm' }, dense], 'layerNorm, dense'],
    [
      'concat',
      [embedding, every, { type: 'concat', inputs: ['embedding.0', 'recurrent.0'] }, pool('last'), dense],
      'concat, pool over last, dense',
    ],
    [
      'softmax at the end',
      [embedding, recurrent({}), dense, { type: 'activation', activation: 'softmax' }],
      'dense, activation with softmax',
    ],
    [
      'a function in the head',
      [embedding, recurrent({}), { type: 'dense', units: 3, activation: { type: 'elu', alpha: 0.5 } }],
      'dense with elu',
    ],
  ]
  it.each(refused)('%s is rejected with an explanation', (_, layers, words) => {
    // A network that ends in softmax has no logits for a loss of classes.
    const net = randomNetwork(layers, { loss: { type: 'meanSquaredError' } })
    const trace = traceSequence(net, ids, { values: [0, 0, 1] })
    expect(() => explain(trace, 4, 'logit', 1)).toThrow(
      `explain: expected a head of one linear dense layer over last, pooled or single steps, got ${words}. Explain the hidden states below it instead.`,
    )
    expect(explain(trace, 4, 'hidden', 1).value).toBe(trace.layers[0].steps[4].hidden[1])
  })

  it('an input that passed another layer is rejected too', () => {
    const net = randomNetwork([embedding, { type: 'layerNorm' }, recurrent({}), dense])
    const trace = traceSequence(net, ids, { classes: [0] })
    expect(() => explain(trace, 0, 'x', 1)).toThrow('got layerNorm. Its values are not in a trace')
  })
})
