/** Layers with one bias, as Keras has them: equal to two of which the second is zero, exact gradients, streams, files. */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gradientFlow } from '../../src/inspection/gradients/gradientFlow.ts'
import { explain } from '../../src/inspection/explain/explain.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import type { ExportFormat, ImportedModel } from '../../src/formats/imported.ts'
import { importKerasConfig, type KerasArray } from '../../src/formats/keras/read/model.ts'
import { readKeras } from '../../src/formats/keras/index.ts'
import { filesInMemory, readModel } from '../../src/formats/open.ts'
import { fitBiases } from '../../src/formats/recurrentBiases.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { exporters } from '../../src/formats/write.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { configuredNetwork } from '../networks.ts'
import { modelFromImported, openModelFile } from '../../src/tasks/files/openModel.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { modelFile } from '../formats/conformance/files.ts'
import { inModel } from '../formats/conformance/otherModels.ts'
import { bytesOf } from '../formats/exportHelpers.ts'
import { dense, idsOf, oneHot, randomNetwork, recurrent } from '../inspection/inspectionHelpers.ts'
import {
  checkGradients,
  exact,
  forms,
  gradientsOf,
  recurrentLayer,
  made,
  numbers,
} from '../model/recurrentHelpers.ts'
import { imported } from '../tasks/sequenceModel/sequenceFixtures.ts'
import { offered } from '../model/streams/streamCase.ts'
import { expectClose } from '../closeTo.ts'

const [F, T] = [3, 6]
const features: LayerOptions = { type: 'features', width: F }
const lengths = [6, 2, 4]
const batchOf = () => PackedBatch.ofFeatures(numbers(3 * T * F, 'features'), [3, T, F], lengths)
const loss = { type: 'meanSquaredError' }
const one = { bias: 'single' } as const
const both = { direction: 'bidirectional' } as const
const cells = Object.entries(forms)
const engines = offered.map(
  ([name, options]) => [name, { precision: 'float32', ...options } as EngineOptions] as const,
)

/** Two layers, the upper one both ways. */
const stack = (form: object, more: object): LayerOptions[] => [
  features,
  recurrentLayer(form, more),
  recurrentLayer(form, { ...more, ...both }),
]

/** The same network with two biases: the second is zero. */
function twoOf(net: Network, layers: LayerOptions[], options: EngineOptions): Network {
  const two = made(layers, { ...options, loss })
  for (const p of two.parameters) {
    const zero = p.name.includes('bias_hh')
    internalsOf(two).store.write(
      p,
      zero ? new Float64Array(p.size) : internalsOf(net).store.read(internalsOf(net).store.find(p.name)),
    )
  }
  return two
}

