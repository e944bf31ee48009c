/** The compressions of Parquet's pages, none of which gives more than its page's header says. */
import type { Compressors } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { decompress } from 'fzstd'

export const COMPRESSORS: Compressors = {
  ...compressors,
  // hyparquet's takes a frame to be as long as it claims, or as its blocks make it.
  ZSTD(input, length) {
    const claimed = contentSize(input)
    if (claimed !== null && claimed !== length)
      throw new RangeError(`a page of ${length} bytes, compressed as ${claimed}`)
    return decompress(input, new Uint8Array(length))
  },
}

/** What a frame of Zstandard says of its content (RFC 8878, section 3.1.1.1); null where it says nothing. */
function contentSize(frame: Uint8Array): number | null {
  const descriptor = frame[4]
  const isSingle = (descriptor & 0x20) !== 0
  const kind = descriptor >> 6
  if (kind === 0 && !isSingle) return null
  const at = 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]
  const bytes = frame.subarray(at, at + 2 ** kind)
  return bytes.reduce((sum, byte, i) => sum + byte * 256 ** i, kind === 1 ? 256 : 0)
}
