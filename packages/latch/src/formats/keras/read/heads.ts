/** The layers of a Keras configuration one by one: name, class, options, and the tensors of the call. */
import { UnsupportedError } from '../../../core/errors.ts'
import { fieldAt, fieldError, readArray, readString, type Field } from '../../../core/validation.ts'

/** A layer without its connections. */
export interface KerasLayerHead {
  /** Of a layer in a model that is a layer itself, with the names of those models: `encoder/lstm`. */
  name: string
  type: string
  config: Field
}

/** One layer of the file. */
export interface KerasNode extends KerasLayerHead {
  /** The inputs; empty: an input of the model. */
  inputs: readonly TensorRef[]
  /** The mask input in the file: Keras 3 stores the operations with which an embedding computes it. */
  masks: readonly TensorRef[]
}

/** A tensor, as a layer and the index of one of its outputs. */
export interface TensorRef {
  name: string
  output: number
}

export const MOST_LAYERS = 1000
export const MOST_DEPTH = 8
/** Classes of models, which may be layers of others. */
export const MODELS: readonly string[] = ['Sequential', 'Model', 'Functional']

/** The list of layers in a model's configuration. */
export function layerFields(inner: Field): Field[] {
  const listed = Array.isArray(inner.value) ? inner : fieldAt(inner, 'layers')
  return readArray(listed, { minLength: 1, maxLength: MOST_LAYERS })
}

/** A layer; `within`: the names of the models around it, `encoder/`. */
export function readHead(layer: Field, within = ''): KerasLayerHead {
  const type = readString(fieldAt(layer, 'class_name'), { maxLength: 200 })
  const config = fieldAt(layer, 'config')
  const named = typeof config.value === 'object' && config.value !== null ? fieldAt(config, 'name') : null
  const own = fieldAt(layer, 'name')
  const field = typeof own.value === 'string' ? own : named
  const name =
    within + (field && typeof field.value === 'string' ? readString(field, { maxLength: 1000 }) : type)
  // From here on, errors name the layer instead of its index in the list.
  const path = `layer ${name}`
  return { name, type, config: { ...config, path } }
}

/** The tensors of the one call of a layer. */
export function readCall(layer: Field, path: string): Pick<KerasNode, 'inputs' | 'masks'> {
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
export function tensorsIn(value: unknown, found: TensorRef[] = [], depth = 0): TensorRef[] {
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
