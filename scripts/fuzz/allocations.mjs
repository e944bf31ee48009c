/**
 * Watches what a reader allocates: every list of a given length, buffer, typed array and growth of a WebAssembly memory goes
 * through here while it reads, and the largest single one is kept. To be imported before the readers are.
 */

let largest = 0
let watching = false

function note(bytes) {
  if (watching && bytes > largest) largest = bytes
}

/** Starts to count; `stop()` gives the largest allocation in bytes. */
export function watch() {
  largest = 0
  watching = true
  return () => {
    watching = false
    return largest
  }
}

function sizeOf(first, elementBytes) {
  if (typeof first === 'number') return first * elementBytes
  if (first instanceof ArrayBuffer || (globalThis.SharedArrayBuffer && first instanceof SharedArrayBuffer))
    return 0
  if (ArrayBuffer.isView(first) || Array.isArray(first)) return first.length * elementBytes
  return 0
}

for (const name of [
  'Uint8Array',
  'Int8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]) {
  const Real = globalThis[name]
  globalThis[name] = new Proxy(Real, {
    construct(target, args, newTarget) {
      note(sizeOf(args[0], Real.BYTES_PER_ELEMENT))
      return Reflect.construct(target, args, newTarget)
    },
  })
}

const RealArray = globalThis.Array
const lengthOf = (args) => (args.length === 1 && typeof args[0] === 'number' ? args[0] * 8 : 0)
const { from } = RealArray
RealArray.from = function (items, ...rest) {
  if (typeof items?.length === 'number' && typeof items[Symbol.iterator] !== 'function')
    note(items.length * 8)
  return from.call(this, items, ...rest)
}
globalThis.Array = new Proxy(RealArray, {
  construct(target, args, newTarget) {
    note(lengthOf(args))
    return Reflect.construct(target, args, newTarget)
  },
  apply(target, self, args) {
    note(lengthOf(args))
    return Reflect.apply(target, self, args)
  },
})

const RealBuffer = globalThis.ArrayBuffer
globalThis.ArrayBuffer = new Proxy(RealBuffer, {
  construct(target, args, newTarget) {
    note(Number(args[0]) || 0)
    return Reflect.construct(target, args, newTarget)
  },
})

const PAGE = 65536
const grow = WebAssembly.Memory.prototype.grow
WebAssembly.Memory.prototype.grow = function (pages) {
  note(pages * PAGE)
  return grow.call(this, pages)
}
