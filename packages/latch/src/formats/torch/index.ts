/**
 * Reads PyTorch models: a state_dict saved as safetensors. Names and shapes determine most of the model, and
 * `options.config` the rest (`flags.ts`); files written by Latch contain everything. Pickles are rejected, never
 * executed.
 */
import { readPrefix, readUpTo } from '../fixes.ts'
import type { LayerOptions } from '../../model/config.ts'
import { getClassName } from '../gateOrders.ts'
import { FormatError, UsageError } from '../../core/errors.ts'
import type { ImportedModel, ImportOptions, LayerFacts, ModelFiles, ModelInput } from '../imported.ts'
import { readSafetensors, type NamedTensor, type SafetensorsContent } from '../safetensors/safetensors.ts'
import { quoted } from '../safetensors/header.ts'
import { assembleByFlags, assembleByLayers, learns, unfoldProjections } from './read/assemble.ts'
import { resolveOutputActivation, getOutputWidth } from '../outputActivation.ts'
import { readTorchConfig } from './read/flags.ts'
import { findModules, type TorchModule } from './read/modules.ts'
import { pickModules, orderModules } from './read/order.ts'
import { splitModule, type ModulePart } from './read/patterns.ts'
import { foldParametrized } from './read/parametrized.ts'
import { initialStateNotes } from './read/initialStates.ts'
import { isFloat, splitBuffers } from './read/tensors.ts'
import { withEmbedded } from '../latch/embedded.ts'
import { findOwnFile, type OwnFile } from './read/latchFile.ts'
import { assertNoPickle, assertAllKnown } from './read/refusals.ts'
import { tokensByOptions } from '../text/tokensById.ts'

export { torchSnippet } from './write/snippet.ts'
export { writeTorch } from './write/write.ts'

/**
 * Reads a state_dict. GRU and LSTM gates have the same order in Latch, so weights are copied bit for bit; float64 is
 * rounded, half precision widened. A projected LSTM becomes an LSTM and a dense layer, unless the configuration lists a
 * `projectedLstm`.
 *
 * @throws UnsupportedError for pickles, with the Python lines that convert them
 * @throws FormatError for tensors that belong to no layer, an ambiguous order of modules, and broken files
 */
export async function readTorch(files: ModelFiles, options: ImportOptions = {}): Promise<ImportedModel> {
  const { name: source, bytes } = files
  assertNoPickle(bytes, source)
  const content = readSafetensors(bytes, source)
  if (Object.hasOwn(content.metadata, 'latch')) {
    const got = 'a model saved by Latch'
    const remedy = 'Open it as a Latch model, without import options.'
    throw new FormatError({ where: source, expected: 'a state_dict of PyTorch', got, remedy })
  }
  const own = findOwnFile(content, source, options)
  return own ? readOwn(own, content, options, source) : readForeign(content, options, source)
}

/** Reads a file that Latch wrote: its metadata contains the layers and their order. */
function readOwn(
  own: OwnFile,
  content: SafetensorsContent,
  options: ImportOptions,
  source: string,
): ImportedModel {
  const { outputActivation, input } = own.embedded
  const { upTo } = options
  const given = { ...options, outputActivation: undefined, upTo: undefined, config: own.config }
  const read = readForeign(content, given, source)
  const { layers } = read.network
  const model = {
    ...read,
    producer: 'Latch',
    outputActivation: resolveOutputActivation(
      outputActivation,
      layers,
      getOutputWidth(layers),
      options.outputActivation,
    ),
    input,
    warnings: upTo === undefined ? [] : [`only the layers up to ${upTo}`],
    fixes: [],
  }
  return withEmbedded(model, own.embedded, options)
}

function readForeign(content: SafetensorsContent, options: ImportOptions, source: string): ImportedModel {
  const { taken, others } = splitByPrefix(content, options.prefix, source)
  const config = readTorchConfig(options.config, source)
  const { tensors, notes } = foldParametrized(taken, source)
  const { weights: given, buffers } = splitBuffers(tensors, source)
  const { modules, unknown } = findModules(given, source, 'network' in config)
  if (!config.order && !options.upTo) assertAllKnown(unknown, modules, source)
  if (modules.length === 0) assertAllKnown(taken, [], source)
  const layers = 'network' in config ? config.network.layers : null
  const whole = config.order
    ? pickModules(modules, config.order, source, layers)
    : orderModules(modules, source)
  const chain = cutAfter(whole, options.upTo, source)
  const [activation, epsilon] =
    'network' in config ? ['tanh' as const, null] : [config.activation, config.epsilon]
  const split = chain.flatMap((module) => splitModule(module, activation, epsilon))
  const parts = layers ? unfoldProjections(split, layers) : split
  const assembled =
    'network' in config
      ? assembleByLayers(chain, parts, config.network, source)
      : assembleByFlags(chain, parts, config, source)
  const { network } = assembled
  const unused = modules.filter(({ path }) => !chain.some((module) => module.path === path))
  const omitted = [...others, ...unknown, ...buffers].map(describeOmitted)
  const { prefix } = options
  return {
    format: 'torch',
    producer: null,
    network,
    weights: assembled.weights,
    outputActivation: resolveOutputActivation(
      assembled.outputActivation,
      network.layers,
      getOutputWidth(network.layers),
      options.outputActivation,
    ),
    input: getInput(chain, 'network' in config ? layers![0].type === 'oneHot' : config.oneHot),
    labels: options.labels ?? null,
    ...tokensByOptions(options, source),
    layers: describeLayers(parts, assembled.network.layers, prefix),
    warnings: [
      ...(prefix ? [`only tensors whose names begin with ${prefix}`] : []),
      ...(chain.length > 1 && !config.order
        ? [`order of the modules, by widths and names: ${chain.map((m) => m.path).join(' → ')}`]
        : []),
      ...precisionNotes(taken),
      ...notes,
      ...initialStateNotes([...others, ...unknown], chain),
      ...(parts.some(({ whole: unfolded }) => unfolded) ? projectionNotes(chain) : []),
      ...assembled.warnings,
    ],
    fixes: assembled.fixes,
    omitted: [...omitted, ...unused.map(({ path }) => `module ${path}`)],
    stateful: false,
    document: null,
  }
}

