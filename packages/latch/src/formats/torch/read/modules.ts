/**
 * Finds the modules of a state_dict by the names and shapes of its tensors: recurrent modules with all their layers and
 * directions, linear layers, embeddings, norms. Tensors that fit none of them are listed, not guessed. Source of names
 * and shapes: torch.nn.RNN, LSTM, GRU, LSTMCell, GRUCell, Embedding, Linear, Conv1d, LayerNorm, BatchNorm1d.
 */
import { classNames, getClassName, gateCount } from '../../gateOrders.ts'
import { type CellName, cells, findCell } from '../../../cells/registry.ts'
import { FormatError } from '../../../core/errors.ts'
import { shapeText, type NamedTensor } from '../../safetensors/safetensors.ts'
import { quoted } from '../../safetensors/header.ts'
import { append } from '../../../core/lists.ts'
import { float32, type TorchTensor } from './tensors.ts'

/** The tensors of one direction of one layer. */
export interface TorchDirection {
  weightInput: TorchTensor // (G·H, I)
  weightHidden: TorchTensor // (G·H, P or H)
  biasInput: TorchTensor | null // (G·H)
  biasHidden: TorchTensor | null
  projection: TorchTensor | null // (P, H)
}

/** nn.RNN, nn.LSTM, nn.GRU or one of their cells. */
export interface RecurrentModule {
  kind: 'recurrent'
  path: string
  cell: CellName
  units: number
  /** Widths of the input and the output. */
  input: number
  output: number
  /** By layer, then by direction. */
  layers: readonly (readonly TorchDirection[])[]
  /** Whether it is an nn.LSTMCell or the like: its parameter names contain no layer. */
  single: boolean
}

/**
 * nn.Linear, or nn.Conv1d with a kernel size of 1, with or without bias. A matrix without bias may also be an
 * nn.Embedding.
 */
export interface LinearModule {
  kind: 'linear'
  path: string
  input: number
  output: number
  weight: TorchTensor // (output, input); (output, input, 1) for a convolution
  bias: TorchTensor | null
}

/** nn.Conv1d. What it has besides weights (padding, stride, dilation) only a list of layers says. */
export interface ConvModule {
  kind: 'conv'
  path: string
  /** Inputs of a group. */
  input: number
  output: number
  size: number
  weight: TorchTensor // (output, input, size)
  bias: TorchTensor | null
}

/** nn.BatchNorm1d; without `affine` it has no weight and no bias. */
export interface BatchNormModule {
  kind: 'batchNorm'
  path: string
  input: number
  output: number
  /** By PyTorch's names, each (width). */
  tensors: readonly (readonly [name: string, tensor: TorchTensor])[]
}

/** nn.Embedding. */
export interface EmbeddingModule {
  kind: 'embedding'
  path: string
  vocabulary: number
  output: number
  weight: TorchTensor // (vocabulary, output)
}

/** nn.LayerNorm over the last axis. */
export interface NormModule {
  kind: 'norm'
  path: string
  input: number
  output: number
  weight: TorchTensor
  bias: TorchTensor
}

/** A module for which Latch has a layer. */
export type TorchModule =
  RecurrentModule | LinearModule | ConvModule | EmbeddingModule | NormModule | BatchNormModule

/** The modules, and the tensors that belong to none. */
export interface FoundModules {
  modules: TorchModule[]
  unknown: NamedTensor[]
}

const MAX_NAME = 1000
/** Cells by number of gates. */
const CELLS: ReadonlyMap<number, CellName> = new Map(
  cells.flatMap(({ name }) => (getClassName('torch', name) ? [[gateCount(name), name] as const] : [])),
)
const RECURRENT = /^(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)(?:_l(\d{1,4})(_reverse)?)?$/

/**
 * Finds the modules. `convolutions`: also those over several steps. A matrix without bias becomes a linear module; `order.ts`
 * decides whether it is an embedding.
 * @throws FormatError naming the tensor whose shape does not fit its module
 */
