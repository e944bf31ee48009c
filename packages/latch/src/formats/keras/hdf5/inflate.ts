/** Inflates data that may be a zip bomb: in small pieces, and never beyond the declared size. */
import { Inflate, Unzlib } from 'fflate'
import { FormatError } from '../../../core/errors.ts'

const PIECE = 4096

/** `size` bytes out of a deflate stream, raw or with zlib's header. @throws FormatError for another size */
export function inflateTo(data: Uint8Array, size: number, raw: boolean, where: string): Uint8Array {
  const out = new Uint8Array(size)
  let filled = 0
  const wrong = (got: string) => new FormatError({ where, expected: `${size} bytes when unpacked`, got })
  const stream = raw ? new Inflate() : new Unzlib()
  stream.ondata = (chunk) => {
    if (filled + chunk.length > size) throw wrong('more')
    out.set(chunk, filled)
    filled += chunk.length
  }
  try {
    for (let at = 0; at < data.length || at === 0; at += PIECE)
      stream.push(data.subarray(at, at + PIECE), at + PIECE >= data.length)
  } catch (error) {
    if (error instanceof FormatError) throw error
    const cause = error instanceof Error ? error.message : String(error)
    throw new FormatError({ where, expected: 'deflated data', got: cause }, { cause: error })
  }
  if (filled !== size) throw wrong(`${filled}`)
  return out
}
