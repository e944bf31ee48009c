/** Random networks of every layer that can be written down, and batches for them: ragged, masked, seeded by a number. */
import { ACTIVATION_NAMES, type ActivationChoice } from '../../src/cells/activations.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { RecurrentOptions } from '../../src/layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { layerNames } from '../../src/layers/names.ts'
import { Random } from '../../src/core/random.ts'
export const VOCABULARY = 5
const WIDTH = 3

/** A network, and sequences for it. */
export interface Case {
  layers: readonly LayerOptions[]
  sequences: readonly Sequence[]
  /** Whether the batch brings masks of its own. */
  masked: boolean
  /** Of every sequence, where they must have one number. */
  steps?: number
}

/** Ids or features of one sequence, and which of its steps count. */
export interface Sequence {
  ids: number[]
  features: number[]
  counts: number[]
}

/** Chooses one of some. */
const pick = <T>(random: Random, from: readonly T[]): T => from[random.integer(from.length)]
const chance = (random: Random, share: number) => random.uniform() < share

/** No steps (where no derivative is) and no powers (where numbers grow without end). */
const SMOOTH = ACTIVATION_NAMES.filter((name) => name !== 'thresholdedRelu' && name !== 'exponential')

function anyActivation(random: Random): ActivationChoice {
  const type = pick(random, SMOOTH)
  if (type === 'scaledTanh') return { type, alpha: 0.8, beta: 0.7 }
  if (type === 'affine') return { type, alpha: 0.7, beta: 0.1 }
  if (type === 'hardSigmoid' && chance(random, 0.5)) return { type, alpha: 0.3 }
  return type
}

function anyRecurrent(random: Random): LayerOptions {
  const cell = pick(random, ['rnn', 'lstm', 'gru'] as const)
  const layer: RecurrentOptions = { type: 'recurrent', cell, units: 1 + random.integer(5) }
  layer.direction = pick(random, ['forward', 'forward', 'reverse', 'bidirectional'] as const)
  layer.returnSequences = pick(random, [true, true, true, false])
  if (chance(random, 0.2)) layer.bias = false
  if (cell === 'gru') layer.reset = pick(random, ['after', 'before'] as const)
  if (chance(random, 0.5)) {
    layer.activation = anyActivation(random)
    if (cell !== 'rnn')
      layer.gateActivation = pick(random, ['sigmoid', 'hardSigmoid', 'tanh', 'softsign'] as const)
    if (cell === 'lstm' && chance(random, 0.5)) layer.stateActivation = anyActivation(random)
    if (chance(random, 0.3)) layer.clip = 0.9
  }
  if (cell === 'lstm') {
    if (chance(random, 0.3)) layer.peepholes = true
    if (chance(random, 0.2)) layer.coupled = true
  }
  if (layer.direction === 'bidirectional') {
    layer.merge = pick(random, ['concat', 'sum', 'multiply', 'average'] as const)
    if (chance(random, 0.3)) layer.backward = { activation: anyActivation(random) }
  }
  return layer
}

/** Names of the layers below, and what they leave: rows by step, by sequence, or one-hot ones. */
interface Below {
  name: string
  per: 'step' | 'sequence' | 'oneHot'
}

function anyConcat(random: Random, below: readonly Below[]): { layer: LayerOptions; per: Below['per'] } {
  const first = pick(
    random,
    below.filter(({ per }) => per !== 'oneHot'),
  )
  const alike = below.filter(({ per }) => per === first.per)
  const others = Array.from({ length: 1 + random.integer(2) }, () => pick(random, alike).name)
  return { layer: { type: 'concat', inputs: [first.name, ...others] }, per: first.per }
}

/** A layer with itself: widths always fit, and no two numbers are ever apart. */
function anyMerge(random: Random, below: readonly Below[]): { layer: LayerOptions; per: Below['per'] } {
  const wide = below.filter(({ per }) => per !== 'oneHot')
  const first = pick(random, wide)
  const operation = pick(random, ['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'] as const)
  const inputs = [first.name, first.name]
  return { layer: { type: 'merge', operation, inputs }, per: first.per }
}

