/**
 * Inner loops of a product, generated and raced: rows × columns, where the loop is left, A row-major or
 * as a strip, one row over several panels. Prints GFLOP/s in both builds beside the peak (K 128, data in
 * the first-level cache). `node bench/probes/tiles.mjs [TEXT]`: only variants whose name has TEXT.
 */
import { Bench, compile, peak, race, row } from './probe.mjs'

const K = 128
const TILES = 16
const range = (n) => Array.from({ length: n }, (_, i) => i)

/**
 * One tile. `exit` = rows done when the loop is left (all of them: at its end). `cuts` = rows after which a
 * branch that is never taken cuts the loop's block; strip: A as [k][rows]; panels: neighbours taken at once.
 */
function tile({ name, rows, columns, exit = rows, cuts = [], strip = false, panels = 1 }) {
  const [R, C] = [range(rows), range(columns / 4)]
  const width = (columns / panels) * 4
  const perPanel = columns / 4 / panels
  const each = (items, line) => items.map(line).join('\n')
  const work = (r) => `
    ${strip ? '' : `a${r} += 4`}
    const x${r} = v128.load32_splat(${strip ? `a0, ${4 * r}` : `a${r}`})
    ${each(C, (j) => `c${r}_${j} = madd(x${r}, b${j}, c${r}_${j})`)}
    ${cuts.includes(r + 1) ? `if (a0 == ${r + 1}) break` : ''}`
  return `
export function ${name}(c: usize, a: usize, b: usize, k: usize, lda: usize, ldc: usize): void {
  ${each(R, (r) => each(C, (j) => `let c${r}_${j} = v128.load(c + ${r} * ldc, ${16 * j})`))}
  let a0 = a - ${strip ? 4 * rows : 4}
  ${each(strip ? [] : R.slice(1), (r) => `let a${r} = a${r - 1} + lda`)}
  let p0 = b - ${width}
  ${each(range(panels - 1), (p) => `let p${p + 1} = p${p} + k * ${width}`)}
  const end = p0 + k * ${width}
  ${each(C, (j) => `let b${j}: v128`)}
  while (true) {
    ${strip ? `a0 += ${4 * rows}` : ''}
    ${each(range(panels), (p) => `p${p} += ${width}`)}
    ${each(C, (j) => `b${j} = v128.load(p${Math.floor(j / perPanel)}, ${16 * (j % perPanel)})`)}
    ${each(R.slice(0, exit), work)}
    if (p0 == end) break
    ${each(R.slice(exit), work)}
  }
  ${each(R.slice(exit), work)}
  ${each(R, (r) => each(C, (j) => `v128.store(c + ${r} * ldc, c${r}_${j}, ${16 * j})`))}
}

// Sixteen tiles a call: a call from JavaScript costs a tenth of a tile.
export function many_${name}(c: usize, a: usize, b: usize, k: usize): void {
  for (let i = 0; i < ${TILES}; i++) ${name}(c, a, b, k, k * 4, 256)
}`
}

const variants = [
  ...[1, 2, 3, 5].map((exit) => ({ rows: 5, columns: 8, exit })),
  { rows: 5, columns: 8, exit: 2, strip: true },
  ...[1, 2, 3, 4].map((exit) => ({ rows: 4, columns: 8, exit })),
  { rows: 4, columns: 8, exit: 2, strip: true },
  { rows: 6, columns: 8, exit: 3 },
  { rows: 6, columns: 8 },
  { rows: 6, columns: 8, cuts: [1, 2, 4] },
  { rows: 6, columns: 8, cuts: [1, 2, 4], strip: true },
  { rows: 3, columns: 8, exit: 2 },
  ...[1, 2, 3].map((exit) => ({ rows: 3, columns: 12, exit })),
  { rows: 3, columns: 12, exit: 1, strip: true },
  { rows: 3, columns: 12, exit: 2, strip: true },
  ...[1, 2].map((exit) => ({ rows: 2, columns: 16, exit })),
  { rows: 2, columns: 16, exit: 1, panels: 2 },
  { rows: 3, columns: 16, exit: 1, panels: 2 },
  { rows: 2, columns: 12, exit: 1 },
].map((variant) => {
  const { rows, columns, exit = rows, cuts = [], strip, panels } = variant
  const how = cuts.length ? `cut${cuts.join('')}` : `exit${exit}`
  const name = `tile${rows}x${columns}_${how}${strip ? '_strip' : ''}${panels ? '_panels' : ''}`
  return { ...variant, name }
})

const chosen = variants.filter(({ name }) => name.includes(process.argv[2] ?? ''))
const source = `import { madd } from '../../kernels/simd'\n${chosen.map(tile).join('\n')}`
const benches = [new Bench(await compile(source, false)), new Bench(await compile(source, true))]
const top = await peak()
const calls = benches.map(({ kernels }, i) => {
  const [c, a, b] = [0, 0, 0].map(() => benches[i].random(16384))
  return chosen.map(({ name }) => kernels[`many_${name}`]).map((many) => () => many(c, a, b, K))
})
const [topTime, ...times] = race([top.call, ...calls[0], ...calls[1]], 500, 0.02)
const best = top.operations / topTime / 1e6

console.log(`node ${process.version}, GFLOP/s (share of the peak), K ${K}, accumulators loaded and stored`)
row('', ['plain', 'relaxed'])
row('peak, fused, in registers', ['', best.toFixed(1)])
chosen.forEach(({ name, rows, columns }, i) => {
  const rate = (time) => (2 * rows * columns * K * TILES) / time / 1e6
  const show = (one) => `${one.toFixed(1)} (${((100 * one) / best).toFixed(0)} %)`
  row(name, [show(rate(times[i])), show(rate(times[chosen.length + i]))])
})
