/** Inspection of an encoder and a decoder: traces, flow, explanations and influence, against differences in float64. */
import { describe, expect, it } from 'vitest'
import { UnsupportedError, UsageError } from '../../src/core/errors.ts'
import {
  contributionMatrix,
  explain,
  gradientFlow,
  influence,
  intervene,
  traceEncoderDecoder,
  traceSequence,
  type TraceLayer,
  type TracePlace,
} from '../../src/inspection.ts'
import { encoderDecoderOf } from '../../src/inspection/trace/recurrentParts.ts'
import type { Pass } from '../../src/layers/layer.ts'
import { Overrides } from '../../src/layers/recurrent/overrides.ts'
import { dense, encoderDecoder, gru, features, network } from '../../src/index.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { expectClose } from '../closeTo.ts'
import { exact, numbers } from '../model/recurrentHelpers.ts'

type Options = Parameters<typeof encoderDecoder>[0]

const [SOURCE, TARGET] = [5, 4]
const CASES: [string, Partial<Options>][] = [
  ['a gru', { cell: 'gru' }],
  ['an lstm of two layers both ways', { cell: 'lstm', layers: 2, bidirectional: true }],
  ['an rnn with products', { cell: 'rnn', attention: 'dot' }],
  ['a gru both ways with additive attention', { cell: 'gru', bidirectional: true, attention: 'additive' }],
  ['an lstm without attention', { cell: 'lstm', attention: 'none' }],
]

function made(options: Partial<Options>): Network {
  const sizes = { sourceVocabulary: SOURCE, targetVocabulary: TARGET, size: 3, units: 4 }
  const net = network([encoderDecoder({ cell: 'gru', ...sizes, ...options }), dense(TARGET)], {
    ...exact,
    loss: { type: 'softmaxCrossEntropy' },
  })
  for (const p of net.parameters) internalsOf(net).store.write(p, numbers(p.size, p.name, 0.8))
  return net
}

const SOURCES = [1, 4, 2, 0]
const READ = [0, 2, 3]
const IDS = [...SOURCES, ...READ.map((id) => id + SOURCE)]
const TARGETS = { stepClasses: [[2, 3, 1]] }
const STEP = 1e-5

const held = (overrides: Overrides): Pass => ({ training: false, record: false, key: 0, overrides })

/** The loss with one hidden state set. */
function lossWith(
  net: Network,
  { layer, direction, step, unit }: TracePlace,
  value: number,
  layers = 1,
): number {
  const side = layer < layers ? 'encoder' : 'decoder'
  const overrides = new Overrides([
    {
      layer: `encoderDecoder.0.${side}.recurrent.${layer % layers}`,
      direction: direction === 'backward' ? 1 : 0,
      what: { state: 'hidden' },
      units: [unit],
      from: step,
      to: step,
      value,
    },
  ])
  const batch = PackedBatch.ofIds([IDS])
  net.forward(batch, held(overrides))
  return net.loss(batch, TARGETS).mean
}

/** Calls back for every unit of every step. */
function eachUnit(layers: readonly TraceLayer[], visit: (place: TracePlace, own: TraceLayer) => void): void {
  for (const own of layers)
    own.steps.forEach((_, step) => {
      for (let unit = 0; unit < own.units; unit++)
        visit({ layer: own.layer, direction: own.direction, step, value: 'hidden', unit }, own)
    })
}

