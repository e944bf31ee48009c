/**
 * Models that are layers of other models: their layers take their place, named `encoder/lstm`, with the connections that
 * follow from it. After that, a configuration is one list of layers, each with its inputs.
 */
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import { fieldAt, readString, type Field } from '../../../core/validation.ts'
import { layerFields, MODELS, MOST_DEPTH, readCall, readHead, tensorsIn } from './heads.ts'
import type { KerasLayerHead, KerasNode, TensorRef } from './heads.ts'

/** All layers of a model and of the models in it. */
export interface ExpandedModel {
  nodes: readonly KerasNode[]
  /** Its outputs. */
  ends: readonly TensorRef[]
  /** The outputs of the models in it, by name. */
  ofModels: ReadonlyMap<string, TensorRef>
}

/** What goes through the models in a model. */
interface Expansion {
  nodes: KerasNode[]
  ofModels: Map<string, TensorRef>
}

/** Where a model lies: the names of the models around it, what it reads, and how its layers are called. */
interface Place {
  within: string
  depth: number
  /** Null for the whole model, whose first layer is its input. */
  feed: TensorRef | null
  /** Whether it reads one step at a time. */
  distributed: boolean
}

/** The layers of a model of this class. @throws UnsupportedError for a model in it with several inputs or outputs */
export function expandModel(type: string, inner: Field): ExpandedModel {
  const into: Expansion = { nodes: [], ofModels: new Map() }
  const ends = expand(into, type, inner, { within: '', depth: 0, feed: null, distributed: false })
  return { ...into, ends }
}

function expand(into: Expansion, type: string, inner: Field, place: Place): readonly TensorRef[] {
  if (place.depth > MOST_DEPTH)
    throw new FormatError({
      where: `${inner.source}, ${inner.path}`,
      expected: `models at most ${MOST_DEPTH} deep`,
      got: 'more',
    })
  return type === 'Sequential' ? expandSequence(into, inner, place) : expandFunctional(into, inner, place)
}

function expandSequence(into: Expansion, inner: Field, place: Place): readonly TensorRef[] {
  let last = place.feed
  for (const layer of layerFields(inner)) {
    const head = readHead(layer, place.within)
    const { masks } = readCall(layer, head.config.path)
    last = addLayer(into, head, last ? [last] : [], masks, place)
  }
  return last ? [last] : []
}

function expandFunctional(into: Expansion, inner: Field, place: Place): readonly TensorRef[] {
  const { within } = place
  /** What stands for the outputs of inputs and of models. */
  const standIns = new Map<string, TensorRef>()
  const resolve = (tensors: readonly TensorRef[]) =>
    tensors.map(({ name, output }) => standIns.get(within + name) ?? { name: within + name, output })
  const waiting = layerFields(inner).map((layer) => {
    const head = readHead(layer, within)
    return { head, ...readCall(layer, head.config.path) }
  })
  const inputs = waiting.filter(({ head }) => head.type === 'InputLayer')
  if (place.feed && inputs.length !== 1)
    throw new UnsupportedError({
      where: `${inner.source}, ${inner.path}`,
      expected: 'a model with one input',
      got: `${inputs.length}`,
    })
  // A model within may be listed before the layers that it reads.
  const isModel = ({ type, config }: KerasLayerHead) =>
    MODELS.includes(type) || modelWithin(type, config) !== null
  const models = waiting.filter(({ head }) => isModel(head))
  const added = new Set<unknown>()
  for (const each of inputs) {
    standIns.set(each.head.name, addLayer(into, each.head, place.feed ? [place.feed] : [], [], place))
    added.add(each)
  }
  const isDue = ({ name }: TensorRef) =>
    models.every((model) => model.head.name !== within + name || added.has(model))
  for (let turn = 0; turn <= models.length; turn++) {
    for (const each of models) {
      if (added.has(each) || !each.inputs.every(isDue)) continue
      standIns.set(each.head.name, addLayer(into, each.head, resolve(each.inputs), [], place))
      added.add(each)
    }
  }
  for (const each of waiting)
    if (!added.has(each)) addLayer(into, each.head, resolve(each.inputs), resolve(each.masks), place)
  const ends = resolve(tensorsIn(fieldAt(inner, 'output_layers').value))
  if (place.feed && ends.length !== 1)
    throw new UnsupportedError({
      where: `${inner.source}, ${inner.path}`,
      expected: 'a model with one output',
      got: `${ends.length}`,
    })
  return ends
}

/** Adds a layer, or the layers of a model, and returns where its output is. */
function addLayer(
  into: Expansion,
  head: KerasLayerHead,
  inputs: readonly TensorRef[],
  masks: readonly TensorRef[],
  place: Place,
): TensorRef {
  const { name, type, config } = head
  const own = { name, output: 0 }
  if (type === 'InputLayer' && place.feed) return place.feed
  const within = modelWithin(type, config)
  if (!within && !MODELS.includes(type)) {
    into.nodes.push({ ...(place.distributed ? distributed(head) : head), inputs, masks })
    return own
  }
  if (inputs.length > 1)
    throw new UnsupportedError({
      where: `${config.source}, layer ${name}`,
      expected: 'a model of one input',
      got: `${inputs.length}: ${inputs.map((input) => input.name).join(', ')}`,
    })
  const inner = within ?? { type, config }
  const [end = own] = expand(into, inner.type, inner.config, {
    within: `${name}/`,
    depth: place.depth + 1,
    feed: inputs[0] ?? null,
    distributed: place.distributed || within !== null,
  })
  into.ofModels.set(name, end)
  return end
}

/** The model in a TimeDistributed, which reads one step at a time; null for any other layer. */
function modelWithin(type: string, config: Field): { type: string; config: Field } | null {
  if (type !== 'TimeDistributed') return null
  const layer = fieldAt(config, 'layer')
  const inner = fieldAt(layer, 'class_name')
  if (typeof inner.value !== 'string' || !MODELS.includes(inner.value)) return null
  return { type: readString(inner), config: { ...fieldAt(layer, 'config'), path: config.path } }
}

/** A layer of a model that reads one step at a time, as such a layer itself. */
function distributed(head: KerasLayerHead): KerasLayerHead {
  if (head.type === 'TimeDistributed' || head.type === 'InputLayer') return head
  const { config } = head
  const value = { layer: { class_name: head.type, config: config.value } }
  return { ...head, type: 'TimeDistributed', config: { ...config, value } }
}