export function findModules(
  tensors: Iterable<NamedTensor>,
  source: string,
  convolutions: boolean,
): FoundModules {
  const groups = new Map<string, Map<string, NamedTensor>>()
  for (const tensor of tensors) {
    if (tensor.name.length > MAX_NAME) {
      const where = `${source}, tensor ${quoted(tensor.name)}`
      throw new FormatError({
        where,
        expected: `a name of at most ${MAX_NAME} characters`,
        got: `${tensor.name.length}`,
      })
    }
    const cut = tensor.name.lastIndexOf('.')
    const path = tensor.name.slice(0, Math.max(cut, 0))
    const group = groups.get(path) ?? new Map<string, NamedTensor>()
    group.set(tensor.name.slice(cut + 1), tensor)
    groups.set(path, group)
  }
  const found: FoundModules = { modules: [], unknown: [] }
  for (const [path, group] of groups) {
    const module = buildModule(path, group, source, convolutions)
    if (module) found.modules.push(module)
    else append(found.unknown, group.values())
  }
  return found
}

function buildModule(
  path: string,
  group: Map<string, NamedTensor>,
  source: string,
  convolutions: boolean,
): TorchModule | null {
  const names = [...group.keys()]
  if (names.every((name) => RECURRENT.test(name))) return buildRecurrent(path, group, source)
  if (names.every((name) => name === 'weight' || name === 'bias'))
    return buildPlain(path, group, convolutions)
  return buildBatchNorm(path, group)
}

function buildPlain(
  path: string,
  group: Map<string, NamedTensor>,
  convolutions: boolean,
): LinearModule | ConvModule | NormModule | null {
  const [weight, bias] = [group.get('weight'), group.get('bias')]
  if (!weight) return null
  const [rows, columns] = weight.shape
  if (bias && !(bias.shape.length === 1 && bias.shape[0] === rows)) return null
  // A convolution with a kernel size of 1 is a linear layer applied to each step.
  const bySteps = weight.shape.length === 3 && weight.shape[2] === 1
  if (weight.shape.length === 2 || bySteps) {
    const parts = { weight: float32(weight), bias: bias ? float32(bias) : null }
    return { kind: 'linear', path, input: columns, output: rows, ...parts }
  }
  if (weight.shape.length === 3 && convolutions) {
    const parts = { weight: float32(weight), bias: bias ? float32(bias) : null }
    return { kind: 'conv', path, input: columns, output: rows, size: weight.shape[2], ...parts }
  }
  if (weight.shape.length !== 1 || !bias) return null
  return { kind: 'norm', path, input: rows, output: rows, weight: float32(weight), bias: float32(bias) }
}

const NORMS: readonly string[] = ['weight', 'bias', 'running_mean', 'running_var']

function buildBatchNorm(path: string, group: Map<string, NamedTensor>): BatchNormModule | null {
  const [scale, centre, mean, variance] = NORMS.map((name) => group.get(name))
  const width = mean?.data.length ?? 0
  if (!mean || !variance || Boolean(scale) !== Boolean(centre)) return null
  const alike = [...group].every(([name, { shape }]) => NORMS.includes(name) && `${shape}` === `${width}`)
  if (!alike) return null
  const tensors = [...group].map(([name, tensor]) => [name, float32(tensor)] as const)
  return { kind: 'batchNorm', path, input: width, output: width, tensors }
}

function hasCellState(cell: CellName): boolean {
  return findCell(cells, cell).stateNames.includes('cell')
}

