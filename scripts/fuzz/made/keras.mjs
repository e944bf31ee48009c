/** Keras: zips of config.json and HDF5 weights, and HDF5 files whose addresses, counts and sizes are changed. */
import { deflateRawSync, crc32 } from 'node:zlib'
import { changedTree, toText } from './draw.mjs'
import { changedTopology } from './folders.mjs'

/** Bytes of a zip with these members; each may lie about itself. */
function zip(members, { comment = 0, count } = {}) {
  const [locals, directory] = [[], []]
  let at = 0
  for (const { name, bytes, method = 0, size, checksum, packedSize, offset } of members) {
    const named = Buffer.from(name)
    const packed = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes)
    const sum = checksum ?? crc32(bytes)
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(method, 4)
    facts.writeUInt32LE(sum, 10)
    facts.writeUInt32LE((packedSize ?? packed.length) >>> 0, 14)
    facts.writeUInt32LE((size ?? bytes.length) >>> 0, 18)
    facts.writeUInt16LE(named.length & 0xffff, 22)
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), facts, named, packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE((offset ?? at) >>> 0, 10)
    directory.push(Buffer.concat([Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), facts, tail, named]))
    locals.push(local)
    at += local.length
  }
  const all = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE((count ?? members.length) & 0xffff, 8)
  end.writeUInt16LE((count ?? members.length) & 0xffff, 10)
  end.writeUInt32LE(all.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(comment & 0xffff, 20)
  return new Uint8Array(Buffer.concat([...locals, all, end, Buffer.alloc(comment)]))
}

/** A changed copy of a .keras file: `unzip` is fflate's. */
export function madeKeras(draw, bytes, unzip) {
  const members = Object.entries(unzip(bytes)).map(([name, content]) => ({ name, bytes: content }))
  const member = draw.pick(members)
  const json = members.find(({ name }) => name === 'config.json')
  const h5 = members.find(({ name }) => name === 'model.weights.h5')
  const parsed = () => JSON.parse(new TextDecoder().decode(json.bytes))
  const write = (value) => (json.bytes = new TextEncoder().encode(toText(value)))
  const options = {}
  const changes = {
    config: () => write(changedTree(draw, parsed())),
    topology: () => write(changedTopology(draw, parsed())),
    weights: () => (h5.bytes = changedHdf5(draw, h5.bytes)),
    bytes: () => (member.bytes = draw.bytes(draw.pick([0, 1, 100, 70_000]))),
    bomb: () =>
      Object.assign(member, { bytes: new Uint8Array(draw.pick([2 ** 16, 2 ** 20, 2 ** 24])), method: 8 }),
    lies: () =>
      Object.assign(member, {
        [draw.pick(['size', 'packedSize', 'offset', 'checksum'])]: Math.abs(draw.number()) >>> 0,
      }),
    method: () => (member.method = draw.pick([8, 8, 9, 12, 99])),
    twice: () => members.push(...Array.from({ length: Math.min(draw.many(), 5000) }, () => member)),
    names: () => (member.name = draw.name()),
    missing: () => members.splice(draw.below(members.length), 1),
    count: () => (options.count = Math.abs(draw.number()) & 0xffff),
    comment: () => (options.comment = draw.pick([1, 1000, 65_535])),
  }
  const names = Object.keys(changes)
  const kind = draw.pick([...names, 'config', 'topology', 'topology', 'weights', 'weights', 'weights'])
  draw.say(kind)
  changes[kind]()
  return zip(members, options)
}

/**
 * A changed copy of an HDF5 file. Words of eight bytes that are addresses in the file are led elsewhere (to other
 * objects, in circles), and counts, sizes and types become others.
 */
export function changedHdf5(draw, original) {
  let bytes = original.slice()
  const view = new DataView(bytes.buffer)
  const addresses = []
  const marks = []
  for (let at = 8; at + 8 <= bytes.length; at++) {
    const word = view.getBigUint64(at, true)
    if (word >= 48n && word < BigInt(bytes.length) && word % 8n === 0n) addresses.push(at)
    if (SIGNATURES.has(view.getUint32(at, false))) marks.push(at)
    if (addresses.length > 5000) break
  }
  const targets = [...new Set(addresses.map((at) => view.getBigUint64(at, true)))]
  for (let times = draw.changes(); times > 0; times--) {
    const kind = draw.pick(['lead', 'lead', 'mark', 'field', 'cut', 'swap'])
    draw.say(kind)
    const at = addresses.length > 0 ? draw.pick(addresses) : 0
    if (kind === 'lead')
      view.setBigUint64(
        at,
        draw.pick([...targets, 0n, 8n, BigInt(at), 2n ** 64n - 1n, BigInt(bytes.length)]),
        true,
      )
    else if (kind === 'mark' && marks.length > 0) {
      const place = draw.pick(marks) + 4 + draw.below(20)
      if (place + 8 <= bytes.length)
        view.setBigUint64(place, BigInt.asUintN(64, BigInt(Math.trunc(draw.number()))), true)
    } else if (kind === 'field') {
      // Near an object's header: versions, counts of messages, ranks, sizes, classes of types.
      const place = Math.min(bytes.length - 4, Number(view.getBigUint64(at, true)) + draw.below(80))
      if (place >= 0) view.setUint8(place, draw.pick([0, 1, 2, 3, 5, 8, 16, 32, 127, 128, 255]))
    } else if (kind === 'swap' && addresses.length > 1) {
      const other = draw.pick(addresses)
      const word = view.getBigUint64(at, true)
      view.setBigUint64(at, view.getBigUint64(other, true), true)
      view.setBigUint64(other, word, true)
    } else if (kind === 'cut') bytes = bytes.slice(0, Math.max(100, draw.below(bytes.length)))
    if (bytes.length !== original.length) break
  }
  return bytes
}

const SIGNATURES = new Set(
  ['TREE', 'SNOD', 'HEAP', 'OHDR', 'FRHP', 'BTHD', 'GCOL', 'OCHK', 'FADB', 'EAHD', 'BTLF'].map((text) =>
    Buffer.from(text, 'latin1').readUInt32BE(0),
  ),
)
