/**
 * A Keras model configuration → its layers in the order of the data. Sequential lists and plain functional chains,
 * of Keras 1, 2, 3 and TensorFlow.js; skip connections may rejoin the chain in a Concatenate.
 */
import { readUpTo } from '../../fixes.ts'
import { cellOfClass } from '../../gateOrders.ts'
import { FormatError, UnsupportedError, UsageError } from '../../../core/errors.ts'
import {
  describe,
  fieldAt,
  fieldError,
  readArray,
  readString,
  rootField,
  type Field,
} from '../../../core/validation.ts'

/** A layer without its connections. */
export interface KerasLayerHead {
  name: string
  type: string
  config: Field
}

/** One layer of the file. */
export interface KerasNode extends KerasLayerHead {
  /** The inputs; empty: the output of the previous layer in the list. */
  inputs: readonly TensorRef[]
  /** The mask input in the file: Keras 3 stores the operations with which an embedding computes it. */
  masks: readonly TensorRef[]
}

/** A tensor, as a layer and the index of one of its outputs. */
export interface TensorRef {
  name: string
  output: number
}

/** The layers in order, with the other parts of the configuration. */
export interface KerasTopology {
  nodes: readonly KerasNode[]
  /** Names of the layers after `upTo`. */
  after: readonly string[]
  /** `training_config` or `compile_config`, if the configuration has one. */
  training: Field | null
}

const MOST_LAYERS = 1000
const MOST_DEPTH = 8

/** Reads a configuration, up to and including the layer `upTo`. @throws FormatError, UnsupportedError by layer */
export function readTopology(config: unknown, source: string, upTo?: string): KerasTopology {
  const root = modelField(config, source)
  const inner = fieldAt(root, 'config')
  const type = readString(fieldAt(root, 'class_name'))
  const training = [fieldAt(root, 'training_config'), fieldAt(root, 'compile_config')].find(
    ({ value }) => typeof value === 'object' && value !== null,
  )
  const nodes = layerFields(inner).map((layer) => readNode(layer))
  const known = ['Sequential', 'Model', 'Functional']
  if (!known.includes(type))
    throw new UnsupportedError({ where: source, expected: known.join(' or '), got: describe(type) })
  const ordered = type === 'Sequential' ? cut(nodes, source, upTo) : orderLayers(nodes, inner, source, upTo)
  return { ...ordered, training: training ?? null }
}

/** Every layer of a configuration, regardless of the connections. @throws FormatError if there is no list of layers */
export function readLayers(config: unknown, source: string): KerasLayerHead[] {
  return layerFields(fieldAt(modelField(config, source), 'config')).map((layer) => readHead(layer))
}

function layerFields(inner: Field): Field[] {
  const listed = Array.isArray(inner.value) ? inner : fieldAt(inner, 'layers')
  return readArray(listed, { minLength: 1, maxLength: MOST_LAYERS })
}

/** The object with `class_name`, possibly wrapped. */
export function modelField(config: unknown, source: string, depth = 0): Field {
  let value = config
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value)
    } catch {
      throw new FormatError({ where: `${source}, configuration`, expected: 'JSON', got: describe(config) })
    }
  }
  if (Array.isArray(value)) return rootField({ class_name: 'Sequential', config: value }, 'config', source)
  const field = rootField(value, 'config', source)
  const wrapped = ['modelTopology', 'model_config'].find((name) => fieldAt(field, name).value)
  if (!wrapped) return field
  if (depth > 4) throw fieldError(fieldAt(field, wrapped), 'a model', 'nested objects')
  return modelField(fieldAt(field, wrapped).value, source, depth + 1)
}

function readNode(layer: Field): KerasNode {
  const head = readHead(layer)
  return { ...head, ...readCall(layer, head.config.path) }
}

function readHead(layer: Field): KerasLayerHead {
  const type = readString(fieldAt(layer, 'class_name'), { maxLength: 200 })
  const config = fieldAt(layer, 'config')
  const named = typeof config.value === 'object' && config.value !== null ? fieldAt(config, 'name') : null
  const own = fieldAt(layer, 'name')
  const field = typeof own.value === 'string' ? own : named
  const name = field && typeof field.value === 'string' ? readString(field, { maxLength: 1000 }) : type
  // From here on, errors name the layer instead of its index in the list.
  const path = `layer ${name}`
  return { name, type, config: { ...config, path } }
}

