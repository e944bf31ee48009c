/** Convolutions, local poolings and batch normalisation: numbers of PyTorch and Keras, lengths, streams, what is refused. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import type { Network } from '../../src/model/network.ts'
import { outputBatch } from '../../src/model/outputBatch.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { Optimizer } from '../../src/training/optimizer.ts'
import { expectClose } from '../closeTo.ts'
import { network } from '../networks.ts'

interface Tensor {
  shape: number[]
  data: number[]
}
type Tensors = Record<string, Tensor>

interface KerasCase {
  options: LayerOptions
  weights: Tensors
  outputs: Tensor[]
}
interface TorchCase extends KerasCase {
  coefficients: Tensor[]
  gradients: Tensors
  dx: Tensor[]
}

const golden = JSON.parse(readFileSync(new URL('../golden/windows.json', import.meta.url), 'utf8')) as {
  lengths: number[]
  x: Tensor[]
  torch: TorchCase[]
  keras: KerasCase[]
  batchNorm: { options: LayerOptions; weights: Tensors; gradients: Tensors; running: Tensors } & Record<
    'output' | 'coefficients' | 'dx' | 'inference',
    Tensor
  >
}
const WIDTH = 4
const engines: [string, EngineOptions, number][] = [
  ['reference float64', { engine: 'reference', precision: 'float64' }, 1e-10],
  ['simd', { engine: 'simd', threads: 1 }, 5e-6],
]
const pass = { training: true, record: false, key: 0 }
const { lengths } = golden

/** Sequences (T, C) of lists as (B, T, C), zeros beyond each length. */
function padded(sequences: readonly Tensor[]): Float64Array {
  const steps = Math.max(...sequences.map(({ shape: [T] }) => T))
  const width = sequences[0].shape[1]
  const out = new Float64Array(sequences.length * steps * width)
  sequences.forEach(({ data }, b) => out.set(data, b * steps * width))
  return out
}

function batch(): PackedBatch {
  return PackedBatch.ofFeatures(padded(golden.x), [lengths.length, Math.max(...lengths), WIDTH], lengths)
}

function built({ options, weights }: KerasCase, engine: EngineOptions): Network {
  const net = network([{ type: 'features', width: WIDTH }, options], { ...engine, inputGradients: true })
  const given = net.parameters.filter(({ name }) => weights[name])
  expect(given.map(({ shape }) => shape)).toEqual(given.map(({ name }) => weights[name].shape))
  for (const { name } of given) net.writeParameter(name, weights[name].data)
  return net
}

const expectNear = (got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, what: string) =>
  expectClose(got, Array.from(wanted), tolerance * Math.max(1, ...Array.from(wanted, Math.abs)), what)

