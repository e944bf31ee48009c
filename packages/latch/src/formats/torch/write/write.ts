/**
 * Writes a network as a state_dict in safetensors, reading one tensor at a time. Names are those of the module that
 * `torchSnippet` writes, so load_state_dict accepts the file with strict checking.
 */
import type { LayerOptions } from '../../../model/config.ts'
import { internalsOf, type Network } from '../../../model/network.ts'
import { EMBEDDED_KEY, embeddedText } from '../../latch/embedded.ts'
import type { ExportedFile, ExportSource } from '../../imported.ts'
import { omitStateful } from '../../omitStateful.ts'
import { fileName, torchName } from '../read/latchFile.ts'
import { assertExpressible } from './expressible.ts'
import { denseWeightName, layerNames } from '../../../layers/names.ts'

/** A tensor to write; its numbers are read when it is written. */
interface Due {
  name: string
  shape: readonly number[]
  read(): Float32Array
}

/**
 * Writes a state_dict as float32 safetensors.
 * @throws UnsupportedError for cells and masks that PyTorch's modules do not have
 */
export async function writeTorch(source: ExportSource): Promise<readonly ExportedFile[]> {
  assertExpressible(source.network.config.layers)
  const tensors = listTensors(source.network)
  const metadata = { format: 'pt', [EMBEDDED_KEY]: embeddedText(source) }
  return [{ name: fileName(source.name), chunks: chunksOf(tensors, metadata), ...omitStateful(source) }]
}

function listTensors(network: Network): Due[] {
  const { store } = internalsOf(network)
  const tensors: Due[] = network.parameters.map((parameter) => ({
    name: torchName(parameter.name),
    shape: parameter.shape,
    read: () => {
      const data = store.read(parameter)
      return data instanceof Float32Array ? data : Float32Array.from(data)
    },
  }))
  return [...tensors, ...listSecondBiases(network), ...listTied(network), ...listConstants(network)]
}

/** A state_dict has a tied weight under both names. */
function listTied(network: Network): Due[] {
  const { store } = internalsOf(network)
  const names = layerNames(network.config.layers)
  return network.config.layers.flatMap((layer, i): Due[] => {
    if (layer.type !== 'dense' || !layer.tied) return []
    const table = store.find(denseWeightName(names[i], layer))
    const read = () => Float32Array.from(store.read(table))
    return [{ name: torchName(`${names[i]}.weight`), shape: table.shape, read }]
  })
}

/** PyTorch's modules have two biases or none: for a single bias, the second is written as zeros. */
function listSecondBiases(network: Network): Due[] {
  const layers = network.config.layers.filter((layer) => layer.type === 'recurrent')
  return internalsOf(network).recurrent.flatMap(({ loops }, i) =>
    loops.flatMap(({ parameters: { biasInput } }): Due[] => {
      if (layers[i].bias !== 'single' || !biasInput) return []
      const { name, shape, size } = biasInput
      const second = torchName(name).replace('.bias_ih_', '.bias_hh_')
      return [{ name: second, shape, read: () => new Float32Array(size) }]
    }),
  )
}

/** nn.LayerNorm and nn.BatchNorm1d have both weight and bias, or neither: a missing one is written as ones or zeros. */
function listConstants(network: Network): Due[] {
  const names = layerNames(network.config.layers)
  return network.config.layers.flatMap((layer: LayerOptions, i): Due[] => {
    if (layer.type !== 'layerNorm' && layer.type !== 'batchNorm') return []
    const path = names[i].replace('.', '')
    const { scale = true, centre = true } = layer
    if (scale === centre) return []
    const { width } = internalsOf(network).layers[i].output
    const read = () => new Float32Array(width).fill(scale ? 0 : 1)
    return [{ name: `${path}.${scale ? 'bias' : 'weight'}`, shape: [width], read }]
  })
}

/** The header, then each tensor. All tensors are float32, so none needs padding. */
function* chunksOf(tensors: readonly Due[], metadata: Record<string, string>): Iterable<Uint8Array> {
  let offset = 0
  const fields = tensors.map(({ name, shape }) => {
    const begin = offset
    offset += 4 * shape.reduce((a, b) => a * b, 1)
    const info = { dtype: 'F32', shape, data_offsets: [begin, offset] }
    return `${JSON.stringify(name)}:${JSON.stringify(info)}`
  })
  const text = `{"__metadata__":${JSON.stringify(metadata)},${fields.join(',')}}`
  const header = new TextEncoder().encode(text)
  const length = Math.ceil(header.length / 8) * 8
  const start = new Uint8Array(8 + length).fill(0x20)
  new DataView(start.buffer).setBigUint64(0, BigInt(length), true)
  start.set(header, 8)
  yield start
  for (const { read } of tensors) {
    const { buffer, byteOffset, byteLength } = read()
    yield new Uint8Array(buffer, byteOffset, byteLength)
  }
}
