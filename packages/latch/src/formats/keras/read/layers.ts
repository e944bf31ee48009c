/**
 * Keras' non-recurrent layers → Latch's: inputs, embedding, dense, activations, normalisation, pooling,
 * dropout, and TimeDistributed around layers that act on each step.
 */
import { readUpTo } from '../../fixes.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import {
  fieldAt,
  fieldError,
  readArray,
  readInteger,
  readNumber,
  readOptional,
  readString,
  type Field,
} from '../../../core/validation.ts'
import { transposed } from '../../gateOrders.ts'
import { activationLayer, readActivation, type KerasDialect } from './activations.ts'
import { readScalar } from './scalars.ts'
import { addConv1d, addDepthwise, addLocalPool, addZeroPadding } from './steps/windows.ts'
import { addPermute, addReshape } from './steps/shapes.ts'
import { addStringLookup, addTextVectorization } from './textLayers.ts'
import { readFlag, readSize, type KerasLayer, type NetworkBuilder } from './builder.ts'

type Adder = (to: NetworkBuilder, layer: KerasLayer) => string

const ADDERS: Readonly<Record<string, Adder>> = {
  InputLayer: () => '',
  Embedding: addEmbedding,
  Masking: addMasking,
  Dense: addDense,
  TimeDistributedDense: addDense,
  LayerNormalization: addLayerNorm,
  BatchNormalization: addBatchNorm,
  Conv1D: addConv1d,
  DepthwiseConv1D: addDepthwise,
  SeparableConv1D: addDepthwise,
  MaxPooling1D: (to, layer) => addLocalPool(to, layer, 'maxPool1d'),
  AveragePooling1D: (to, layer) => addLocalPool(to, layer, 'averagePool1d'),
  Dropout: addDropout,
  SpatialDropout1D: addDropout,
  GlobalAveragePooling1D: (to, layer) => addPool(to, layer, 'mean'),
  GlobalMaxPooling1D: (to, layer) => addPool(to, layer, 'max'),
  GlobalMaxPool1D: (to, layer) => addPool(to, layer, 'max'),
  AttentionWeightedAverage: addAttention,
  Flatten: addFlatten,
  RepeatVector: addRepeat,
  Reshape: addReshape,
  Permute: addPermute,
  ZeroPadding1D: addZeroPadding,
  Sum: (to, layer) => addReduction(to, layer, 'sum'),
  Mean: (to, layer) => addReduction(to, layer, 'mean'),
  Max: (to, layer) => addReduction(to, layer, 'max'),
  TimeDistributed: addTimeDistributed,
  TextVectorization: addTextVectorization,
  StringLookup: addStringLookup,
}