describe.each(CASES)('the trace of %s', (_, options) => {
  const net = made(options)
  const trace = traceEncoderDecoder(net, IDS, TARGETS)
  const count = options.layers ?? 1

  it('has the layers of both sides, with the steps of each', () => {
    const directions = options.bidirectional ? 2 : 1
    expect(trace.layers).toHaveLength(count * (directions + 1))
    for (const { side, layer, steps } of trace.layers) {
      expect(side).toBe(layer < count ? 'encoder' : 'decoder')
      expect(steps).toHaveLength(side === 'encoder' ? SOURCES.length : READ.length)
    }
    const first = (side: string) => trace.layers.find((own) => own.side === side)!
    expect(first('encoder').steps.map(({ inputId }) => inputId)).toEqual(SOURCES)
    expect(first('decoder').steps.map(({ inputId }) => inputId)).toEqual(READ)
    const batch = PackedBatch.ofIds([IDS])
    net.forward(batch)
    expectClose(trace.output, net.readOutput(batch), 1e-14)
    expect(trace.loss).toBeCloseTo(net.loss(batch, TARGETS).mean, 12)
    expect(trace.attention === null).toBe(options.attention === 'none')
    for (const row of trace.attention?.weights ?? [])
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
  })

  it('has the gradient of the loss at every state', () => {
    const [got, wanted]: [number[], number[]] = [[], []]
    eachUnit(trace.layers, (place, { steps }) => {
      const { hidden, gradient } = steps[place.step]
      const value = hidden[place.unit]
      const [up, down] = [value + STEP, value - STEP].map((x) => lossWith(net, place, x, count))
      got.push(gradient.hiddenVector[place.unit])
      wanted.push((up - down) / (2 * STEP))
    })
    expectClose(got, wanted, 1e-9)
    expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(1e-3)
  })

  it('begins the decoder with the last states of the encoder', () => {
    for (const { side, initial, layer } of trace.layers.filter((own) => own.side === 'decoder')) {
      expect(side).toBe('decoder')
      const own = trace.layers.filter((one) => one.layer === layer - count)
      const last = own.map(({ direction, steps }) => steps.at(direction === 'forward' ? -1 : 0)!)
      expect([...initial!.hidden]).toEqual(last.flatMap(({ hidden }) => [...hidden]))
      expect(initial!.cell && [...initial!.cell]).toEqual(
        last[0].cell && last.flatMap(({ cell }) => [...cell!]),
      )
    }
  })

  it('has steps whose contributions are the gradients of the weights', () => {
    const batch = PackedBatch.ofIds([IDS])
    net.prepareTraining()
    net.zeroGradients()
    net.forward(batch, { training: false, record: false, key: 0 })
    net.backward(batch, TARGETS, { training: false, record: false, key: 0 })
    for (const { layer, direction, side, steps } of trace.layers) {
      for (const weight of ['input', 'hidden'] as const) {
        const suffix = `${weight === 'input' ? 'ih' : 'hh'}_l0${direction === 'backward' ? '_reverse' : ''}`
        const name = `encoderDecoder.0.${side}.recurrent.${layer % count}.weight_${suffix}`
        const sum = steps
          .map((_step, step) => contributionMatrix(trace, { layer, direction, step, weight }))
          .reduce((all, own) => all.map((x, i) => x + own[i]))
        expectClose(sum, net.readParameter(name, 'gradients'), 1e-12)
      }
    }
  })

  it('is explained, each number by numbers of the trace and weights', () => {
    const states = trace.layers[0].steps[0].cell ? ['hidden', 'cell'] : ['hidden']
    const values = [...Object.keys(trace.layers[0].steps[0].gates), ...states, 'x']
    const seen = { factors: 0 }
    const check = (place: TracePlace) => {
      const { value, computed, terms } = explain(trace, place)
      expect(Math.abs(value - computed)).toBeLessThan(1e-12)
      for (const { source, value: used, name } of terms.flatMap(({ factors }) => factors)) {
        if (source.kind !== 'trace') continue
        seen.factors++
        const { kind: _kind, ...from } = source
        const found = explain(trace, from).value
        // 1 − z, as the cells write it.
        expect(Math.abs((name.startsWith('1 −') ? 1 - found : found) - used)).toBeLessThan(1e-12)
      }
    }
    eachUnit(trace.layers, (place) => {
      for (const value of values) if (value !== 'x' || place.unit < 3) check({ ...place, value })
    })
    const top = { layer: 2 * count - 1, direction: 'forward' } as const
    READ.forEach((_id, step) => {
      for (let unit = 0; unit < 4; unit++) {
        for (const value of ['logit', 'probability']) check({ ...top, step, value, unit })
        if (options.attention === 'none') continue
        for (const value of ['attended', 'context', 'weight']) check({ ...top, step, value, unit })
      }
    })
    expect(seen.factors).toBeGreaterThan(500)
  })
})

