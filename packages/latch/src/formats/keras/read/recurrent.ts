/**
 * Keras' recurrent layers → Latch's layers: SimpleRNN, LSTM, GRU, their CuDNN versions, RNN over cells, and
 * Bidirectional around any of them. Sources: keras/layers/rnn, cudnn_recurrent of Keras 2, tfjs-layers.
 */
import { sameActivation, type ActivationChoice } from '../../../cells/activations.ts'
import { cells, genericCells, takesOption, type CellName, type CellOptions } from '../../../cells/registry.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import {
  fieldAt,
  fieldError,
  readArray,
  readChoice,
  readString,
  type Field,
} from '../../../core/validation.ts'
import {
  getClassName,
  columnsToNative,
  cudnnToNative,
  gateCount,
  gatesInWords,
  KERAS_WRAPPERS,
  rowsToNative,
} from '../../gateOrders.ts'
import { readActivation, hardSigmoid, type KerasDialect } from './activations.ts'
import type { LayerArrays } from './arrays.ts'
import { readFlag, readSize, type KerasLayer, type NetworkBuilder } from './builder.ts'

/** One cell of a configuration. */
interface CellConfig {
  cell: CellName
  units: number
  bias: boolean
  activation: ActivationChoice
  gateActivation: ActivationChoice
  /** GRU: null if the configuration does not specify it; then the shape of the bias decides. */
  resetAfter: boolean | null
  /** The default if neither specifies it: the only GRU of early Keras, or the default of Keras 3. */
  resetAbsent: boolean
  cudnn: boolean
}

/** A layer's weights in native order. */
interface CellWeights {
  input: Float32Array
  hidden: Float32Array
  biasInput: Float32Array | null
  /** Also null if the layer has one bias. */
  biasHidden: Float32Array | null
  reset: 'after' | 'before' | null
  cudnn: boolean
}

/** Cells by Keras' class names: the layer, its cell, and Keras 2's CuDNN layer of a gated one. */
const CELLS: ReadonlyMap<string, CellName> = new Map(
  cells.flatMap(({ name }) => {
    const own = getClassName('keras', name)
    if (!own) return []
    const names = [own, `${own}Cell`, ...(gateCount(name) > 1 ? [`CuDNN${own}`] : [])]
    return names.map((each) => [each, name] as const)
  }),
)

/** Whether layers of that type are supported. */
export function isRecurrent(type: string): boolean {
  return (
    type === KERAS_WRAPPERS.cell || type === 'Bidirectional' || (CELLS.has(type) && !type.endsWith('Cell'))
  )
}

/** Adds the layers of a recurrent layer and returns its conventions. */
export function addRecurrent(to: NetworkBuilder, layer: KerasLayer): string {
  requireSteps(to, layer)
  to.beginFeatures(layer)
  return layer.type === 'Bidirectional' ? addBidirectional(to, layer) : addOneWay(to, layer)
}

function requireSteps(to: NetworkBuilder, layer: KerasLayer): void {
  if (to.per === 'step' && to.inputShape?.length !== 1) return
  if (to.per === 'step' && to.input) return
  throw new UnsupportedError({
    where: layer.where,
    expected: 'a sequence as input',
    got: 'one row per sequence',
  })
}

function addOneWay(to: NetworkBuilder, layer: KerasLayer): string {
  const { config, arrays } = layer
  const backwards = readFlag(config, 'go_backwards')
  const every = readFlag(config, 'return_sequences')
  const zeroes = readFlag(config, 'zero_output_for_mask') && !keepsUnrolled(to, layer, config)
  // Then the output of a masked last step is zero, not the retained state.
  const pooled = zeroes && !every
  noteCalls(to, layer, config)
  const stack = readCells(layer.type, config, layer.dialect)
  const conventions = stack.map((cell, i) => {
    const weights = takeCell(cell, to.width, arrays)
    const returnSequences = every || pooled || i < stack.length - 1
    const name = to.add(
      compact({
        ...buildOptions(cell, weights, biasesIn(weights)),
        direction: backwards ? 'reverse' : undefined,
        returnSequences,
      }),
    )
    putWeights(to, name, '', weights)
    to.width = cell.units
    return describeCell(cell, weights, layer.dialect)
  })
  if (pooled) {
    to.add({ type: 'zeroMasked' })
    to.add({ type: 'pool', pooling: backwards ? 'first' : 'last' })
  }
  finish(to, config, every, zeroes)
  if (backwards && every) to.add({ type: 'reverse' })
  if (backwards && every && to.masked)
    to.note(`${layer.name}: Keras reverses its outputs but not its mask, which the layers above use`)
  if (backwards) to.note(`${layer.name} reads each sequence from end to start (go_backwards)`)
  return [...new Set(conventions)].join('; ')
}

