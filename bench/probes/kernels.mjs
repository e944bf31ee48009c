/**
 * Speed of the kernels alone, on one thread: GFLOP/s of the products and one LSTM training step made by
 * hand (W1: B 32, T 100, F 64, H 128, 10 classes, Adam). Prints minimum and median of the samples.
 * Run `node scripts/buildKernels.mjs` first; `node bench/probes/kernels.mjs [other.wasm] [--rows]`.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const file = process.argv.slice(2).find((a) => !a.startsWith('--'))
const bytes = readFileSync(file ?? fileURLToPath(new URL('../../build/simd.wasm', import.meta.url)))
const memory = new WebAssembly.Memory({ initial: 4096, maximum: 65536 })
const kernels = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports
const W = kernels.panel()
const floats = new Float32Array(memory.buffer)
let top = Math.ceil(kernels.heapBase() / 64) * 64
let seed = 1

const up = (n) => Math.ceil(n / W) * W

function reserve(count) {
  const pointer = top
  top += Math.ceil((count * 4) / 64) * 64
  floats.fill(0, pointer / 4, top / 4)
  return pointer
}

function random(count, size = 1) {
  const pointer = reserve(count)
  for (let i = 0; i < count; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    floats[pointer / 4 + i] = (seed / 2 ** 31 - 1) * size
  }
  return pointer
}

/** A packed (k, n) matrix with zero padding. */
function packed(k, n, size) {
  const pointer = random(up(n) * k, size)
  for (let j = n; j < up(n); j++) {
    const panel = Math.floor(j / W)
    for (let i = 0; i < k; i++) floats[pointer / 4 + (panel * k + i) * W + (j % W)] = 0
  }
  return pointer
}

/** Samples of `repeat` calls each: minimum, median and all in ms per call; cpu: mean ms this process ran. */
function measure(call, repeat, samples) {
  for (let i = 0; i < repeat; i++) call()
  const times = []
  const used = process.cpuUsage()
  for (let s = 0; s < samples; s++) {
    const start = performance.now()
    for (let i = 0; i < repeat; i++) call()
    times.push((performance.now() - start) / repeat)
  }
  const { user, system } = process.cpuUsage(used)
  times.sort((a, b) => a - b)
  const cpu = (user + system) / 1000 / repeat / samples
  return { minimum: times[0], median: times[times.length >> 1], times, cpu }
}

function products() {
  const mark = top
  for (const [m, n, k] of [
    [32, 512, 128],
    [32, 128, 512],
    [64, 2048, 512],
    [3200, 512, 64],
    [1, 512, 128],
  ]) {
    const c = random(m * up(n))
    const a = random(m * k)
    const b = packed(k, n)
    const flops = 2 * m * n * k
    const call = () => kernels.matmul(c, a, b, m, n, k, k, up(n), 0)
    report(`matmul (${m}, ${n}, ${k})`, flops, measure(call, Math.ceil(4e7 / flops), 40))
    top = mark
  }
  for (const [m, n, k] of [
    [3200, 512, 64],
    [3200, 512, 128],
    [4096, 2048, 512],
  ]) {
    const dw = packed(k, n)
    const a = random(m * k)
    const dz = random(m * up(n))
    const scratch = reserve(256 * (Math.ceil(n / 24) * 24 + Math.ceil(k / 24) * 24) + 16 * W)
    const flops = 2 * m * n * k
    const call = () => kernels.matmulTransposed(dw, a, 0, dz, scratch, m, n, k, k, up(n))
    report(`matmulTransposed (m ${m}, n ${n}, k ${k})`, flops, measure(call, 1, flops > 1e9 ? 6 : 30))
    top = mark
  }
}

function report(name, flops, { minimum, median, cpu }) {
  const rate = (ms) => (flops / ms / 1e6).toFixed(1).padStart(6)
  console.log(
    `${name.padEnd(42)} GFLOP/s best ${rate(minimum)}  median ${rate(median)}  by cpu time ${rate(cpu)}`,
  )
}

