/**
 * The checksum of the filter fletcher32: Fletcher's, over 16-bit words whose first byte is the higher one, stored
 * little-endian behind the data. Source: HDF5 User Guide, filters; Fletcher 1982.
 */

/** Whether the last four bytes are the checksum of the bytes before them. */
export function passesFletcher32(data: Uint8Array): boolean {
  const end = data.length - 4
  if (end < 0) return false
  const sum = fletcher32(data.subarray(0, end))
  const [a, b, c, d] = data.subarray(end)
  const stored = (high: number, low: number) => high * 256 + low
  const [low, high] = [stored(b, a), stored(d, c)]
  // Early versions of the library swapped the bytes of each half.
  return (sum.low === low && sum.high === high) || (sum.low === stored(a, b) && sum.high === stored(c, d))
}

function fletcher32(data: Uint8Array): { low: number; high: number } {
  // Sums of ones' complement: a multiple of 65535 that is not zero is 65535.
  let [low, high] = [0, 0]
  for (let i = 0; i < data.length; i += 2) {
    low = folded(low + data[i] * 256 + (data[i + 1] ?? 0))
    high = folded(high + low)
  }
  return { low, high }
}

function folded(sum: number): number {
  return sum > 0xffff ? (sum & 0xffff) + (sum >> 16) : sum
}
