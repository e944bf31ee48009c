/** Weight dropout, zoneout, locked dropout: masks, gradients, PyTorch's numbers, streams, threads, inspection. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FormatError, ShapeError, UnsupportedError } from '../../src/core/errors.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { writeModel } from '../../src/formats/write.ts'
import { explain } from '../../src/inspection/explain/explain.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import type { ZoneoutRates } from '../../src/layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { expectClose } from '../closeTo.ts'
import { checkGradients } from '../model/gradientCase.ts'
import { network } from '../networks.ts'

interface Tensor {
  shape: number[]
  data: number[]
}

interface Case {
  name: 'rnn' | 'lstm' | 'gru'
  units: number
  zoneout: ZoneoutRates
  ids: number[][]
  targets: number[][]
  loss: Tensor
  logits: Tensor
  weights: Record<string, Tensor>
  gradients: Record<string, Tensor>
}

const { zoneout: cases } = JSON.parse(
  readFileSync(new URL('../golden/languageModel.json', import.meta.url), 'utf8'),
) as { zoneout: Case[] }
const loss = { type: 'softmaxCrossEntropy' } as const
const exact = { engine: 'reference', precision: 'float64' } as const
const engines: (EngineOptions & { tolerance: number })[] = [
  { engine: 'simd', precision: 'float32', tolerance: 2e-6 },
  { engine: 'relaxed', precision: 'float32', tolerance: 2e-6 },
  { ...exact, tolerance: 1e-10 },
]
const training = { training: true, record: false, key: 5 }
const inference = { training: false, record: false, key: 0 }
const embedding: LayerOptions = { type: 'embedding', vocabulary: 7, size: 5 }
const recurrent = (options: object): LayerOptions =>
  ({ type: 'recurrent', cell: 'lstm', units: 4, ...options }) as LayerOptions
const dense: LayerOptions = { type: 'dense', units: 7 }
const IDS = [
  [1, 2, 3],
  [4, 5, 6, 0, 1],
  [2, 6],
]
const TARGETS = IDS.map((ids) => ids.map((id) => (id + 1) % 7))

function gradients(net: Network, pass = training): Float64Array[] {
  const batch = PackedBatch.ofIds(IDS)
  net.prepareTraining()
  net.forward(batch, pass)
  const output = net.readOutput(batch)
  net.zeroGradients()
  net.backward(batch, { stepClasses: TARGETS }, pass)
  return [
    output,
    ...net.parameters.map(({ name }) => Float64Array.from(net.readParameter(name, 'gradients'))),
  ]
}

describe.each(engines)('zoneout as PyTorch computes its expected values, $engine $precision', (one) => {
  const { tolerance, ...engine } = one
  it.each(cases.map((item) => [item.name, item] as const))('%s', (cell, item) => {
    const layers = [embedding, recurrent({ cell, zoneout: item.zoneout }), dense]
    const net = network(layers, { ...engine, loss, weights: ({ name }) => item.weights[name].data })
    net.prepareTraining()
    const batch = PackedBatch.ofIds(item.ids)
    net.forward(batch, inference)
    const logits = net.readOutput(batch)
    const rows = item.ids.flatMap((ids, b) =>
      ids.flatMap((_id, t) => [...logits.subarray((b * 5 + t) * 7, (b * 5 + t + 1) * 7)]),
    )
    expectClose(rows, item.logits.data, tolerance, 'logits')
    net.zeroGradients()
    const { mean } = net.backward(batch, { stepClasses: item.targets }, inference)
    expect(Math.abs(mean - item.loss.data[0])).toBeLessThan(tolerance)
    for (const { name } of net.parameters)
      expectClose(net.readParameter(name, 'gradients'), item.gradients[name].data, tolerance, name)
  })
})

describe('gradients agree with finite differences', () => {
  const both = { zoneout: { hidden: 0.3, cell: 0.2 }, weightDropout: 0.3 }
  it.each([
    ['lstm', both],
    ['lstm, both ways, one of each', { ...both, direction: 'bidirectional', merge: 'average' }],
    ['lstm with peepholes, reversed', { ...both, peepholes: true, direction: 'reverse' }],
    ['gru', { cell: 'gru', zoneout: 0.4, weightDropout: 0.2 }],
    ['gru, reset before', { cell: 'gru', reset: 'before', zoneout: 0.4, weightDropout: 0.2 }],
    ['rnn, last step', { cell: 'rnn', zoneout: 0.4, weightDropout: 0.5, returnSequences: false }],
  ])('%s', (_, options) => {
    checkGradients([
      embedding,
      { type: 'dropout', rate: 0.3, locked: true },
      recurrent(options),
      { type: 'dense', units: 2 },
    ])
    checkGradients([{ type: 'features', width: 3 }, recurrent(options), { type: 'dense', units: 2 }])
  })

  it('of masked steps', () => {
    checkGradients([
      { type: 'embedding', vocabulary: 7, size: 3, maskZero: true },
      recurrent({ zoneout: { hidden: 0.3, cell: 0.3 }, weightDropout: 0.2 }),
      { type: 'pool', pooling: 'mean' },
      { type: 'dense', units: 2 },
    ])
  })
})

describe('weight dropout', () => {
  it('computes with dropped weights, and their gradient passes the mask', () => {
    const [rate, name] = [0.5, 'recurrent.0.weight_hh_l0']
    const net = network([embedding, recurrent({ weightDropout: rate }), dense], { ...exact, loss })
    const own = gradients(net)
    const plain = network([embedding, recurrent({}), dense], { ...exact, loss })
    const weights = net.readParameter(name)
    const { weightsAt } = internalsOf(net).recurrent[0].loops[0]
    // The dropped copy, read as the packed parameter is.
    const { store, engine } = internalsOf(net)
    const [count, at] = [Math.ceil(16 / engine.panel) * engine.panel * 4, weightsAt(0)]
    const packed = (from: number) => engine.memory.viewFloats(from, count)
    const inStore = packed(store.at(store.find(name)))
    const kept = inStore.slice()
    inStore.set(packed(at))
    const dropped = net.readParameter(name)
    inStore.set(kept)
    const zeros = dropped.filter((weight) => weight === 0).length
    expect(zeros).toBeGreaterThan(0.3 * dropped.length)
    expect(zeros).toBeLessThan(0.7 * dropped.length)
    dropped.forEach((weight, i) => expect([0, weights[i] / (1 - rate)]).toContain(weight))
    plain.writeParameter(name, dropped)
    const wanted = gradients(plain)
    net.parameters.forEach((parameter, k) => {
      const isHidden = parameter.name === name
      const masked = wanted[k + 1].map((g, i) => (isHidden ? (dropped[i] === 0 ? 0 : g / (1 - rate)) : g))
      expectClose(own[k + 1], masked, 1e-14, parameter.name)
    })
    expectClose(own[0], wanted[0], 0)
  })

  it('adds up over batches, each with a mask of its own, and inference has none', () => {
    const make = (options: object) => network([embedding, recurrent(options), dense], { ...exact, loss })
    const net = make({ weightDropout: 0.4 })
    const batch = PackedBatch.ofIds(IDS)
    const single = [1, 2].map((key) => gradients(net, { ...training, key }))
    expect(single[0][1]).not.toEqual(single[1][1])
    net.zeroGradients()
    for (const key of [1, 2]) {
      net.forward(batch, { ...training, key })
      net.backward(batch, { stepClasses: TARGETS }, { ...training, key })
    }
    net.parameters.forEach(({ name }, k) => {
      const sum = single[0][k + 1].map((g, i) => g + single[1][k + 1][i])
      expectClose(net.readParameter(name, 'gradients'), sum, 1e-14, name)
    })
    expect(gradients(net, inference)).toEqual(gradients(make({}), inference))
  })
})

it('zoneout keeps states exactly, at its rate, with a mask for each state', () => {
  const units = 200
  const layers = [embedding, recurrent({ units, zoneout: { hidden: 0.25, cell: 0.5 } })]
  for (const engine of [{ engine: 'simd' }, exact] as const) {
    const net = network(layers, engine)
    const batch = PackedBatch.ofIds([[1, 2], [3]])
    net.prepareTraining()
    net.writeInitialState(batch, new Float64Array(2 * units).fill(0.5), { state: 'hidden' })
    net.writeInitialState(batch, new Float64Array(2 * units).fill(0.25), { state: 'cell' })
    net.forward(batch, training)
    const share = (state: 'hidden' | 'cell', value: number) => {
      const values = net.readFinalState(batch, { state }).subarray(units)
      return values.filter((x) => x === value).length / units
    }
    expect(Math.abs(share('hidden', 0.5) - 0.25)).toBeLessThan(0.1)
    expect(Math.abs(share('cell', 0.25) - 0.5)).toBeLessThan(0.1)
  }
})

it('locked dropout has one mask for all steps of a sequence, and another for each sequence', () => {
  const layers: LayerOptions[] = [
    { type: 'features', width: 40 },
    { type: 'dropout', rate: 0.5, locked: true },
  ]
  const net = network(layers, { engine: 'simd' })
  const [B, T] = [3, 4]
  const batch = PackedBatch.ofFeatures(new Float64Array(B * T * 40).fill(1), [B, T, 40], [4, 2, 3])
  net.prepareTraining()
  net.forward(batch, training)
  const out = net.readOutput(batch)
  const step = (b: number, t: number) => [...out.subarray((b * T + t) * 40, (b * T + t + 1) * 40)]
  expect(new Set(out)).toEqual(new Set([0, 2]))
  for (const [b, length] of [4, 2, 3].entries())
    for (let t = 1; t < length; t++) expect(step(b, t)).toEqual(step(b, 0))
  expect(step(1, 0)).not.toEqual(step(0, 0))
  net.forward(batch)
  expect(net.readOutput(batch).slice(0, 40)).toEqual(new Float64Array(40).fill(1))
})

const REGULARISED: LayerOptions[] = [
  { type: 'embedding', vocabulary: 7, size: 6, rowDropout: 0.1 },
  { type: 'dropout', rate: 0.2, locked: true },
  recurrent({ units: 9, zoneout: 0.1, weightDropout: 0.3 }),
  { type: 'activationPenalty', beta: 1 },
  { type: 'dropout', rate: 0.2, locked: true },
  { type: 'activationPenalty', alpha: 2 },
  recurrent({ cell: 'gru', units: 6, zoneout: { hidden: 0.2 }, weightDropout: 0.3 }),
  { type: 'dense', units: 7, tied: true },
]

it('has the same bits on one, two and three threads, and with fewer steps kept', () => {
  const { minWork } = parallelism
  const run = (threads: number, steps: number | null = null) => {
    parallelism.minWork = threads > 1 ? 1 : minWork
    const net = network(REGULARISED, { engine: 'simd', threads, loss, seed: 2 })
    net.checkpointSteps = steps
    const bits = gradients(net)
    parallelism.minWork = minWork
    return bits
  }
  const one = run(1)
  expect(run(2)).toEqual(one)
  expect(run(3)).toEqual(one)
  expect(run(1, 2)).toEqual(one)
})

it('a stream equals forward to the bit, with the expected states', () => {
  for (const engine of ['simd', 'relaxed', 'reference'] as const) {
    const net = network(REGULARISED, { engine, loss })
    const ids = [3, 0, 6, 2, 2]
    const batch = PackedBatch.ofIds([ids])
    net.forward(batch)
    const output = [...net.readOutput(batch)]
    const stream = net.stream()
    expect(ids.flatMap((id) => [...stream.push(id)])).toEqual(output)
  }
})

describe('what does not fit is refused', () => {
  it.each([
    [recurrent({ cell: 'gru', zoneout: { cell: 0.1 } }), /zoneout\.cell: expected nothing for a gru, which/],
    [recurrent({ zoneout: 1 }), /zoneout: expected a number below 1/],
    [recurrent({ zoneout: { input: 0.1 } }), /zoneout/],
    [recurrent({ weightDropout: -0.1 }), /weightDropout/],
    [{ type: 'dropout', rate: 0.1, locked: 1 } as never, /locked/],
    [{ type: 'activationPenalty' } as LayerOptions, /alpha: expected alpha or beta above 0/],
    [{ type: 'activationPenalty', alpha: -1 } as LayerOptions, /alpha/],
  ])('%o', (layer, message) => {
    expect(() => network([embedding, layer])).toThrow(FormatError)
    expect(() => network([embedding, layer])).toThrow(message)
  })

  it('differences of steps above one row a sequence', () => {
    const layers: LayerOptions[] = [embedding, { type: 'pool', pooling: 'max' }]
    expect(() => network([...layers, { type: 'activationPenalty', beta: 1 }])).toThrow(ShapeError)
    expect(network([...layers, { type: 'activationPenalty', alpha: 1 }]).output.per).toBe('sequence')
  })

  it('zoneout in other formats, and in explanations of states', async () => {
    const net = network([embedding, recurrent({ zoneout: 0.1 }), dense], { loss })
    const source = {
      network: net,
      outputActivation: 'softmax',
      input: { kind: 'ids', width: 7, steps: null },
      labels: null,
      vocabulary: null,
      tokens: null,
      document: null,
      name: 'zoned',
    } as const
    for (const to of ['onnx', 'torch', 'keras', 'tfjs'] as const) {
      await expect(writeModel(source, to)).rejects.toThrow(UnsupportedError)
      await expect(writeModel(source, to)).rejects.toThrow(/recurrent\.0: expected a layer of/)
    }
    const traced = traceSequence(net, [1, 2, 3], { stepClasses: [[2, 3, 4]] })
    const place = { layer: 0, direction: 'forward', step: 1, unit: 0 } as const
    expect(explain(traced, { ...place, value: 'forget' }).value).toBeGreaterThan(0)
    expect(() => explain(traced, { ...place, value: 'hidden' })).toThrow(UnsupportedError)
  })
})
