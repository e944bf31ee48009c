/**
 * Assembles modules into a network: by flags (what follows the recurrent modules, activations, the output activation),
 * or into the layers that a configuration lists. Every parameter is given its name in Latch.
 */
import { classNames, gateCount, getClassName } from '../../gateOrders.ts'
import type { LayerOptions, NetworkConfig } from '../../../model/config.ts'
import { type Fix, FormatError, UnsupportedError } from '../../../core/errors.ts'
import { describe } from '../../../core/validation.ts'
import type { OutputActivation } from '../../imported.ts'
import { type CellName, cells, takesOption } from '../../../cells/registry.ts'
import { withoutEffect } from '../../effectiveOptions.ts'
import { endsOnLogits } from '../../outputActivation.ts'
import { quoted } from '../../safetensors/header.ts'
import { fitBiases } from '../../recurrentBiases.ts'
import type { Head, TorchFlags } from './flags.ts'
import type { TorchModule } from './modules.ts'
import type { ModulePart } from './patterns.ts'
import { layerNames } from '../../../layers/names.ts'

/** A network with its weights. */
export interface Assembled {
  network: NetworkConfig
  weights: Map<string, Float32Array>
  outputActivation: OutputActivation
  warnings: string[]
  fixes: Fix[]
}

const ANSWERS: readonly string[] = ['softmax', 'logSoftmax', 'sigmoid']

/**
 * Assembles a network by flags.
 * @throws FormatError for `heads` of modules that do not exist, UsageError for flags without effect
 */
export function assembleByFlags(
  chain: readonly TorchModule[],
  parts: readonly ModulePart[],
  flags: TorchFlags,
  source: string,
): Assembled {
  checkHeads(chain, flags, source)
  assertFlagsUsed(chain, flags, source)
  const lastRecurrent = parts.findLastIndex(({ options }) => options.type === 'recurrent')
  const pooledAfter = parts.findLastIndex(({ path }) => path === parts[lastRecurrent]?.path)
  const layers: LayerOptions[] = buildInput(chain[0], flags.oneHot, source)
  const named: (ModulePart | null)[] = layers.map(() => null)
  const add = (options: LayerOptions, part: ModulePart | null = null) => {
    layers.push(options)
    named.push(part)
  }
  let outputActivation: OutputActivation = 'linear'
  parts.forEach((part, i) => {
    const last = i === lastRecurrent && flags.returnSequences === false
    add(last ? ({ ...part.options, returnSequences: false } as LayerOptions) : part.options, part)
    const head = parts[i + 1]?.path === part.path ? undefined : findHead(flags, part.path)
    if (head && i === parts.length - 1 && ANSWERS.includes(head)) outputActivation = head as OutputActivation
    else if (head && head !== 'linear') add({ type: 'activation', activation: head })
    if (i === pooledAfter && flags.pool) add({ type: 'pool', pooling: flags.pool })
  })
  const network = { layers: folded(layers) }
  if (!endsOnLogits(network.layers, outputActivation)) {
    add({ type: 'activation', activation: outputActivation as 'sigmoid' })
    outputActivation = 'linear'
    network.layers = folded(layers)
  }
  return {
    network,
    weights: nameAll(layers, named),
    outputActivation,
    ...listAssumptions(chain, flags, outputActivation),
  }
}

/** Own properties only: a module may be named `constructor`. */
function findHead({ heads }: TorchFlags, path: string): Head | undefined {
  return Object.hasOwn(heads, path) ? heads[path] : undefined
}

function buildInput(first: TorchModule, oneHot: boolean, source: string): LayerOptions[] {
  if (first.kind === 'embedding') return []
  if (!oneHot) return [{ type: 'features', width: first.input }]
  if (first.kind === 'recurrent') return [{ type: 'oneHot', vocabulary: first.input }]
  const expected = 'a recurrent first module, for one-hot rows'
  throw new FormatError({ where: `${source}, configuration.oneHot`, expected, got: quoted(first.path) })
}

function isNorm(module: TorchModule): boolean {
  return module.kind === 'norm' || module.kind === 'batchNorm'
}

/** Makes a ReLU, tanh or sigmoid after a dense layer an option of that layer. */
function folded(layers: readonly LayerOptions[]): LayerOptions[] {
  const out: LayerOptions[] = []
  for (const layer of layers) {
    const below = out[out.length - 1]
    const fast =
      layer.type === 'activation' && ['relu', 'tanh', 'sigmoid'].includes(layer.activation as string)
    if (fast && below.type === 'dense' && !below.activation)
      out[out.length - 1] = { ...below, activation: layer.activation as 'relu' }
    else out.push(layer)
  }
  return out
}

function checkHeads(chain: readonly TorchModule[], { heads }: TorchFlags, source: string): void {
  for (const path of Object.keys(heads)) {
    if (chain.some((module) => module.path === path)) continue
    const expected = `modules of the network (${chain
      .slice(0, 12)
      .map((m) => quoted(m.path))
      .join(', ')})`
    throw new FormatError({ where: `${source}, configuration.heads`, expected, got: quoted(path) })
  }
}

