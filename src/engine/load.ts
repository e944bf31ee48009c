/**
 * Opens engines. The WebAssembly build is compiled once per process and instantiated once per engine,
 * each with a memory of its own. Whoever asks for an engine gets that one or an error that says why.
 */
import { UnsupportedError, UsageError } from '../tensor/errors.ts'
import type { Engine, EngineOptions } from './engine.ts'
import type { Kernels } from './kernels.ts'
import { Memory } from './memory.ts'
import type { Backing } from './memory.ts'
import { createReferenceEngine } from './reference/index.ts'
import { simdBase64 } from './wasm/simd.ts'

const PAGE = 65536
/** Pages an engine begins with: the static data, so that a model refused early cost next to nothing. */
const INITIAL = 2
/** Pages to grow by at least: growing detaches every view, so it should be rare. */
const STEP = 16
const MAXIMUM = 65536

let compiled: WebAssembly.Module | undefined

/**
 * Opens an engine; default: `simd` in `float32`.
 * @throws UnsupportedError where the host cannot run the engine asked for.
 * @throws UsageError for an unknown name or precision, and for `float64` on `simd`.
 */
export function createEngine(options: EngineOptions = {}): Engine {
  const { engine = 'simd', precision = 'float32' } = options
  checkOptions(engine, precision)
  if (engine === 'reference') return createReferenceEngine(precision)
  if (!simdSupported()) {
    throw new UnsupportedError({
      where: "engine: 'simd'",
      expected: 'a host with WebAssembly and its 128-bit SIMD',
      got: typeof WebAssembly === 'undefined' ? 'a host without WebAssembly' : 'WebAssembly without SIMD',
      remedy: "Use engine: 'reference' (plain TypeScript, slower), or a newer browser or Node.",
    })
  }
  return openSimd()
}

/** Whether this host runs WebAssembly with 128-bit SIMD. */
export function simdSupported(): boolean {
  if (typeof WebAssembly === 'undefined') return false
  // (func (result v128) (i8x16.popcnt (i8x16.splat (i32.const 0)))), the smallest module that needs SIMD.
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const typeAndFunction = [1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0]
  const code = [10, 10, 1, 8, 0, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x62, 0x0b]
  return WebAssembly.validate(new Uint8Array([...header, ...typeAndFunction, ...code]))
}

function checkOptions(engine: string, precision: string): void {
  if (engine !== 'simd' && engine !== 'reference') {
    throw new UsageError({ where: 'engine', expected: "'simd' or 'reference'", got: show(engine) })
  }
  if (precision !== 'float32' && precision !== 'float64') {
    throw new UsageError({ where: 'precision', expected: "'float32' or 'float64'", got: show(precision) })
  }
  if (engine === 'simd' && precision === 'float64') {
    throw new UsageError({
      where: "precision on engine 'simd'",
      expected: "'float32'",
      got: "'float64'",
      remedy: "Use engine: 'reference' for float64.",
    })
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function openSimd(): Engine {
  compiled ??= new WebAssembly.Module(decodeBase64(simdBase64))
  const memory = new WebAssembly.Memory({ initial: INITIAL, maximum: MAXIMUM })
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } })
  const { panel, heapBase } = exports as unknown as { panel(): number; heapBase(): number }
  return {
    name: 'simd',
    precision: 'float32',
    panel: panel(),
    kernels: exports as unknown as Kernels,
    memory: new Memory(backingOf(memory), heapBase(), 4),
  }
}

function backingOf(memory: WebAssembly.Memory): Backing {
  return {
    get buffer() {
      return memory.buffer as ArrayBuffer
    },
    grow(bytes) {
      const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE)
      if (missing <= 0) return true
      return grown(memory, Math.max(missing, STEP)) || grown(memory, missing)
    },
  }
}

function grown(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages)
    return true
  } catch {
    return false
  }
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
