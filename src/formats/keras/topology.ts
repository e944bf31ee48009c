/**
 * A Keras model configuration → its layers in the data's way. Sequential lists and plain functional chains,
 * as Keras 1, 2, 3 and TensorFlow.js write them; a skip connection may join the chain again in a Concatenate.
 */
import { FormatError, UnsupportedError } from '../../tensor/errors.ts'
import {
  describe,
  fieldAt,
  fieldError,
  readArray,
  readString,
  rootField,
  type Field,
} from '../../tensor/fields.ts'

/** One layer as the file has it. */
export interface KerasNode {
  name: string
  type: string
  config: Field
  /** Names of the layers below; empty: the one before it in the list. */
  inputs: readonly string[]
}

/** The layers in order, and what stands beside them. */
export interface KerasTopology {
  nodes: readonly KerasNode[]
  /** Names of layers after `until`. */
  after: readonly string[]
  /** `training_config` or `compile_config`, where the configuration carries one. */
  training: Field | null
}

const MOST_LAYERS = 1000
const MOST_DEPTH = 8

/** Reads a configuration, up to and with the layer `until`. @throws FormatError, UnsupportedError by layer */
export function readTopology(config: unknown, source: string, until?: string): KerasTopology {
  const root = modelField(config, source)
  const inner = fieldAt(root, 'config')
  const type = readString(fieldAt(root, 'class_name'))
  const training = [fieldAt(root, 'training_config'), fieldAt(root, 'compile_config')].find(
    ({ value }) => typeof value === 'object' && value !== null,
  )
  const listed = Array.isArray(inner.value) ? inner : fieldAt(inner, 'layers')
  const nodes = readArray(listed, { minLength: 1, maxLength: MOST_LAYERS }).map((layer) => readNode(layer))
  const known = ['Sequential', 'Model', 'Functional']
  if (!known.includes(type))
    throw new UnsupportedError({ where: source, expected: known.join(' or '), got: describe(type) })
  const ordered = type === 'Sequential' ? cut(nodes, source, until) : chainOf(nodes, inner, source, until)
  return { ...ordered, training: training ?? null }
}

/** The object with `class_name`, whichever way it is wrapped. */
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
  if (depth > 4) throw fieldError(fieldAt(field, wrapped), 'a model', 'objects within objects')
  return modelField(fieldAt(field, wrapped).value, source, depth + 1)
}

function readNode(layer: Field): KerasNode {
  const type = readString(fieldAt(layer, 'class_name'), { maxLength: 200 })
  const config = fieldAt(layer, 'config')
  const named = typeof config.value === 'object' && config.value !== null ? fieldAt(config, 'name') : null
  const own = fieldAt(layer, 'name')
  const field = typeof own.value === 'string' ? own : named
  const name = field && typeof field.value === 'string' ? readString(field, { maxLength: 1000 }) : type
  // From here on, errors say the layer and not its place in the list.
  const path = `layer ${name}`
  return { name, type, config: { ...config, path }, inputs: inputsOf(layer, path) }
}

function inputsOf(layer: Field, path: string): string[] {
  const nodes = fieldAt(layer, 'inbound_nodes')
  if (!Array.isArray(nodes.value) || nodes.value.length === 0) return []
  const legacy = typeof (nodes.value as unknown[][])[0]?.[0] === 'string' // one call, not wrapped in a list
  if (nodes.value.length > 1 && !legacy) throw refused(layer, path, 'a layer called once', 'several calls')
  const call: unknown = legacy ? nodes.value : nodes.value[0]
  if (typeof call !== 'object' || call === null) throw fieldError(nodes, 'calls')
  if (!('args' in call)) return tensorsIn(call).names
  const others = 'kwargs' in call ? { ...(call.kwargs as object), mask: null } : {}
  if (tensorsIn(others).names.length)
    throw refused(
      layer,
      path,
      'tensors as its first argument only',
      `more in ${Object.keys(others).join(', ')}`,
    )
  return tensorsIn(call.args).names
}

function refused(layer: Field, path: string, expected: string, got: string): UnsupportedError {
  return new UnsupportedError({ where: `${layer.source}, ${path}`, expected, got })
}

/** Layers whose outputs a call takes: `["name", 0, 0, {}]`, or objects with a `keras_history`. */
function tensorsIn(value: unknown, names: string[] = [], depth = 0): { names: string[] } {
  if (typeof value !== 'object' || value === null || depth > MOST_DEPTH) return { names }
  if (Array.isArray(value)) {
    const items = value as unknown[]
    if (typeof items[0] === 'string' && typeof items[1] === 'number') names.push(items[0])
    else for (const item of items.slice(0, MOST_LAYERS)) tensorsIn(item, names, depth + 1)
    return { names }
  }
  const { class_name: type, config } = value as { class_name?: unknown; config?: { keras_history?: unknown } }
  if (type === '__keras_tensor__') return tensorsIn(config?.keras_history, names, depth + 1)
  for (const item of Object.values(value)) tensorsIn(item, names, depth + 1)
  return { names }
}

function cut(nodes: readonly KerasNode[], source: string, until?: string): Omit<KerasTopology, 'training'> {
  if (until === undefined) return { nodes, after: [] }
  const end = nodes.findIndex(({ name }) => name === until)
  if (end < 0) throw noSuchLayer(nodes, source, until)
  return { nodes: nodes.slice(0, end + 1), after: nodes.slice(end + 1).map(({ name }) => name) }
}

function noSuchLayer(nodes: readonly KerasNode[], source: string, until: string): FormatError {
  const names = nodes.map(({ name }) => name)
  return new FormatError({
    where: source,
    expected: `one of ${names.join(', ')}`,
    got: `until ${describe(until)}`,
  })
}

/** From the output down to the input; what is not on that way is left out. */
function chainOf(
  nodes: readonly KerasNode[], config: Field, source: string, until?: string,
): Omit<KerasTopology, 'training'> {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const ordered: KerasNode[] = []
  const open = new Set<string>()
  const visit = (name: string): void => {
    const node = byName.get(name)
    if (!node) throw noSuchLayer(nodes, source, name)
    if (ordered.includes(node)) return
    if (open.has(name)) throw new FormatError({ where: `${source}, layer ${name}`, expected: 'a chain', got: 'a loop' })
    open.add(name)
    for (const input of node.inputs) visit(input)
    ordered.push(node)
  }
  const outputs = until === undefined ? [...new Set(tensorsIn(fieldAt(config, 'output_layers').value).names)] : [until]
  if (outputs.length !== 1) {
    const remedy = 'Name the layer to read up to with until.'
    throw new UnsupportedError({ where: source, expected: 'one output', got: `${outputs.length}: ${outputs.join(', ')}`, remedy })
  }
  visit(outputs[0])
  ordered.forEach((node, i) => checkLink(node, ordered[i - 1], source))
  const after = nodes.filter((node) => !ordered.includes(node) && node.type !== 'NotEqual')
  return { nodes: ordered, after: after.map(({ name }) => name) }
} // prettier-ignore

function checkLink(node: KerasNode, below: KerasNode | undefined, source: string): void {
  const many = node.type === 'Concatenate' || node.type === 'Merge'
  const fits = below
    ? node.inputs.includes(below.name) && (many || node.inputs.length === 1)
    : !node.inputs.length
  if (fits) return
  throw new UnsupportedError({
    where: `${source}, layer ${node.name}`,
    expected: below ? `one chain: ${below.name} below it` : 'an input first',
    got: `${node.type} of ${node.inputs.join(', ') || 'nothing'}`,
  })
}
