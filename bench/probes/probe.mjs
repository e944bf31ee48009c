/**
 * What the probes share: compiling AssemblyScript in memory, laying out buffers, and the race: variants
 * take turns in short samples and the best of many counts, which is what a shared machine lets one trust.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'

const root = fileURLToPath(new URL('../..', import.meta.url))
const FLAGS = '--importMemory --maximumMemory 65536 --runtime stub --noAssert -O3 --converge'

if (Number.parseInt(process.versions.node, 10) < 22) v8.setFlagsFromString('--experimental-wasm-relaxed-simd')

/** The bytes of build `simd` or `relaxed`, or of a file. */
export function readBuild(name) {
  return readFileSync(name.endsWith('.wasm') ? name : join(root, 'build', `${name}.wasm`))
}

/** Compiles one AssemblyScript source, which may import from `../../kernels/`, as the builds are compiled. */
export async function compile(source, relaxed) {
  const { default: asc } = await import('assemblyscript/asc')
  const features = relaxed ? 'simd,relaxed-simd' : 'simd'
  let bytes
  const { error, stderr } = await asc.main(
    ['bench/probes/probe.ts', '--outFile', 'probe.wasm', '--enable', features, ...FLAGS.split(' ')],
    {
      readFile: (name) => {
        if (name === 'bench/probes/probe.ts') return source
        try {
          return readFileSync(join(root, name), 'utf8')
        } catch {
          return null
        }
      },
      writeFile: (name, data) => void (name === 'probe.wasm' && (bytes = data)),
      listFiles: () => [],
    },
  )
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`)
  return bytes
}

/** An instance with `megabytes` of its own and a bump allocator of floats on 64-byte lines. */
export class Bench {
  constructor(bytes, megabytes = 128) {
    const memory = new WebAssembly.Memory({ initial: megabytes * 16, maximum: 65536 })
    this.size = bytes.length
    this.kernels = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports
    this.panel = this.kernels.panel?.() ?? 1
    this.floats = new Float32Array(memory.buffer)
    this.ints = new Int32Array(memory.buffer)
    this.top = Math.ceil((this.kernels.heapBase?.() ?? 65536) / 64) * 64
    this.seed = 1
  }

  pad(n) {
    return Math.ceil(n / this.panel) * this.panel
  }

  reserve(count) {
    const pointer = this.top
    this.top += Math.ceil((count * 4) / 64) * 64
    this.floats.fill(0, pointer / 4, this.top / 4)
    return pointer
  }

  random(count, size = 1) {
    const pointer = this.reserve(count)
    for (let i = 0; i < count; i++) {
      this.seed = (Math.imul(this.seed, 1664525) + 1013904223) >>> 0
      this.floats[pointer / 4 + i] = (this.seed / 2 ** 31 - 1) * size
    }
    return pointer
  }

  /** A packed (k, n) matrix with zero padding. */
  packed(k, n, size) {
    const pointer = this.random(this.pad(n) * k, size)
    for (let j = n; j < this.pad(n); j++) {
      const panel = Math.floor(j / this.panel)
      for (let i = 0; i < k; i++)
        this.floats[pointer / 4 + (panel * k + i) * this.panel + (j % this.panel)] = 0
    }
    return pointer
  }
}

/** The fewest milliseconds a call of each took, `rounds` turns; a sample lasts at least `least` ms. */
export function race(calls, rounds = 200, least = 0.05) {
  const repeats = calls.map((call) => {
    // V8 compiles hot functions anew beside the program: give it time to.
    for (const start = performance.now(); performance.now() - start < 30;) call()
    for (let repeat = 1; ; repeat *= 2) if (sample(call, repeat) * repeat >= least) return repeat
  })
  const best = calls.map(() => Infinity)
  for (let round = 0; round < rounds; round++)
    calls.forEach((call, i) => (best[i] = Math.min(best[i], sample(call, repeats[i]))))
  return best
}

function sample(call, repeat) {
  const start = performance.now()
  for (let i = 0; i < repeat; i++) call()
  return (performance.now() - start) / repeat
}

const CHAINS = 12
const chains = (line) => Array.from({ length: CHAINS }, (_, i) => line(i)).join('\n')

/**
 * A call that does 4000 rounds of twelve independent fused multiply-adds in registers, and its operations:
 * the peak of a core's 128-bit lanes.
 */
export async function peak() {
  const source = `import { madd, splat } from '../../kernels/simd'
export function peak(n: i32): f32 {
  const x = splat(0.999), y = splat(0.001)
  ${chains((i) => `let c${i} = splat(${i})`)}
  for (; n > 0; n--) {
    ${chains((i) => `c${i} = madd(x, c${i}, y)`)}
  }
  ${chains((i) => (i ? `c0 = f32x4.add(c0, c${i})` : ''))}
  return f32x4.extract_lane(c0, 0)
}`
  const { kernels } = new Bench(await compile(source, true), 1)
  return { call: () => kernels.peak(4000), operations: 4000 * CHAINS * 8 }
}

/** A line of a table: a name and one number a column. */
export function row(name, cells, width = 16) {
  console.log(name.padEnd(30) + cells.map((cell) => cell.padStart(width)).join(''))
}