describe.each(engines)('on %s', (_, engine, tolerance) => {
  it.each(golden.torch.map((one) => [JSON.stringify(one.options), one] as const))(
    'PyTorch: %s',
    (__, one) => {
      const net = built(one, engine)
      const at = batch()
      net.prepareTraining()
      net.forward(at, pass)
      expectNear(net.readOutput(at), padded(one.outputs), tolerance, 'output')
      net.zeroGradients()
      backwardFrom(net, at, padded(one.coefficients), pass)
      expectNear(net.readInputGradient(at), padded(one.dx), tolerance, 'dx')
      for (const { name } of net.parameters)
        expectNear(net.readParameter(name, 'gradients'), one.gradients[name].data, tolerance, name)
    },
  )

  it.each(golden.keras.map((one) => [JSON.stringify(one.options), one] as const))('Keras: %s', (__, one) => {
    const net = built(one, engine)
    const at = batch()
    net.forward(at)
    // Keras computes some of them in float32.
    expectNear(net.readOutput(at), padded(one.outputs), Math.max(tolerance, 1e-6), 'output')
  })

  it('batch normalisation in training, its running statistics, and after it', () => {
    const { options, weights, gradients, running, ...wanted } = golden.batchNorm
    const net = built({ options, weights, outputs: [] }, engine)
    const at = batch()
    net.prepareTraining()
    net.forward(at, pass)
    let row = 0
    const sequences = ({ data }: Tensor): Tensor[] =>
      golden.x.map(({ shape }) => {
        const from = row
        row += shape[0] * WIDTH
        return { shape, data: data.slice(from, row) }
      })
    const all = (tensor: Tensor) => {
      row = 0
      return padded(sequences(tensor))
    }
    expectNear(net.readOutput(at), all(wanted.output), tolerance, 'output')
    net.zeroGradients()
    backwardFrom(net, at, all(wanted.coefficients), pass)
    expectNear(net.readInputGradient(at), all(wanted.dx), tolerance, 'dx')
    for (const name of Object.keys(gradients))
      expectNear(net.readParameter(name, 'gradients'), gradients[name].data, tolerance, name)
    net.forward(at, pass)
    net.forward(at, pass)
    for (const name of Object.keys(running))
      expectNear(net.readParameter(name), running[name].data, tolerance, name)
    net.forward(at)
    expectNear(net.readOutput(at), all(wanted.inference), tolerance, 'inference')
    const whole = net.readOutput(at)
    const stream = net.stream()
    const first = golden.x[0].data
    for (let t = 0; t < lengths[0]; t++) {
      const [from, end] = [t * WIDTH, (t + 1) * WIDTH]
      expect(Array.from(stream.push(first.slice(from, end)))).toEqual(Array.from(whole.slice(from, end)))
    }
  })
})

describe('lengths', () => {
  const layers: LayerOptions[] = [
    { type: 'features', width: 1 },
    { type: 'conv1d', filters: 2, kernelSize: 3, stride: 2 },
    { type: 'maxPool1d', kernelSize: 2 },
    { type: 'recurrent', cell: 'gru', units: 2 },
  ]
  const of = (given: number[]) => {
    const T = Math.max(...given)
    return PackedBatch.ofFeatures(new Float64Array(given.length * T), [given.length, T, 1], given)
  }

  it('are those of each layer, in the order of the batch', () => {
    const net = network(layers)
    const at = of([6, 13, 7, 14])
    const above = net.forward(at)
    expect(outputBatch(net, at)).toBe(above)
    expect(Array.from(above.sortedIndices)).toEqual([3, 1, 2, 0])
    expect(Array.from(above.lengths)).toEqual([3, 3, 1, 1])
    expect(net.readOutput(at)).toHaveLength(4 * 3 * 2)
    expect(net.readFinalState(at)).toHaveLength(4 * 2)
  })

  it('that are too short name the sequence and the least length', () => {
    const net = network(layers)
    expect(() => net.forward(of([5, 2, 9]))).toThrow(
      "conv1d.0, sequence 1: expected at least 3 steps for one window, got 2. Use padding 'same', or leave out shorter sequences.",
    )
    expect(() => net.forward(of([9, 3]))).toThrow(
      /^maxPool1d\.0, sequence 1: expected at least 2 steps for one window, got 1\./,
    )
  })

  it('agree where outputs are put together', () => {
    const concat: LayerOptions = { type: 'concat', inputs: ['features.0', 'conv1d.0'] }
    expect(() => network([...layers.slice(0, 2), concat])).toThrow(
      'concat.0, features.0: expected as many steps as right below, got those below conv1d.0, which changes their number.',
    )
    const same: LayerOptions = { type: 'conv1d', filters: 2, kernelSize: 3, padding: 'same' }
    expect(network([layers[0], same, concat]).output).toEqual({ per: 'step', width: 3 })
  })
})

