/** The PNG metadata that names the program: a tEXt chunk `Software` after the header (PNG specification, 11.3.3). */

const HEADER_END = 8 + 25
const TEXT = Buffer.from('tEXtSoftware\0Latch', 'latin1')

/** Adds the chunk to a picture. */
export function markedPng(png: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(TEXT.length + 8)
  chunk.writeUInt32BE(TEXT.length - 4, 0)
  TEXT.copy(chunk, 4)
  chunk.writeUInt32BE(checksum(TEXT), TEXT.length + 4)
  return Buffer.concat([png.subarray(0, HEADER_END), chunk, png.subarray(HEADER_END)])
}

/** Whether a picture has the chunk. */
export function isOwnPng(png: Uint8Array): boolean {
  return TEXT.equals(png.subarray(HEADER_END + 4, HEADER_END + 4 + TEXT.length))
}

/** CRC-32 as in PNG, bit by bit: the chunk is short. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
