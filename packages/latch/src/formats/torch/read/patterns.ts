/**
 * Converts modules to Latch's layers: each layer of a recurrent module becomes a layer, and a projection (proj_size)
 * becomes a dense layer without bias after it. h = W_hr·(o∘tanh c) is linear, so weight_hh·W_hr in place of weight_hh
 * gives the same gates from the unprojected state (Sak et al. 2014; torch.nn.LSTM).
 */
import { gateCount, getClassName, gatesInWords } from '../../gateOrders.ts'
import { cells, takesOption } from '../../../cells/registry.ts'
import type { LayerOptions } from '../../../model/config.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import type { BatchNormModule, RecurrentModule, TorchDirection, TorchModule } from './modules.ts'
import type { TorchTensor } from './tensors.ts'

/** A layer with its parameters, by the last part of their names. */
export interface ModulePart {
  /** The module that the layer comes from. */
  path: string
  options: LayerOptions
  tensors: readonly (readonly [suffix: string, data: Float32Array])[]
  /** Number of parameters in the file. */
  parameters: number
  /** Type and conventions, for display. */
  type: string
  conventions: string
  /** An LSTM with its projection as one layer, which can replace this part and the next. */
  whole?: ModulePart
  /** A linear layer of a convolution's weights as one, which can replace it. */
  convolution?: ModulePart
}

/** Numbers of weight_hh·weight_hr that are always allowed; beyond that, up to four times the layer's parameters. */
const FREE_FOLDED = 2 ** 22 // 1024 units

/**
 * All layers of a module, lowest first.
 * @throws UnsupportedError for a projection so narrow that the folded weights would be huge
 */
export function splitModule(
  module: TorchModule,
  activation: 'tanh' | 'relu',
  epsilon: number | null,
): ModulePart[] {
  if (module.kind === 'recurrent') return module.layers.flatMap((_, l) => buildLayer(module, l, activation))
  const { path } = module
  const common = { path, conventions: '' }
  if (module.kind === 'batchNorm') return [batchNormPart(module, epsilon)]
  const { weight } = module
  if (module.kind === 'embedding') {
    const options = { type: 'embedding', vocabulary: module.vocabulary, size: module.output } as const
    const tensors = [['weight', weight.data]] as const
    return [{ ...common, options, tensors, parameters: weight.data.length, type: 'Embedding' }]
  }
  const { bias } = module
  const plain = bias ? {} : { bias: false }
  const options: LayerOptions =
    module.kind === 'norm'
      ? { type: 'layerNorm', ...(epsilon !== null && { epsilon }) }
      : module.kind === 'conv'
        ? { type: 'conv1d', filters: module.output, kernelSize: module.size, ...plain }
        : { type: 'dense', units: module.output, ...plain }
  const tensors = [['weight', weight.data] as const, ...(bias ? [['bias', bias.data] as const] : [])]
  const parameters = weight.data.length + (bias?.data.length ?? 0)
  const type = { norm: 'LayerNorm', conv: 'Conv1d', linear: 'Linear' }[module.kind]
  const part: ModulePart = { ...common, options, tensors, parameters, type }
  if (options.type !== 'dense' || weight.shape.length !== 3) return [part]
  const convolution = { type: 'conv1d', filters: module.output, kernelSize: 1, ...plain } as const
  return [{ ...part, convolution: { ...part, options: convolution } }]
}

function batchNormPart({ path, tensors }: BatchNormModule, epsilon: number | null): ModulePart {
  const affine = tensors.some(([name]) => name === 'weight')
  return {
    path,
    options: {
      type: 'batchNorm',
      ...(epsilon !== null && { epsilon }),
      ...(!affine && { scale: false, centre: false }),
    },
    tensors: tensors.map(([name, { data }]) => [name, data] as const),
    parameters: tensors.reduce((sum, [, { data }]) => sum + data.length, 0),
    type: 'BatchNorm1d',
    conventions: 'running statistics of the file',
  }
}

function buildLayer(module: RecurrentModule, layer: number, activation: 'tanh' | 'relu'): ModulePart[] {
  const { path, cell, units } = module
  const directions = module.layers[layer]
  const bias = directions[0].biasInput !== null
  const options: LayerOptions = {
    type: 'recurrent',
    cell,
    units,
    ...(directions.length === 2 && { direction: 'bidirectional' as const }),
    ...(!bias && { bias: false }),
    ...(gateCount(cell) === 1 && activation === 'relu' && { activation }),
  }
  const projected = directions[0].projection !== null
  const parameters = directions.reduce((sum, d) => sum + countParameters(d), 0)
  if (projected) assertWide(module, parameters)
  const part: ModulePart = {
    path,
    options,
    tensors: directions.flatMap((d, i) => collectTensors(d, units, i === 0 ? '' : '_reverse')),
    parameters,
    type: `${getClassName('torch', cell)}${module.single ? 'Cell' : ''}${directions.length === 2 ? ' (bidirectional)' : ''}`,
    conventions: describeConventions(module, activation),
  }
  if (!projected) return [part]
  const folded = foldProjection(module, directions)
  return [{ ...part, whole: wholeProjection(part, directions) }, folded]
}