function buildRecurrent(path: string, group: Map<string, NamedTensor>, source: string): RecurrentModule {
  const single = [...group.keys()].some((name) => !name.includes('_l'))
  const layers = groupLayers(path, group, single, source)
  const { weightInput, weightHidden, projection } = layers[0][0]
  const units = (projection ?? weightHidden).shape[1]
  const cell = CELLS.get(weightInput.shape[0] / units)
  if (!cell) {
    const counts = [...CELLS].map(([gates, name]) => `${gates} (${getClassName('torch', name)})`)
    const expected = `blocks of ${units} rows: ${counts.join(', ')}`
    throw misfit(source, weightInput, expected)
  }
  if (projection && !hasCellState(cell))
    throw misfit(
      source,
      projection,
      `no projection, which only ${classNames('torch', hasCellState).join(', ')} has`,
    )
  const input = weightInput.shape[1]
  const output = layers[0].length * (projection ? projection.shape[0] : units)
  const module: RecurrentModule = { kind: 'recurrent', path, cell, units, input, output, layers, single }
  checkRecurrent(module, source)
  return module
}

/** Groups the tensors of a recurrent module by layer and direction. @throws FormatError if one is missing */
function groupLayers(
  path: string,
  group: Map<string, NamedTensor>,
  single: boolean,
  source: string,
): TorchDirection[][] {
  const where = `${source}, module ${quoted(path)}`
  const used = new Set<string>()
  const take = (name: string, needed: boolean): TorchTensor | null => {
    const tensor = group.get(name)
    if (tensor) {
      used.add(name)
      return float32(tensor)
    }
    if (!needed) return null
    throw new FormatError({ where, expected: `a tensor ${quoted(name)}`, got: 'none' })
  }
  const direction = (suffix: string): TorchDirection => ({
    weightInput: take(`weight_ih${suffix}`, true)!,
    weightHidden: take(`weight_hh${suffix}`, true)!,
    biasInput: take(`bias_ih${suffix}`, false),
    biasHidden: take(`bias_hh${suffix}`, false),
    projection: take(`weight_hr${suffix}`, false),
  })
  const layers: TorchDirection[][] = []
  const both = [...group.keys()].some((name) => name.endsWith('_reverse'))
  while (used.size < group.size) {
    const before = used.size
    const suffix = single ? '' : `_l${layers.length}`
    layers.push(both ? [direction(suffix), direction(`${suffix}_reverse`)] : [direction(suffix)])
    if (single || used.size === before) break
  }
  if (used.size === group.size) return layers
  const got = [...group.keys()].filter((name) => !used.has(name)).map(quoted)
  throw new FormatError({ where, expected: 'layers numbered from 0, all alike', got: got.join(', ') })
}

/** Checks that every tensor has the shape that cell, units and layer require. */
function checkRecurrent(module: RecurrentModule, source: string): void {
  const { cell, units: H, layers, output } = module
  const rows = gateCount(cell) * H
  const [first] = layers[0]
  const P = first.projection ? first.projection.shape[0] : H
  layers.forEach((directions, layer) => {
    for (const d of directions) {
      need(source, d.weightInput, [rows, layer === 0 ? module.input : output])
      need(source, d.weightHidden, [rows, P])
      for (const [part, wanted, shape] of [
        ['biasInput', first.biasInput, [rows]],
        ['biasHidden', first.biasInput, [rows]],
        ['projection', first.projection, [P, H]],
      ] as const) {
        const tensor = d[part]
        if (tensor) need(source, tensor, shape)
        if (Boolean(tensor) === Boolean(wanted)) continue
        const where = `${source}, module ${quoted(module.path)}, layer ${layer}`
        const expected = `${part} in all layers and directions, or in none`
        throw new FormatError({ where, expected, got: tensor ? 'one more' : 'one less' })
      }
    }
  })
}

function need(source: string, tensor: TorchTensor, shape: readonly number[]): void {
  const fits = tensor.shape.length === shape.length && tensor.shape.every((size, i) => size === shape[i])
  if (!fits) throw misfit(source, tensor, `shape ${shapeText(shape)}`)
}

function misfit(source: string, tensor: TorchTensor, expected: string): FormatError {
  return new FormatError({
    where: `${source}, tensor ${quoted(tensor.name)}`,
    expected,
    got: `shape ${shapeText(tensor.shape)}`,
  })
}