/** Whether the activation of a cell can be chosen in PyTorch. */
const hasActivation = (cell: CellName) => gateCount(cell) === 1
const hasReset = (cell: CellName) => takesOption(cells, cell, 'reset')

function noModule(which: (cell: CellName) => boolean): string {
  const names = classNames('torch', which).map((name) => `nn.${name}`)
  return `there is no ${names.join(' or ')}`
}

/** Checks that each given flag has an effect on this file's modules. @throws UsageError */
function assertFlagsUsed(chain: readonly TorchModule[], flags: TorchFlags, source: string): void {
  const recurrent = chain.filter((module) => module.kind === 'recurrent')
  const reasons: Record<string, string | null> = {
    activation: recurrent.some(({ cell }) => hasActivation(cell)) ? null : noModule(hasActivation),
    reset: recurrent.some(({ cell }) => hasReset(cell)) ? null : noModule(hasReset),
    returnSequences: recurrent.length > 0 ? null : 'there is no recurrent module',
    epsilon: chain.some(isNorm) ? null : 'there is no nn.LayerNorm and no nn.BatchNorm1d',
    pool: recurrent.length > 0 ? null : 'there is no recurrent module',
    oneHot: chain[0].kind === 'embedding' ? 'the first module is an embedding' : null,
  }
  for (const name of flags.given) {
    const reason = reasons[name]
    if (reason)
      throw withoutEffect(`config.${name}`, flags[name as keyof TorchFlags] ?? 'after', reason, source)
  }
}

/** Warnings about what is assumed because the file does not store it, and the options that set it. */
function listAssumptions(
  chain: readonly TorchModule[],
  flags: TorchFlags,
  outputActivation: OutputActivation,
): Pick<Assembled, 'warnings' | 'fixes'> {
  const warnings: string[] = []
  const fixes: Fix[] = []
  const recurrent = chain.filter((m) => m.kind === 'recurrent')
  const choosing = recurrent.find(({ cell }) => hasActivation(cell))
  if (choosing) {
    const name = getClassName('torch', choosing.cell)
    const other = flags.activation === 'tanh' ? 'relu' : 'tanh'
    warnings.push(`${name}: the file does not store the activation; ${flags.activation} is used`)
    fixes.push({ option: 'config.activation', value: other, to: `use ${other} in the ${name}` })
  }
  if (recurrent.length > 0 && !flags.pool && flags.returnSequences) {
    warnings.push('the model has an output at every step')
    if (recurrent.at(-1)!.layers[0].length === 2)
      warnings.push(
        'bidirectional: the last step of the output is not h_n, which holds the first step of the backward direction',
      )
    fixes.push(
      { option: 'config.returnSequences', value: false, to: 'keep only the output of the last step' },
      { option: 'config.pool', value: 'mean', to: 'pool the outputs of all steps' },
    )
  }
  if (chain.some(isNorm) && flags.epsilon === null) {
    const kinds = [
      ...(chain.some(({ kind }) => kind === 'norm') ? ['LayerNorm'] : []),
      ...(chain.some(({ kind }) => kind === 'batchNorm') ? ['BatchNorm1d'] : []),
    ]
    warnings.push(`${kinds.join(' and ')}: the file does not store eps; 1e-5 is used`)
    fixes.push({ option: 'config.epsilon', value: 1e-3, to: 'use another epsilon' })
  }
  if (chain.length > 1 || recurrent.some((module) => module.layers.length > 1)) {
    warnings.push('no dropout: it acts in training only, and the file does not store it')
    fixes.push({ option: 'config.layers', to: 'list the layers, with dropout, for training on' })
  }
  const bare = chain.filter((m, i) => m.kind === 'linear' && !findHead(flags, m.path) && i < chain.length - 1)
  if (bare.length > 0) {
    const names = bare.map(({ path }) => path)
    warnings.push(`no activation between ${names.join(', ')} and the next module`)
    const value = Object.fromEntries(names.map((name) => [name, 'relu']))
    fixes.push({ option: 'config.heads', value, to: 'apply an activation there' })
  }
  const last = chain[chain.length - 1]
  if (last.kind === 'linear' && outputActivation === 'linear') {
    warnings.push('the outputs have no activation')
    const value = last.output === 1 ? 'sigmoid' : 'softmax'
    fixes.push({ option: 'outputActivation', value, to: 'turn the outputs into probabilities' })
  }
  return { warnings, fixes }
}

/**
 * Assembles the modules into the listed layers, in order.
 * @throws FormatError if a type or size differs, or if layers and modules do not match up
 */
