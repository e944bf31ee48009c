/** What the ONNX tests share: networks of every option with drawn weights, ragged batches, and files in memory. */
import type { OutputActivation, ExportSource } from '../../../src/formats/imported.ts'
import { writeOnnx } from '../../../src/formats/onnx/write/write.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { RecurrentOptions } from '../../../src/layers/recurrent/recurrent.ts'
import type { LayerOptions, NetworkConfig } from '../../../src/model/config.ts'
import type { Network } from '../../../src/model/network.ts'
import { configuredNetwork } from '../../networks.ts'
import { Random } from '../../../src/core/random.ts'
export interface OnnxCase {
  name: string
  layers: readonly LayerOptions[]
  outputActivation?: OutputActivation
  /** Of the batches, where sequences have one length. */
  lengths?: readonly (readonly number[])[]
}

const F = 3
const V = 7
const features: LayerOptions = { type: 'features', width: F }
const embedding: LayerOptions = { type: 'embedding', vocabulary: V, size: F }
const dense: LayerOptions = { type: 'dense', units: 2 }

type Form = Omit<RecurrentOptions, 'type' | 'units'>

const FORMS: readonly Form[] = [
  { cell: 'rnn' },
  { cell: 'rnn', activation: 'relu' },
  { cell: 'lstm' },
  { cell: 'gru' },
  { cell: 'gru', reset: 'before' },
]

/** Forms that need `latch/formats`: functions, clip, peepholes, coupled gates. */
const GENERAL: readonly Form[] = [
  { cell: 'rnn', activation: 'softsign' },
  { cell: 'rnn', activation: { type: 'affine', alpha: 0.5, beta: 0.1 } },
  { cell: 'rnn', activation: 'linear', clip: 0.6 },
  { cell: 'lstm', activation: 'relu', gateActivation: 'hardSigmoid' },
  { cell: 'lstm', activation: { type: 'scaledTanh', alpha: 1.7, beta: 0.6 }, stateActivation: 'softplus' },
  { cell: 'lstm', peepholes: true },
  { cell: 'lstm', coupled: true },
  { cell: 'lstm', peepholes: true, coupled: true, clip: 0.7 },
  {
    cell: 'gru',
    activation: { type: 'leakyRelu', alpha: 0.2 },
    gateActivation: { type: 'hardSigmoid', alpha: 0.3, beta: 0.4 },
  },
  { cell: 'gru', reset: 'before', activation: { type: 'elu', alpha: 0.8 }, clip: 0.9 },
  { cell: 'gru', activation: { type: 'thresholdedRelu', alpha: 0.1 } },
]

const layer = (form: Form): LayerOptions => ({ type: 'recurrent', units: 4, ...form })

function label(form: Form): string {
  return Object.entries(form)
    .map(([key, value]) => (key === 'cell' ? value : `${key} ${JSON.stringify(value)}`))
    .join(', ')
}

/** Cells in each direction, every step and the last one. */
export const CELL_CASES: readonly OnnxCase[] = [...FORMS, ...GENERAL].flatMap((form) =>
  (['forward', 'reverse', 'bidirectional'] as const).flatMap((direction) =>
    [true, false].map((returnSequences) => ({
      name: `${label(form)}, ${direction}, ${returnSequences ? 'sequences' : 'last'}`,
      layers: [features, layer({ ...form, direction, returnSequences }), dense],
    })),
  ),
)

const two: Form = { cell: 'lstm', direction: 'bidirectional' }