/** Describes a tensor that is not read, with its type unless it is a float: `tensor mask (BOOL)`. */
function describeOmitted(tensor: NamedTensor): string {
  return `tensor ${tensor.name}${isFloat(tensor) ? '' : ` (${tensor.dtype})`}`
}

/** The tensors whose names begin with the prefix, which is removed, and the others. */
function splitByPrefix({ tensors }: SafetensorsContent, prefix: string | undefined, source: string) {
  const all = [...tensors.values()]
  if (!prefix) return { taken: all, others: [] }
  const taken: NamedTensor[] = []
  const others: NamedTensor[] = []
  for (const tensor of all) {
    if (tensor.name.startsWith(prefix)) taken.push({ ...tensor, name: tensor.name.slice(prefix.length) })
    else others.push(tensor)
  }
  if (taken.length > 0) return { taken, others }
  const shown = all.slice(0, 6).map(({ name }) => quoted(name))
  const expected = `tensors whose names begin with ${quoted(prefix)}`
  throw new FormatError({
    where: `${source}, tensors`,
    expected,
    got: `none (the file has ${shown.join(', ')}${all.length > 6 ? ' …' : ''})`,
    fix: readPrefix(),
  })
}

function cutAfter(
  chain: readonly TorchModule[],
  upTo: string | undefined,
  source: string,
): readonly TorchModule[] {
  if (!upTo) return chain
  const at = chain.findIndex(({ path }) => path === upTo)
  if (at >= 0) return chain.slice(0, at + 1)
  const expected = `one of ${chain.map(({ path }) => quoted(path)).join(', ')}`
  throw new UsageError({ where: `${source}, modules`, expected, got: quoted(upTo), fix: readUpTo() })
}

function getInput([first]: readonly TorchModule[], oneHot: boolean): ModelInput {
  if (first.kind === 'embedding') return { kind: 'ids', width: first.vocabulary, steps: null }
  return { kind: oneHot ? 'ids' : 'features', width: first.input, steps: null }
}

/** Describes each module. The network's layers up to it determine whether its output has an axis of steps. */
function describeLayers(
  parts: readonly ModulePart[],
  layers: readonly LayerOptions[],
  prefix: string | undefined,
): LayerFacts[] {
  const filled = layers.filter(learns)
  return parts.map(({ path, type, parameters, conventions }, i) => {
    const before = layers.slice(0, layers.indexOf(filled[i]) + 1)
    const once = before.some(
      (layer) => layer.type === 'pool' || ('returnSequences' in layer && layer.returnSequences === false),
    )
    const width = getWidth(filled[i])
    const output = width === null ? null : `(batch, ${once ? '' : 'steps, '}${width})`
    return { name: path || (prefix ?? '').replace(/\.$/, ''), type, output, parameters, conventions }
  })
}

function getWidth(layer: LayerOptions): number | null {
  if (layer.type === 'embedding') return layer.size
  if (layer.type === 'dense') return layer.units
  if (layer.type === 'conv1d') return layer.filters
  if (layer.type === 'projectedLstm')
    return layer.projectionSize * (layer.direction === 'bidirectional' ? 2 : 1)
  if (layer.type !== 'recurrent') return null
  const beside = layer.direction === 'bidirectional' && (layer.merge ?? 'concat') === 'concat'
  return layer.units * (beside ? 2 : 1)
}

function precisionNotes(tensors: readonly NamedTensor[]): string[] {
  const half = tensors.find(({ storedAs }) => storedAs)
  return [
    ...(half ? [`half precision (${half.storedAs}) was widened to float32 without loss`] : []),
    ...(tensors.some(({ dtype }) => dtype === 'F64') ? ['float64 was rounded to float32'] : []),
  ]
}

function projectionNotes(chain: readonly TorchModule[]): string[] {
  const recurrent = chain.filter((m) => m.kind === 'recurrent')
  const projected = recurrent.filter(({ layers }) => layers[0][0].projection)
  return projected.map(
    ({ path, cell }) =>
      `${path || getClassName('torch', cell)}: proj_size folded, exactly: weight_hh·weight_hr, and a dense layer without bias after each layer; its h is unprojected, so h_0 must be zero`,
  )
}