/** The tensors of the one call of a layer. */
function readCall(layer: Field, path: string): Pick<KerasNode, 'inputs' | 'masks'> {
  const nodes = fieldAt(layer, 'inbound_nodes')
  if (!Array.isArray(nodes.value) || nodes.value.length === 0) return { inputs: [], masks: [] }
  const legacy = typeof (nodes.value as unknown[][])[0]?.[0] === 'string' // one call, not wrapped in a list
  if (nodes.value.length > 1 && !legacy)
    throw unsupportedLayer(layer, path, 'a layer called once', 'several calls')
  const call: unknown = legacy ? nodes.value : nodes.value[0]
  if (typeof call !== 'object' || call === null) throw fieldError(nodes, 'calls')
  const [args, kwargs] =
    'args' in call ? [call.args, 'kwargs' in call ? call.kwargs : null] : [call, legacyKwargs(call)]
  const { mask, ...others } = (kwargs ?? {}) as Record<string, unknown>
  const named = Object.keys(others).find((name) => tensorsIn(others[name]).length)
  if (named !== undefined)
    throw unsupportedLayer(layer, path, 'tensors as its first argument only', `tensors in ${named}`)
  return { inputs: tensorsIn(args), masks: tensorsIn(mask) }
}

/** Keras 2 stores a call's other arguments after each of its tensors: `["name", 0, 0, {"initial_state": …}]`. */
function legacyKwargs(call: object): Record<string, unknown> {
  const tensors = Object.values(call) as unknown[]
  const kwargs = tensors.map((tensor) => (Array.isArray(tensor) ? (tensor[3] as unknown) : null))
  const all: Record<string, unknown> = {}
  for (const one of kwargs) if (typeof one === 'object') Object.assign(all, one)
  return all
}

function unsupportedLayer(layer: Field, path: string, expected: string, got: string): UnsupportedError {
  return new UnsupportedError({ where: `${layer.source}, ${path}`, expected, got })
}

/** Tensors by layer: `["name", 0, 0, {}]` (layer, call, output), or objects with a `keras_history`. */
function tensorsIn(value: unknown, found: TensorRef[] = [], depth = 0): TensorRef[] {
  if (typeof value !== 'object' || value === null || depth > MOST_DEPTH) return found
  if (Array.isArray(value)) {
    const [name, call, output] = value as unknown[]
    if (typeof name === 'string' && typeof call === 'number')
      found.push({ name, output: typeof output === 'number' ? output : 0 })
    else for (const item of (value as unknown[]).slice(0, MOST_LAYERS)) tensorsIn(item, found, depth + 1)
    return found
  }
  const { class_name: type, config } = value as { class_name?: unknown; config?: { keras_history?: unknown } }
  if (type === '__keras_tensor__') return tensorsIn(config?.keras_history, found, depth + 1)
  for (const item of Object.values(value)) tensorsIn(item, found, depth + 1)
  return found
}

function cut(nodes: readonly KerasNode[], source: string, upTo?: string): Omit<KerasTopology, 'training'> {
  if (upTo === undefined) return { nodes, after: [] }
  const end = nodes.findIndex(({ name }) => name === upTo)
  if (end < 0) throw noSuchLayer(nodes, source, upTo, true)
  return { nodes: nodes.slice(0, end + 1), after: nodes.slice(end + 1).map(({ name }) => name) }
}

/** @param upTo whether the name comes from the option instead of the file's connections */
function noSuchLayer(nodes: readonly KerasNode[], source: string, name: string, upTo: boolean) {
  const facts = {
    where: `${source}, layers`,
    expected: `one of ${nodes.map((node) => node.name).join(', ')}`,
    got: describe(name),
  }
  return upTo ? new UsageError({ ...facts, fix: readUpTo() }) : new FormatError(facts)
}

