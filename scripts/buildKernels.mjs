/**
 * Builds the kernels twice from one source: packages/latch/kernels → build/{simd,relaxed}.wasm → both in
 * packages/latch/src/engine/wasm/builds.ts, as text, so that one import works in Node, in a browser and in every bundler.
 * Does nothing while the outputs are newer.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Each build's own tiles are entry files too: what an entry exports stays a function of its own. */
const builds = [
  { name: 'simd', features: 'simd', tiles: 'packages/latch/kernels/tiles12.ts' },
  { name: 'relaxed', features: 'simd,relaxed-simd', tiles: 'packages/latch/kernels/tiles8.ts' },
]
const flags = '--importMemory --maximumMemory 65536 --runtime stub --noAssert -O3 --converge'

const wasmOf = (name) => join(root, `build/${name}.wasm`)
const module = join(root, 'packages/latch/src/engine/wasm/builds.ts')

function modified(path) {
  try {
    return statSync(path).mtimeMs
  } catch {
    return 0
  }
}

function upToDate() {
  const folder = join(root, 'packages/latch/kernels')
  const sources = readdirSync(folder).map((name) => join(folder, name))
  const newest = Math.max(...[...sources, fileURLToPath(import.meta.url)].map(modified))
  return [module, ...builds.map(({ name }) => wasmOf(name))].every((file) => modified(file) > newest)
}

/** Two builds may run at once (tests in parallel): each file appears whole or not at all. */
function writeWhole(path, content) {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, content)
  renameSync(temporary, path)
}

async function build(asc, { name, features, tiles }) {
  const wasm = `build/${name}.${process.pid}.wasm`
  const files = ['packages/latch/kernels/index.ts', tiles, '--baseDir', root, '--outFile', wasm]
  const { error, stderr } = await asc.main([...files, '--enable', features, ...flags.split(' ')])
  if (error) {
    process.stderr.write(stderr.toString())
    throw error
  }
  const bytes = readFileSync(join(root, wasm))
  renameSync(join(root, wasm), wasmOf(name))
  console.log(`kernels: build/${name}.wasm, ${bytes.length.toLocaleString('en')} bytes`)
  return { parts: pieces(bytes), memoryFlags: memoryFlagsOf(bytes) }
}

/** Where a module's flags of its imported memory lie; the memory must be the first import, and its maximum known. */
function memoryFlagsOf(bytes) {
  // Of the import section: two names, each a length and its characters, then the kind (2: a memory) and the flags.
  const start = bytes.indexOf('\x03env\x06memory\x02\x01', 'latin1')
  if (start < 0) throw new Error('a build imports its memory, with a maximum')
  return start + 12
}

/** A module cut before every section, and inside the code section before every function. */
function pieces(bytes) {
  const cuts = [0, 8]
  let at = 8
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const code = bytes[at++] === 10
    const end = number() + at
    for (let left = code ? number() : 0; left > 0; left--) {
      cuts.push(at)
      const size = number()
      at += size
    }
    at = end
    cuts.push(at)
  }
  return cuts.slice(1).map((cut, i) => bytes.subarray(cuts[i], cut))
}

/**
 * A letter for each byte that no bundler escapes, so no control character, quote or backslash; the most
 * frequent bytes get ASCII, which takes half the room.
 */
function alphabetOf(bytes) {
  const counts = new Array(256).fill(0)
  for (const byte of bytes) counts[byte]++
  const ascii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  const free = ascii.filter((letter) => !'"\'`\\$'.includes(letter))
  for (let code = 0x100; free.length < 256; code++) free.push(String.fromCharCode(code))
  const letters = []
  const byCount = counts.map((count, byte) => [count, byte]).toSorted(([a, x], [b, y]) => b - a || x - y)
  byCount.forEach(([, byte], rank) => (letters[byte] = free[rank]))
  return letters
}

/**
 * Pieces of the builds in turn, one character a byte: the same function of both lies side by side, so that
 * gzip, which sees 32 kB back, stores what they share once (13 kB for both; as base64 apart 28 kB).
 */
function writeModule(all, memoryFlags) {
  const turns = Array.from({ length: Math.max(...all.map((one) => one.length)) }, (_, i) =>
    all.map((one) => one[i] ?? Buffer.alloc(0)),
  )
  const lengths = turns.map((turn) => `[${turn.map((piece) => piece.length)}]`)
  const bytes = Buffer.concat(turns.flat())
  const alphabet = alphabetOf(bytes)
  const text = Array.from(bytes, (byte) => alphabet[byte]).join('')
  const names = builds.map(({ name }) => `'${name}'`)
  writeWhole(
    module,
    `// Written by scripts/buildKernels.mjs.
export const names = [${names}] as const
/** Bytes of each piece, by turn and build. */
export const lengths: readonly (readonly number[])[] = [${lengths}]
/** Where each build's flags of its imported memory lie. */
export const memoryFlags: readonly number[] = [${memoryFlags}]
/** The letter of each byte. */
export const alphabet: string =
  '${alphabet.join('')}'
export const bytes: string =
  '${text}'
`,
  )
}

if (!upToDate()) {
  const { default: asc } = await import('assemblyscript/asc')
  mkdirSync(join(root, 'build'), { recursive: true })
  mkdirSync(join(root, 'packages/latch/src/engine/wasm'), { recursive: true })
  const all = []
  for (const each of builds) all.push(await build(asc, each))
  writeModule(
    all.map(({ parts }) => parts),
    all.map(({ memoryFlags }) => memoryFlags),
  )
}
