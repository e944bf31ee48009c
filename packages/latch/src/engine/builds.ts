/**
 * The two WebAssembly builds: whether the host supports them, and their compiled modules. The bytes declare a memory
 * that is not shared; for threads, the flag of the import that declares a shared one is set first.
 */
import { host } from './host.ts'
import { frequent, memoryFlags, texts } from './wasm/builds.ts'

export type BuildName = keyof typeof texts

// The smallest modules that need the feature: (func (result v128) …) with i8x16.popcnt or f32x4.relaxed_madd.
const MODULE = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10]
const SPLAT = [0x41, 0, 0xfd, 0x0f]
const PROBES = {
  simd: [10, 1, 8, 0, ...SPLAT, 0xfd, 0x62, 0x0b],
  relaxed: [19, 1, 17, 0, ...SPLAT, ...SPLAT, ...SPLAT, 0xfd, 0x85, 0x02, 0x0b],
}

const known = new Map<BuildName, boolean>()

/** The `simd` build as the program handed it in, for hosts that compile no bytes. */
export let given: WebAssembly.Module | undefined

/** From now on engines are `simd` from this module, without threads, or `reference`. */
export function useModule(module: WebAssembly.Module | undefined): void {
  given = module
}

/** Whether this host supports a build, and compiles it. */
export function supports(name: BuildName): boolean {
  if (given) return name === 'simd'
  let supported = known.get(name) ?? compiles(name)
  if (!supported && name === 'relaxed' && !known.has(name) && supports('simd')) {
    host().enableRelaxed()
    supported = compiles(name)
  }
  known.set(name, supported)
  return supported
}

function compiles(name: BuildName): boolean {
  try {
    // Some hosts have WebAssembly and forbid this: Workers, and pages by their policy.
    return !!new WebAssembly.Module(new Uint8Array([...MODULE, ...PROBES[name]]))
  } catch {
    return false
  }
}

const modules = new Map<string, WebAssembly.Module>()

/** A build's module, compiled once per process for unshared memories and once for shared ones. */
export function moduleOf(name: BuildName, shared: boolean): WebAssembly.Module {
  if (given) return given
  const key = `${name} ${shared}`
  let module = modules.get(key)
  if (!module) {
    const bytes = bytesOf(name)
    // Bit 1 of the imported memory's flags: shared.
    if (shared) bytes[memoryFlags[name]] |= 2
    module = new WebAssembly.Module(bytes)
    modules.set(key, module)
  }
  return module
}

/** A build's bytes: see scripts/buildKernels.mjs. */
function bytesOf(name: BuildName): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(texts[name], (letter) => {
    const code = letter.charCodeAt(0)
    return code < 0x100 ? frequent.charCodeAt(code - 33) : code
  })
}