describe('one bias', () => {
  it('is bias_ih alone, counted once, where the forget bias begins', () => {
    const net = configuredNetwork({ layers: stack(forms.lstm, one) })
    const names = net.parameters.map(({ name }) => name).filter((name) => name.includes('bias'))
    expect(names).toEqual([
      'recurrent.0.bias_ih_l0',
      'recurrent.1.bias_ih_l0',
      'recurrent.1.bias_ih_l0_reverse',
    ])
    // Keras' own count: (inputs + units + 1)·4·units of each direction.
    expect(net.parameterCount).toBe((3 + 4 + 1) * 16 + 2 * (4 + 4 + 1) * 16)
    expect([...internalsOf(net).store.read(internalsOf(net).store.find(names[0]))]).toEqual([
      0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    ])
  })

  it.each(cells)('%s: gradients by finite differences', (_, form) => {
    const net = made(stack(form, one), { loss })
    const batch = batchOf()
    checkGradients(net, batch, { values: numbers(batch.rows * 8, 'targets') })
  })

  const everywhere = engines.flatMap(([engine, options]) =>
    cells.map(([name, form]) => [`${name}, ${engine}`, form, options] as const),
  )
  it.each(everywhere)(
    '%s: outputs and gradients of two biases, the second zero, to the bit',
    (_, form, options) => {
      const net = made(stack(form, one), { ...options, loss })
      const two = twoOf(net, stack(form, {}), options)
      const targets = { values: numbers(12 * 8, 'targets') }
      const pass = { training: true, record: false, key: 0 }
      const [got, wanted] = [net, two].map((n) => {
        const batch = batchOf()
        const { gradients } = gradientsOf(n, batch, targets, pass)
        return {
          output: n.readOutput(batch),
          gradients: new Map(n.parameters.map((p, i) => [p.name, gradients[i]])),
        }
      })
      expect(got.output).toEqual(wanted.output)
      expect(got.gradients.size).toBe(wanted.gradients.size - 3)
      for (const [name, gradient] of got.gradients) expect(gradient, name).toEqual(wanted.gradients.get(name))
      net.dispose()
      two.dispose()
    },
  )

  it.each(everywhere)('%s: a stream gives the bits of the whole sequence', (_, form, options) => {
    const layers = [features, recurrentLayer(form, one), recurrentLayer(form, one)]
    const net = made(layers, options)
    const steps = numbers(T * F, 'steps')
    const stream = net.stream()
    for (let t = 1; t <= T; t++) {
      const batch = PackedBatch.ofFeatures(steps.subarray(0, t * F), [1, t, F])
      net.forward(batch)
      const wanted = net.readOutput(batch).subarray(-4)
      expect([...stream.push(steps.subarray((t - 1) * F, t * F))]).toEqual([...wanted])
    }
    net.dispose()
  })

  it('one step of plain descent moves the sum once, where two move it twice', () => {
    const net = made([features, recurrentLayer(forms.lstm, one)], { loss })
    const two = twoOf(net, [features, recurrentLayer(forms.lstm)], exact)
    const targets = { values: numbers(12 * 4, 'targets') }
    const sumAfter = (n: Network) => {
      const { gradients } = gradientsOf(n, batchOf(), targets, { training: true, record: false, key: 0 })
      const sum = new Float64Array(16)
      n.parameters.forEach(
        (p, i) =>
          p.name.includes('bias') &&
          internalsOf(n)
            .store.read(p)
            .forEach((b, k) => (sum[k] += b - gradients[i][k])),
      )
      return sum
    }
    const before = internalsOf(net).store.read(internalsOf(net).store.find('recurrent.0.bias_ih_l0'))
    const [once, twice] = [sumAfter(net), sumAfter(two)]
    expect(Math.abs(once[0] - before[0])).toBeGreaterThan(1e-6)
    twice.forEach((b, k) => expect(b - before[k]).toBeCloseTo(2 * (once[k] - before[k]), 12))
  })
})

describe('under inspection', () => {
  const layers = [oneHot, recurrent({ cell: 'lstm', ...one }), dense]
  const ids = idsOf(5, 1)

  it('explained with one bias each', () => {
    const equation = (form: object, value: string) => {
      const trace = traceSequence(randomNetwork([oneHot, recurrent({ ...form, ...one }), dense]), ids, {
        classes: [1],
      })
      const found = explain(trace, 2, value, 1)
      expect(found.terms.filter(({ group }) => group === 'bias')).toHaveLength(value === 'saved' ? 0 : 1)
      return found.equation
    }
    expect(equation({ cell: 'lstm' }, 'input')).toBe('i = σ(W_ii·x + b_ii + W_hi·h₋₁)')
    expect(equation({ cell: 'gru' }, 'candidate')).toBe('n = tanh(W_in·x + b_in + r∘(W_hn·h₋₁))')
    expect(equation({ cell: 'gru' }, 'saved')).toBe('W_hn·h₋₁')
    expect(equation({ cell: 'gru', reset: 'before' }, 'candidate')).toBe(
      'n = tanh(W_in·x + b_in + W_hn·(r∘h₋₁))',
    )
    expect(equation({ cell: 'rnn' }, 'hidden')).toBe('h = tanh(W_i·x + b_i + W_h·h₋₁)')
  })

  it('gradients flow as with two of which the second is zero', () => {
    const net = randomNetwork(layers)
    const two = randomNetwork([oneHot, recurrent({ cell: 'lstm' }), dense])
    for (const p of two.parameters)
      internalsOf(two).store.write(
        p,
        p.name.includes('bias_hh')
          ? new Float64Array(p.size)
          : internalsOf(net).store.read(internalsOf(net).store.find(p.name)),
      )
    expect(gradientFlow(net, ids, 1)).toEqual(gradientFlow(two, ids, 1))
  })
})

