/**
 * A recurrent layer → Keras 3's layer and its arrays: SimpleRNN, LSTM, GRU, with go_backwards or in Bidirectional.
 * Keras has one bias where PyTorch has two, so two are added; a GRU with reset after has both, zeros where one is missing.
 */
import { findCell, genericCells, takesOption, type CellOptions } from '../../../cells/registry.ts'
import { exportAs } from '../../fixes.ts'
import { sameActivation } from '../../../cells/activations.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import { columnsFromNative, gateCount, rowsFromNative, requireClassName } from '../../gateOrders.ts'
import { cellActivation } from './activations.ts'
import { kerasObject, type OutArray, type OutLayer, type ReadParameter } from './layer.ts'

/** The layer's options that the layers above determine. */
export interface LayerContext {
  /** `recurrent.0` */
  name: string
  /** Width of the input. */
  width: number
  every: boolean
  zeroMasked: boolean
  /** The state is kept from call to call. */
  stateful: boolean
}

/** The layer. @throws UnsupportedError for options that Keras does not have */
export function recurrentOut(options: RecurrentOptions, context: LayerContext): Omit<OutLayer, 'shape'> {
  assertKerasCell(options, context.name)
  const { direction = 'forward' } = options
  if (direction !== 'bidirectional') {
    const backwards = direction === 'reverse'
    const layer = oneWay(options, context, backwards, context.name)
    return { ...layer, arrays: listArrays(options, context, '', 'cell') }
  }
  // Bidirectional in Keras always outputs zeros at masked steps.
  const directed = { ...context, zeroMasked: context.every }
  const forward = oneWay(options, directed, false, 'forward')
  const backward = oneWay({ ...options, ...options.backward }, directed, true, 'backward')
  const merge = { concat: 'concat', sum: 'sum', multiply: 'mul', average: 'ave' }[options.merge ?? 'concat']
  return {
    type: 'Bidirectional',
    config: {
      merge_mode: merge,
      layer: kerasObject(forward.type, {
        ...forward.config,
        name: `forward_${context.name}`.replace('.', '_'),
      }),
      backward_layer: kerasObject(backward.type, {
        ...backward.config,
        name: `backward_${context.name}`.replace('.', '_'),
      }),
    },
    arrays: [
      ...listArrays(options, context, '', 'forward_layer/cell'),
      ...listArrays(options, context, '_reverse', 'backward_layer/cell'),
    ],
  }
}

function assertKerasCell(options: RecurrentOptions, where: string): void {
  const { cell, clip, peepholes, coupled, stateActivation, activation = 'tanh' } = options
  const got = peepholes
    ? 'peepholes'
    : clip
      ? `pre-activations clipped to ${clip}`
      : coupled
        ? 'coupled input and forget gates'
        : takesOption(genericCells, cell, 'stateActivation') &&
            stateActivation &&
            !sameActivation(stateActivation, activation)
          ? 'two activations in one cell'
          : null
  if (!got) return
  throw new UnsupportedError({
    where,
    expected: 'a cell of Keras',
    got,
    fix: exportAs('onnx'),
  })
}

function oneWay(
  options: RecurrentOptions,
  context: LayerContext,
  backwards: boolean,
  where: string,
): Omit<OutLayer, 'shape'> {
  const {
    cell,
    units,
    activation = 'tanh',
    gateActivation = 'sigmoid',
    bias = true,
    reset = 'after',
  } = options
  const takes = (option: keyof CellOptions) => takesOption(genericCells, cell, option)
  const config: Record<string, unknown> = {
    return_sequences: context.every,
    return_state: false,
    go_backwards: backwards,
    stateful: context.stateful,
    unroll: false,
    zero_output_for_mask: context.zeroMasked,
    units,
    activation: cellActivation(activation, where),
    use_bias: bias !== false,
    ...(takes('gateActivation') && { recurrent_activation: cellActivation(gateActivation, where) }),
    ...(takes('reset') && { reset_after: reset === 'after' }),
    ...(findCell(genericCells, cell).gateNames.includes('forget') && { unit_forget_bias: true }),
  }
  return { type: requireClassName('keras', cell, where), config, arrays: [] }
}

function listArrays(
  options: RecurrentOptions,
  { name, width }: LayerContext,
  suffix: string,
  path: string,
): OutArray[] {
  const { cell, units: H, bias = true, reset = 'after' } = options
  const columns = gateCount(cell) * H
  const part = (kind: string) => `${name}.${kind}_l0${suffix}`
  const both = takesOption(genericCells, cell, 'reset') && reset === 'after'
  const kernel = (kind: string, rows: number) => (read: ReadParameter) =>
    columnsFromNative(read(part(kind)), 'keras', cell, rows)
  const biases = (read: ReadParameter): Float32Array => {
    const input = rowsFromNative(read(part('bias_ih')), 'keras', cell)
    if (bias === 'single' && !both) return input
    const hidden =
      bias === 'single' ? new Float32Array(columns) : rowsFromNative(read(part('bias_hh')), 'keras', cell)
    if (!both) return input.map((value, i) => value + hidden[i])
    const out = new Float32Array(2 * columns)
    out.set(input)
    out.set(hidden, columns)
    return out
  }
  const arrays: OutArray[] = [
    { path: `${path}/vars/0`, shape: [width, columns], values: kernel('weight_ih', width) },
    { path: `${path}/vars/1`, shape: [H, columns], values: kernel('weight_hh', H) },
  ]
  if (bias) arrays.push({ path: `${path}/vars/2`, shape: both ? [2, columns] : [columns], values: biases })
  return arrays
}