/** A layer that may stand on these. */
function anyLayer(random: Random, below: readonly Below[]): { layer: LayerOptions; per: Below['per'] } {
  const { per } = below[below.length - 1]
  const kinds = ['dense', 'activation', 'layerNorm', 'dropout', 'concat', 'merge']
  if (per === 'step')
    kinds.push(
      'recurrent',
      'recurrent',
      'recurrent',
      'pool',
      'reverse',
      'zeroMasked',
      'timeSoftmax',
      'flatten',
    )
  const kind = per === 'oneHot' ? 'recurrent' : pick(random, kinds)
  const stays = (layer: LayerOptions) => ({ layer, per })
  if (kind === 'recurrent') {
    const layer = anyRecurrent(random)
    return { layer, per: (layer as RecurrentOptions).returnSequences === false ? 'sequence' : 'step' }
  }
  if (kind === 'pool') {
    const over = pick(random, ['last', 'first', 'max', 'mean', 'sum', 'attention'] as const)
    return { layer: { type: 'pool', pooling: over }, per: 'sequence' }
  }
  if (kind === 'flatten') return { layer: { type: 'flatten', steps: 3 }, per: 'sequence' }
  if (kind === 'concat') return anyConcat(random, below)
  if (kind === 'merge') return anyMerge(random, below)
  if (kind === 'dropout') return stays({ type: 'dropout', rate: 0.3 })
  if (kind === 'reverse' || kind === 'zeroMasked' || kind === 'timeSoftmax') return stays({ type: kind })
  if (kind === 'layerNorm')
    return stays({ type: 'layerNorm', epsilon: 0.1, scale: chance(random, 0.7), centre: chance(random, 0.7) })
  if (kind === 'dense')
    return stays({ type: 'dense', units: 1 + random.integer(9), activation: anyActivation(random) })
  const activation = chance(random, 0.3)
    ? pick(random, ['softmax', 'logSoftmax'] as const)
    : anyActivation(random)
  return stays({ type: 'activation', activation })
}

function anyLayers(random: Random): LayerOptions[] {
  const input = pick(random, ['embedding', 'features', 'features', 'oneHot'] as const)
  const layers: LayerOptions[] = []
  if (input === 'features') layers.push({ type: 'features', width: WIDTH })
  else if (input === 'oneHot') layers.push({ type: 'oneHot', vocabulary: VOCABULARY })
  else
    layers.push({
      type: 'embedding',
      vocabulary: VOCABULARY,
      size: 2 + random.integer(8),
      maskZero: chance(random, 0.5),
    })
  const below: Below[] = [{ name: `${input}.0`, per: input === 'oneHot' ? 'oneHot' : 'step' }]
  const add = (layer: LayerOptions, per: Below['per']) => {
    const number = layers.filter(({ type }) => type === layer.type).length
    layers.push(layer)
    below.push({ name: `${layer.type}.${number}`, per })
  }
  if (input === 'features' && chance(random, 0.4)) add({ type: 'masking', value: 0 }, 'step')
  const count = 1 + random.integer(6)
  for (let i = 0; i < count; i++) {
    const { layer, per } = anyLayer(random, below)
    add(layer, per)
  }
  return layers
}

function anySequence(random: Random, steps: number): Sequence {
  const features: number[] = []
  for (let t = 0; t < steps; t++) {
    const blank = chance(random, 0.25)
    for (let j = 0; j < WIDTH; j++) features.push(blank ? 0 : random.normal())
  }
  const each = (of: () => number) => Array.from({ length: steps }, of)
  const ids = each(() => random.integer(VOCABULARY))
  return { ids, features, counts: each(() => (chance(random, 0.7) ? 1 : 0)) }
}

const pairOf = (random: Random): [number, number] => [random.integer(3), random.integer(3)]

/** A convolution or a local pooling; what stands on it has as many steps, or fewer. */
function anyWindows(random: Random, width: number): LayerOptions {
  const kernelSize = 1 + random.integer(4)
  const stride = pick(random, [1, 1, 2, 3])
  if (chance(random, 0.4)) {
    const sides = pairOf(random).map((side) => Math.min(side, kernelSize - 1)) as [number, number]
    const padding = pick(random, ['valid', 'same', sides, sides[0]] as const)
    if (chance(random, 0.5)) return { type: 'maxPool1d', kernelSize, stride, padding }
    return { type: 'averagePool1d', kernelSize, stride, padding, countPadding: chance(random, 0.5) }
  }
  const groups = pick(
    random,
    [1, 1, 2, 3, width].filter((many) => width % many === 0),
  )
  return {
    type: 'conv1d',
    filters: groups * (1 + random.integer(9)),
    kernelSize,
    stride: chance(random, 0.6) ? 1 : stride,
    dilation: pick(random, [1, 1, 2, 3]),
    padding: pick(random, ['valid', 'same', 'causal', 'causal', 2, pairOf(random)] as const),
    groups,
    bias: chance(random, 0.8),
  }
}

