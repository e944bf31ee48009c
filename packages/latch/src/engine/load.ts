/**
 * Creates engines: the fastest build that the host supports, or the requested one. A build is compiled once per process
 * and instantiated once per engine, each with a memory of its own.
 */
import { MemoryError, UnsupportedError, UsageError } from '../core/errors.ts'
import { ENGINE_NAMES, fewerThreadsNote, type Engine, type EngineName, type EngineOptions } from './engine.ts'
import { host } from './host.ts'
import type { Kernels } from './kernels.ts'
import { Arena } from './arena.ts'
import type { BufferSource } from './arena.ts'
import { createReferenceEngine } from './reference/index.ts'
import { MAX_THREADS, serialExecutor } from './threads/executor.ts'
import { ThreadPool } from './threads/threadPool.ts'
import { given, moduleOf, supports, type BuildName } from './builds.ts'

const PAGE = 65536
/** Pages an engine starts with: the static data, so that a model that is rejected early costs next to nothing. */
const INITIAL = 2
/** Least number of pages to grow by: growing detaches every view, so it should be rare. */
const STEP = 16
const MAXIMUM = 65536
/** Why a host with nothing faster has the reference engine. */
const NO_BUILD = 'the host compiles no WebAssembly; see `useEngineModule`'
/** More threads than this gain nothing at the sizes of recurrent networks. */
const DEFAULT_THREADS = 8

/**
 * Opens an engine whose options are known by name; default: the fastest of the host, in `float32`, with one thread per core.
 * @throws UnsupportedError where the host cannot run the requested engine.
 * @throws UsageError for an unknown name, precision or number of threads, for `float64` on a WebAssembly
 * build, and for `reproducible` together with `relaxed`.
 */
export function openEngine(options: EngineOptions): Engine {
  const { precision = 'float32' } = options
  checkOptions(options)
  const name = options.engine ?? defaultEngine(options)
  const asked = options.threads ?? host().defaults.threads
  if (name === 'reference') {
    const chosen = options.engine ?? host().defaults.engine ?? precision === 'float64'
    const reason = chosen ? 'the reference engine is single-threaded' : NO_BUILD
    const threadsNote = !chosen || (asked ?? 1) > 1 ? fewerThreadsNote(1, reason) : null
    return { ...createReferenceEngine(precision), threadsNote }
  }
  if (!supports(name)) throwUnsupportedEngine(name)
  return openBuild(name, asked ?? Math.min(host().cores(), DEFAULT_THREADS), asked !== undefined)
}

/** The engines that this host supports, fastest first. */
export function supportedEngines(): readonly EngineName[] {
  return ENGINE_NAMES.filter((name) => name === 'reference' || supports(name))
}

function defaultEngine({ reproducible, precision }: EngineOptions): EngineName {
  if (precision === 'float64') return 'reference'
  if (reproducible) return 'simd'
  const wanted = host().defaults.engine
  return wanted ?? supportedEngines()[0]
}

function checkOptions({ engine, precision, threads, reproducible }: EngineOptions): void {
  const names = ENGINE_NAMES.map((name) => `'${name}'`).join(', ')
  if (engine !== undefined && !ENGINE_NAMES.includes(engine)) {
    throw new UsageError({ where: 'engine', expected: `one of ${names}`, got: show(engine) })
  }
  if (precision !== undefined && precision !== 'float32' && precision !== 'float64') {
    throw new UsageError({ where: 'precision', expected: "'float32' or 'float64'", got: show(precision) })
  }
  if (precision === 'float64' && engine !== undefined && engine !== 'reference') {
    throw new UsageError({
      where: `precision on engine '${engine}'`,
      expected: "'float32'",
      got: "'float64'",
      fix: { option: 'engine', value: 'reference', to: 'compute in float64' },
    })
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    const expected = `a whole number from 1 to ${MAX_THREADS}`
    throw new UsageError({ where: 'threads', expected, got: show(threads) })
  }
  if (reproducible && engine === 'relaxed') {
    throw new UsageError({
      where: "reproducible on engine 'relaxed'",
      expected: "engine 'simd' or 'reference'",
      got: "'relaxed'",
      remedy: 'Omit `engine`: `reproducible` selects it.',
    })
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function throwUnsupportedEngine(name: BuildName): never {
  const what = name === 'simd' ? '128-bit SIMD' : 'relaxed SIMD'
  throw new UnsupportedError({
    where: `engine: '${name}'`,
    expected: `a host that compiles WebAssembly with ${what}`,
    got: 'a host that does not',
    remedy: `Omit \`engine\` and \`reproducible\` (the default here is '${supportedEngines()[0]}'), or use a newer browser or Node.`,
  })
}

function openBuild(name: BuildName, wanted: number, asked: boolean): Engine {
  const canShare = typeof SharedArrayBuffer !== 'undefined' && !given
  const threads = canShare ? wanted : 1
  const module = moduleOf(name, threads > 1)
  const memory = reserve(threads > 1)
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const { panel, heapBase } = exports as unknown as { panel(): number; heapBase(): number }
  const kernels = exports as unknown as Kernels
  const arena = new Arena(bufferSource(memory), heapBase(), 4)
  const pool = threads > 1 ? new ThreadPool(threads, kernels, module, memory) : null
  const limited = asked && threads < wanted ? 'the engine has no shared memory here' : null
  return {
    name,
    precision: 'float32',
    threads,
    get threadsNote() {
      const reason = pool ? pool.note : limited
      return reason === null ? null : fewerThreadsNote(threads, reason)
    },
    panel: panel(),
    kernels,
    memory: arena,
    executor: pool ?? serialExecutor(kernels),
    ready: async () => pool?.ready(),
    dispose() {
      pool?.close()
      arena.dispose()
    },
  }
}

/** @throws MemoryError where the host limits virtual memory, of which each WebAssembly memory reserves gigabytes */
function reserve(shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: INITIAL, maximum: MAXIMUM, shared })
  } catch (cause) {
    throw new MemoryError(
      {
        where: 'engine',
        expected: 'about 10 GB of virtual memory, which WebAssembly reserves and hardly uses',
        got: 'a host that refuses them',
        remedy: 'Raise the limit (as of `ulimit -v`), or choose the engine `reference`.',
      },
      { cause },
    )
  }
}

function bufferSource(memory: WebAssembly.Memory): BufferSource {
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
