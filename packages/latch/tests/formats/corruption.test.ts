/** A model file damaged in a thousand seeded ways: refused or read, quickly and within its size. */
import { assert, describe, expect, it } from 'vitest'
import { FormatError } from '../../src/core/errors.ts'
import { Random } from '../../src/core/random.ts'
import { decodeModel, encodeModel } from '../../src/formats/latch/modelFile.ts'
import { writeSafetensors } from '../../src/formats/safetensors/safetensors.ts'
import type { NamedTensor } from '../../src/formats/safetensors/safetensors.ts'

const LIMIT_MS = 100
const RUNS = 3000

function validModel(): Uint8Array {
  const random = new Random(1, 'weights')
  const float = (name: string, ...shape: number[]): NamedTensor => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
    return { name, shape, dtype: 'F32', data: data.map(() => random.normal()) }
  }
  const words = Array.from({ length: 200 }, (_, i) => `word${i}`)
  const step: NamedTensor = { name: 'step', shape: [], dtype: 'I64', data: BigInt64Array.of(7n) }
  return encodeModel(
    {
      format: 'latch',
      version: 1,
      task: 'textClassifier',
      vocabulary: words,
      network: { units: 8, layers: [] },
    },
    [
      float('embedding.weight', 20, 6),
      float('recurrent.0.weight_ih_l0', 32, 6),
      float('dense.bias', 2),
      step,
    ],
  )
}

type Damage = (file: Uint8Array, random: Random) => Uint8Array

const somewhere = (file: Uint8Array, random: Random): number => {
  // Half of the damage goes into the length and the tensors' part of the header, where it hurts most.
  const edges = [8, 300, file.length, file.length] as const
  return random.integer(Math.min(random.pick(edges), file.length))
}

const DAMAGES: Readonly<Record<string, Damage>> = {
  bits(file, random) {
    const flips = 1 + random.integer(8)
    for (let i = 0; i < flips; i++) file[somewhere(file, random)] ^= 1 << random.integer(8)
    return file
  },
  bytes(file, random) {
    const at = somewhere(file, random)
    return file.fill(random.integer(256), at, at + 1 + random.integer(16))
  },
  cut: (file, random) => file.subarray(0, random.integer(file.length)),
  splice(file, random) {
    const from = somewhere(file, random)
    file.copyWithin(somewhere(file, random), from, from + 1 + random.integer(64))
    return file
  },
  removed(file, random) {
    const at = somewhere(file, random)
    return Uint8Array.of(...file.subarray(0, at), ...file.subarray(at + 1 + random.integer(32)))
  },
  inserted(file, random) {
    const at = somewhere(file, random)
    const extra = Array.from({ length: 1 + random.integer(32) }, () => random.integer(256))
    return Uint8Array.of(...file.subarray(0, at), ...extra, ...file.subarray(at))
  },
  length(file, random) {
    const power = BigInt(random.integer(64))
    new DataView(file.buffer).setBigUint64(0, (1n << power) - BigInt(random.integer(3)), true)
    return file
  },
  digits(file, random) {
    const places = [...file.keys()].slice(8).filter((at) => file[at] >= 0x30 && file[at] <= 0x39)
    for (let i = 0; i < 2; i++) file[random.pick(places)] = 0x30 + random.integer(10)
    return file
  },
  signs(file, random) {
    const signs = [...'{}[],:"\\0 '].map((sign) => sign.charCodeAt(0))
    file[8 + random.integer(1500)] = random.pick(signs)
    return file
  },
}

/** Reads the file and checks every promise; true if it was readable. */
function survives(file: Uint8Array, how: string): boolean {
  try {
    const { tensors } = decodeModel(file, 'm.safetensors')
    const held = [...tensors.values()].reduce((sum, { data }) => sum + data.buffer.byteLength, 0)
    expect(held, how).toBeLessThanOrEqual(4 * file.length)
    return true
  } catch (error) {
    if (!(error instanceof FormatError)) throw new Error(`${how}: ${String(error)}`, { cause: error })
    assert(/^m\.safetensors, .+: expected .+, got /s.test(error.message), `${how}: ${error.message}`)
    assert(error.message.length < 1000, how)
    return false
  }
}

function milliseconds(action: () => void): number {
  const start = performance.now()
  action()
  return performance.now() - start
}

describe('damaged model files', () => {
  const valid = validModel()
  const kinds = Object.keys(DAMAGES)

  it('starts from a file that reads', () => {
    expect(survives(valid, 'valid')).toBe(true)
  })

  it.each(kinds)(`${Math.ceil(RUNS / kinds.length)} times %s`, (kind) => {
    const outcome = { read: 0, refused: 0 }
    for (let run = 0; run < RUNS / kinds.length; run++) {
      const file = DAMAGES[kind](valid.slice(), new Random(run, kind))
      const how = `${kind}, seed ${run}`
      const attempt = (): void => void (survives(file, how) ? outcome.read++ : outcome.refused++)
      // A busy machine may interrupt one attempt; hardly three.
      const fastest = (): number =>
        Math.min(milliseconds(attempt), milliseconds(attempt), milliseconds(attempt))
      const first = milliseconds(attempt)
      expect(first < LIMIT_MS ? first : fastest(), how).toBeLessThan(LIMIT_MS)
    }
    expect(outcome.refused, JSON.stringify(outcome)).toBeGreaterThan(0)
  })

  it('allocates no memory for what a header only declares', () => {
    const shape = [2 ** 30, 2 ** 20]
    const header = `{"w":{"dtype":"F32","shape":[${shape}],"data_offsets":[0,${2 ** 52}]}}`
    const file = new Uint8Array(8 + header.length + 4)
    new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true)
    file.set(new TextEncoder().encode(header), 8)
    const before = process.memoryUsage().arrayBuffers
    expect(survives(file, 'declared')).toBe(false)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  it('refuses texts made to exhaust memory before they are parsed', () => {
    const bombs = ['['.repeat(4_000_000), `[${'[],'.repeat(1_300_000)}0]`, `[${'{},'.repeat(1_300_000)}0]`]
    for (const latch of bombs) {
      const file = writeSafetensors([], { latch })
      const before = process.memoryUsage()
      expect(survives(file, latch.slice(0, 10))).toBe(false)
      const after = process.memoryUsage()
      const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
      expect(grown).toBeLessThan(4 * file.length)
    }
  })
})
