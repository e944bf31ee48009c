/**
 * Exported configurations field by field beside those that Keras 3 saves for the same networks. Each field of Keras' is
 * written with the same value, or stands in a list below with its reason. Goldens: golden/generate_kerasConfigs.py.
 */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { writeKeras } from '../../../src/formats/keras/index.ts'
import { ZipFile } from '../../../src/formats/keras/read/zip.ts'
import type { ExportSource } from '../../../src/formats/imported.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { bytesOf, exportCase } from '../exportHelpers.ts'

type Fields = Record<string, unknown>
interface Golden {
  defaults: Record<string, Fields>
  cases: Record<string, Fields>
}

const GOLDEN = new URL('../../golden/formats/kerasConfigs.json', import.meta.url)
const { defaults, cases } = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Golden

const features: LayerOptions = { type: 'features', width: 3 }
const embedding: LayerOptions = { type: 'embedding', vocabulary: 7, size: 3 }
const masked: LayerOptions = { ...embedding, maskZero: true }
const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 4 }
const gru: LayerOptions = { ...lstm, cell: 'gru' }
const rnn: LayerOptions = { ...lstm, cell: 'rnn' }
const last = { returnSequences: false } as const
const end: LayerOptions = { ...gru, units: 3, ...last }
const both: LayerOptions = { ...lstm, units: 2, direction: 'bidirectional' }
const dense: LayerOptions = { type: 'dense', units: 2 }
const max: LayerOptions = { type: 'pool', pooling: 'max' }
const mean: LayerOptions = { type: 'pool', pooling: 'mean' }
const concat = (...inputs: string[]): LayerOptions => ({ type: 'concat', inputs })
const directions = (merge: 'concat' | 'sum' | 'multiply' | 'average'): LayerOptions[] => [
  embedding,
  { ...both, merge },
  { ...both, merge, ...last },
  dense,
]
const ACTIVATIONS = [
  ...(['relu', 'tanh', 'sigmoid', 'softplus', 'softsign', 'selu', 'exponential', 'relu6', 'silu'] as const),
  ...([
    'mish',
    'hardSilu',
    { type: 'hardSigmoid', alpha: 1 / 6 },
    { type: 'leakyRelu', alpha: 0.2 },
  ] as const),
  ...(['elu', 'hardTanh', 'gelu'] as const),
]

