/** Functions of sums and products alone: those of `Math` may differ between machines in the last bit. */

const LN2_HIGH = 0.69314718036912381649
const LN2_LOW = 1.90821492927058770002e-10
const SMALLEST = -700
const BITS = new DataView(new ArrayBuffer(8))

/** e^x for x ≤ 0; 0 below −700. */
export function exponential(x: number): number {
  if (x < SMALLEST) return 0
  const k = Math.round(x / Math.LN2)
  const r = x - k * LN2_HIGH - k * LN2_LOW
  let sum = 1
  for (let i = 14; i >= 1; i--) sum = 1 + (sum * r) / i
  // 2^k by its bits.
  BITS.setUint32(0, (k + 1023) << 20)
  BITS.setUint32(4, 0)
  return sum * BITS.getFloat64(0)
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
