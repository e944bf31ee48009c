/**
 * The two WebAssembly builds: whether the host supports them, and their compiled modules. The bytes declare a memory
 * that is not shared; for threads, the flag of the import that declares a shared one is set first.
 */
import { host } from './host.ts'
import { frequent, texts } from './wasm/builds.ts'

export type BuildName = keyof typeof texts

// The smallest modules that need the feature: (func (result v128) …) with i8x16.popcnt or f32x4.relaxed_madd.
const SPLAT = [0x41, 0, 0xfd, 0x0f]
const PROBES = {
  simd: [...SPLAT, 0xfd, 0x62],
  relaxed: [...SPLAT, ...SPLAT, ...SPLAT, 0xfd, 0x85, 0x02],
}

const known = new Map<BuildName, boolean>()

/** Whether this host supports a build. */
export function supports(name: BuildName): boolean {
  let supported = known.get(name)
  if (supported === undefined) {
    supported = validates(name)
    if (!supported && name === 'relaxed' && supports('simd')) {
      host().enableRelaxed()
      supported = validates(name)
    }
    known.set(name, supported)
  }
  return supported
}

function validates(name: BuildName): boolean {
  if (typeof WebAssembly === 'undefined') return false
  const body = [0, ...PROBES[name], 0x0b]
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const typeAndFunction = [1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0]
  const code = [10, body.length + 2, 1, body.length, ...body]
  return WebAssembly.validate(new Uint8Array([...header, ...typeAndFunction, ...code]))
}

const modules = new Map<string, WebAssembly.Module>()

/** A build's module, compiled once per process for unshared memories and once for shared ones. */
export function moduleOf(name: BuildName, shared: boolean): WebAssembly.Module {
  const key = `${name} ${shared}`
  let module = modules.get(key)
  if (!module) {
    const bytes = bytesOf(name)
    if (shared) bytes[memoryFlags(bytes)] |= SHARED
    module = new WebAssembly.Module(bytes)
    modules.set(key, module)
  }
  return module
}

// WebAssembly binary format: sections of id, size, content; section 2 holds imports; kind 2 is a memory,
// whose flags have bit 0 for a maximum and (threads) bit 1 for shared.
const SHARED = 2

/** Offset of the flags of the imported memory. */
function memoryFlags(bytes: Uint8Array): number {
  let at = 8
  const number = () => {
    for (let [value, shift] = [0, 0]; ; shift += 7) {
      if (at >= bytes.length) throw new Error('a build ends before its imported memory')
      const byte = bytes[at++]
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const skip = () => {
    const size = number()
    at += size
  }
  while (bytes[at++] !== 2) skip()
  number()
  // One import: two names, each a length and its characters, then the kind.
  const imports = number()
  skip()
  skip()
  if (imports !== 1 || bytes[at] !== 2) throw new Error('a build imports its memory and nothing else')
  return at + 1
}

/** A build's bytes: see scripts/buildKernels.mjs. */
function bytesOf(name: BuildName): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(texts[name], (letter) => {
    const code = letter.charCodeAt(0)
    return code < 0x100 ? frequent.charCodeAt(code - 33) : code
  })
}
