/**
 * Fill values: what the elements of an HDF5 dataset are where nothing was written. Source: HDF5 File Format
 * Specification 3.0, IV.A.2.e and IV.A.2.f.
 */
import type { FileBytes } from './bytes.ts'
import { MESSAGE, type Message } from './objects.ts'

/** The bytes of one element, or null for the default, zero. */
export function readFillValue(
  file: FileBytes,
  messages: readonly Message[],
  size: number,
): Uint8Array | null {
  const message =
    messages.find(({ type }) => type === MESSAGE.fill) ??
    messages.find(({ type }) => type === MESSAGE.oldFill)
  if (!message) return null
  const at = message.type === MESSAGE.fill ? placeOfSize(file, message.at) : message.at
  const length = at === null ? 0 : file.u32(at)
  if (at === null || length === 0) return null
  if (length !== size) file.fail(at, `a fill value of ${size} bytes`, `${length}`)
  return file.slice(at + 4, length)
}

/** The position of the value's size; null where none is defined. */
function placeOfSize(file: FileBytes, at: number): number | null {
  const version = file.u8(at)
  if (version === 1) return at + 4
  if (version === 2) return file.u8(at + 3) === 1 ? at + 4 : null
  if (version === 3) return file.u8(at + 1) & 0x20 ? at + 2 : null
  return file.unsupported(at, 'a fill value of version 1 to 3', `${version}`)
}

/** `count` bytes of elements that nothing was written to. */
export function filledBytes(count: number, fill: Uint8Array | null): Uint8Array {
  const out = new Uint8Array(count)
  if (fill === null || fill.every((byte) => byte === 0)) return out
  for (let at = 0; at < count; at += fill.length) out.set(fill, at)
  return out
}