/** The LSTM with its projection as one layer, for a configuration that lists it so. */
function wholeProjection(part: ModulePart, directions: readonly TorchDirection[]): ModulePart {
  const [{ projection, weightHidden, biasInput }] = directions
  return {
    ...part,
    options: {
      type: 'projectedLstm',
      units: projection!.shape[1],
      projectionSize: weightHidden.shape[1],
      ...(directions.length === 2 && { direction: 'bidirectional' as const }),
      ...(!biasInput && { bias: false }),
    },
    tensors: directions.flatMap((d, i) => {
      const named = (name: string, tensor: TorchTensor | null) =>
        tensor ? [[`${name}_l0${i === 0 ? '' : '_reverse'}`, tensor.data] as const] : []
      return [
        ...named('weight_ih', d.weightInput),
        ...named('weight_hh', d.weightHidden),
        ...named('bias_ih', d.biasInput),
        ...named('bias_hh', d.biasHidden),
        ...named('weight_hr', d.projection),
      ]
    }),
  }
}

/** Ensures that a small file does not become a huge network. @throws UnsupportedError */
function assertWide({ path, cell, units, output, layers }: RecurrentModule, parameters: number): void {
  if (4 * units * units <= Math.max(FREE_FOLDED, 4 * parameters)) return
  const expected = 'a projection that can be folded into weight_hh without making it huge'
  const got = `${units} units projected to ${output / layers[0].length}`
  throw new UnsupportedError({ where: `module ${path || getClassName('torch', cell)}`, expected, got })
}

function collectTensors(
  d: TorchDirection,
  units: number,
  suffix: string,
): (readonly [string, Float32Array])[] {
  const hidden = d.projection
    ? product(d.weightHidden.data, d.projection.data, d.weightHidden.shape[1], units)
    : d.weightHidden.data
  return [
    [`weight_ih_l0${suffix}`, d.weightInput.data],
    [`weight_hh_l0${suffix}`, hidden],
    ...(d.biasInput ? [[`bias_ih_l0${suffix}`, d.biasInput.data] as const] : []),
    ...(d.biasHidden ? [[`bias_hh_l0${suffix}`, d.biasHidden.data] as const] : []),
  ]
}

/** The projections as one dense layer: a block-diagonal matrix with a block for each direction. */
function foldProjection({ path, units }: RecurrentModule, directions: readonly TorchDirection[]): ModulePart {
  const P = directions[0].projection!.shape[0]
  const columns = directions.length * units
  const weight = new Float32Array(directions.length * P * columns)
  directions.forEach(({ projection }, d) => {
    for (let p = 0; p < P; p++) {
      const row = projection!.data.subarray(p * units, (p + 1) * units)
      weight.set(row, (d * P + p) * columns + d * units)
    }
  })
  return {
    path,
    options: { type: 'dense', units: directions.length * P, bias: false },
    tensors: [['weight', weight]],
    parameters: 0,
    type: 'projection',
    conventions: 'weight_hr as a layer of its own',
  }
}

/** (rows, inner) · (inner, columns), summed in float64. */
function product(a: Float32Array, b: Float32Array, inner: number, columns: number): Float32Array {
  const rows = a.length / inner
  const out = new Float32Array(rows * columns)
  const sums = new Float64Array(columns)
  for (let r = 0; r < rows; r++) {
    sums.fill(0)
    for (let k = 0; k < inner; k++) {
      for (let c = 0; c < columns; c++) sums[c] += a[r * inner + k] * b[k * columns + c]
    }
    out.set(sums, r * columns)
  }
  return out
}

function countParameters(d: TorchDirection): number {
  const all = [d.weightInput, d.weightHidden, d.biasInput, d.biasHidden, d.projection]
  return all.reduce((sum, tensor) => sum + (tensor?.data.length ?? 0), 0)
}

function describeConventions({ cell, layers }: RecurrentModule, activation: string): string {
  if (gateCount(cell) === 1) return activation
  return [
    gatesInWords('native', cell),
    ...(takesOption(cells, cell, 'reset') ? ['reset after'] : []),
    ...(layers[0][0].projection ? ['projected'] : []),
  ].join(', ')
}