function addBidirectional(to: NetworkBuilder, layer: KerasLayer): string {
  const { config, arrays, dialect } = layer
  const [ahead, back] = readDirections(layer)
  const every = readFlag(ahead.config, 'return_sequences')
  noteCalls(to, layer, ahead.config)
  if (back !== ahead) noteCalls(to, layer, back.config)
  const [forward, stacked] = readCells(ahead.type, ahead.config, dialect)
  const [backward] = readCells(back.type, back.config, dialect)
  if (stacked)
    throw new UnsupportedError({
      where: layer.where,
      expected: 'one cell per direction',
      got: 'several cells',
    })
  const first = takeCell(forward, to.width, arrays)
  const second = takeCell(backward, to.width, arrays)
  checkPair(layer, [forward, first], [backward, second])
  const merge = readMerge(config, to, layer)
  const bias = biasesIn(first, second)
  const name = to.add(
    compact({
      ...buildOptions(forward, first, bias),
      direction: 'bidirectional',
      merge: merge === 'concat' ? undefined : merge,
      backward: readBackward(forward, backward),
      returnSequences: every,
    }),
  )
  const rows = gateCount(forward.cell) * forward.units
  putWeights(to, name, '', withBias(first, bias, rows))
  putWeights(to, name, '_reverse', withBias(second, bias, rows))
  to.width = forward.units * (merge === 'concat' ? 2 : 1)
  const zeroed = [ahead, back].map((one) => readFlag(one.config, 'zero_output_for_mask')).includes(true)
  const wanted = every && to.masked && (dialect.zeroesMasked || zeroed)
  const zeroes = wanted && !keepsUnrolled(to, layer, ahead.config)
  finish(to, ahead.config, every, zeroes)
  return `${describeCell(forward, first, dialect)}; merge ${merge}`
}

/** Sequence or row, masked steps as zeros, stateful. */
function finish(to: NetworkBuilder, config: Field, every: boolean, zeroes: boolean): void {
  if (!every) {
    to.per = 'sequence'
    to.steps = null
  }
  if (every && zeroes) to.add({ type: 'zeroMasked' })
  to.statefulLayers.push(readFlag(config, 'stateful'))
}

/** Unrolled loops of Keras 3 know no zeros for masked steps on JAX and NumPy; they do on TensorFlow and PyTorch. */
function keepsUnrolled(to: NetworkBuilder, { name, dialect }: KerasLayer, config: Field): boolean {
  if (dialect.major < 3 || !readFlag(config, 'unroll')) return false
  if (to.masked)
    to.note(
      `${name}: outputs at masked steps repeat the last one, as in unrolled layers of Keras 3 on JAX and NumPy (TensorFlow and PyTorch give zeros)`,
    )
  return true
}

function noteCalls(to: NetworkBuilder, { name, where }: KerasLayer, config: Field): void {
  if (readFlag(config, 'time_major'))
    throw new UnsupportedError({ where, expected: 'batch-major input', got: 'time_major' })
  if (readFlag(config, 'return_state')) to.note(`${name}: the final states of return_state are omitted`)
  for (const what of ['dropout', 'recurrent_dropout']) {
    const { value } = fieldAt(config, what)
    if (typeof value === 'number' && value > 0)
      to.omitted.push(`${name}: ${what} ${value}, which is active only in training`)
  }
}

/** The two layers of a Bidirectional: the wrapped layer, and its backward_layer or a copy. */
function readDirections({ config, where }: KerasLayer): [Inner, Inner] {
  const forward = inner(fieldAt(config, 'layer'), where)
  const own = fieldAt(config, 'backward_layer')
  const backward = own.value ? inner(own, where) : forward
  for (const { type } of [forward, backward]) {
    if (isRecurrent(type) && type !== 'Bidirectional') continue
    throw new UnsupportedError({ where, expected: 'a recurrent layer in Bidirectional', got: type })
  }
  const turned = readFlag(forward.config, 'go_backwards')
  for (const name of own.value ? ['return_sequences', 'stateful'] : []) {
    if (readFlag(forward.config, name) === readFlag(backward.config, name)) continue
    throw new UnsupportedError({
      where,
      expected: `the same ${name} in both directions`,
      got: 'different ones',
    })
  }
  if (turned || (own.value && !readFlag(backward.config, 'go_backwards')))
    throw new UnsupportedError({
      where,
      expected: 'a forward and a backward layer',
      got: 'swapped directions',
    })
  return [forward, backward]
}

