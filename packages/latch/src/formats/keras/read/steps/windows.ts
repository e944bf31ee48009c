/** Keras' convolutions and local poolings over time → Latch's. */
import { readUpTo } from '../../../fixes.ts'
import { UnsupportedError } from '../../../../core/errors.ts'
import {
  fieldAt,
  fieldError,
  readArray,
  readChoice,
  readInteger,
  type Field,
} from '../../../../core/validation.ts'
import type { Conv1dOptions } from '../../../../layers/windows/conv1d.ts'
import { windowsOf, type WindowedOptions } from '../../../../layers/windows/windowed.ts'
import { readActivation } from '../activations.ts'
import { readFlag, readSize, type KerasLayer, type NetworkBuilder } from '../builder.ts'

const PADDINGS = ['valid', 'same', 'causal'] as const

/** Conv1D: kernel (size, inputs / groups, filters) and bias. */
export function addConv1d(to: NetworkBuilder, layer: KerasLayer): string {
  requireSteps(to, layer)
  const { config, arrays } = layer
  const filters = readSize(config, 'filters')
  const groups = fieldAt(config, 'groups').value === undefined ? 1 : readSize(config, 'groups')
  const bias = readFlag(config, 'use_bias', true)
  const options: Conv1dOptions = { ...convolution(config, filters), ...(groups > 1 && { groups }) }
  const inputs = to.width / groups
  const { data } = arrays.take('kernel', [options.kernelSize, inputs, filters])
  const conventions = place(to, layer, bias ? options : { ...options, bias })
  const native = turned(
    data,
    options.kernelSize,
    inputs,
    filters,
    (k, c, n) => (n * inputs + c) * options.kernelSize + k,
  )
  to.weights.set(`${to.last}.weight`, native)
  if (bias) to.weights.set(`${to.last}.bias`, arrays.take('bias', [filters]).data)
  addActivation(to, layer)
  return conventions
}

/** Whether a layer of that class may add the zeros of a ZeroPadding1D below it. */
export function addsZeros(type: string): boolean {
  return /^((Depthwise|Separable)?Conv|AveragePooling|ZeroPadding)1D$/.test(type)
}

/** ZeroPadding1D: its steps become padding of the convolution above it. */
export function addZeroPadding(to: NetworkBuilder, layer: KerasLayer): string {
  requireSteps(to, layer)
  const field = fieldAt(layer.config, 'padding')
  const { value } = field
  const given =
    value === undefined ? [1, 1] : Array.isArray(value) ? readArray(field, LIST_OF_TWO) : [field, field]
  const own = given.map((side) =>
    typeof side === 'number' ? side : readInteger(side, { min: 0, max: 2 ** 16 }),
  )
  if (own[0] + own[1] === 0) return ''
  const [before, after] = to.zeros?.sides ?? [0, 0]
  to.zeros = { sides: [before + own[0], after + own[1]], layer: layer.name }
  return `${own[0]} steps of zeros before, ${own[1]} after`
}

const LIST_OF_TWO = { minLength: 2, maxLength: 2 }

/** The layer with the zeros of a ZeroPadding1D below as padding of its own. */
function withZeros(to: NetworkBuilder, layer: KerasLayer, options: WindowedOptions): WindowedOptions {
  const { zeros } = to
  if (!zeros) return options
  const windows = windowsOf(layer.name, options)
  const [before, after] = zeros.sides
  const isMean = options.type === 'averagePool1d'
  const padded = windows.sides && ([windows.sides[0] + before, windows.sides[1] + after] as const)
  const isLong = isMean && (Math.max(before, after) >= options.kernelSize || options.padding !== undefined)
  if (!padded || isLong) to.assertNoZeros(layer.where, `${layer.type}, whose own padding is another`)
  to.zeros = null
  if (isMean) return { ...options, padding: padded!, countPadding: true }
  const isCausal = padded![1] === 0 && padded![0] === windows.extent - 1
  return { ...options, padding: isCausal ? 'causal' : padded! } as WindowedOptions
}

/** DepthwiseConv1D: kernel (size, inputs, multiplier), a group for each input; SeparableConv1D mixes its outputs then. */
export function addDepthwise(to: NetworkBuilder, layer: KerasLayer): string {
  requireSteps(to, layer)
  const { config, arrays, type } = layer
  const isSeparable = type === 'SeparableConv1D'
  const inputs = to.width
  const multiplier = readSize(config, 'depth_multiplier')
  const bias = readFlag(config, 'use_bias', true)
  const options = { ...convolution(config, inputs * multiplier), groups: inputs }
  const size = options.kernelSize
  const { data } = arrays.take('depthwise_kernel', [size, inputs, multiplier])
  const conventions = place(to, layer, bias && !isSeparable ? options : { ...options, bias: false })
  to.weights.set(
    `${to.last}.weight`,
    turned(data, size, inputs, multiplier, (k, c, m) => (c * multiplier + m) * size + k),
  )
  if (isSeparable) {
    const filters = readSize(config, 'filters')
    const width = to.width
    const mixing = arrays.take('pointwise_kernel', [1, width, filters]).data
    to.add({ type: 'dense', units: filters, ...(bias ? {} : { bias }) })
    to.weights.set(
      `${to.last}.weight`,
      turned(mixing, 1, width, filters, (_, c, n) => n * width + c),
    )
    to.width = filters
  }
  if (bias) to.weights.set(`${to.last}.bias`, arrays.take('bias', [to.width]).data)
  addActivation(to, layer)
  return conventions
}