/** One LSTM training step on fixed data; returns the step and its parts for timing. */
function lstmStep(B, T, F, H, classes) {
  const G = 4 * H
  const ldz = up(G)
  const ldh = up(H)
  const ldc = up(classes)
  const rows = T * B
  // Parameters, gradients and moments lie in the same order, so that Adam is one call.
  const sizes = [F * up(G), H * up(G), up(G), up(G), H * ldc, ldc]
  const count = sizes.reduce((a, b) => a + b)
  const parameters = reserve(count)
  const gradients = reserve(count)
  const m = reserve(count)
  const v = reserve(count)
  const at = (base) => {
    let offset = base
    return sizes.map((size) => (offset += size * 4) - size * 4)
  }
  const [Wx, Wh, bx, bh, Wd, bd] = at(parameters)
  const [dWx, dWh, dbx, dbh, dWd, dbd] = at(gradients)
  for (const [to, k, n] of [
    [Wx, F, G],
    [Wh, H, G],
    [Wd, H, classes],
  ]) {
    const mark = top
    const from = packed(k, n, 0.08)
    floats.copyWithin(to / 4, from / 4, from / 4 + k * up(n))
    top = mark
  }
  const x = random(rows * F)
  const z = reserve(rows * ldz)
  const dz = reserve(rows * ldz)
  // Step t's row block lies at t + 1; block 0 is the initial state.
  const [h, c, tc] = [0, 0, 0].map(() => reserve((T + 1) * B * ldh))
  const [dh, dc] = [0, 0].map(() => reserve(B * ldh))
  const WhT = reserve(G * up(H))
  const WdT = reserve(up(H) * classes)
  const logits = reserve(B * ldc)
  const dlogits = reserve(B * ldc)
  const scratch = reserve(256 * (up(G) + 24 + up(H) + 24) + 16 * W)
  const targets = reserve(B)
  new Int32Array(memory.buffer, targets, B).forEach((_, i, all) => (all[i] = i % classes))
  const K = kernels
  const spent = {}
  let clock = 0
  const lap = (name) => {
    const now = performance.now()
    const part = (spent[name] ??= { ms: 0, calls: 0, fastest: Infinity })
    part.ms += now - clock
    part.calls++
    part.fastest = Math.min(part.fastest, now - clock)
    clock = now
  }
  let step = 0
  const state = (base, t) => base + t * B * ldh * 4
  const run = () => {
    clock = performance.now()
    K.fillRows(z, bx, bh, rows, G, ldz)
    lap('bias')
    K.matmul(z, x, Wx, rows, G, F, F, ldz, 1)
    lap('x·Wx')
    for (let t = 0; t < T; t++) {
      const zt = z + t * B * ldz * 4
      if (t > 0) {
        K.matmul(zt, state(h, t), Wh, B, G, H, ldh, ldz, 1)
        lap('h·Wh')
      }
      K.lstmForward(state(h, t + 1), state(c, t + 1), state(tc, t + 1), zt, state(c, t), B, H, ldz, ldh)
      lap('lstmForward')
    }
    K.fillRows(logits, bd, 0, B, classes, ldc)
    K.matmul(logits, state(h, T), Wd, B, classes, H, ldh, ldc, 1)
    const loss = K.softmaxCrossEntropy(dlogits, logits, targets, 0, B, classes, ldc, 0, 1 / B)
    K.zero(gradients, count)
    K.matmulTransposed(dWd, state(h, T), 0, dlogits, scratch, B, classes, H, ldh, ldc)
    K.sumRows(dbd, dlogits, B, classes, ldc)
    K.packTransposed(WdT, Wd, H, classes)
    K.matmul(dh, dlogits, WdT, B, H, classes, ldc, ldh, 0)
    lap('dense, loss')
    K.packTransposed(WhT, Wh, H, G)
    lap('packTransposed')
    K.zero(dc, B * ldh)
    for (let t = T - 1; t >= 0; t--) {
      const dzt = dz + t * B * ldz * 4
      const zt = z + t * B * ldz * 4
      K.lstmBackward(dzt, dh, dc, 0, 0, zt, state(c, t), state(tc, t + 1), B, H, ldz, ldh, 0)
      lap('lstmBackward')
      if (t > 0) {
        K.matmul(dh, dzt, WhT, B, H, G, ldz, ldh, 0)
        lap('dz·Whᵀ')
      }
    }
    K.matmulTransposed(dWx, x, 0, dz, scratch, rows, G, F, F, ldz)
    lap('dWx')
    K.matmulTransposed(dWh, h, 0, dz, scratch, rows, G, H, ldh, ldz)
    lap('dWh')
    K.sumRows(dbx, dz, rows, G, ldz)
    K.add(dbh, dbx, G)
    lap('db')
    step++
    K.adam(
      parameters,
      gradients,
      m,
      v,
      count,
      1e-3,
      0.9,
      0.999,
      1e-8,
      0,
      0,
      1 - 0.9 ** step,
      1 - 0.999 ** step,
      1,
    )
    lap('adam')
    return loss
  }
  return { run, spent }
}

function training(name, sizes, samples) {
  const mark = top
  const { run, spent } = lstmStep(...sizes)
  const first = run()
  for (let i = 0; i < 3; i++) run()
  for (const part of Object.keys(spent)) delete spent[part]
  const { minimum, median, times, cpu } = measure(run, 1, samples)
  const steps = samples + 1
  const quiet = Object.values(spent).reduce((sum, part) => sum + (part.fastest * part.calls) / steps, 0)
  const speed = `best ${minimum.toFixed(1)}  median ${median.toFixed(1)}  cpu ${cpu.toFixed(1)} ms`
  console.log(`${name}: ${speed}, loss ${first.toFixed(4)} → ${run().toFixed(4)}`)
  // On a shared machine a whole step is never undisturbed; its parts sometimes are.
  console.log(`  every call as fast as the fastest of its kind: ${quiet.toFixed(1)} ms`)
  const each = ([name, part]) => {
    const fastest = ((part.fastest * part.calls) / steps).toFixed(2)
    return `${name} ${(part.ms / steps).toFixed(2)} (${fastest})`
  }
  console.log(`  mean ms a step (fastest): ${Object.entries(spent).map(each).join(', ')}`)
  if (process.argv.includes('--rows')) console.log(`  ${times.map((t) => t.toFixed(1)).join(' ')}`)
  top = mark
}

console.log(`node ${process.version}, panel ${W}, ${bytes.length} bytes`)
products()
training('W1 LSTM (B 32, T 100, F 64, H 128, Adam)', [32, 100, 64, 128, 10], 30)
if (process.argv.includes('--large'))
  training('W4 LSTM (B 64, T 64, F 256, H 512, Adam)', [64, 64, 256, 512, 10], 4)
