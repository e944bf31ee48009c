/** A compiled engine from the program, for hosts that forbid compiling WebAssembly from bytes. */
import { UsageError } from '../core/errors.ts'
import { useModule } from './builds.ts'

/**
 * Computes with a module that the host compiled: `import wasm from 'latch/engine.wasm'` where bytes may not become
 * WebAssembly, as on Cloudflare Workers. Call it before the first model: engines are then `simd` from this module, on
 * one thread. Without it such hosts have the `reference` engine alone.
 * @throws UsageError for anything but the module of this file
 */
export function useEngineModule(module: WebAssembly.Module): void {
  const isModule = typeof WebAssembly !== 'undefined' && module instanceof WebAssembly.Module
  const names = isModule ? WebAssembly.Module.exports(module).map(({ name }) => name) : []
  if (names.includes('panel') && names.includes('lstmForward')) {
    useModule(module)
    return
  }
  throw new UsageError({
    where: 'useEngineModule',
    expected: 'the `WebAssembly.Module` of `latch/engine.wasm`, as the bundler or the host compiles it',
    got: isModule ? 'another module' : typeof module === 'string' ? `'${module}' (string)` : typeof module,
  })
}