describe.each(CASES)('the gradient flow of %s', (_, options) => {
  const net = made(options)
  const count = options.layers ?? 1
  const flow = gradientFlow(net, IDS, TARGETS)
  const trace = traceEncoderDecoder(net, IDS, TARGETS)

  it('has the norms of the trace, and contributions that add up', () => {
    expect(flow.loss).toBe(trace.loss)
    flow.layers.forEach(({ side, steps }, l) => {
      expect(side).toBe(trace.layers[l].side)
      expect(steps.map(({ hidden }) => hidden)).toEqual(
        trace.layers[l].steps.map((own) => own.gradient.hidden),
      )
      for (const which of ['input', 'hidden'] as const) {
        const sum = steps.reduce((all, { contributions }) => all + contributions[which].fraction, 0)
        expect(sum).toBeCloseTo(1, 10)
      }
    })
    expect(flow.verdict).toBe(flow.layers.at(-1)!.verdict)
  })

  it('has the Jacobian of the decoder from step to step', () => {
    const top = flow.layers.at(-1)!
    const layer = 2 * count - 1
    const own = trace.layers.at(-1)!
    const batch = PackedBatch.ofIds([IDS])
    const stateAfter = (unit: number, value: number) => {
      const hold = { what: { state: 'hidden' }, units: [unit], from: 1, to: 1, value } as const
      const name = `encoderDecoder.0.decoder.recurrent.${layer - count}`
      const overrides = new Overrides([{ ...hold, layer: name, direction: 0 }])
      net.forward(batch, held(overrides))
      const layerOf = encoderDecoderOf(net)!.decoder.recurrent[count - 1]
      return layerOf.readFinalState(PackedBatch.ofIds([READ]), 'hidden', 0)
    }
    let sum = 0
    for (let unit = 0; unit < own.units; unit++) {
      const value = own.steps[1].hidden[unit]
      const [up, down] = [stateAfter(unit, value + STEP), stateAfter(unit, value - STEP)]
      sum += up.reduce((all, x, i) => all + ((x - down[i]) / (2 * STEP)) ** 2, 0)
    }
    expect(top.steps[2].jacobian!.frobenius).toBeCloseTo(Math.sqrt(sum), 7)
    expect(top.steps[1].product).toBeCloseTo(top.steps[2].jacobian!.spectral, 9)
    expect(top.steps[2].product).toBe(1)
  })
})

describe.each(CASES)('the influence of tokens on %s', (_, options) => {
  const net = made(options)

  it('is the slope by each embedding, and the change without each token', () => {
    const step = 1
    const logitOf = (ids: readonly number[], at: number) => {
      const batch = PackedBatch.ofIds([ids])
      net.forward(batch)
      return net.readOutput(batch)[at * TARGET + 3]
    }
    const { tokens, logit } = influence(net, IDS, 3, { step })
    expect(logit).toBeCloseTo(logitOf(IDS, step), 12)
    expect(tokens.map((own) => `${own.side} ${own.step}`)).toEqual([
      ...SOURCES.map((_id, s) => `encoder ${s}`),
      ...READ.map((_id, t) => `decoder ${t}`),
    ])
    tokens.forEach(({ gradientInput, leaveOneOut, side, step: t }, i) => {
      const name = `encoderDecoder.0.${side}.embedding.weight`
      const id = side === 'encoder' ? SOURCES[t] : READ[t]
      const table = net.readParameter(name).slice()
      // Every token is there once.
      const scaled = (by: number) => {
        net.writeParameter(
          name,
          table.map((x, j) => (Math.floor(j / 3) === id ? x * (1 + by) : x)),
        )
        const found = logitOf(IDS, step)
        net.writeParameter(name, table)
        return found
      }
      expect(gradientInput).toBeCloseTo((scaled(STEP) - scaled(-STEP)) / (2 * STEP), 8)
      const at = side === 'decoder' && t <= step ? step - 1 : step
      expect(leaveOneOut!.logit).toBeCloseTo(logit - logitOf(IDS.toSpliced(i, 1), at), 10)
    })
    const [, , , , first] = influence(net, IDS, 3, { step: 0 }).tokens
    expect(first.leaveOneOut).toBeNull()
  })
})

describe('what does not fit', () => {
  it('is refused with what does', () => {
    const net = made({})
    expect(() => traceSequence(net, IDS, TARGETS)).toThrow(/traceEncoderDecoder/)
    expect(() => intervene(net, IDS, [], TARGETS)).toThrow(UnsupportedError)
    const plain = network([features(1), gru(2), dense(2)], { loss: { type: 'softmaxCrossEntropy' } })
    expect(() => traceEncoderDecoder(plain, [1], TARGETS)).toThrow('Use `traceSequence`.')
    const two = PackedBatch.ofIds([IDS, IDS])
    expect(() => traceEncoderDecoder(net, two, TARGETS)).toThrow(/expected one sequence, got 2/)
    expect(() => traceEncoderDecoder(net, SOURCES, TARGETS)).toThrow(/at least one target token/)
    const trace = traceEncoderDecoder(net, IDS, TARGETS)
    const at = { layer: 1, direction: 'forward', unit: 0 } as const
    expect(() => explain(trace, { ...at, step: 3, value: 'weight' })).toThrow(UsageError)
    expect(() => explain(trace, { ...at, step: 0, value: 'weight', unit: 4 })).toThrow(/a unit from 0 to 3/)
    expect(() => explain(trace, { ...at, step: 0, value: 'logit', unit: 4 })).toThrow(/a class from 0 to 3/)
    const none = traceEncoderDecoder(made({ attention: 'none' }), IDS, TARGETS)
    expect(() => explain(none, { ...at, step: 0, value: 'context' })).toThrow(/a decoder with attention/)
  })
})