/** Both ways and one way, cells that Keras gives one bias. */
const stacks: [string, LayerOptions[]][] = [
  [
    'lstm both ways',
    [features, recurrentLayer({ cell: 'lstm', ...both, ...one }), { type: 'dense', units: 2 }],
  ],
  [
    'gru reset before',
    [
      features,
      recurrentLayer({ cell: 'gru', reset: 'before', returnSequences: false, ...one }),
      { type: 'dense', units: 2 },
    ],
  ],
  [
    'rnn under an lstm',
    [
      { type: 'embedding', vocabulary: 5, size: 3 },
      recurrentLayer({ cell: 'rnn', ...one }),
      recurrentLayer({ cell: 'lstm', returnSequences: false, ...one }),
      { type: 'dense', units: 2 },
    ],
  ],
  [
    'gru reset after',
    [features, recurrentLayer({ cell: 'gru', returnSequences: false, ...one }), { type: 'dense', units: 2 }],
  ],
]

async function readBack(model: SequenceModel, format: ExportFormat): Promise<ImportedModel> {
  const files = (await model.exportTo(exporters[format])).map(
    ({ name, chunks }) => [name, bytesOf(chunks)] as const,
  )
  const [name, bytes] = files.find(([file]) => file.endsWith('.json')) ?? files[0]
  return readModel(filesInMemory(name, bytes, new Map(files)), {})
}

const outputOf = (model: SequenceModel): readonly number[] => [
  ...model.predict(
    model.input.kind === 'ids'
      ? [1, 4, 2]
      : [
          [0.4, -1, 2],
          [1, 0.2, -0.3],
        ],
  ).output,
]

const expectEqual = (got: readonly number[], wanted: readonly number[]) => expectClose(got, wanted, 5e-6)

describe('files', () => {
  it.each(stacks)('%s: a model file comes back as it was', (_, layers) => {
    const model = SequenceModel.fromImported(imported({ layers }))
    const again = openModelFile(model.toBytes(), 'm') as SequenceModel
    expect(again.network.config.layers).toEqual(layers)
    expect(again.toBytes()).toEqual(model.toBytes())
    expect(outputOf(again)).toEqual(outputOf(model))
  })

  const everyFormat = stacks.flatMap(([name, layers]) =>
    (['onnx', 'keras', 'tfjs', 'torch'] as const).map((format) => [name, format, layers] as const),
  )
  const there = everyFormat.filter(([name, format]) => {
    if (format === 'tfjs') return name !== 'gru reset after'
    return format !== 'torch' || name !== 'gru reset before'
  })
  it.each(there)('%s to %s and back with one bias again', async (_, format, layers) => {
    const model = SequenceModel.fromImported(imported({ layers }))
    const read = await readBack(model, format)
    const again = modelFromImported(read, 'm') as SequenceModel
    expect(again.network.config.layers).toEqual(layers)
    expect(again.network.parameterCount).toBe(model.network.parameterCount)
    expectEqual(outputOf(again), outputOf(model))
    // Without its document: what the format itself has.
    const plain = SequenceModel.fromImported({ ...read, document: null })
    expectEqual(outputOf(plain), outputOf(model))
    const lowest = plain.network.config.layers.find((layer) => layer.type === 'recurrent')!
    const after = (layers[1] as { cell: string; reset?: string }).cell === 'gru' && !('reset' in layers[1])
    const two = format === 'onnx' || (format === 'keras' && after)
    expect(lowest.bias ?? true).toBe(two ? true : 'single')
  })

  it.each(['keras', 'tfjs', 'onnx', 'torch'] as const)(
    'two biases to %s and back: two again',
    async (format) => {
      const layers = [
        features,
        recurrentLayer({ cell: 'lstm', ...both }),
        { type: 'dense', units: 2 } as const,
      ]
      const model = SequenceModel.fromImported(imported({ layers }))
      const again = modelFromImported(await readBack(model, format), 'm') as SequenceModel
      expect(again.network.config.layers).toEqual(layers)
      expectEqual(outputOf(again), outputOf(model))
      const second = internalsOf(again.network).store.read(
        internalsOf(again.network).store.find('recurrent.0.bias_hh_l0_reverse'),
      )
      const isZero = format === 'keras' || format === 'tfjs'
      expect(second).toHaveLength(16)
      expect(second.every((b) => b === 0)).toBe(isZero)
    },
  )

  it('a second bias that was trained elsewhere joins the first; a reset gate refuses what cannot', () => {
    const weights = (hidden: number[]) =>
      new Map([
        ['recurrent.0.bias_ih_l0', Float32Array.of(1, 2, 3)],
        ['recurrent.0.bias_hh_l0', Float32Array.from(hidden)],
      ])
    const fitted = (hidden: number[], more: object) =>
      Object.fromEntries(
        fitBiases(weights(hidden), [features, recurrentLayer({ cell: 'gru', units: 1, ...more })], 'm'),
      )
    const before = { reset: 'before', ...one }
    expect(fitted([1, 1, 1], before)).toEqual({ 'recurrent.0.bias_ih_l0': Float32Array.of(2, 3, 4) })
    expect(fitted([1, 1, 0], one)).toEqual({ 'recurrent.0.bias_ih_l0': Float32Array.of(2, 3, 3) })
    expect(() => fitted([0, 0, 0.5], one)).toThrow(
      'm, recurrent.0.bias_hh_l0: expected zeros for the candidate',
    )
    expect(fitted([1, 1, 1], {})).toEqual(Object.fromEntries(weights([1, 1, 1])))
  })
})

