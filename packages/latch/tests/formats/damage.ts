/** Seeded ways to damage a model file: its bytes anywhere, or the values of its JSON document by structure. */
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors/safetensors.ts'
import { Random } from '../../src/core/random.ts'

/** A model file's document, to be changed in ways its own types forbid. */
export interface LooseDocument {
  format: unknown
  version: unknown
  task: unknown
  settings: Record<string, unknown>
  vocabulary: unknown[]
  labels: unknown[]
  network: { layers: Record<string, unknown>[]; loss?: Record<string, unknown> }
  training: Record<string, unknown>
}

/** The file with its document changed; the tensors stay. */
export function withDocument(file: Uint8Array, change: (document: LooseDocument) => void): Uint8Array {
  const { tensors, metadata } = readSafetensors(file)
  const document = JSON.parse(metadata.latch) as LooseDocument
  change(document)
  return writeSafetensors(tensors.values(), { ...metadata, latch: JSON.stringify(document) })
}

/** The file with the text of its header changed, its length kept true. */
export function withHeader(file: Uint8Array, change: (text: string) => string): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const text = new TextDecoder().decode(file.subarray(8, 8 + length))
  const header = new TextEncoder().encode(change(text))
  const out = new Uint8Array(8 + header.length + file.length - 8 - length)
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true)
  out.set(header, 8)
  out.set(file.subarray(8 + length), 8 + header.length)
  return out
}

const KINDS = ['bits', 'bytes', 'zeros', 'cut', 'splice', 'removed', 'inserted', 'length', 'digits'] as const
export type DamageKind = (typeof KINDS)[number]

/** A damaged copy; which damage and where follows from the seed. Two thirds of it in the header. */
export function damaged(file: Uint8Array, seed: number): { bytes: Uint8Array; kind: DamageKind } {
  const random = new Random(seed, 'damage')
  const kind = random.pick(KINDS)
  const header = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const place = () => random.integer(random.pick([header, Math.min(header, 3000), file.length]))
  const bytes = file.slice()
  const [at, count] = [place(), 1 + random.integer(40)]
  switch (kind) {
    case 'bits':
      for (let i = 0; i < count; i++) bytes[place()] ^= 1 << random.integer(8)
      return { bytes, kind }
    case 'bytes':
      return { bytes: bytes.fill(random.integer(256), at, at + count), kind }
    case 'zeros':
      return { bytes: bytes.fill(0, at, at + 50 * count), kind }
    case 'cut':
      return { bytes: bytes.subarray(0, at), kind }
    case 'splice':
      return { bytes: bytes.copyWithin(place(), at, at + 10 * count), kind }
    case 'removed':
      bytes.copyWithin(at, at + count)
      return { bytes: bytes.subarray(0, file.length - Math.min(count, file.length - at)), kind }
    case 'inserted': {
      const longer = new Uint8Array(file.length + count).fill(random.integer(128))
      longer.set(file.subarray(0, at))
      longer.set(file.subarray(at), at + count)
      return { bytes: longer, kind }
    }
    case 'length':
      new DataView(bytes.buffer).setBigUint64(
        0,
        (1n << BigInt(random.integer(64))) + BigInt(random.integer(3)),
        true,
      )
      return { bytes, kind }
    case 'digits':
      // Places that hold a digit, in what the header says of tensors and configuration.
      for (let i = 0, found = 0; i < 4000 && found < 2; i++) {
        const digit = 8 + random.integer(header - 8)
        if (bytes[digit] < 0x30 || bytes[digit] > 0x39) continue
        bytes[digit] = 0x30 + random.integer(10)
        found++
      }
      return { bytes, kind }
  }
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  false,
  '',
  'lstm',
  'strange',
  -1,
  0,
  0.5,
  1,
  2,
  3,
  1e9,
  2 ** 31,
  2 ** 53,
  1e300,
  -1e300,
  [],
  {},
  [0],
  [[]],
  { type: 'dense', units: 2 ** 20 },
  { type: 'recurrent', cell: 'gru', units: 3 },
  'x'.repeat(5000),
]

/** Changes 1 to 3 values somewhere inside: gone, of another type, far out of range, twice, or moved. */
export function mutate(document: unknown, random: Random): string {
  const done: string[] = []
  const changes = 1 + random.integer(3)
  for (let i = 0; i < changes; i++) {
    const places = placesIn(document, 'document')
    // Big lists (the vocabulary, the history) would draw nearly all changes.
    const rare = places.filter(({ path }) => !/vocabulary\[|history\[/.test(path))
    const { parent, key, path } = random.pick(random.uniform() < 0.85 && rare.length > 0 ? rare : places)
    done.push(`${path}: ${changeAt(parent, key, random)}`)
  }
  return done.join('; ')
}

function changeAt(place: object, key: string, random: Random): string {
  const parent = place as Record<string, unknown>
  const kind = random.pick(['delete', 'strange', 'strange', 'strange', 'twice', 'number'] as const)
  if (kind === 'delete') {
    if (Array.isArray(place)) place.splice(Number(key), 1)
    else delete parent[key]
  } else if (kind === 'twice' && Array.isArray(place)) {
    place.push(structuredClone(parent[key]))
  } else if (kind === 'number' && typeof parent[key] === 'number') {
    const number = parent[key]
    parent[key] = random.pick([-number, number + 1, number * 1e6, number / 3])
  } else {
    parent[key] = structuredClone(random.pick(STRANGE))
  }
  return `${kind} ${JSON.stringify(parent[key])?.slice(0, 60)}`
}

function placesIn(value: unknown, path: string): { parent: object; key: string; path: string }[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const here = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`
    return [{ parent: value as object, key, path: here }, ...placesIn(item, here)]
  })
}