/** MaxPooling1D and AveragePooling1D: padding has no part in either. */
export function addLocalPool(
  to: NetworkBuilder,
  layer: KerasLayer,
  type: 'maxPool1d' | 'averagePool1d',
): string {
  requireSteps(to, layer)
  const { config } = layer
  const kernelSize = readSteps(fieldAt(config, 'pool_size'), 2)
  const stride = readSteps(fieldAt(config, 'strides'), kernelSize)
  const padding = readPadding(config, 'valid', 'same')
  return place(to, layer, {
    type,
    kernelSize,
    ...(stride !== kernelSize && { stride }),
    ...(padding !== 'valid' && { padding: padding as 'same' }),
  })
}

function convolution(config: Field, filters: number): Conv1dOptions {
  const stride = readSteps(fieldAt(config, 'strides'), 1)
  const dilation = readSteps(fieldAt(config, 'dilation_rate'), 1)
  const padding = readPadding(config, ...PADDINGS)
  return {
    type: 'conv1d',
    filters,
    kernelSize: readSteps(fieldAt(config, 'kernel_size')),
    ...(stride > 1 && { stride }),
    ...(dilation > 1 && { dilation }),
    ...(padding !== 'valid' && { padding }),
  }
}

/** A number of steps, as one or as a list of one. */
function readSteps(field: Field, absent?: number): number {
  const { value } = field
  if ((value === undefined || value === null) && absent !== undefined) return absent
  const [one] = Array.isArray(value) ? readArray(field, { minLength: 1, maxLength: 1 }) : [field]
  return readInteger(one, { min: 1, max: 2 ** 16 })
}

function readPadding(config: Field, ...names: (typeof PADDINGS)[number][]): (typeof PADDINGS)[number] {
  const field = fieldAt(config, 'padding')
  return field.value === undefined ? 'valid' : readChoice(field, names)
}

/** Adds the layer; its steps are those of what follows. */
function place(to: NetworkBuilder, layer: KerasLayer, given: WindowedOptions): string {
  const options = withZeros(to, layer, given)
  const windows = windowsOf(layer.name, options)
  const steps = to.steps === null ? null : windows.lengthOf(to.steps)
  if (steps !== null && steps < 1)
    throw unsupported(to, layer, `at least ${windows.leastBelow(1)} steps for one window`, `${to.steps}`)
  to.add(options)
  to.steps = steps
  if (!windows.keepsLengths) to.beginTimeline()
  if (options.type === 'conv1d') to.width = options.filters
  const { kernelSize, stride = options.type === 'conv1d' ? 1 : kernelSize, padding = 'valid' } = options
  return `${kernelSize} steps, stride ${stride}, padding ${String(padding)}`
}

function addActivation(to: NetworkBuilder, { config, dialect }: KerasLayer): void {
  const activation = readActivation(fieldAt(config, 'activation'), dialect)
  if (activation !== 'linear') to.add({ type: 'activation', activation })
}

function requireSteps(to: NetworkBuilder, layer: KerasLayer): void {
  to.beginFeatures(layer)
  const field = fieldAt(layer.config, 'data_format')
  if ((field.value ?? 'channels_last') !== 'channels_last') throw fieldError(field, 'channels_last')
  if (to.per === 'sequence') throw unsupported(to, layer, 'a sequence as input', 'one row per sequence')
  if (!to.masked) return
  // Keras 2 and TensorFlow.js refuse masked steps here.
  if (layer.dialect.major < 3 || !to.endMask())
    throw unsupported(to, layer, 'steps that all count', 'masked steps')
  to.note(`${layer.name}: ${layer.type} ends the mask of id 0, as in Keras 3: padding counts`)
}

function unsupported(
  to: NetworkBuilder,
  { where }: KerasLayer,
  expected: string,
  got: string,
): UnsupportedError {
  const before = [...to.outputs.keys()].pop()
  return new UnsupportedError({ where, expected, got, fix: to.layers.length > 1 ? readUpTo(before) : [] })
}

/** (size, C, N) in another order. */
function turned(
  kernel: Float32Array,
  size: number,
  C: number,
  N: number,
  at: (k: number, c: number, n: number) => number,
): Float32Array {
  const out = new Float32Array(kernel.length)
  let from = 0
  for (let k = 0; k < size; k++)
    for (let c = 0; c < C; c++) for (let n = 0; n < N; n++) out[at(k, c, n)] = kernel[from++]
  return out
}
