/**
 * Opens engines: the fastest build that the host offers, or the one asked for. A build is compiled once
 * per process and instantiated once per engine, each with a memory of its own.
 */
import { UnsupportedError, UsageError } from '../core/errors.ts'
import { ENGINE_NAMES, type Engine, type EngineName, type EngineOptions } from './engine.ts'
import { host } from './host.ts'
import type { Kernels } from './kernels.ts'
import { Memory } from './arena.ts'
import type { Backing } from './arena.ts'
import { createReferenceEngine } from './reference/index.ts'
import { MOST_THREADS, soloTeam } from './threads/threadPool.ts'
import { ThreadTeam } from './threads/threads.ts'
import { moduleOf, supports, type BuildName } from './builds.ts'

const PAGE = 65536
/** Pages an engine begins with: the static data, so that a model refused early cost next to nothing. */
const INITIAL = 2
/** Pages to grow by at least: growing detaches every view, so it should be rare. */
const STEP = 16
const MAXIMUM = 65536
/** More threads than this gain nothing on the sizes that recurrent networks have. */
const DEFAULT_THREADS = 8

/**
 * Opens an engine; default: the fastest of the host, in `float32`, with a thread for each core.
 * @throws UnsupportedError where the host cannot run the engine asked for.
 * @throws UsageError for an unknown name, precision or number of threads, for `float64` on a WebAssembly
 * build, and for `reproducible` together with `relaxed`.
 */
export function createEngine(options: EngineOptions = {}): Engine {
  const { precision = 'float32' } = options
  checkOptions(options)
  const name = options.engine ?? defaultEngine(options)
  const asked = options.threads ?? host().defaults.threads
  if (name === 'reference') {
    const threadsNote = (asked ?? 1) > 1 ? 'the reference engine has one only' : null
    return { ...createReferenceEngine(precision), threadsNote }
  }
  if (!supports(name)) refuseEngine(name)
  return openBuild(name, asked ?? Math.min(host().cores(), DEFAULT_THREADS), asked !== undefined)
}

/** The engines that this host runs, fastest first. */
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
      remedy: "Use engine: 'reference' for float64.",
    })
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    const expected = `a whole number from 1 to ${MOST_THREADS}`
    throw new UsageError({ where: 'threads', expected, got: show(threads) })
  }
  if (reproducible && engine === 'relaxed') {
    throw new UsageError({
      where: "reproducible on engine 'relaxed'",
      expected: "engine 'simd' or 'reference'",
      got: "'relaxed'",
      remedy: 'Leave engine out: reproducible chooses it.',
    })
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}

function refuseEngine(name: BuildName): never {
  const what = name === 'simd' ? '128-bit SIMD' : 'relaxed SIMD'
  throw new UnsupportedError({
    where: `engine: '${name}'`,
    expected: `a host with WebAssembly and its ${what}`,
    got: typeof WebAssembly === 'undefined' ? 'a host without WebAssembly' : `WebAssembly without ${what}`,
    remedy: `Leave engine out (here it would be '${supportedEngines()[0]}'), or use a newer browser or Node.`,
  })
}

function openBuild(name: BuildName, wanted: number, asked: boolean): Engine {
  const canShare = typeof SharedArrayBuffer !== 'undefined'
  const threads = canShare ? wanted : 1
  const module = moduleOf(name, threads > 1)
  const memory = new WebAssembly.Memory({ initial: INITIAL, maximum: MAXIMUM, shared: threads > 1 })
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const { panel, heapBase } = exports as unknown as { panel(): number; heapBase(): number }
  const kernels = exports as unknown as Kernels
  const arena = new Memory(backingOf(memory), heapBase(), 4)
  const crewed = threads > 1 ? new ThreadTeam(threads, kernels, module, memory) : null
  const unshared = asked && threads < wanted ? 'the host has no SharedArrayBuffer' : null
  return {
    name,
    precision: 'float32',
    threads,
    get threadsNote() {
      return crewed ? crewed.note : unshared
    },
    panel: panel(),
    kernels,
    memory: arena,
    team: crewed ?? soloTeam(kernels),
    ready: async () => crewed?.ready(),
    dispose() {
      crewed?.leave()
      arena.dispose()
    },
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