/** Everything around the cells. */
export const LAYER_CASES: readonly OnnxCase[] = [
  ...(['last', 'first', 'max', 'mean', 'sum', 'attention'] as const).map((over) => ({
    name: `pool ${over}`,
    layers: [embedding, layer(two), { type: 'pool', pooling: over } as LayerOptions, dense],
  })),
  ...(['sum', 'multiply', 'average'] as const).flatMap((merge) =>
    [true, false].map((returnSequences) => ({
      name: `merge ${merge}, ${returnSequences ? 'sequences' : 'last'}`,
      layers: [embedding, layer({ ...two, merge, returnSequences }), dense],
    })),
  ),
  {
    name: 'backward functions of its own',
    layers: [
      features,
      layer({
        cell: 'lstm',
        direction: 'bidirectional',
        backward: { activation: 'softsign', gateActivation: 'hardSigmoid' },
      }),
    ],
  },
  {
    name: 'no bias',
    layers: [features, layer({ cell: 'gru', bias: false }), { ...dense, bias: false } as LayerOptions],
  },
  {
    name: 'one-hot',
    layers: [{ type: 'oneHot', vocabulary: V }, layer({ cell: 'gru' }), dense],
    outputActivation: 'softmax',
  },
  {
    name: 'stack with dropout',
    layers: [
      embedding,
      layer({ cell: 'lstm', direction: 'bidirectional' }),
      { type: 'dropout', rate: 0.5 },
      layer({ cell: 'gru', returnSequences: false }),
      { type: 'dropout', rate: 0.5 },
      { type: 'dense', units: 5, activation: 'relu' },
      { type: 'dense', units: 3 },
    ],
    outputActivation: 'softmax',
  },
  {
    name: 'sigmoid',
    layers: [embedding, layer({ cell: 'gru', returnSequences: false }), { type: 'dense', units: 1 }],
    outputActivation: 'sigmoid',
  },
  {
    name: 'flatten',
    layers: [embedding, { type: 'flatten', steps: 4 }, dense],
    outputActivation: 'logSoftmax',
  },
  { name: 'no memory', layers: [embedding, { type: 'pool', pooling: 'mean' }, dense] },
  { name: 'reverse', layers: [features, { type: 'reverse' }, layer({ cell: 'rnn' }), dense] },
  {
    name: 'layerNorm',
    layers: [features, layer({ cell: 'gru' }), { type: 'layerNorm', epsilon: 1e-3 }, dense],
  },
  {
    name: 'layerNorm, bare',
    layers: [features, layer({ cell: 'gru' }), { type: 'layerNorm', scale: false, centre: false }],
  },
  {
    name: 'softmax inside',
    layers: [features, { type: 'dense', units: 4 }, { type: 'activation', activation: 'softmax' }, dense],
  },
  {
    name: 'concat',
    layers: [
      embedding,
      layer({ cell: 'lstm' }),
      layer({ cell: 'gru' }),
      { type: 'concat', inputs: ['embedding.0', 'recurrent.0', 'recurrent.1'] },
      { type: 'pool', pooling: 'attention' },
      dense,
    ],
    outputActivation: 'softmax',
  },
]

/** Layers with windows over time, and batch normalisation. */
export const WINDOW_CASES: readonly OnnxCase[] = [
  {
    name: 'convolutions and poolings',
    layers: [
      features,
      { type: 'conv1d', filters: 6, kernelSize: 3, padding: 'causal', groups: 1 },
      { type: 'batchNorm', epsilon: 1e-3 },
      { type: 'maxPool1d', kernelSize: 2, stride: 1, padding: [1, 0] },
      { type: 'averagePool1d', kernelSize: 3, stride: 2, padding: 1 },
      layer({ cell: 'gru' }),
      { type: 'batchNorm', scale: false },
    ],
  },
  {
    name: 'convolution of groups',
    layers: [
      embedding,
      {
        type: 'conv1d',
        filters: 6,
        kernelSize: 2,
        dilation: 2,
        stride: 2,
        padding: [2, 1],
        groups: 3,
        bias: false,
      },
      { type: 'averagePool1d', kernelSize: 2, stride: 1, padding: 1, countPadding: true },
      layer({ cell: 'lstm', returnSequences: false }),
      { type: 'batchNorm' },
      dense,
    ],
  },
]

const FOUR = [[4, 4, 4], [4]]

/** Steps and features that change places, of sequences of four steps. */
export const SHAPE_CASES: readonly OnnxCase[] = [
  {
    name: 'permute',
    layers: [
      embedding,
      layer({ cell: 'gru', direction: 'bidirectional' }),
      { type: 'permute', steps: 4 },
      layer({ cell: 'lstm' }),
      { type: 'pool', pooling: 'mean' },
      dense,
    ],
    lengths: FOUR,
  },
  {
    name: 'attention by permute',
    layers: [
      features,
      { type: 'permute', steps: 4 },
      { type: 'dense', units: 4 },
      { type: 'activation', activation: 'softmax' },
      { type: 'permute', steps: F },
      { type: 'merge', operation: 'multiply', inputs: ['features.0', 'permute.1'] },
      layer({ cell: 'gru', returnSequences: false }),
      dense,
    ],
    lengths: FOUR,
  },
  {
    name: 'reshape',
    layers: [
      features,
      layer({ cell: 'rnn' }),
      { type: 'reshape', steps: 2, width: 8 },
      { type: 'conv1d', filters: 3, kernelSize: 2, padding: 'causal' },
      layer({ cell: 'gru' }),
      dense,
    ],
    lengths: FOUR,
  },
]

/** Of one row, after sequences of any lengths. */
export const ROW_CASES: readonly OnnxCase[] = [
  {
    name: 'reshape of a row',
    layers: [
      features,
      layer({ cell: 'lstm', returnSequences: false }),
      { type: 'dense', units: 10 },
      { type: 'reshape', steps: 5, width: 2 },
      layer({ cell: 'gru', direction: 'bidirectional' }),
      dense,
    ],
  },
  {
    name: 'flattened and back',
    layers: [
      embedding,
      { type: 'flatten', steps: 4 },
      { type: 'reshape', steps: 6, width: 2 },
      { type: 'permute', steps: 6 },
      layer({ cell: 'rnn', direction: 'reverse', returnSequences: false }),
    ],
  },
]

