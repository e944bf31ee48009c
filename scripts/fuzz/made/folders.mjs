/** Formats of several files, a JSON that names the others: TensorFlow.js and TensorFlow 1. */
import { changedTree, toText } from './draw.mjs'

const decode = (bytes) => new TextDecoder().decode(bytes)
const encode = (text) => new TextEncoder().encode(text)

/** A changed copy of a model of several files. */
export function madeFolder(draw, parts) {
  const [head, ...others] = parts
  const model = JSON.parse(decode(head.bytes))
  const kind = draw.pick([
    'tree',
    'tree',
    'manifest',
    'shards',
    ...(model.modelTopology ? ['topology', 'topology'] : []),
  ])
  draw.say(kind)
  let shards = others
  let changed = model
  if (kind === 'tree') changed = changedTree(draw, model)
  else if (kind === 'shards') shards = changedShards(draw, others)
  else if (kind === 'topology')
    changed = { ...model, modelTopology: changedTopology(draw, model.modelTopology) }
  else changed = changedManifest(draw, structuredClone(model))
  return [{ ...head, bytes: encode(toText(changed)) }, ...shards]
}

function changedShards(draw, shards) {
  const at = draw.below(shards.length)
  const length = draw.pick([0, 1, 3, shards[at].bytes.length - 1, shards[at].bytes.length + 4, 2 ** 16])
  const bytes = new Uint8Array(Math.max(0, length))
  bytes.set(shards[at].bytes.subarray(0, bytes.length))
  if (draw.chance(0.5)) bytes.set(draw.bytes(bytes.length))
  return draw.chance(0.2) ? shards.filter((_, i) => i !== at) : shards.with(at, { ...shards[at], bytes })
}

const DTYPES = ['float32', 'float16', 'int32', 'bool', 'string', 'complex64', 'uint8', 'x', null]

function changedManifest(draw, model) {
  if (!model.weightsManifest) return changedTree(draw, model)
  const group = draw.pick(model.weightsManifest)
  const weight = draw.pick(group.weights)
  const path = draw.pick(group.paths)
  const changes = {
    paths: () => (group.paths = [...group.paths, ...Array.from({ length: draw.many() }, () => path)]),
    path: () => (group.paths[0] = draw.name()),
    weights: () => group.weights.push(...Array.from({ length: draw.many() }, () => ({ ...weight }))),
    empty: () =>
      group.weights.push(
        ...Array.from({ length: draw.many() }, (_, i) => ({ name: `z${i}`, shape: [0], dtype: 'float32' })),
      ),
    groups: () => model.weightsManifest.push(...Array.from({ length: draw.many() }, () => ({ ...group }))),
    shape: () => (weight.shape = draw.shape()),
    dtype: () => (weight.dtype = draw.pick(DTYPES)),
    quantization: () =>
      (weight.quantization = {
        dtype: draw.pick(['uint8', 'uint16', 'float16', 'x']),
        min: draw.number(),
        scale: draw.number(),
        original_dtype: 'float32',
      }),
  }
  const kind = draw.pick(Object.keys(changes))
  draw.say(kind)
  changes[kind]()
  return model
}

/** A changed copy of the layers of Keras: more of them, in circles, one inside the other, of unusual sizes. */
export function changedTopology(draw, topology) {
  const copy = structuredClone(topology)
  const outer = copy.model_config ?? copy
  const config = outer.config ?? outer
  const layers = Array.isArray(config) ? config : config.layers
  if (!Array.isArray(layers) || layers.length === 0) return changedTree(draw, copy)
  const layer = draw.pick(layers)
  const again = (count, change = (one) => one) =>
    layers.push(...Array.from({ length: count }, (_, i) => change(structuredClone(layer), i)))
  const changes = {
    many: () => again(Math.min(draw.many(), 3000)),
    renamed: () =>
      again(Math.min(draw.many(), 3000), (one, i) => ({
        ...one,
        name: `n${i}`,
        config: { ...one.config, name: `n${i}` },
      })),
    wide: () =>
      Object.assign(layer.config, { units: draw.number(), input_dim: draw.number(), filters: draw.number() }),
    steps: () =>
      layers.splice(draw.below(layers.length), 0, {
        class_name: 'RepeatVector',
        name: 'again',
        config: { name: 'again', n: draw.pick([0, -1, 3, 2 ** 20, 2 ** 30, 2 ** 53, 1.5]) },
      }),
    reshape: () =>
      layers.splice(draw.below(layers.length + 1), 0, {
        class_name: draw.pick([
          'Reshape',
          'Permute',
          'Flatten',
          'ZeroPadding1D',
          'UpSampling1D',
          'Masking',
          'Dropout',
        ]),
        name: 'formed',
        config: {
          name: 'formed',
          target_shape: draw.shape(),
          dims: draw.shape(),
          padding: draw.number(),
          size: draw.number(),
          rate: draw.number(),
        },
      }),
    input: () => {
      layers[0].config.batch_input_shape = [null, draw.number(), draw.number()]
      layers[0].config.batch_shape = draw.shape()
    },
    inside() {
      const depth = draw.pick([1, 5, 200, 2000])
      let inner = layer
      for (let i = 0; i < depth; i++)
        inner = {
          class_name: draw.pick(['Sequential', 'Bidirectional', 'TimeDistributed']),
          config: { name: `d${i}`, layers: [inner], layer: inner.config ? inner : null },
        }
      layers[layers.indexOf(layer)] = depth > 10 ? thin(inner) : inner
    },
    circle() {
      for (const one of layers) {
        const other = draw.pick(layers)
        one.name = one.config?.name
        one.inbound_nodes = [[[other.config?.name ?? 'x', draw.number(), 0, {}]]]
      }
      outer.class_name = 'Functional'
      config.input_layers = [[layers[0].config?.name, 0, 0]]
      config.output_layers = [[layer.config?.name, 0, 0]]
    },
    sameNames: () => layers.forEach((one) => one.config && (one.config.name = layer.config?.name)),
    activation: () =>
      Object.assign(layer.config, {
        activation: draw.value('tanh'),
        recurrent_activation: draw.value('x'),
        merge_mode: draw.value('sum'),
      }),
  }
  const kind = draw.pick(Object.keys(changes))
  draw.say(kind)
  changes[kind]()
  return copy
}

/** Keeps one of two copies at each depth: two would double it. */
function thin(layer) {
  for (let one = layer; one?.config; one = one.config.layer ?? one.config.layers?.[0]) {
    if (one.config.layers && one.config.layer)
      delete one.config[one.class_name === 'Sequential' ? 'layer' : 'layers']
  }
  return layer
}
