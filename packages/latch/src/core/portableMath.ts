/** Functions of sums and products alone: those of `Math` may differ between machines in the last bit. */

const LN2_HIGH = 0.69314718036912381649
const LN2_LOW = 1.90821492927058770002e-10
const SMALLEST = -700
/** 2^−k at k, down to what e^−700 needs. */
const POWERS = powers(1012)
/** 1/n! from n = 2 on. */
const [C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13] = inverseFactorials(13)
const BITS = new DataView(new ArrayBuffer(8))

function powers(count: number): Float64Array {
  const all = new Float64Array(count).fill(1)
  for (let k = 1; k < count; k++) all[k] = all[k - 1] / 2
  return all
}

function inverseFactorials(last: number): number[] {
  const all: number[] = []
  for (let n = 2; n <= last; n++) all.push((all[n - 3] ?? 1) / n)
  return all
}

/** e^x for x ≤ 0, to two units in the last place; 0 below −700. */
export function exponential(x: number): number {
  if (x < SMALLEST) return 0
  const k = Math.round(x * Math.LOG2E)
  const r = x - k * LN2_HIGH - k * LN2_LOW
  const s = r * r
  // Two chains, which a processor computes side by side.
  const even = 1 + s * (C2 + s * (C4 + s * (C6 + s * (C8 + s * (C10 + s * C12)))))
  const odd = 1 + s * (C3 + s * (C5 + s * (C7 + s * (C9 + s * (C11 + s * C13)))))
  return (even + r * odd) * POWERS[-k]
}

/** log x for normal x > 0: x = 2^k·m with m from √½ to √2, and log m = 2·artanh((m − 1) / (m + 1)). */
export function logarithm(x: number): number {
  BITS.setFloat64(0, x)
  const high = BITS.getUint32(0)
  let k = (high >>> 20) - 1023
  BITS.setUint32(0, (high & 0xfffff) | (1023 << 20))
  let m = BITS.getFloat64(0)
  if (m > Math.SQRT2) [m, k] = [m / 2, k + 1]
  const s = (m - 1) / (m + 1)
  const square = s * s
  let sum = 0
  for (let i = 23; i >= 3; i -= 2) sum = square * (1 / i + sum)
  return k * LN2_HIGH + (k * LN2_LOW + 2 * (s + s * sum))
}
