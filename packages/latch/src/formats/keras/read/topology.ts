/**
 * A Keras model configuration → its layers in the order of the data. Sequential lists and functional models with one
 * input and one output, of Keras 1, 2, 3 and TensorFlow.js; branches join again in Concatenate, Add and the like.
 */
import { readUpTo } from '../../fixes.ts'
import {
  layerFields,
  MODELS,
  MOST_DEPTH,
  readHead,
  type KerasLayerHead,
  type KerasNode,
  type TensorRef,
} from './heads.ts'
import { expandModel, type ExpandedModel } from './nested.ts'
import { mergeOf } from '../merges.ts'
import { cellOfClass } from '../../gateOrders.ts'
import { FormatError, UnsupportedError, UsageError } from '../../../core/errors.ts'
import { describe, fieldAt, fieldError, readString, rootField, type Field } from '../../../core/validation.ts'

/** The layers in order, with the other parts of the configuration. */
export interface KerasTopology {
  nodes: readonly KerasNode[]
  /** Names of the layers after `upTo`. */
  after: readonly string[]
  /** `training_config` or `compile_config`, if the configuration has one. */
  training: Field | null
}

/** Reads a configuration, up to and including the layer `upTo`. @throws FormatError, UnsupportedError by layer */
export function readTopology(config: unknown, source: string, upTo?: string): KerasTopology {
  const root = modelField(config, source)
  const inner = fieldAt(root, 'config')
  const type = readString(fieldAt(root, 'class_name'))
  const training = [fieldAt(root, 'training_config'), fieldAt(root, 'compile_config')].find(
    ({ value }) => typeof value === 'object' && value !== null,
  )
  if (!MODELS.includes(type))
    throw new UnsupportedError({ where: source, expected: MODELS.join(' or '), got: describe(type) })
  return { ...orderLayers(expandModel(type, inner), source, upTo), training: training ?? null }
}

/** Every layer of a configuration, regardless of the connections. @throws FormatError if there is no list of layers */
export function readLayers(config: unknown, source: string): KerasLayerHead[] {
  const listed = (inner: Field, within: string, depth: number): KerasLayerHead[] =>
    layerFields(inner).flatMap((layer) => {
      const head = readHead(layer, within)
      if (!MODELS.includes(head.type) || depth >= MOST_DEPTH) return head
      const layers = listed(head.config, `${head.name}/`, depth + 1)
      return layers.filter(({ type }) => type !== 'InputLayer')
    })
  return listed(fieldAt(modelField(config, source), 'config'), '', 0)
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
  { nodes, ends: outputs, ofModels }: ExpandedModel,
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
  const ends = upTo === undefined ? outputs : [ofModels.get(upTo) ?? { name: upTo, output: 0 }]
  const named = new Set(ends.map(({ name, output }) => (output ? `${name}[${output}]` : name)))
  if (named.size !== 1) {
    throw new UnsupportedError({
      where: source,
      expected: 'one output',
      got: `${named.size}: ${[...named].join(', ')}`,
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

/** One input first, and several inputs only where layers are joined. */
function checkLink(node: KerasNode, below: KerasNode | undefined, source: string): void {
  const joins = node.type === 'Concatenate' || node.type === 'Merge' || mergeOf(node.type) !== null
  const fits = below ? node.inputs.length > 0 && (joins || node.inputs.length === 1) : !node.inputs.length
  if (fits) return
  throw new UnsupportedError({
    where: `${source}, layer ${node.name}`,
    expected: below ? `one chain, with ${below.name} as its input` : 'an input layer first',
    got: `${node.type} of ${node.inputs.map(({ name }) => name).join(', ') || 'nothing'}`,
    fix: below ? readUpTo(below.name) : [],
  })
}

/** The operations with which `Embedding` and `Masking` of Keras 3 compute masks. */
const MASK_OPERATIONS = ['NotEqual', 'Any', 'LogicalOr', 'ExpandDims', 'ZerosLike']

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
    if (known.has(name) || type === 'InputLayer' || type === 'ZerosLike') return true
    known.add(name) // each operation is visited once
    const isMask = MASK_OPERATIONS.includes(type) || type === 'Concatenate'
    return isMask && inputs.length > 0 && inputs.every((input) => isOwn(input.name))
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
