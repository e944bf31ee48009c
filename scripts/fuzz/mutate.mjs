/**
 * Seeded damage to the bytes of a file. Most of it goes where the structure is (headers, lengths, names), which
 * looks unlike the noise of weights: windows with zeros or letters. Mutation i of a file is always the same.
 */

import { randomOf } from './random.mjs'

const WINDOW = 16

/** Offsets whose window looks like structure: half of it zeros, or most of it letters. */
export function structureOf(bytes) {
  const offsets = []
  for (let at = 0; at + WINDOW <= bytes.length; at += WINDOW) {
    let zeros = 0
    let letters = 0
    for (let i = at; i < at + WINDOW; i++) {
      if (bytes[i] === 0 || bytes[i] === 255) zeros++
      else if (bytes[i] >= 32 && bytes[i] < 127) letters++
    }
    if ((zeros >= 6 && zeros < WINDOW) || letters >= 12) offsets.push(at)
  }
  return offsets
}

const EXTREMES = [0, 1, 2, 127, 128, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
const KINDS = [
  'bit',
  'byte',
  'extreme32',
  'extreme64',
  'cut',
  'copy',
  'remove',
  'insert',
  'zeros',
  'digit',
  'swap',
]

/** Mutation `index` of the bytes: `{ bytes, what }`. */
export function mutated(bytes, structure, index) {
  const random = randomOf(Math.imul(index + 1, 0x9e3779b1))
  const below = (n) => Math.floor(random() * n)
  const place = () => {
    if (structure.length > 0 && random() < 0.75) {
      return Math.min(bytes.length - 1, structure[below(structure.length)] + below(WINDOW))
    }
    return below(bytes.length)
  }
  let out = bytes.slice()
  const done = []
  for (let times = 1 + below(3); times > 0; times--) {
    const kind = KINDS[below(KINDS.length)]
    const at = Math.min(out.length - 1, place())
    done.push(`${kind}@${at}`)
    if (out.length < 16) break
    out = change(out, kind, at, below)
  }
  return { bytes: out, what: done.join(' ') }
}

function change(out, kind, at, below) {
  const count = Math.min(out.length - at, 1 + below(64))
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  if (kind === 'bit') out[at] ^= 1 << below(8)
  else if (kind === 'byte') out[at] = below(256)
  else if (kind === 'extreme32' && at + 4 <= out.length)
    view.setUint32(at, EXTREMES[below(EXTREMES.length)], true)
  else if (kind === 'extreme64' && at + 8 <= out.length) {
    view.setBigUint64(at, below(2) ? 0xffffffffffffffffn >> BigInt(below(64)) : 1n << BigInt(below(64)), true)
  } else if (kind === 'cut') return out.slice(0, Math.max(1, at))
  else if (kind === 'copy') out.copyWithin(below(out.length), at, at + count)
  else if (kind === 'remove') {
    out.copyWithin(at, at + count)
    return out.slice(0, Math.max(1, out.length - count))
  } else if (kind === 'insert') {
    const longer = new Uint8Array(out.length + count)
    longer.set(out.subarray(0, at))
    longer.fill(below(256), at, at + count)
    longer.set(out.subarray(at), at + count)
    return longer
  } else if (kind === 'zeros') out.fill(0, at, at + count)
  else if (kind === 'digit') {
    for (let i = at; i < Math.min(out.length, at + 400); i++) {
      if (out[i] < 0x30 || out[i] > 0x39) continue
      out[i] = 0x30 + below(10)
      break
    }
  } else if (kind === 'swap') {
    const other = below(out.length)
    ;[out[at], out[other]] = [out[other], out[at]]
  }
  return out
}
