/** Engines as callers create them: options are checked by name. */
import { assertKnownOptions } from '../core/knownNames.ts'
import { ENGINE_OPTIONS, type Engine, type EngineOptions } from './engine.ts'
import { openEngine } from './load.ts'

/**
 * Creates an engine; default: the fastest of the host, in `float32`, with one thread per core.
 * @throws UnsupportedError where the host cannot run the requested engine.
 * @throws UsageError for an unknown option, name, precision or number of threads, for `float64` on a WebAssembly
 * build, and for `reproducible` together with `relaxed`.
 */
export function createEngine(options: EngineOptions = {}): Engine {
  assertKnownOptions('engine option', options, ENGINE_OPTIONS)
  return openEngine(options)
}