export function assembleByLayers(
  chain: readonly TorchModule[],
  parts: readonly ModulePart[],
  network: NetworkConfig,
  source: string,
): Assembled {
  const left = [...parts]
  const named = network.layers.map((layer, i) => {
    if (!learns(layer)) return null
    const where = `${source}, configuration.layers[${i}]`
    const part = left.shift()
    if (!part) throw new FormatError({ where, expected: 'a module for each layer', got: 'no more modules' })
    matchLayer(layer, part, where)
    return part
  })
  const [input, second] = network.layers
  const [first] = chain
  const groups = second?.type === 'conv1d' ? (second.groups ?? 1) : 1
  const width = first.kind === 'embedding' ? 0 : first.input * groups
  if (first.kind !== 'embedding' && second && learns(second) && getWidth(input) !== width) {
    const where = `${source}, configuration.layers[0]`
    throw new FormatError({ where, expected: `a width of ${width}`, got: `${getWidth(input)}` })
  }
  if (left.length > 0) {
    const where = `${source}, configuration.layers`
    const expected = `layers for all modules, ${left.map(({ path, type }) => `${path} (${type})`).join(', ')} too`
    throw new FormatError({ where, expected, got: `${network.layers.length} layers` })
  }
  const weights = fitBiases(nameAll(network.layers, named), network.layers, source)
  return { network, weights, outputActivation: 'linear', warnings: [], fixes: [] }
}

/**
 * The parts, with an LSTM and its projection as one part where the configuration lists a `projectedLstm`, and convolutions of
 * a single step as such.
 */
export function unfoldProjections(
  parts: readonly ModulePart[],
  layers: readonly LayerOptions[],
): readonly ModulePart[] {
  const left = [...parts]
  const chosen = layers.filter(learns).flatMap(({ type }) => {
    const part = left.shift()
    if (type === 'conv1d' && part?.convolution) return part.convolution
    if (type !== 'projectedLstm' || !part?.whole) return part ?? []
    left.shift()
    return part.whole
  })
  return [...chosen, ...left]
}

/** Whether a layer has parameters, which come from a module. */
export function learns(layer: LayerOptions): boolean {
  if (layer.type === 'pool') return layer.pooling === 'attention'
  if (layer.type === 'layerNorm') return layer.scale !== false || layer.centre !== false
  return ['embedding', 'recurrent', 'projectedLstm', 'dense', 'conv1d', 'batchNorm'].includes(layer.type)
}

function getWidth(input: LayerOptions): number {
  if (input.type === 'features') return input.width
  return input.type === 'oneHot' || input.type === 'embedding' ? input.vocabulary : 0
}

const FIXED_BY_WEIGHTS = [
  'type',
  'cell',
  'units',
  'projectionSize',
  'vocabulary',
  'size',
  'filters',
  'kernelSize',
  'bias',
  'scale',
  'centre',
] as const

/** Checks the fields that the weights determine; all others (activations, outputs, merge) are the configuration's. */
function matchLayer(layer: LayerOptions, part: ModulePart, where: string): void {
  const theirs: Record<string, unknown> = { bias: true, ...part.options }
  // Attention pooling has the weights of a linear layer with one unit.
  const dense = layer.type === 'pool' ? { type: 'dense', units: 1, bias: false } : layer
  const ours: Record<string, unknown> = { bias: true, ...dense }
  const twoWays = (options: Record<string, unknown>) => options.direction === 'bidirectional'
  // A single bias in Latch is the sum of PyTorch's two.
  if (ours.bias === 'single') ours.bias = true
  // With weights of both, a norm of Latch may leave one out.
  if (theirs.scale === undefined) ours.scale = ours.centre = undefined
  const same = FIXED_BY_WEIGHTS.find((name) => ours[name] !== theirs[name])
  const field = same ?? (twoWays(ours) === twoWays(theirs) ? null : 'direction')
  if (field) {
    const expected = `${describe(theirs[field] ?? 'forward')}, as module ${quoted(part.path)} has`
    throw new FormatError({ where: `${where}.${field}`, expected, got: describe(ours[field]) })
  }
  if (layer.type !== 'recurrent' || layer.reset !== 'before') return
  const expected = `after: nn.${getClassName('torch', layer.cell)} resets after the product`
  throw new UnsupportedError({ where: `${where}.reset`, expected, got: 'before' })
}

/** Parameters by their names in Latch: layer type, index among the layers of that type, PyTorch's suffix. */
function nameAll(
  layers: readonly LayerOptions[],
  named: readonly (ModulePart | null)[],
): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>()
  const names = layerNames(layers)
  layers.forEach((layer, i) => {
    for (const [suffix, data] of named[i]?.tensors ?? []) {
      if (wants(layer, suffix)) weights.set(`${names[i]}.${suffix}`, data)
    }
  })
  return weights
}

/** Whether a layer has a parameter: PyTorch's norms have both or none, Latch's layers may have only one. */
function wants(layer: LayerOptions, suffix: string): boolean {
  if (layer.type !== 'layerNorm' && layer.type !== 'batchNorm') return true
  return suffix === 'weight' ? layer.scale !== false : suffix !== 'bias' || layer.centre !== false
}