interface Inner {
  type: string
  config: Field
}

function inner(field: Field, where: string): Inner {
  const type = readString(fieldAt(field, 'class_name'), { maxLength: 200 })
  const config = fieldAt(field, 'config')
  return { type, config: { ...config, path: where.slice(where.lastIndexOf('layer ')) } }
}

function checkPair(
  layer: KerasLayer,
  [a, first]: [CellConfig, CellWeights],
  [b, second]: [CellConfig, CellWeights],
): void {
  const same = a.cell === b.cell && a.units === b.units && first.reset === second.reset
  if (same) return
  throw new UnsupportedError({
    where: layer.where,
    expected: 'two directions of the same cell and size',
    got: `${a.cell} ${a.units} and ${b.cell} ${b.units}`,
  })
}

function readBackward(a: CellConfig, b: CellConfig): RecurrentOptions['backward'] {
  if (sameActivation(a.activation, b.activation) && sameActivation(a.gateActivation, b.gateActivation))
    return undefined
  return takes(b.cell, 'gateActivation')
    ? { activation: b.activation, gateActivation: b.gateActivation }
    : { activation: b.activation }
}

function readMerge(config: Field, to: NetworkBuilder, { name }: KerasLayer) {
  const field = fieldAt(config, 'merge_mode')
  if (field.value === undefined) return 'concat'
  if (field.value === null) {
    to.note(`${name}: the outputs of its two directions (merge_mode None) are concatenated`)
    return 'concat'
  }
  const modes = { concat: 'concat', sum: 'sum', mul: 'multiply', ave: 'average' } as const
  return modes[readChoice(field, ['concat', 'sum', 'mul', 'ave'])]
}

function readCells(type: string, config: Field, dialect: KerasDialect): CellConfig[] {
  if (type !== KERAS_WRAPPERS.cell) return [readCell(type, config, dialect)]
  const field = fieldAt(config, 'cell')
  const stacked = !Array.isArray(field.value) && fieldAt(field, 'class_name').value === KERAS_WRAPPERS.stack
  const list = stacked ? fieldAt(fieldAt(field, 'config'), 'cells') : field
  const stack = Array.isArray(list.value) ? readArray(list, { minLength: 1, maxLength: 100 }) : [list]
  return stack.map((cell) =>
    readCell(readString(fieldAt(cell, 'class_name')), fieldAt(cell, 'config'), dialect),
  )
}

function readCell(type: string, config: Field, dialect: KerasDialect): CellConfig {
  const cell = CELLS.get(type)
  if (!cell)
    throw new UnsupportedError({
      where: `${config.source}, ${config.path}`,
      expected: `a cell among ${[...CELLS.keys()].join(', ')}`,
      got: type,
    })
  const cudnn = type.startsWith('CuDNN')
  const read = (name: string, absent: ActivationChoice): ActivationChoice => {
    const field = fieldAt(config, name)
    if (field.value === undefined) return absent
    const found = readActivation(field, dialect)
    if (found === 'softmax' || found === 'logSoftmax')
      throw fieldError(field, 'an elementwise activation', found)
    return found
  }
  const gates = cudnn || dialect.major >= 3 ? 'sigmoid' : hardSigmoid(dialect)
  const reset = fieldAt(config, 'reset_after').value
  return {
    cell,
    units: readSize(config, 'units'),
    bias: readFlag(config, 'use_bias', true),
    activation: read('activation', 'tanh'),
    gateActivation: takes(cell, 'gateActivation') ? read('recurrent_activation', gates) : 'sigmoid',
    resetAfter: cudnn ? true : typeof reset === 'boolean' ? reset : null,
    resetAbsent: dialect.major >= 3,
    cudnn,
  }
}

