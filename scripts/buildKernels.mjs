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
  return bytes
}

/** Where a module's flags of its imported memory lie; the memory must be the first import, and its maximum known. */
function memoryFlagsOf(bytes) {
  // Of the import section: two names, each a length and its characters, then the kind (2: a memory) and the flags.
  const start = bytes.indexOf('\x03env\x06memory\x02\x01', 'latin1')
  if (start < 0) throw new Error('a build imports its memory, with a maximum')
  return start + 12
}

const FIRST_LETTER = 33
const LETTERS = 94
/** Printable ASCII that some bundler escapes inside a string. */
const ESCAPED = '"\'`\\$'

/**
 * A letter for each byte that no bundler escapes: printable ASCII for the most frequent bytes, in half the
 * bytes, and U+0100 + byte for the others. `frequent` has one character per ASCII letter from `!`: U+0100 + its byte.
 */
function alphabetOf(bytes) {
  const counts = new Array(256).fill(0)
  for (const byte of bytes) counts[byte]++
  const codes = Array.from({ length: LETTERS }, (_, i) => FIRST_LETTER + i)
  const free = codes.filter((code) => !ESCAPED.includes(String.fromCharCode(code)))
  const most = Array.from(counts.keys()).toSorted((a, b) => counts[b] - counts[a] || a - b)
  const letters = Array.from(counts, (_, byte) => String.fromCharCode(0x100 + byte))
  const frequent = codes.map(() => letters[0])
  for (const byte of most.slice(0, free.length).toSorted((a, b) => a - b)) {
    const code = free.shift()
    frequent[code - FIRST_LETTER] = letters[byte]
    letters[byte] = String.fromCharCode(code)
  }
  return { letters, frequent: frequent.join('') }
}

/**
 * The builds as text, one character a byte, one after the other: gzip, which sees 32 kB back, stores once what they
 * share (13 kB for both; as base64 28 kB).
 */
function writeModule(all) {
  const { letters, frequent } = alphabetOf(Buffer.concat(all))
  const texts = all.map((bytes, i) => {
    const text = Array.from(bytes, (byte) => letters[byte]).join('')
    return `  ${builds[i].name}:\n    '${text}',\n`
  })
  const flagsOf = all.map((bytes, i) => `${builds[i].name}:${memoryFlagsOf(bytes)}`)
  writeWhole(
    module,
    `// Written by scripts/buildKernels.mjs.
/** U+0100 + the byte of each ASCII letter from \`!\`; other letters are U+0100 + their byte. */
export const frequent: string =
  '${frequent}'
/** Where each build's flags of its imported memory lie. */
export const memoryFlags = {${flagsOf.join(',')}}
export const texts = {
${texts.join('')}}
`,
  )
}

if (!upToDate()) {
  const { default: asc } = await import('assemblyscript/asc')
  mkdirSync(join(root, 'build'), { recursive: true })
  mkdirSync(join(root, 'packages/latch/src/engine/wasm'), { recursive: true })
  const all = []
  for (const each of builds) all.push(await build(asc, each))
  writeModule(all)
}
