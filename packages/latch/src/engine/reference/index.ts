/**
 * The reference engine: every kernel in plain TypeScript, in float32 or float64. The WebAssembly kernels are tested
 * against it, gradients are checked on it in float64, and it computes where SIMD is missing.
 */
import { UsageError } from '../../core/errors.ts'
import type { Engine, Precision } from '../engine.ts'
import type { BufferSource, FloatArray } from '../arena.ts'
import type { Kernels } from '../kernels.ts'
import { Arena } from '../arena.ts'
import { serialExecutor } from '../threads/executor.ts'
import type { Access } from './access.ts'
import { elementwiseKernels } from './elementwise.ts'
import { gruKernels, gruResetBeforeKernels } from './gru.ts'
import { lossKernels } from './loss.ts'
import { lstmKernels } from './lstm.ts'
import { matmulKernels } from './matmul.ts'
import { flatKernels } from './flat.ts'
import { poolKernels } from './pool.ts'
import { rnnKernels } from './rnn.ts'
import { rowKernels } from './rows.ts'

/** Of the engines whose weights can be updated. */
export const accesses = new WeakMap<Kernels, Access>()

const FIRST_BYTES = 1 << 16
// Pointer 0 means "none", so nothing may lie there.
const BASE = 64

/**
 * A new engine with its own memory. The updates of weights are added by training (updates.ts).
 * `panel` is W, a positive multiple of 4.
 * Throws UsageError for any other panel.
 */
export function createReferenceEngine(precision: Precision, panel = 12): Engine {
  if (!(Number.isInteger(panel) && panel > 0 && panel % 4 === 0)) {
    throw new UsageError({
      where: 'createReferenceEngine panel',
      expected: 'a positive multiple of 4',
      got: String(panel),
      remedy: 'Omit it to get 12.',
    })
  }
  const source = growable()
  const access = accessTo(source, precision, panel)
  const memory = new Arena(source, BASE, precision === 'float32' ? 4 : 8)
  const kernels = {
    ...matmulKernels(access),
    ...rowKernels(access),
    ...rnnKernels(access),
    ...lstmKernels(access),
    ...gruKernels(access),
    ...gruResetBeforeKernels(access),
    ...poolKernels(access),
    ...elementwiseKernels(access),
    ...lossKernels(access),
    ...flatKernels(access),
  } as Kernels
  accesses.set(kernels, access)
  return {
    name: 'reference',
    precision,
    threads: 1,
    threadsNote: null,
    panel,
    memory,
    kernels,
    executor: serialExecutor(kernels),
    ready: async () => {},
    dispose: () => memory.dispose(),
  }
}

/** A plain buffer that grows by copying into one at least twice as large. */
function growable(): BufferSource {
  let buffer = new ArrayBuffer(FIRST_BYTES)
  return {
    get buffer() {
      return buffer
    },
    grow(bytes) {
      const larger = allocate(Math.max(bytes, 2 * buffer.byteLength)) ?? allocate(Math.ceil(bytes / 8) * 8)
      if (!larger) return false
      new Uint8Array(larger).set(new Uint8Array(buffer))
      buffer = larger
      return true
    },
  }
}

function allocate(bytes: number): ArrayBuffer | null {
  try {
    return new ArrayBuffer(bytes)
  } catch {
    return null
  }
}

/** Views of the whole buffer, renewed when it has grown. */
function accessTo(source: BufferSource, precision: Precision, panel: number): Access {
  let floats: FloatArray = new Float32Array(0)
  let ints = new Int32Array(0)
  const refresh = () => {
    floats = precision === 'float32' ? new Float32Array(source.buffer) : new Float64Array(source.buffer)
    ints = new Int32Array(source.buffer)
  }
  refresh()
  return {
    f: () => (floats.buffer === source.buffer ? floats : (refresh(), floats)),
    i: () => (ints.buffer === source.buffer ? ints : (refresh(), ints)),
    shift: precision === 'float32' ? 2 : 3,
    panel,
  }
}