const NETWORKS: Record<string, [layers: LayerOptions[], about?: Partial<ExportSource>]> = {
  'embedding, lstm': [[embedding, lstm, end, dense]],
  'masked ids, mean': [[masked, lstm, mean, dense], { outputActivation: 'softmax' }],
  'one-hot, max': [[{ type: 'oneHot', vocabulary: 6 }, lstm, max, dense]],
  'gru, reset before': [[features, { ...gru, reset: 'before' }, { ...end, reset: 'before' }, dense]],
  'simple rnn, relu': [
    [features, { ...rnn, activation: 'relu' }, { ...rnn, units: 2, ...last }, { ...dense, units: 1 }],
    { outputActivation: 'sigmoid' },
  ],
  'activations of cells': [
    [
      features,
      { ...lstm, activation: 'softsign', gateActivation: { type: 'hardSigmoid', alpha: 1 / 6 }, ...last },
      dense,
    ],
  ],
  'without biases': [
    [features, { ...lstm, bias: false }, { ...end, bias: false }, { ...dense, bias: false }],
  ],
  backwards: [
    [
      features,
      { ...lstm, direction: 'reverse' },
      { type: 'reverse' },
      { ...end, direction: 'reverse' },
      dense,
    ],
  ],
  'directions, concat': [directions('concat')],
  'directions, sum': [directions('sum')],
  'directions, mul': [directions('multiply')],
  'directions, ave': [directions('average')],
  'directions, zeros at masked steps': [[masked, both, { type: 'zeroMasked' }, end, dense]],
  'directions that differ': [
    [features, { ...gru, units: 2, direction: 'bidirectional', backward: { activation: 'relu' } }, dense],
  ],
  'zeros at masked steps': [[masked, gru, { type: 'zeroMasked' }, end, dense]],
  stateful: [[features, lstm, end, dense], { stateful: true }],
  'stateful directions': [[embedding, { ...both, ...last }, dense], { stateful: true }],
  masking: [[features, { type: 'masking', value: -1 }, lstm, end, dense]],
  'norm, dropout': [
    [
      features,
      lstm,
      { type: 'layerNorm', epsilon: 1e-3 },
      { type: 'layerNorm', scale: false },
      { type: 'layerNorm', centre: false },
      { type: 'dropout', rate: 0.25 },
      end,
      dense,
    ],
  ],
  'other shapes': [
    [features, gru, { type: 'permute', steps: 5 }, { type: 'reshape', steps: 5, width: 4 }, end, dense],
  ],
  flat: [[features, gru, { type: 'flatten', steps: 5 }, dense]],
  'activations of dense': [
    [features, end, ...ACTIVATIONS.map((activation): LayerOptions => ({ ...dense, activation }))],
  ],
  'activation layers': [
    [
      features,
      end,
      dense,
      { type: 'activation', activation: { type: 'leakyRelu', alpha: 0.25 } },
      { type: 'activation', activation: { type: 'elu', alpha: 0.5 } },
      { type: 'activation', activation: { type: 'thresholdedRelu', alpha: 0.5 } },
      { type: 'activation', activation: 'tanh' },
      { type: 'activation', activation: 'softmax' },
      { type: 'activation', activation: 'logSoftmax' },
    ],
  ],
  'output activation apart': [[embedding, { ...lstm, units: 2 }, max], { outputActivation: 'softmax' }],
  'output activation of every step': [[features, gru, dense], { outputActivation: 'sigmoid' }],
  'output activation by logarithms': [[features, end, dense], { outputActivation: 'logSoftmax' }],
  'skip of the input': [[features, lstm, concat('features.0', 'recurrent.0'), end, dense]],
  'skip of two layers': [[embedding, lstm, gru, concat('recurrent.0', 'recurrent.1'), end, dense]],
  'two skips': [
    [
      features,
      lstm,
      concat('features.0', 'recurrent.0'),
      lstm,
      concat('recurrent.1', 'concat.0'),
      max,
      dense,
    ],
    { outputActivation: 'softmax' },
  ],
  'skip of directions': [[embedding, both, lstm, concat('recurrent.0', 'recurrent.1'), mean, dense]],
  'skip, masked': [[masked, lstm, gru, concat('recurrent.0', 'recurrent.1'), end, dense]],
  'skip, flat': [[features, lstm, concat('features.0', 'recurrent.0'), { type: 'flatten', steps: 5 }, dense]],
  'skip, stateful': [
    [features, lstm, concat('features.0', 'recurrent.0'), { ...lstm, units: 2, ...last }],
    { stateful: true },
  ],
}

/** Fields left out because Keras then takes the value that it would have written: checked for each class. */
const LEFT_TO_KERAS: Record<string, string> = {
  '*_initializer': 'draws weights that the file replaces',
  '*_regularizer': 'none: a term of the loss in training',
  '*_constraint': 'none: acts in training',
  seed: 'of dropout, drawn in training',
  noise_shape: 'of dropout: one number per value',
  dropout: 'none within the cell: Latch has Dropout layers',
  recurrent_dropout: 'none within the cell',
  ragged: 'false; earlier versions of Keras 3 refuse the field',
  optional: 'false; earlier versions of Keras 3 refuse the field',
  quantization_config: 'none; earlier versions of Keras 3 refuse the field',
  rms_scaling: 'false: another normalization, which Latch does not have',
  max_value: 'of ReLU: none',
  negative_slope: 'of ReLU: 0; leaky units are LeakyReLU',
  'Sequential.dtype': 'each layer has its own',
}

/** Fields that Keras writes about what it computes again from the rest. */
const COMPUTED: Record<string, string> = {
  build_config: 'layers are built when the model is called with the shape of its InputLayer',
  build_input_shape: 'the same shape for a Sequential model',
  compile_config: 'empty: the model is not compiled',
  'kwargs.training': 'false, as in a call without it',
  'kwargs.mask': 'of mask_zero and Masking: Keras computes masks when it calls the layers',
}

/** Forms that Keras 3.15 reads as well as its own, and earlier versions read alone. */
const OTHER_FORMS: Record<string, string> = {
  input_layers: 'Keras 3.3 reads lists of tensors only',
  output_layers: 'Keras 3.3 reads lists of tensors only',
}

class Comparison {
  /** Values compared. */
  count = 0
  readonly wrong: string[] = []
  /** Listed differences that occurred. */
  readonly used = new Set<string>()

