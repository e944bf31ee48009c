/** Node as the host of engines: worker threads, cores, and the flag that Node 20 needs for relaxed SIMD. */
import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { UsageError } from '../core/errors.ts'
import { workerPool } from './threads/workerPool.ts'
import { ENGINE_NAMES, type EngineName } from './engine.ts'
import type { Host } from './host.ts'
import { useWorkerPool } from './threads/threadPool.ts'

/**
 * Engines on Node, with the worker pool loaded in advance. The environment variables LATCH_ENGINE and LATCH_THREADS set
 * defaults; reading `defaults` throws UsageError for a value that is not valid.
 */
export function nodeHost(environment?: NodeJS.ProcessEnv): Host {
  useWorkerPool(workerPool)
  return {
    cores: () => availableParallelism(),
    spawn(main, events) {
      const port = 'const { parentPort } = require("node:worker_threads");'
      const script = `${port}(${main})({ listen: (f) => parentPort.on("message", f), reply: (m) => parentPort.postMessage(m) })`
      const worker = new Worker(script, { eval: true, name: 'latch' })
      worker.on('message', (message) => events.message(message))
      worker.on('error', (error) => events.exit(error.message))
      worker.on('exit', (code) => events.exit(`it ended with code ${code}`))
      return {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
        post: (message) => worker.postMessage(message),
        keepAlive: (keep) => (keep ? worker.ref() : worker.unref()),
        terminate: () => void worker.terminate(),
      }
    },
    // Newer versions of Node have it on and would print a warning for the flag; they never call this.
    enableRelaxed: () => setFlagsFromString('--experimental-wasm-relaxed-simd'),
    // Read when an engine is created, so that an invalid value is reported there.
    get defaults() {
      const variable = (name: string): string | undefined => readVariable(environment, name)
      return { engine: engineOf(variable('LATCH_ENGINE')), threads: threadsOf(variable('LATCH_THREADS')) }
    },
  }
}

/** Deno asks for permission before the environment is read, or throws: without it there are no defaults. */
function readVariable(environment: NodeJS.ProcessEnv | undefined, name: string): string | undefined {
  try {
    return (environment ?? process.env)[name]
  } catch {
    return undefined
  }
}

function engineOf(text: string | undefined): EngineName | undefined {
  if (!text) return undefined
  const name = ENGINE_NAMES.find((known) => known === text)
  if (name) return name
  throw new UsageError({ where: 'LATCH_ENGINE', expected: ENGINE_NAMES.join(', '), got: text })
}

function threadsOf(text: string | undefined): number | undefined {
  if (!text) return undefined
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new UsageError({ where: 'LATCH_THREADS', expected: 'a whole number from 1', got: text })
}