describe('what they refuse', () => {
  const features: LayerOptions = { type: 'features', width: 4 }
  const message = (layer: unknown, below: LayerOptions[] = [features]) => {
    try {
      network([...below, layer as LayerOptions])
    } catch (error) {
      return (error as Error).message
    }
    return 'none'
  }

  it.each([
    [{ type: 'conv1d', filters: 0, kernelSize: 3 }, /filters: expected a whole number from 1/],
    [{ type: 'conv1d', filters: 3 }, /kernelSize: expected a whole number from 1/],
    [
      { type: 'conv1d', filters: 4, kernelSize: 3, groups: 3 },
      /groups: expected a number that divides its 4 inputs, got 3/,
    ],
    [
      { type: 'conv1d', filters: 5, kernelSize: 3, groups: 2 },
      /groups: expected a number that divides its 5 filters, got 2/,
    ],
    [
      { type: 'conv1d', filters: 4, kernelSize: 3, padding: 'full' },
      /padding: expected "valid", "same", "causal", a number of steps, or two of them/,
    ],
    [{ type: 'conv1d', filters: 4, kernelSize: 3, padding: [1, 2, 3] }, /two of them/],
    [
      { type: 'conv1d', filters: 4, kernelSize: 3, padding: [1, -2] },
      /padding\[1\]: expected a whole number/,
    ],
    [{ type: 'maxPool1d', kernelSize: 2, padding: 'causal' }, /padding: expected "valid", "same", a number/],
    [{ type: 'averagePool1d', kernelSize: 2, padding: 2 }, /padding: expected less than kernelSize \(2\)/],
    [{ type: 'maxPool1d', kernelSize: 2, countPadding: true }, /countPadding/],
    [{ type: 'batchNorm', epsilon: 0 }, /epsilon: expected a number above 0/],
    [{ type: 'batchNorm', momentum: 2 }, /momentum: expected a number/],
  ])('%o', (layer, words) => expect(message(layer)).toMatch(words))

  it('one-hot rows, and one row a sequence', () => {
    const conv = { type: 'conv1d', filters: 2, kernelSize: 1 }
    expect(message(conv, [{ type: 'oneHot', vocabulary: 4 }])).toMatch(/Use an embedding/)
    expect(message(conv, [features, { type: 'pool', pooling: 'last' }])).toMatch(/got one row a sequence/)
  })

  it('masked steps, and streams of windows that look ahead', () => {
    const net = network([features, { type: 'conv1d', filters: 2, kernelSize: 3, padding: 'same' }])
    const masked = PackedBatch.ofFeatures(new Float64Array(12), [1, 3, 4], [3], [1, 0, 1])
    expect(() => net.forward(masked)).toThrow(
      'conv1d.0: expected a batch without masked steps, got one that masks some. Give sequences of their own lengths in place of padding.',
    )
    expect(() => net.stream()).toThrow(/a conv1d layer whose windows look ahead or skip steps/)
    expect(() => network([features, { type: 'maxPool1d', kernelSize: 2 }]).stream()).toThrow(
      /Use conv1d with padding 'causal' and stride 1/,
    )
  })
})

it('a decay of weights leaves running statistics alone', () => {
  const layers: LayerOptions[] = [{ type: 'features', width: WIDTH }, { type: 'batchNorm' }]
  const net = network(layers, { loss: { type: 'meanSquaredError' }, threads: 1 })
  const optimizer = new Optimizer(net, { type: 'adamw', weightDecay: 0.5 })
  const at = batch()
  net.forward(at, pass)
  net.backward(at, { values: new Float64Array(at.rows * WIDTH) }, pass)
  const before = ['running_mean', 'running_var'].map((name) => net.readParameter(`batchNorm.0.${name}`))
  optimizer.update(0.1)
  expect(['running_mean', 'running_var'].map((name) => net.readParameter(`batchNorm.0.${name}`))).toEqual(
    before,
  )
  expect(net.readParameter('batchNorm.0.weight')[0]).not.toBe(1)
})

it('one row alone changes no running statistics', () => {
  const layers: LayerOptions[] = [{ type: 'features', width: WIDTH }, { type: 'batchNorm' }]
  const net = network(layers)
  const at = PackedBatch.ofFeatures([1, 2, 3, 4], [1, 1, WIDTH])
  net.forward(at, pass)
  expect(Array.from(net.readOutput(at))).toEqual([0, 0, 0, 0])
  expect(Array.from(net.readParameter('batchNorm.0.running_var'))).toEqual([1, 1, 1, 1])
})