  /** `owner` is the class whose field is compared. */
  compare(keras: unknown, latch: unknown, path: string, owner: string): void {
    if (Array.isArray(keras) && Array.isArray(latch) && keras.length === latch.length) {
      keras.forEach((one, i) => this.compare(one, latch[i], `${path}[${i}]`, owner))
    } else if (isFields(keras) && isFields(latch)) {
      const inside = typeof keras.class_name === 'string' ? keras.class_name : owner
      for (const key of new Set([...Object.keys(keras), ...Object.keys(latch)]))
        this.#compareField(keras, latch, key, path, inside)
    } else {
      this.count += 1
      if (!isDeepStrictEqual(keras, latch)) this.#fail(path, keras, latch)
    }
  }

  #compareField(keras: Fields, latch: Fields, key: string, path: string, owner: string): void {
    const at = `${path}.${key}`
    const form = OTHER_FORMS[key]
    if (form && key in latch) {
      this.used.add(key)
      this.compare([keras[key]], latch[key], at, owner)
    } else if (key in keras && key in latch) this.compare(keras[key], latch[key], at, owner)
    else if (key in latch) this.#fail(at, 'no field', latch[key])
    else {
      this.count += 1
      if (!this.#mayOmit(keras[key], key, at, owner)) this.#fail(at, keras[key], 'no field')
    }
  }

  #mayOmit(value: unknown, key: string, path: string, owner: string): boolean {
    const names = [`${owner}.${key}`, key, `*_${key.split('_').at(-1)}`]
    const computed = Object.keys(COMPUTED).find((one) => path.endsWith(`.${one}`))
    const left = names.find((name) => name in LEFT_TO_KERAS)
    const entry = computed ?? left
    if (entry) this.used.add(entry)
    return computed !== undefined || (left !== undefined && isDeepStrictEqual(value, defaults[owner]?.[key]))
  }

  #fail(path: string, keras: unknown, latch: unknown): void {
    this.wrong.push(`${path}: Keras ${JSON.stringify(keras)}, Latch ${JSON.stringify(latch)}`)
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Fields with names of layers. */
const REFERENCES = new Set(['name', 'keras_history', 'input_layers', 'output_layers'])

/**
 * The model with the number of each layer for its name, since names are free: so references are compared by the layer
 * that they name. Keras saves the operations that compute masks as layers; they go.
 */
function numberLayers(model: Fields): Fields {
  const { layers, ...rest } = model.config as { layers: { module: string; config: Fields }[] }
  const own = layers.filter(({ module }) => !module.startsWith('keras.src.ops.'))
  const numbers = new Map(own.map(({ config }, i) => [config.name, `layer ${i}`]))
  expect(numbers.size, 'names are unique').toBe(own.length)
  const renamed = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => renamed(one, key))
    if (isFields(value))
      return Object.fromEntries(Object.entries(value).map(([k, one]) => [k, renamed(one, k)]))
    if (typeof value !== 'string' || !REFERENCES.has(key)) return value
    return numbers.get(value) ?? value.replace(/^(forward|backward)_.*/, '$1')
  }
  return renamed({ ...model, config: { ...rest, layers: own } }, '') as Fields
}

async function writtenConfig(layers: LayerOptions[], about: Partial<ExportSource> = {}): Promise<Fields> {
  const { source } = exportCase('model', layers, about, [5])
  const [file] = await writeKeras(source)
  const zip = new ZipFile(bytesOf(file.chunks), 'model.keras')
  return JSON.parse(new TextDecoder().decode(zip.read('config.json')!)) as Fields
}

async function compared(name: string): Promise<Comparison> {
  const comparison = new Comparison()
  const latch = numberLayers(await writtenConfig(...NETWORKS[name]))
  comparison.compare(numberLayers(cases[name]), latch, '', '')
  return comparison
}

describe('written configurations are those of Keras 3', () => {
  it('for the same networks', () => {
    expect(Object.keys(NETWORKS).sort()).toEqual(Object.keys(cases).sort())
  })

  it.each(Object.keys(NETWORKS))('%s', async (name) => {
    expect((await compared(name)).wrong).toEqual([])
  })

  it('thousands of values are compared, and each listed difference occurs', async () => {
    const all = await Promise.all(Object.keys(NETWORKS).map(compared))
    const occurring = new Set(all.flatMap(({ used }) => [...used]))
    const listed = [LEFT_TO_KERAS, COMPUTED, OTHER_FORMS].flatMap((list) => Object.keys(list))
    expect(listed.filter((one) => !occurring.has(one))).toEqual([])
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(3000)
  })
})
