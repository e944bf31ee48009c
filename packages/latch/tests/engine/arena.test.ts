import { describe, expect, test } from 'vitest'
import { createEngine } from '../../src/engine/createEngine.ts'
import { Arena } from '../../src/engine/arena.ts'
import type { BufferSource } from '../../src/engine/arena.ts'
import { createReferenceEngine } from '../../src/engine/reference/index.ts'
import { MemoryError, UsageError } from '../../src/core/errors.ts'

/** A buffer source that does not grow beyond `limit` bytes. */
function limited(limit: number): BufferSource {
  let buffer = new ArrayBuffer(1024)
  return {
    get buffer() {
      return buffer
    },
    grow(bytes) {
      if (bytes > limit) return false
      const larger = new ArrayBuffer(bytes)
      new Uint8Array(larger).set(new Uint8Array(buffer))
      buffer = larger
      return true
    },
  }
}

describe('Memory', () => {
  test('gives out aligned areas that do not overlap and are never at 0', () => {
    for (const floatBytes of [4, 8] as const) {
      const memory = new Arena(limited(1 << 20), 1, floatBytes)
      const sizes = [1, 16, 17, 100, 3]
      const pointers = sizes.map((size) => memory.floats(size, 'x'))
      const last = memory.ints(5, 'ids')
      for (const pointer of [...pointers, last]) expect(pointer % 64).toBe(0)
      expect(pointers[0]).toBeGreaterThan(0)
      pointers.forEach((pointer, i) => memory.viewFloats(pointer, sizes[i]).fill(i + 1))
      memory.viewInts(last, 5).fill(-7)
      pointers.forEach((pointer, i) => {
        expect([...memory.viewFloats(pointer, sizes[i])]).toEqual(Array(sizes[i]).fill(i + 1))
      })
      expect(memory.viewFloats(pointers[0], 1).BYTES_PER_ELEMENT).toBe(floatBytes)
    }
  })

  test('releases back to a mark and gives the same area again', () => {
    const memory = new Arena(limited(1 << 20), 64, 4)
    memory.floats(10, 'parameters')
    const [mark, used] = [memory.mark(), memory.used]
    const first = memory.floats(100, 'activations')
    expect(memory.used).toBeGreaterThan(used)
    memory.release(mark)
    expect(memory.used).toBe(used)
    expect(memory.floats(100, 'activations')).toBe(first)
  })

  test('keeps its contents when it grows, and later views see them', () => {
    const memory = new Arena(limited(1 << 24), 64, 4)
    const pointer = memory.floats(8, 'x')
    memory.viewFloats(pointer, 8).set([1, 2, 3, 4, 5, 6, 7, 8])
    const ids = memory.ints(2, 'ids')
    memory.viewInts(ids, 2).set([7, -1])
    memory.floats(1 << 20, 'more')
    expect([...memory.viewFloats(pointer, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect([...memory.viewInts(ids, 2)]).toEqual([7, -1])
  })

  test('says what did not fit and stays as it was', () => {
    const memory = new Arena(limited(1 << 16), 64, 4)
    const before = memory.used
    const ask = (count: number) => () => memory.floats(count, 'activations of 3 layers')
    expect(ask(1 << 20)).toThrow(MemoryError)
    expect(ask(1 << 20)).toThrow(
      /engine memory \(activations of 3 layers\): expected .*MiB.*, got .*\. Lower/,
    )
    expect(ask(2 ** 31)).toThrow(MemoryError)
    expect(memory.used).toBe(before)
    expect(memory.floats(4, 'small')).toBe(before)
  })
})

describe('the reference engine', () => {
  test('says what it is', () => {
    const engine = createReferenceEngine('float64')
    expect([engine.name, engine.precision, engine.panel]).toEqual(['reference', 'float64', 12])
    expect(engine.memory.floatBytes).toBe(8)
    expect(createReferenceEngine('float32', 16).panel).toBe(16)
    for (const panel of [0, -4, 6, 2.5, NaN])
      expect(() => createReferenceEngine('float32', panel)).toThrow(UsageError)
  })
})

describe('every engine', () => {
  const engines = [
    () => createEngine({ engine: 'simd', threads: 1 }),
    () => createEngine({ engine: 'simd', threads: 2 }),
    () => createEngine({ engine: 'relaxed' }),
    () => createReferenceEngine('float32'),
    () => createReferenceEngine('float64'),
  ]

  test('computes on after its memory has grown', () => {
    for (const open of engines) {
      const { memory, kernels } = open()
      const x = memory.floats(3, 'x')
      memory.viewFloats(x, 3).set([1, 2, 3])
      kernels.add(x, x, 3)
      const ids = memory.ints(1, 'ids')
      memory.floats(1 << 20, 'more')
      memory.viewInts(ids, 1).set([0])
      const y = memory.floats(3, 'y')
      kernels.add(x, x, 3)
      kernels.gatherRows(y, x, ids, 1, 3, 3, 3)
      expect([...memory.viewFloats(y, 3)]).toEqual([4, 8, 12])
    }
  })

  test('two engines share nothing', () => {
    for (const open of engines) {
      const [a, b] = [open(), open()]
      const [x, y] = [a.memory.floats(1, 'x'), b.memory.floats(1, 'y')]
      a.memory.viewFloats(x, 1)[0] = 1
      b.memory.viewFloats(y, 1)[0] = 2
      expect(x).toBe(y)
      expect(a.memory.viewFloats(x, 1)[0]).toBe(1)
    }
  })
})

describe('a host that gives no more', () => {
  test('is named where it does not grow, with its size', () => {
    const memory = new Arena({ buffer: new ArrayBuffer(2 ** 20), grow: () => false }, 64, 4)
    expect(() => memory.floats(2 ** 20, 'activations')).toThrow(
      /engine memory \(activations\): expected 5 MiB of memory, got `memory\.grow\(\)` failed at 1 MiB\. Lower/,
    )
    expect(memory.used).toBe(64)
  })
})