/** Masked steps within a sequence; drawn ids are often 0, drawn features never all 0 but where set so. */
export const MASK_CASES: readonly OnnxCase[] = [
  ...(['forward', 'reverse', 'bidirectional'] as const).flatMap((direction) =>
    [true, false].map((returnSequences) => ({
      name: `maskZero, ${direction}, ${returnSequences ? 'sequences' : 'last'}`,
      layers: [
        { ...embedding, maskZero: true } as LayerOptions,
        layer({ cell: 'lstm', direction, returnSequences }),
        dense,
      ],
    })),
  ),
  ...(['sum', 'multiply', 'average'] as const).map((merge) => ({
    name: `maskZero, merge ${merge}`,
    layers: [
      { ...embedding, maskZero: true } as LayerOptions,
      layer({ cell: 'gru', direction: 'bidirectional', merge }),
    ],
  })),
  ...(['last', 'first', 'max', 'mean', 'sum', 'attention'] as const).map((over) => ({
    name: `maskZero, pool ${over}`,
    layers: [
      { ...embedding, maskZero: true } as LayerOptions,
      layer(two),
      { type: 'pool', pooling: over } as LayerOptions,
      dense,
    ],
  })),
  {
    name: 'masking',
    layers: [features, { type: 'masking' }, layer({ cell: 'gru' }), layer({ cell: 'rnn' }), dense],
  },
  {
    name: 'masking, zeroed',
    layers: [
      features,
      { type: 'masking' },
      layer(two),
      { type: 'zeroMasked' },
      { type: 'pool', pooling: 'max' },
      dense,
    ],
  },
]

const ACTIVATIONS = [
  'relu',
  'tanh',
  'sigmoid',
  'hardSigmoid',
  'softplus',
  'softsign',
  'elu',
  'selu',
  'leakyRelu',
  { type: 'thresholdedRelu', alpha: 0.3 },
  { type: 'scaledTanh', alpha: 1.5, beta: 0.7 },
  { type: 'affine', alpha: 2, beta: -0.5 },
  'exponential',
  'relu6',
  'gelu',
  { type: 'gelu', alpha: 1 },
  'silu',
  'mish',
  'hardSilu',
  { type: 'hardSigmoid', alpha: 0.3, beta: 0.4 },
] as const

export const ACTIVATION_CASES: readonly OnnxCase[] = ACTIVATIONS.map((activation) => ({
  name: `activation ${JSON.stringify(activation)}`,
  layers: [features, { type: 'activation', activation }, { type: 'dense', units: 3, activation }, dense],
}))

export const CASES: readonly OnnxCase[] = [...CELL_CASES, ...LAYER_CASES, ...ACTIVATION_CASES]

/** A network with every parameter drawn, biases too. */
export function drawn(config: NetworkConfig, seed = 1): Network {
  const random = new Random(seed, 'onnx')
  const weights = ({ name, size }: { name: string; size: number }) =>
    Float32Array.from({ length: size }, () => random.uniform() - (name.endsWith('running_var') ? 0 : 0.5))
  return configuredNetwork(config, { weights })
}

export function sourceOf(network: Network, given: Partial<ExportSource> = {}): ExportSource {
  const [first] = network.config.layers
  const width = first.type === 'features' ? first.width : 'vocabulary' in first ? first.vocabulary : 0
  return {
    network,
    outputActivation: 'linear',
    input: { kind: first.type === 'features' ? 'features' : 'ids', width, steps: null },
    labels: null,
    vocabulary: null,
    tokens: null,
    document: null,
    name: 'model',
    ...given,
  }
}

/** The file's bytes. */
export async function bytesOf(source: ExportSource): Promise<Uint8Array> {
  const [{ chunks }] = await writeOnnx(source)
  return joined([...chunks])
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Sequences of different lengths, padded with what must not matter. */
export interface Ragged {
  lengths: readonly number[]
  steps: number
  /** (B, T) or (B, T, F), padding included. */
  values: Float32Array
  batch: PackedBatch
}

export function raggedFor(network: Network, lengths: readonly number[] = [4, 1, 6, 3], seed = 5): Ragged {
  const [first] = network.config.layers
  const random = new Random(seed, 'ragged')
  const steps = Math.max(...lengths)
  if (first.type === 'features') {
    const values = Float32Array.from(
      { length: lengths.length * steps * first.width },
      () => random.uniform() * 4 - 2,
    )
    const shape = [lengths.length, steps, first.width] as const
    return { lengths, steps, values, batch: PackedBatch.ofFeatures(values, shape, lengths) }
  }
  const size = 'vocabulary' in first ? first.vocabulary : 1
  const values = Float32Array.from({ length: lengths.length * steps }, () =>
    Math.floor(random.uniform() * size),
  )
  if ('maskZero' in first && first.maskZero) values.fill(0, 0, 1).fill(0, 2, 4)
  const rows = lengths.map((length, b) => values.subarray(b * steps, b * steps + length))
  return { lengths, steps, values, batch: PackedBatch.ofIds(rows) }
}

/** What Latch answers, (B, C) or (B, T, C). */
export function answered(network: Network, { batch }: Ragged): Float64Array {
  network.forward(batch)
  return network.readOutput(batch)
}
