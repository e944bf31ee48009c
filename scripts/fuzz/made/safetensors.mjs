/** Safetensors: Latch's own models and PyTorch's state_dicts, with headers, offsets and documents changed. */
import { changedTree, raw, toText } from './draw.mjs'

const METADATA = '__metadata__'
const decode = (bytes) => new TextDecoder().decode(bytes)

/** `{ header, data }` of a safetensors file. */
function taken(bytes) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  return { header: JSON.parse(decode(bytes.subarray(8, 8 + length))), data: bytes.slice(8 + length) }
}

function put(header, data, length) {
  const text = new TextEncoder().encode(toText(header))
  const out = new Uint8Array(8 + text.length + data.length)
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(text.length), true)
  out.set(text, 8)
  out.set(data, 8 + text.length)
  return out
}

const LENGTHS = [0n, 1n, 2n, 8n, 2n ** 20n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]
const DTYPES = ['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'I8', 'U8', 'BOOL', 'F8_E4M3', 'C64', 'x', '']

/** A changed copy of a file of tensors. */
export function madeSafetensors(draw, bytes) {
  const { header, data } = taken(bytes)
  const document = header[METADATA]?.latch
  const kind = draw.pick(
    document
      ? ['document', 'document', 'document', 'header', 'tensors', 'data']
      : ['header', 'tensors', 'tensors', 'data'],
  )
  draw.say(kind)
  if (kind === 'document') {
    header[METADATA].latch = toText(changedTree(draw, JSON.parse(document)))
    return put(header, data)
  }
  if (kind === 'header') return put(changedTree(draw, header), data)
  if (kind === 'data') {
    const length = draw.pick([
      0,
      1,
      data.length - 1,
      data.length + 1,
      data.length * 2,
      Math.floor(data.length / 2),
    ])
    const other = new Uint8Array(Math.max(0, length))
    other.set(data.subarray(0, other.length))
    if (draw.chance(0.5)) other.fill(draw.pick([0x7f, 0xff, 0x80]), draw.below(other.length || 1))
    return put(header, other, draw.chance(0.3) ? draw.pick(LENGTHS) : undefined)
  }
  return put(changedTensors(draw, header), data)
}

/** Tensors that overlap, lie outside, come very often, or have other names and types. */
function changedTensors(draw, header) {
  const names = Object.keys(header).filter((name) => name !== METADATA)
  if (names.length === 0) return header
  const name = draw.pick(names)
  const tensor = header[name]
  const changes = {
    offsets: () => (tensor.data_offsets = [draw.number(), draw.number()]),
    shape: () => (tensor.shape = draw.shape()),
    huge: () => (tensor.shape = [2 ** 26, 2 ** 26]),
    dtype: () => (tensor.dtype = draw.pick(DTYPES)),
    many() {
      const count = draw.many()
      for (let i = 0; i < count; i++) header[`${name}${draw.pick(['', '.', '_l'])}${i}`] = tensor
    },
    layers() {
      // One tensor under the names of very many layers.
      const count = draw.many()
      for (const old of names)
        for (let i = 1; i < count && i < 2000; i++) header[old.replace(/\d+/, String(i))] = header[old]
    },
    empty() {
      const count = draw.many()
      for (let i = 0; i < count; i++)
        header[`e${i}`] = { dtype: 'F32', shape: [0, draw.number()], data_offsets: [0, 0] }
    },
    name() {
      delete header[name]
      header[draw.chance(0.5) ? draw.name() : draw.pick(names)] = tensor
    },
    twice: () => (header[`${name}"`] = raw(`${toText(tensor)},${JSON.stringify(name)}:${toText(tensor)}`)),
  }
  const kind = draw.pick(Object.keys(changes))
  draw.say(`${kind} ${name}`)
  changes[kind]()
  return header
}
