/** Engines as callers create them: options are checked by name. */
import { assertKnownOptions } from '../core/knownNames.ts'
import { ENGINE_OPTIONS, type Engine, type EngineInfo, type EngineOptions } from './engine.ts'
import { openEngine } from './load.ts'

/** An engine, its options checked by name. @throws as `describeEngine` */
export function createEngine(options: EngineOptions = {}): Engine {
  assertKnownOptions('engine option', options, ENGINE_OPTIONS)
  return openEngine(options)
}

/**
 * Facts about the engine that these options open; default: the fastest of the host, in `float32`, with one thread per core.
 * @throws UnsupportedError where the host cannot run the requested engine.
 * @throws UsageError for an unknown option, name, precision or number of threads, for `float64` on a WebAssembly
 * build, and for `reproducible` together with `relaxed`.
 */
export function describeEngine(options: EngineOptions = {}): EngineInfo {
  const engine = createEngine(options)
  const { name, precision, threads, threadsNote } = engine
  engine.dispose()
  return { name, precision, threads, threadsNote }
}
