/**
 * The kernel ladder, one thread: GFLOP/s of the products beside the peak of the core, GB/s of one-row
 * products, and one LSTM training step made by hand (W1: B 32, T 100, F 64, H 128, 10 classes, Adam).
 * `node bench/probes/kernels.mjs [simd|relaxed|FILE.wasm …] [--step] [--only TEXT]`; default both builds.
 */
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { lstmStep } from './lstmStep.mjs'
import { Bench, peak, race, readBuild, row } from './probe.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { step: { type: 'boolean' }, only: { type: 'string', default: '' } },
})
const names = positionals.length ? positionals : ['simd', 'relaxed']
const benches = names.map((name) => new Bench(readBuild(name)))
const top = await peak()

const MATMUL = [
  [32, 512, 128],
  [16, 512, 128],
  [32, 128, 512],
  [64, 2048, 512],
  [3200, 512, 64],
  ...[2, 3, 4, 5, 6, 7, 8, 10, 20, 50].map((m) => [m, 512, 128]),
  [2, 2048, 512],
]
const ONE_ROW = [
  [512, 128],
  [2048, 512],
]
const TRANSPOSED = [
  [3200, 512, 128],
  [256, 512, 128],
  [256, 512, 64],
  [256, 512, 20],
  [256, 2048, 512],
]

/** A call of matmul on buffers of its own, given back after the race. */
function product(bench, m, n, k) {
  const [c, a, b] = [bench.random(m * bench.pad(n)), bench.random(m * k), bench.packed(k, n)]
  return () => bench.kernels.matmul(c, a, b, m, n, k, k, bench.pad(n), 0)
}

function transposed(bench, m, n, k) {
  const [dw, a, dz] = [bench.packed(k, n), bench.random(m * k), bench.random(m * bench.pad(n))]
  const scratch = bench.reserve(256 * (Math.ceil(n / 24) * 24 + Math.ceil(k / 24) * 24) + 16 * bench.panel)
  return () => bench.kernels.matmulTransposed(dw, a, 0, dz, scratch, m, n, k, k, bench.pad(n))
}

function compete(name, operations, make, show) {
  if (!name.includes(values.only)) return
  const marks = benches.map((bench) => bench.top)
  const calls = [top.call, ...benches.map(make)]
  const [topTime, ...times] = race(calls, operations > 5e7 ? 30 : 300)
  const best = top.operations / topTime / 1e6
  row(name, [best.toFixed(1), ...times.map((time) => show(operations / time / 1e6, best))])
  benches.forEach((bench, i) => (bench.top = marks[i]))
}

const share = (rate, best) => `${rate.toFixed(1)} (${((100 * rate) / best).toFixed(0)} %)`
console.log(`node ${process.version}, GFLOP/s, best of many samples; peak: fused multiply-add, 128 bit`)
row('', ['peak', ...names.map((name) => basename(name, '.wasm'))])
for (const [m, n, k] of MATMUL)
  compete(`matmul ${m} × ${n} × ${k}`, 2 * m * n * k, (bench) => product(bench, m, n, k), share)
for (const [m, n, k] of TRANSPOSED)
  compete(`transposed ${m} × ${n} × ${k}`, 2 * m * n * k, (bench) => transposed(bench, m, n, k), share)
// A one-row product reads 4 bytes of weights for every two operations.
const bytes = (rate) => `${(2 * rate).toFixed(1)} GB/s`
for (const [n, k] of ONE_ROW)
  compete(`one row × ${n} × ${k}`, 2 * n * k, (bench) => product(bench, 1, n, k), bytes)

if (values.step) {
  console.log('\nW1, one LSTM training step by hand; ms, every call as fast as the fastest of its kind')
  const steps = benches.map((bench) => lstmStep(bench, { B: 32, T: 100, F: 64, H: 128, classes: 10 }))
  for (let i = 0; i < 30; i++) for (const step of steps) step.run()
  row('', names)
  for (const part of Object.keys(steps[0].spent))
    row(
      part,
      steps.map(({ spent }) => spent[part].fastest * spent[part].calls).map((ms) => ms.toFixed(2)),
    )
  const sum = ({ spent }) => Object.values(spent).reduce((all, part) => all + part.fastest * part.calls, 0)
  row(
    'sum',
    steps.map((step) => sum(step).toFixed(1)),
  )
  row(
    'whole step, fastest',
    steps.map((step) => step.fastest.toFixed(1)),
  )
}
