/**
 * Helpers of the kernel tests: lays the same seeded buffers into any engine, with garbage in the padding
 * and guards around each, and compares what two engines made of them.
 */
import { expect } from 'vitest'
import type { Engine } from '../../src/engine/engine.ts'
import type { Kernels, Pointer } from '../../src/engine/kernels.ts'
import { Random } from '../../src/core/random.ts'

export const SIZES = [1, 3, 4, 5, 8, 17, 33]

/** Odd, so that buffers start off the 16-byte grid as rows inside a larger buffer do. */
const GUARD = 41
const GUARD_VALUE = -77777.5

export interface Matrix {
  pointer: Pointer
  ld: number
}

interface Options {
  /** Row stride; default: five more than the width. */
  ld?: number
  low?: number
  high?: number
  /** Explicit values, row-major (rows, width). */
  values?: ArrayLike<number>
  /** What lies in the padding columns; default NaN. */
  garbage?: number
  /** The kernel may write these padding columns too (anything finite). */
  writableTo?: number
}

/** `value`: compared. `free`: left alone or finite. `kept`: must not change. `scratch`: not looked at. */
type Role = 'value' | 'free' | 'kept' | 'scratch'

interface Buffer {
  what: string
  pointer: Pointer
  ints: boolean
  before: Float64Array
  roles: Role[]
}

export class Trial {
  readonly kernels: Kernels
  readonly W: number
  readonly random: Random
  readonly buffers: Buffer[] = []
  result = 0
  readonly #engine: Engine

  constructor(engine: Engine, seed: string) {
    this.#engine = engine
    this.kernels = engine.kernels
    this.W = engine.panel
    this.random = new Random(seed)
  }

  pad(n: number): number {
    return Math.ceil(n / this.W) * this.W
  }

  /** A row-major matrix with random values. */
  matrix(what: string, rows: number, width: number, options: Options = {}): Matrix {
    const { ld = width + 5, low = -2, high = 2, values, garbage = NaN, writableTo = width } = options
    const before = new Float64Array(rows * ld)
    const roles: Role[] = []
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < ld; j++) {
        const value = values ? values[i * width + j] : this.random.between(low, high)
        before[i * ld + j] = j < width ? Math.fround(value) : garbage
        roles.push(j < width ? 'value' : j < writableTo ? 'free' : 'kept')
      }
    }
    return { pointer: this.#place(what, before, roles, false), ld }
  }

  /** A matrix that the kernel has to write in full: NaN before. */
  output(what: string, rows: number, width: number, options: Options = {}): Matrix {
    return this.matrix(what, rows, width, { ...options, values: new Float64Array(rows * width).fill(NaN) })
  }

  /** A packed (k, n) matrix; padding columns hold zeros and count as values. */
  packed(what: string, k: number, n: number, values?: ArrayLike<number>): Pointer {
    const before = new Float64Array(k * this.pad(n))
    for (let l = 0; l < k; l++) {
      for (let j = 0; j < n; j++) {
        const value = values ? values[l * n + j] : this.random.between(-2, 2)
        before[packedIndex(l, j, k, this.W)] = Math.fround(value)
      }
    }
    return this.#place(what, before, Array(before.length).fill('value'), false)
  }

  floats(what: string, count: number, options: Options = {}): Pointer {
    return this.matrix(what, 1, count, { ...options, ld: count }).pointer
  }

  /** An area that the kernel may use as it likes; only its guards are checked. */
  scratch(count: number): Pointer {
    return this.#place('scratch', new Float64Array(count).fill(NaN), Array(count).fill('scratch'), false)
  }

  ints(what: string, values: number[]): Pointer {
    return this.#place(what, Float64Array.from(values), Array(values.length).fill('value'), true)
  }

  /** A buffer's contents now, without guards. */
  read(pointer: Pointer, count: number): Float64Array {
    return Float64Array.from(this.#engine.memory.viewFloats(pointer, count))
  }

  after(buffer: Buffer): Float64Array {
    const { memory } = this.#engine
    const count = buffer.before.length
    return Float64Array.from(
      buffer.ints ? memory.viewInts(buffer.pointer, count) : memory.viewFloats(buffer.pointer, count),
    )
  }

  #place(what: string, values: Float64Array, inner: Role[], ints: boolean): Pointer {
    const { memory } = this.#engine
    const guard = Array<number>(GUARD).fill(ints ? Math.trunc(GUARD_VALUE) : GUARD_VALUE)
    const before = Float64Array.from([...guard, ...values, ...guard])
    const kept = Array<Role>(GUARD).fill('kept')
    const pointer = ints ? memory.ints(before.length, what) : memory.floats(before.length, what)
    const view = ints ? memory.viewInts(pointer, before.length) : memory.viewFloats(pointer, before.length)
    view.set(before)
    this.buffers.push({ what, pointer, ints, before, roles: [...kept, ...inner, ...kept] })
    return pointer + GUARD * (ints ? 4 : memory.floatBytes)
  }
}

export function packedIndex(row: number, column: number, rows: number, W: number): number {
  return (Math.floor(column / W) * rows + row) * W + (column % W)
}

/** One kernel call: lays out its buffers and calls; may return the kernel's number. */
export type Call = (trial: Trial) => number | void

/** Runs a call on an engine and gives the memory back afterwards. */
export function runTrial<T>(engine: Engine, seed: string, call: Call, look: (trial: Trial) => T): T {
  const mark = engine.memory.mark()
  try {
    const trial = new Trial(engine, seed)
    trial.result = call(trial) ?? 0
    return look(trial)
  } finally {
    engine.memory.release(mark)
  }
}

/** The same call on both engines: values agree within `tolerance` · (1 + |x|), the rest is untouched. */
export function expectSame(
  actual: Engine,
  expected: Engine,
  seed: string,
  call: Call,
  tolerance = 4e-6,
): void {
  runTrial(expected, seed, call, (plain) => {
    runTrial(actual, seed, call, (fast) => {
      expect(close(fast.result, plain.result, tolerance), `${seed}: ${fast.result} vs ${plain.result}`).toBe(
        true,
      )
      fast.buffers.forEach((buffer, b) => {
        const fault = firstFault(buffer, fast.after(buffer), plain.after(plain.buffers[b]), tolerance)
        if (fault) expect.fail(`${seed}: ${buffer.what}${fault}`)
      })
    })
  })
}

function firstFault(buffer: Buffer, after: Float64Array, wanted: Float64Array, tolerance: number): string {
  for (let i = 0; i < after.length; i++) {
    const [got, want, before, role] = [after[i], wanted[i], buffer.before[i], buffer.roles[i]]
    if (role === 'value' && Number.isNaN(want)) return `[${i - GUARD}]: the reference left NaN`
    if (role === 'scratch') continue
    const same = Object.is(got, before)
    const fine =
      role === 'value' ? close(got, want, tolerance) : same || (role === 'free' && Number.isFinite(got))
    if (!fine) return `[${i - GUARD}] (${role}): got ${got}, wanted ${role === 'kept' ? before : want}`
  }
  return ''
}

function close(a: number, b: number, tolerance: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= tolerance * (1 + Math.abs(b))
}