/** A Keras layer over three features, its arrays filled with 0.1, 0.2, … */
function importLayer(type: string, config: object, shapes: number[][], bidirectional = false) {
  const layer = { class_name: type, config: { name: 'cell', units: 2, ...config } }
  const own = bidirectional
    ? { class_name: 'Bidirectional', config: { name: 'cell', layer, merge_mode: 'concat' } }
    : layer
  const input = {
    class_name: 'InputLayer',
    config: { name: 'input', batch_input_shape: [null, null, 3], dtype: 'float32' },
  }
  const whole = { class_name: 'Sequential', config: { name: 's', layers: [input, own] } }
  const arrays = shapes.map((shape, i): KerasArray => ({
    name: `cell/array${i}`,
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => (k + 1) / 10),
  }))
  const about = { source: 'm', format: 'keras', producer: 'Keras 2.10.0', options: {} } as const
  return importKerasConfig(whole, () => arrays, about)
}

describe('imported', () => {
  const lstm = [[3, 8], [2, 8], [8]]
  const gru = [[3, 6], [2, 6], [6]]
  const cases: [string, object, number[][], boolean, boolean | 'single'][] = [
    ['SimpleRNN', {}, [[3, 2], [2, 2], [2]], false, 'single'],
    ['LSTM', {}, lstm, false, 'single'],
    ['LSTM', {}, [...lstm, ...lstm], true, 'single'],
    ['LSTM', { use_bias: false }, lstm.slice(0, 2), false, false],
    ['GRU', { reset_after: false }, gru, false, 'single'],
    [
      'GRU',
      { reset_after: true },
      [
        [3, 6],
        [2, 6],
        [2, 6],
      ],
      false,
      true,
    ],
    ['CuDNNLSTM', {}, [[3, 8], [2, 8], [16]], false, true],
    ['LSTM', {}, [[3, 8], [2, 8], [16]], false, true],
    ['LSTM', {}, [...lstm, [3, 8], [2, 8], [16]], true, true],
    ['CuDNNGRU', {}, [[3, 6], [2, 6], [12]], false, true],
  ]
  it.each(cases)('%s %j %j, both ways %s: bias %s', (type, config, shapes, twice, bias) => {
    const model = importLayer(type, config, shapes, twice)
    const [, read] = model.network.layers as [LayerOptions, { bias?: boolean | 'single' }]
    expect(read.bias ?? true).toBe(bias)
    const network = configuredNetwork(model.network, { weights: ({ name }) => model.weights.get(name)! })
    expect(model.weights.size).toBe(network.parameters.length)
    const stored = shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)
    // The direction without a second bias has zeros where the other has one.
    const filled = twice && bias === true ? 8 : 0
    expect(network.parameterCount).toBe(stored + filled)
    expect(model.layers[1].parameters).toBe(stored)
  })

  it.skipIf(!existsSync(inModel('keras210_qoe', 'model_gru.h5')))(
    'real files count as Keras does',
    async () => {
      for (const [file, until] of [['model_gru.h5'], ['lstm_basic.h5', 'lstm_1']]) {
        const model = await readKeras(modelFile(inModel('keras210_qoe', file)), { upTo: until })
        const network = configuredNetwork(model.network, { weights: ({ name }) => model.weights.get(name)! })
        expect(network.parameterCount, file).toBe(
          model.layers.reduce((sum, { parameters }) => sum + parameters, 0),
        )
      }
    },
  )
})