/** From here on cases have convolutions, local poolings and batch normalisation. */
export const WINDOWS = 1_000_000

/** A network with windows between its input and what stands on it; sequences are long enough for all of them. */
function windowCase(seed: number): Case {
  const random = new Random(seed, 'any windows')
  const normalise = (): LayerOptions => ({
    type: 'batchNorm',
    epsilon: 0.1,
    momentum: 0.3,
    scale: chance(random, 0.7),
    centre: chance(random, 0.7),
  })
  let layers: LayerOptions[] = []
  do layers = anyLayers(random)
  while (layers.some(({ type }) => type === 'oneHot' || type === 'concat' || type === 'merge'))
  const windows: LayerOptions[] = []
  let width = layers[0].type === 'features' ? WIDTH : layers[0].type === 'embedding' ? layers[0].size : 0
  const streams = chance(random, 0.4)
  const count = random.integer(4)
  for (let i = 0; i < count; i++) {
    if (chance(random, 0.4)) windows.push(normalise())
    let layer: LayerOptions
    do layer = anyWindows(random, width)
    while (streams ? !(layer.type === 'conv1d' && layer.padding === 'causal' && layer.stride === 1) : false)
    windows.push(layer)
    if (layer.type === 'conv1d') width = layer.filters
  }
  const hasWindows = windows.some(({ type }) => type !== 'batchNorm')
  if (!hasWindows || chance(random, 0.5)) windows.push(normalise())
  const [first, ...others] = layers
  const unmasked: LayerOptions = first.type === 'embedding' ? { ...first, maskZero: false } : first
  const above = others.filter(({ type }) => type !== 'masking')
  if (chance(random, 0.5)) above.push(normalise())
  const lengths = Array.from(
    { length: 1 + random.integer(4) },
    () => (count > 1 ? 60 : 14) + random.integer(7),
  )
  return {
    layers: hasWindows ? [unmasked, ...windows, ...above] : [first, ...others.slice(0, 1), ...windows],
    sequences: lengths.map((n) => anySequence(random, n)),
    masked: !hasWindows && chance(random, 0.6),
  }
}

/** From here on cases have permutations and reshapes. */
export const SHAPES = 2_000_000

/** A network that moves numbers between steps and features; sequences have one length. */
function shapeCase(seed: number): Case {
  const random = new Random(seed, 'any shapes')
  const layers: LayerOptions[] = [{ type: 'features', width: WIDTH }]
  const steps = 2 + random.integer(5)
  let [T, F] = [steps, WIDTH]
  const add = (layer: LayerOptions, ...shape: [steps: number, width: number]) => {
    layers.push(layer)
    ;[T, F] = shape
  }
  const recurrent = (returnSequences: boolean): LayerOptions => {
    const cell = pick(random, ['rnn', 'lstm', 'gru'] as const)
    return { type: 'recurrent', cell, units: 1 + random.integer(9), returnSequences }
  }
  const count = 1 + random.integer(3)
  for (let i = 0; i < count; i++) {
    const layer = recurrent(true) as RecurrentOptions
    if (chance(random, 0.5)) add(layer, T, layer.units)
    const kind = pick(random, ['permute', 'reshape', 'row', 'attention'] as const)
    if (kind === 'permute') add({ type: 'permute', steps: T }, F, T)
    else if (kind === 'reshape') {
      const numbers = T * F
      const many = pick(
        random,
        Array.from({ length: numbers }, (_, k) => k + 1).filter((divisor) => numbers % divisor === 0),
      )
      add({ type: 'reshape', steps: many, width: numbers / many }, many, numbers / many)
    } else if (kind === 'row') {
      const [many, width] = [1 + random.integer(6), 1 + random.integer(6)]
      layers.push(chance(random, 0.5) ? recurrent(false) : { type: 'pool', pooling: 'max' })
      layers.push({ type: 'dense', units: many * width })
      add({ type: 'reshape', steps: many, width }, many, width)
    } else {
      const below = layerNames(layers)[layers.length - 1]
      layers.push({ type: 'permute', steps: T }, { type: 'dense', units: T }, { type: 'permute', steps: F })
      const weights = layerNames(layers)[layers.length - 1]
      layers.push({ type: 'merge', operation: 'multiply', inputs: [below, weights] })
    }
  }
  if (chance(random, 0.6)) layers.push(recurrent(chance(random, 0.5)))
  const sequences = Array.from({ length: 1 + random.integer(4) }, () => anySequence(random, steps))
  return { layers, sequences, masked: false, steps }
}