/** From the output down to the input; layers on other paths are omitted. */
function orderLayers(
  nodes: readonly KerasNode[],
  config: Field,
  source: string,
  upTo?: string,
): Omit<KerasTopology, 'training'> {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const ordered: KerasNode[] = []
  const open = new Set<string>()
  const visit = (name: string): void => {
    const node = byName.get(name)
    if (!node) throw noSuchLayer(nodes, source, name, name === upTo)
    if (ordered.includes(node)) return
    if (open.has(name))
      throw new FormatError({ where: `${source}, layer ${name}`, expected: 'a chain', got: 'a loop' })
    open.add(name)
    for (const input of node.inputs) visit(input.name)
    ordered.push(node)
  }
  const ends =
    upTo === undefined ? tensorsIn(fieldAt(config, 'output_layers').value) : [{ name: upTo, output: 0 }]
  const outputs = new Set(ends.map(({ name, output }) => (output ? `${name}[${output}]` : name)))
  if (outputs.size !== 1) {
    throw new UnsupportedError({
      where: source,
      expected: 'one output',
      got: `${outputs.size}: ${[...outputs].join(', ')}`,
      fix: ends.map(({ name }) => readUpTo(name)),
    })
  }
  visit(ends[0].name)
  ordered.forEach((node, i) => checkLink(node, ordered[i - 1], source))
  for (const tensor of [...ends, ...ordered.flatMap(({ inputs }) => inputs)])
    checkOutput(byName.get(tensor.name)!, tensor, source)
  checkMasks(byName, ordered, source)
  const after = nodes.filter((node) => !ordered.includes(node) && !MASK_OPERATIONS.includes(node.type))
  return { nodes: ordered, after: after.map(({ name }) => name) }
}

function checkLink(node: KerasNode, below: KerasNode | undefined, source: string): void {
  const many = node.type === 'Concatenate' || node.type === 'Merge'
  const fits = below
    ? node.inputs.some(({ name }) => name === below.name) && (many || node.inputs.length === 1)
    : !node.inputs.length
  if (fits) return
  throw new UnsupportedError({
    where: `${source}, layer ${node.name}`,
    expected: below ? `one chain, with ${below.name} as its input` : 'an input layer first',
    got: `${node.type} of ${node.inputs.map(({ name }) => name).join(', ') || 'nothing'}`,
    fix: below ? readUpTo(below.name) : [],
  })
}

/** The operations with which `Embedding` and `Masking` of Keras 3 compute masks. */
const MASK_OPERATIONS = ['NotEqual', 'Any']

/** A layer's further outputs are final states (`return_state`) or one direction of two; only the first is supported. */
function checkOutput({ name, type, config }: KerasNode, { output }: TensorRef, source: string): void {
  const last = fieldAt(config, 'return_sequences').value !== true
  // Without sequences, the output is the final h already.
  const isOutput = output === 1 && last && cellOfClass('keras', type) !== null
  if (output === 0 || isOutput) return
  throw new UnsupportedError({
    where: `${source}, layer ${name}`,
    expected: 'only its output 0 in use',
    got: `output ${output} (of a ${type} with return_state or two outputs)`,
    fix: readUpTo(name),
  })
}

/** Masks must come from an Embedding or Masking of the chain, because Latch computes the same masks itself. */
function checkMasks(
  byName: ReadonlyMap<string, KerasNode>,
  chain: readonly KerasNode[],
  source: string,
): void {
  const known = new Set<string>()
  const isOwn = (name: string): boolean => {
    const { type = '', inputs = [] } = byName.get(name) ?? {}
    if (known.has(name) || type === 'InputLayer') return true
    known.add(name) // each operation is visited once
    return MASK_OPERATIONS.includes(type) && inputs.length > 0 && inputs.every((input) => isOwn(input.name))
  }
  const makes = ({ type, config }: KerasNode) =>
    type === 'Masking' || (type === 'Embedding' && fieldAt(config, 'mask_zero').value === true)
  const first = chain.findIndex(makes)
  chain.forEach(({ name, masks }, i) => {
    const stranger =
      masks.find((mask) => !isOwn(mask.name)) ?? (first >= 0 && first < i ? undefined : masks[0])
    if (!stranger) return
    const expected = 'the mask of an Embedding or Masking below it'
    throw new UnsupportedError({
      where: `${source}, layer ${name}`,
      expected,
      got: `a mask from ${stranger.name}`,
      fix: i > 0 ? readUpTo(chain[i - 1].name) : [],
    })
  })
}