function takeCell(config: CellConfig, width: number, arrays: LayerArrays): CellWeights {
  const { cell, units: H } = config
  const columns = gateCount(cell) * H
  const kernel = arrays.take('kernel', [width, columns]).data
  const recurrent = arrays.take('recurrent kernel', [H, columns]).data
  const bias = config.bias ? takeBias(config, arrays) : null
  const cudnn = config.cudnn || bias?.cudnn === true
  const turn = (values: Float32Array, rows: number) =>
    cudnn ? cudnnToNative(values, cell, rows) : columnsToNative(values, 'keras', cell, rows)
  return {
    input: turn(kernel, width),
    hidden: turn(recurrent, H),
    biasInput: bias ? rowsToNative(bias.input, 'keras', cell) : null,
    biasHidden: bias?.hidden ? rowsToNative(bias.hidden, 'keras', cell) : null,
    reset: takes(cell, 'reset')
      ? (bias?.reset ?? ((config.resetAfter ?? config.resetAbsent) ? 'after' : 'before'))
      : null,
    cudnn,
  }
}

/** One row of biases, two rows (GRU with reset after), or twice as many in one row (CuDNN). */
function takeBias({ cell, units, resetAfter, cudnn }: CellConfig, arrays: LayerArrays) {
  const columns = gateCount(cell) * units
  const shape = arrays.shapeAhead() ?? []
  const doubled = gateCount(cell) > 1 && (cudnn || shape.join() === `${2 * columns}`)
  if (doubled) {
    const { data } = arrays.take('CuDNN bias', [2 * columns])
    return {
      input: data.subarray(0, columns),
      hidden: data.subarray(columns),
      cudnn: true,
      reset: 'after' as const,
    }
  }
  const after = takes(cell, 'reset') && (resetAfter ?? shape.length === 2)
  const { data } = after ? arrays.take('bias', [2, columns]) : arrays.take('bias', [columns])
  const hidden = after ? data.subarray(columns) : null
  const reset = after ? ('after' as const) : ('before' as const)
  return { input: data.subarray(0, columns), hidden, cudnn: false, reset }
}

/** The number of biases, by the direction with more. */
function biasesIn(...directions: readonly CellWeights[]): boolean | 'single' {
  if (directions.some(({ biasHidden }) => biasHidden)) return true
  return directions.some(({ biasInput }) => biasInput) ? 'single' : false
}

function buildOptions(
  { cell, units, activation, gateActivation }: CellConfig,
  weights: CellWeights,
  bias: boolean | 'single',
): RecurrentOptions {
  return {
    type: 'recurrent',
    cell,
    units,
    reset: weights.reset === 'before' ? 'before' : undefined,
    activation: activation === 'tanh' ? undefined : activation,
    gateActivation: gateActivation === 'sigmoid' ? undefined : gateActivation,
    bias: bias === true ? undefined : bias,
  }
}

function putWeights(to: NetworkBuilder, name: string, suffix: string, weights: CellWeights): void {
  to.weights.set(`${name}.weight_ih_l0${suffix}`, weights.input)
  to.weights.set(`${name}.weight_hh_l0${suffix}`, weights.hidden)
  if (weights.biasInput) to.weights.set(`${name}.bias_ih_l0${suffix}`, weights.biasInput)
  if (weights.biasHidden) to.weights.set(`${name}.bias_hh_l0${suffix}`, weights.biasHidden)
}

/** The other direction may have more biases; this one gets zeros for them. */
function withBias(weights: CellWeights, bias: boolean | 'single', rows: number): CellWeights {
  const { biasInput, biasHidden } = weights
  return {
    ...weights,
    biasInput: biasInput ?? (bias === false ? null : new Float32Array(rows)),
    biasHidden: biasHidden ?? (bias === true ? new Float32Array(rows) : null),
  }
}

function describeCell(
  { cell, gateActivation }: CellConfig,
  { reset, cudnn }: CellWeights,
  { major }: KerasDialect,
): string {
  const words: string[] = gateCount(cell) > 1 ? [gatesInWords('keras', cell)] : []
  if (takes(cell, 'reset')) words.push(`reset ${reset}`, 'update gate keeps the old')
  if (cudnn) words.push('CuDNN layout')
  const type = typeof gateActivation === 'string' ? gateActivation : gateActivation.type
  if (gateCount(cell) > 1)
    words.push(type === 'hardSigmoid' ? `hard_sigmoid ${major >= 3 ? 'x/6 + 0.5' : '0.2x + 0.5'}` : type)
  return words.join(', ')
}

function takes(cell: CellName, option: keyof CellOptions): boolean {
  return takesOption(genericCells, cell, option)
}

function compact<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