/** From here on cases have a conditional random field. */
export const TAGS = 3_000_000

/** A network with a conditional random field over the scores of each step, and sometimes more above it. */
function tagCase(seed: number): Case {
  const random = new Random(seed, 'any tags')
  const layers: LayerOptions[] = [
    chance(random, 0.5)
      ? { type: 'features', width: WIDTH }
      : { type: 'embedding', vocabulary: VOCABULARY, size: 2 + random.integer(4) },
  ]
  const count = random.integer(3)
  for (let i = 0; i < count; i++)
    layers.push({ ...anyRecurrent(random), returnSequences: true } as LayerOptions)
  if (chance(random, 0.7)) layers.push({ type: 'dense', units: 1 + random.integer(9) })
  layers.push({ type: 'crf' })
  if (chance(random, 0.4)) layers.push({ type: 'dense', units: 2 })
  const lengths = Array.from({ length: 1 + random.integer(4) }, () => 1 + random.integer(6))
  return { layers, sequences: lengths.map((n) => anySequence(random, n)), masked: false }
}

/** The case of a number. */
export function anyCase(seed: number): Case {
  if (seed >= TAGS) return tagCase(seed)
  if (seed >= SHAPES) return shapeCase(seed)
  if (seed >= WINDOWS) return windowCase(seed)
  const random = new Random(seed, 'any network')
  const lengths = Array.from({ length: 1 + random.integer(4) }, () => 1 + random.integer(7))
  const layers = anyLayers(random)
  const sequences = lengths.map((n) => anySequence(random, n))
  return { layers, sequences, masked: chance(random, 0.4) }
}

/** Another batch for the same network, larger than any of a case: more rows than a block has (layers/windows.ts). */
export function larger({ layers, masked, steps }: Case): Case {
  const random = new Random(1, 'larger')
  return {
    layers,
    masked,
    sequences: Array.from({ length: 40 }, (_, i) =>
      anySequence(
        random,
        steps ?? (layers.some(({ type }) => type.endsWith('1d')) ? 60 : 1) + ((i * 7) % 15),
      ),
    ),
  }
}

/** These sequences as a batch. */
export function batchOf({ layers, sequences, masked }: Case): PackedBatch {
  const masks = masked ? sequences.map(({ counts }) => counts) : undefined
  if (layers[0].type !== 'features')
    return PackedBatch.ofIds(
      sequences.map(({ ids }) => ids),
      masks,
    )
  const lengths = sequences.map(({ ids }) => ids.length)
  const T = Math.max(...lengths)
  const padded = (values: readonly number[], width: number) => [
    ...values,
    ...Array.from({ length: T * width - values.length }, () => 0),
  ]
  const features = sequences.flatMap((sequence) => padded(sequence.features, WIDTH))
  const mask = masks?.flatMap((counts) => padded(counts, 1))
  return PackedBatch.ofFeatures(Float64Array.from(features), [lengths.length, T, WIDTH], lengths, mask)
}

/** A case's network, with weights that differ from every default. */
export function build({ layers }: Case, options: EngineOptions): Network {
  const loss = { type: 'meanSquaredError' } as const
  const net = network(layers, { ...options, loss, inputGradients: true })
  const weights = new Random(5, 'perturb')
  for (const p of net.parameters)
    internalsOf(net).store.write(
      p,
      Float64Array.from(
        { length: p.size },
        () => weights.between(-0.5, 0.5) + (p.name.endsWith('running_var') ? 1 : 0),
      ),
    )
  return net
}