const TRAINING_ONLY = ['GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'ActivityRegularization']
const BY_STEP = ['Dense', 'Dropout', 'LayerNormalization', 'BatchNormalization']

/** Adds a layer and returns its conventions. @throws UnsupportedError naming an unsupported layer */
export function addSimple(to: NetworkBuilder, layer: KerasLayer): string {
  if (Object.hasOwn(ADDERS, layer.type)) return ADDERS[layer.type](to, layer)
  if (TRAINING_ONLY.includes(layer.type)) {
    to.omitted.push(`${layer.name}: ${layer.type}, which is active only in training`)
    return ''
  }
  const activation = activationLayer(layer.type, layer.config, layer.dialect)
  if (activation === null) throw unknown(to, layer)
  to.beginFeatures(layer)
  if (layer.type === 'Softmax' && isOverTime(to, layer)) return addTimeSoftmax(to, layer)
  if (layer.type === 'Softmax') requireSoftmax(to, layer)
  if (activation !== 'linear') to.add({ type: 'activation', activation })
  return typeof activation === 'string' ? activation : activation.type
}

/** Whether layers of that class are read here, regardless of their options and input. */
export function isSimple(type: string, config: Field, dialect: KerasDialect): boolean {
  if (type === 'TimeDistributed') {
    const field = fieldAt(config, 'layer')
    const within = fieldAt(field, 'class_name').value
    return typeof within === 'string' && actsByStep(within, fieldAt(field, 'config'), dialect)
  }
  if (Object.hasOwn(ADDERS, type) || TRAINING_ONLY.includes(type)) return true
  return activationLayer(type, config, dialect) !== null
}

function actsByStep(type: string, config: Field, dialect: KerasDialect): boolean {
  return BY_STEP.includes(type) || activationLayer(type, config, dialect) !== null
}

function unknown(to: NetworkBuilder, { where, type }: KerasLayer): UnsupportedError {
  const before = [...to.outputs.keys()].pop()
  return new UnsupportedError({
    where,
    expected: 'a supported layer',
    got: type,
    remedy: to.layers.length > 1 ? undefined : 'Save the layers after it as a model, and open that.',
    fix: to.layers.length > 1 ? readUpTo(before) : [],
  })
}

function addEmbedding(to: NetworkBuilder, layer: KerasLayer): string {
  const vocabulary = readSize(layer.config, 'input_dim')
  const size = readSize(layer.config, 'output_dim')
  const maskZero = readFlag(layer.config, 'mask_zero')
  const { data } = layer.arrays.take('embeddings', [vocabulary, size])
  const length = fieldAt(layer.config, 'input_length').value
  if (!to.inputShape && typeof length === 'number') to.inputShape = [length]
  to.weights.set(`${to.beginIds(layer, vocabulary, size, maskZero)}.weight`, data)
  if (maskZero) to.note('id 0 is padding: its steps are masked (mask_zero)')
  return maskZero ? 'id 0 masked' : ''
}

function addMasking(to: NetworkBuilder, layer: KerasLayer): string {
  to.beginFeatures(layer)
  if (to.layers.length !== 1)
    throw new UnsupportedError({
      where: layer.where,
      expected: 'Masking directly after the input',
      got: `Masking after ${to.last}`,
    })
  const value = readScalar(fieldAt(layer.config, 'mask_value'), 0)
  to.masked = true
  to.add(value === 0 ? { type: 'masking' } : { type: 'masking', value })
  return `steps of ${value} masked`
}

function addDense(to: NetworkBuilder, layer: KerasLayer): string {
  const { config, arrays, dialect } = layer
  to.beginFeatures(layer)
  const units = readSize(config, 'units')
  const bias = readFlag(config, 'use_bias', true)
  const activation = readActivation(fieldAt(config, 'activation'), dialect)
  const byRow = activation === 'softmax' || activation === 'logSoftmax'
  const kernel = arrays.take('kernel', [to.width, units]).data
  const own = byRow || activation === 'linear' ? {} : { activation }
  const name = to.add({ type: 'dense', units, ...own, ...(bias ? {} : { bias }) })
  to.weights.set(`${name}.weight`, transposed(kernel, to.width, units))
  if (bias) to.weights.set(`${name}.bias`, arrays.take('bias', [units]).data)
  if (byRow) to.add({ type: 'activation', activation })
  to.width = units
  return typeof activation === 'string' ? activation : activation.type
}

function addLayerNorm(to: NetworkBuilder, layer: KerasLayer): string {
  const { config, arrays } = layer
  to.beginFeatures(layer)
  requireLastAxis(to, layer)
  if (readFlag(config, 'rms_scaling')) throw fieldError(fieldAt(config, 'rms_scaling'), 'false')
  const epsilon = readScalar(fieldAt(config, 'epsilon'), 1e-3)
  if (epsilon < 0) throw fieldError(fieldAt(config, 'epsilon'), 'a number from 0', `${epsilon}`)
  const scale = readFlag(config, 'scale', true)
  const centre = readFlag(config, 'center', true)
  const name = to.add({
    type: 'layerNorm',
    epsilon,
    ...(scale ? {} : { scale }),
    ...(centre ? {} : { centre }),
  })
  if (scale) to.weights.set(`${name}.weight`, arrays.take('gamma', [to.width]).data)
  if (centre) to.weights.set(`${name}.bias`, arrays.take('beta', [to.width]).data)
  return `epsilon ${epsilon}`
}

/** In inference form: its statistics are those of the file. Keras' momentum is the weight of the past. */
function addBatchNorm(to: NetworkBuilder, layer: KerasLayer): string {
  const { config, arrays } = layer
  to.beginFeatures(layer)
  requireLastAxis(to, layer)
  const epsilon = readNumber(fieldAt(config, 'epsilon'), { min: 0, max: 1 })
  const momentum = readOptional(
    fieldAt(config, 'momentum'),
    (field) => readNumber(field, { min: 0, max: 1 }),
    0.99,
  )
  const scale = readFlag(config, 'scale', true)
  const centre = readFlag(config, 'center', true)
  const name = to.add({
    type: 'batchNorm',
    epsilon,
    // Without the digits that 1 − 0.99 has.
    momentum: Number((1 - momentum).toPrecision(12)),
    ...(scale ? {} : { scale }),
    ...(centre ? {} : { centre }),
  })
  const shape = [to.width]
  if (scale) to.weights.set(`${name}.weight`, arrays.take('gamma', shape).data)
  if (centre) to.weights.set(`${name}.bias`, arrays.take('beta', shape).data)
  to.weights.set(`${name}.running_mean`, arrays.take('moving_mean', shape).data)
  to.weights.set(`${name}.running_var`, arrays.take('moving_variance', shape).data)
  return `epsilon ${epsilon}, statistics of the file`
}

/** The axis of the steps: 1 of (batch, steps, features), as one number or a list of one. */
function isOverTime(to: NetworkBuilder, { config, distributed }: KerasLayer): boolean {
  const { value } = fieldAt(config, 'axis')
  const axis: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
  return to.per === 'step' && !distributed && (axis === 1 || axis === -2)
}

/** A softmax over the steps, of each feature. @throws UnsupportedError for masked steps, and for one row a sequence */
export function addTimeSoftmax(to: NetworkBuilder, layer: KerasLayer): string {
  if (to.masked || to.per === 'sequence')
    throw new UnsupportedError({
      where: layer.where,
      expected: 'a softmax over steps that all count',
      got: to.masked ? 'masked steps' : 'one row per sequence',
    })
  to.add({ type: 'timeSoftmax' })
  return 'softmax over the steps'
}

/** Keras' and TensorFlow.js' Softmax (not the activation) applies the mask of the steps to features, or fails. */
function requireSoftmax(to: NetworkBuilder, layer: KerasLayer): void {
  requireLastAxis(to, layer)
  if (!to.masked || to.per === 'sequence') return
  throw new UnsupportedError({
    where: layer.where,
    expected: 'a Softmax layer without masked steps, or an Activation softmax',
    got: 'a Softmax layer over masked steps',
  })
}

/** The last axis, as −1 or by its index: 2 for (batch, steps, features), 1 for rows and in TimeDistributed. */
function requireLastAxis(to: NetworkBuilder, { config, distributed }: KerasLayer): void {
  const field = fieldAt(config, 'axis')
  const last = to.per === 'step' && !distributed ? 2 : 1
  if (field.value === undefined) return
  const axes = Array.isArray(field.value) ? readArray(field, { minLength: 1, maxLength: 1 }) : [field]
  const axis = readInteger(axes[0], { min: -1, max: 8 })
  if (axis !== -1 && axis !== last) throw fieldError(field, `the last axis, -1 or ${last}`)
}

function addDropout(to: NetworkBuilder, layer: KerasLayer): string {
  to.beginFeatures(layer)
  const rate = readNumber(fieldAt(layer.config, 'rate'), { min: 0, max: 1 })
  if (layer.type === 'SpatialDropout1D')
    to.note(
      `${layer.name}: Keras drops whole features of a sequence, Latch drops single numbers (in training only)`,
    )
  if (rate > 0 && rate < 1) to.add({ type: 'dropout', rate })
  return ''
}

function requireSteps(to: NetworkBuilder, layer: KerasLayer): void {
  to.beginFeatures(layer)
  if (to.per === 'step') return
  throw new UnsupportedError({
    where: layer.where,
    expected: 'a sequence as input',
    got: 'one row per sequence',
  })
}

function requireStepsFirst({ config }: KerasLayer): void {
  const field = fieldAt(config, 'data_format')
  if ((field.value ?? 'channels_last') !== 'channels_last') throw fieldError(field, 'channels_last')
}

/** keras.ops.sum, mean and max over the steps, as Keras 3 stores them. */
function addReduction(to: NetworkBuilder, layer: KerasLayer, over: 'sum' | 'mean' | 'max'): string {
  to.beginFeatures(layer)
  const field = fieldAt(layer.config, 'axis')
  if (!isOverTime(to, layer)) throw fieldError(field, 'the axis of the steps, 1')
  if (!to.masked) return addPool(to, layer, over)
  throw new UnsupportedError({
    where: layer.where,
    expected: 'steps that all count',
    got: 'masked steps',
  })
}

function addPool(to: NetworkBuilder, layer: KerasLayer, over: 'mean' | 'max' | 'sum' | 'attention'): string {
  requireSteps(to, layer)
  requireStepsFirst(layer)
  if (readFlag(layer.config, 'keepdims')) throw fieldError(fieldAt(layer.config, 'keepdims'), 'false')
  // TensorFlow.js has no masks in its poolings.
  const countMasked = over === 'mean' && to.masked && layer.dialect.meansMasked
  to.add(countMasked ? { type: 'pool', pooling: over, countMasked } : { type: 'pool', pooling: over })
  if (countMasked) to.note(`${layer.name}: the mean counts masked steps, as in TensorFlow.js`)
  toSequence(to, to.width)
  return over
}

function toSequence(to: NetworkBuilder, width: number): void {
  to.per = 'sequence'
  to.steps = null
  to.width = width
}

/** Felbo et al. 2017, as in textgenrnn: the weights are a softmax of x·W over the steps. */
function addAttention(to: NetworkBuilder, layer: KerasLayer): string {
  requireSteps(to, layer)
  const { data } = layer.arrays.take('attention_W', [to.width, 1])
  if (readFlag(layer.config, 'return_attention'))
    to.note(`${layer.name}: the second output of return_attention is omitted`)
  const conventions = addPool(to, layer, 'attention')
  to.weights.set(`${to.last}.weight`, data)
  return conventions
}

function addFlatten(to: NetworkBuilder, layer: KerasLayer): string {
  to.beginFeatures(layer)
  requireStepsFirst(layer)
  if (to.per === 'sequence') return ''
  if (to.steps === null) {
    const got = 'an input of any length'
    throw new UnsupportedError({ where: layer.where, expected: 'a fixed number of steps for Flatten', got })
  }
  const { steps } = to
  to.add({ type: 'flatten', steps })
  toSequence(to, steps * to.width)
  return `${steps} steps`
}

/** The steps of the decoder are those of the input: sequences keep their length from layer to layer. */
function addRepeat(to: NetworkBuilder, layer: KerasLayer): string {
  to.beginFeatures(layer)
  const steps = readSize(layer.config, 'n')
  const given = to.timelineSteps
  const isMasked = [...to.outputs.values()].some(({ masked }) => masked)
  if (to.per === 'step' || isMasked || given !== steps) {
    const got =
      to.per === 'step'
        ? 'a row for each step'
        : isMasked
          ? 'masked steps'
          : `${given ?? 'any number of'} steps`
    throw new UnsupportedError({
      where: layer.where,
      expected: `one row a sequence, of an input of ${steps} steps without masks`,
      got,
      fix: to.layers.length > 1 ? readUpTo([...to.outputs.keys()].pop()) : [],
    })
  }
  to.add({ type: 'repeat', steps })
  to.setRows({ per: 'step', width: to.width, steps, masked: false })
  return `${steps} steps`
}

function addTimeDistributed(to: NetworkBuilder, layer: KerasLayer): string {
  requireSteps(to, layer)
  const field = fieldAt(layer.config, 'layer')
  const type = readString(fieldAt(field, 'class_name'), { maxLength: 200 })
  const config = { ...fieldAt(field, 'config'), path: layer.config.path }
  const within: KerasLayer = { ...layer, type, config, distributed: true }
  if (!actsByStep(type, config, layer.dialect))
    throw unknown(to, { ...layer, type: `TimeDistributed(${type})` })
  return addSimple(to, within)
}
