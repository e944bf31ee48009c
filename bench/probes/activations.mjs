/**
 * tanh over a row: the kernels' rational 13/6 fit, one and two vectors a round, in Horner's order, and
 * through exp. Prints ns an element and the largest error on [−20, 20].
 */
import { Bench, compile, race, row } from './probe.mjs'

const COUNT = 512
// The kernels' fit again in Horner's order; the constants are rows of the table in kernels/simd.ts.
const HORNER = `
function horner(value: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(value, splat(-8.7)), splat(8.7))
  const y = mul(x, x)
  let p = madd(splat(-2.6057908001503316e-12), y, splat(1.5626883120845037e-09))
  p = madd(p, y, splat(-5.829942324453441e-07))
  p = madd(p, y, splat(0.00031611172016710043))
  p = madd(p, y, splat(0.08719631284475327))
  p = madd(p, y, splat(3.6624414920806885))
  p = madd(p, y, splat(27.96483039855957))
  let q = madd(splat(0.007178027182817459), y, splat(0.6865710020065308))
  q = madd(q, y, splat(12.984050750732422))
  q = madd(q, y, splat(27.96483039855957))
  return f32x4.pmin(f32x4.pmax(f32x4.div(mul(x, p), q), splat(-1)), one())
}`
// tanh |x| = (1 − e)/(1 + e), e = exp(−2|x|); near 0 the difference cancels: absolute error only.
const BY_EXP = `
function byExp(x: v128): v128 {
  const e = exp4(mul(f32x4.abs(x), splat(-2)))
  const y = f32x4.div(sub(one(), e), add(one(), e))
  return v128.bitselect(x, y, i32x4.splat(0x80000000))
}`
const loop = (name, f, vectors) => `
export function ${name}(y: usize, x: usize, n: i32): void {
  for (; n > 0; n -= ${4 * vectors}) {
    ${Array.from({ length: vectors }, (_, i) => `const v${i} = ${f}(v128.load(x, ${16 * i}))`).join('\n')}
    ${Array.from({ length: vectors }, (_, i) => `v128.store(y, v${i}, ${16 * i})`).join('\n')}
    x += ${16 * vectors}
    y += ${16 * vectors}
  }
}`

const functions = { rational: 'tanh4', horner: 'horner', exp: 'byExp', sigmoid: 'sigmoid4' }
const variants = Object.entries(functions).flatMap(([kind, f]) =>
  [1, 2, 4].map((vectors) => ({ name: `${kind}_${vectors}`, f, vectors })),
)
const source = `import { add, exp4, madd, mul, one, sigmoid4, splat, sub, tanh4 } from '../../kernels/simd'
${HORNER}${BY_EXP}${variants.map(({ name, f, vectors }) => loop(name, f, vectors)).join('')}`

const benches = [new Bench(await compile(source, false)), new Bench(await compile(source, true))]
const calls = benches.flatMap((bench) => {
  const [y, x] = [bench.reserve(COUNT), bench.random(COUNT, 4)]
  return variants.map(
    ({ name }) =>
      () =>
        bench.kernels[name](y, x, COUNT),
  )
})
const times = race(calls, 500, 0.02)

/** Against float64 at the float32 points. */
function error(bench, name) {
  const points = 40_000
  const mark = bench.top
  const [y, x] = [bench.reserve(points), bench.reserve(points)]
  for (let i = 0; i < points; i++) bench.floats[x / 4 + i] = (i - points / 2) / 1000
  bench.kernels[name](y, x, points)
  const exact = name.startsWith('sigmoid') ? (v) => 1 / (1 + Math.exp(-v)) : Math.tanh
  let worst = 0
  for (let i = 0; i < points; i++)
    worst = Math.max(worst, Math.abs(bench.floats[y / 4 + i] - exact(bench.floats[x / 4 + i])))
  bench.top = mark
  return worst
}

console.log(`node ${process.version}; _1, _2, _4: vectors a round`)
row('', ['plain ns', 'relaxed ns', 'plain error', 'relaxed error'])
variants.forEach(({ name }, i) => {
  const ns = [times[i], times[i + variants.length]].map((ms) => ((ms * 1e6) / COUNT).toFixed(2))
  row(name, [...ns, ...benches.map((bench) => error(bench, name).toExponential(1))])
})
