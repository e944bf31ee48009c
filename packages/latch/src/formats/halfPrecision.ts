/** Half-precision numbers of every format, widened to float32 without loss. */

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 31
  const fraction = (bits & 1023) / 1024
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15))
}

const word = new DataView(new ArrayBuffer(4))

/** bfloat16: the upper half of a float32. */
export function bfloatToFloat(bits: number): number {
  word.setUint32(0, bits << 16)
  return word.getFloat32(0)
}

/** Widens an array of halves. */
export function widened(halves: Uint16Array, widen: (bits: number) => number): Float32Array {
  const numbers = new Float32Array(halves.length)
  for (let i = 0; i < halves.length; i++) numbers[i] = widen(halves[i])
  return numbers
}
