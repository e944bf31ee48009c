/**
 * The numbers of an HDF5 dataset: compact, contiguous or in chunks, chunks unshuffled, inflated and
 * checked. Source:
 * HDF5 File Format Specification 3.0, III.A.1, IV.A.2.i and IV.A.2.l.
 */
import { NOWHERE, type FileBytes } from './bytes.ts'
import { passesFletcher32 } from './checksum.ts'
import { filledBytes, readFillValue } from './fill.ts'
import { inflateTo } from './inflate.ts'
import { MESSAGE, type Message } from './objects.ts'
import { readSize } from './types.ts'

/** The target of the elements. */
interface Target {
  file: FileBytes
  shape: readonly number[]
  /** Bytes of an element. */
  size: number
  out: Uint8Array
}

/** The raw bytes of a dataset of that shape, element size and messages. */
export function readRaw(
  file: FileBytes,
  messages: readonly Message[],
  shape: readonly number[],
  size: number,
): Uint8Array {
  const layout = messages.find(({ type }) => type === MESSAGE.layout)
  if (!layout) file.fail(messages[0]?.at ?? 0, 'a data layout', 'none')
  const { at } = layout
  const version = file.u8(at)
  if (version !== 3 && version !== 4) file.unsupported(at, 'a data layout of version 3', `${version}`)
  const kind = file.u8(at + 1)
  const count = readSize(file, at, [...shape, size])
  if (kind === 0) return exactly(file, at, file.slice(at + 4, file.u16(at + 2)), count)
  if (kind === 1) {
    const from = file.address(at + 2)
    if (from === NOWHERE && count > 0) {
      if (messages.some(({ type }) => type === MESSAGE.externalFiles))
        file.unsupported(at, 'data in the file itself', 'data in other files')
      file.take(at, count)
      return filledBytes(count, readFillValue(file, messages, size))
    }
    return count === 0 ? new Uint8Array(0) : exactly(file, at, file.slice(from, file.u64(at + 10)), count)
  }
  if (kind !== 2 || version !== 3)
    file.unsupported(at, 'chunks by a B-tree of version 1', `layout ${kind}, version ${version}`)
  return readChunks(file, messages, layout, shape, size)
}

function exactly(file: FileBytes, at: number, raw: Uint8Array, count: number): Uint8Array {
  if (raw.length !== count) file.fail(at, `${count} bytes of data`, `${raw.length}`)
  return raw
}

function readChunks(
  file: FileBytes,
  messages: readonly Message[],
  { at }: Message,
  shape: readonly number[],
  size: number,
): Uint8Array {
  const rank = file.u8(at + 2) - 1
  if (rank !== shape.length) file.fail(at + 2, `chunks of ${shape.length} dimensions`, `${rank}`)
  const chunk = shape.map((_, i) => file.u32(at + 11 + 4 * i))
  const bytes = readSize(file, at, [...chunk, size])
  if (bytes === 0) file.fail(at, 'chunks of at least one element', 'empty ones')
  const count = readSize(file, at, [...shape, size])
  file.take(at, count + bytes)
  const target = { file, shape, size, out: filledBytes(count, readFillValue(file, messages, size)) }
  const filters = readFilters(file, messages)
  const tree = file.address(at + 3)
  if (tree !== NOWHERE)
    eachChunk(file, tree, rank, 0, (chunkAt, length, mask, offset) => {
      const packed = file.slice(chunkAt, length)
      // A chunk may be listed any number of times.
      file.take(chunkAt, length + bytes)
      place(target, unpack(file, chunkAt, packed, filters, mask, bytes, size), chunk, offset)
    })
  return target.out
}

type ChunkVisitor = (at: number, length: number, mask: number, offset: readonly number[]) => void

function eachChunk(file: FileBytes, at: number, rank: number, depth: number, visit: ChunkVisitor): void {
  file.signature(at, 'TREE')
  if (file.u8(at + 4) !== 1) file.fail(at + 4, 'a tree of chunks, 1', `${file.u8(at + 4)}`)
  if (depth > 32) file.fail(at, 'a tree of at most 32 levels', 'more')
  const level = file.u8(at + 5)
  const key = 8 + 8 * (rank + 1)
  for (let i = 0, here = at + 24; i < file.u16(at + 6); i++, here += key + 8) {
    file.step(here)
    const child = file.address(here + key)
    if (level > 0) eachChunk(file, child, rank, depth + 1, visit)
    else
      visit(
        child,
        file.u32(here),
        file.u32(here + 4),
        Array.from({ length: rank }, (_, d) => file.u64(here + 8 + 8 * d)),
      )
  }
}

/** Ids of the filters in the order they were applied. */
function readFilters(file: FileBytes, messages: readonly Message[]): number[] {
  const message = messages.find(({ type }) => type === MESSAGE.filters)
  if (!message) return []
  const { at } = message
  const version = file.u8(at)
  let here = at + (version === 1 ? 8 : 2)
  return Array.from({ length: Math.min(file.u8(at + 1), 32) }, () => {
    const id = file.u16(here)
    const named = version === 1 || id >= 256
    const name = named ? file.u16(here + 2) : 0
    const values = file.u16(here + (named ? 6 : 4))
    const padded = version === 1 ? Math.ceil(name / 8) * 8 + (values % 2) * 4 : name
    here += (named ? 8 : 6) + padded + 4 * values
    return id
  })
}

/** Undoes the filters, last one first; a bit of the mask marks a filter that was skipped. */
function unpack(
  file: FileBytes,
  at: number,
  packed: Uint8Array,
  filters: readonly number[],
  mask: number,
  bytes: number,
  size: number,
): Uint8Array {
  let data = packed
  for (let i = filters.length - 1; i >= 0; i--) {
    if (mask & (1 << i)) continue
    if (filters[i] === 1) data = inflateTo(data, bytes, false, `${file.source}, byte ${at}`)
    else if (filters[i] === 2) data = unshuffled(data, size)
    else if (filters[i] === 3) {
      if (!passesFletcher32(data))
        file.fail(at, 'data that match their checksum', 'others: the file is damaged')
      data = data.subarray(0, data.length - 4)
    } else file.unsupported(at, 'gzip, shuffle or checksums', `filter ${filters[i]}`)
  }
  return exactly(file, at, data, bytes)
}

function unshuffled(data: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(data.length / size)
  const out = new Uint8Array(data)
  for (let b = 0; b < size; b++) for (let i = 0; i < count; i++) out[i * size + b] = data[b * count + i]
  return out
}

/** Copies the rows of a chunk that lie within the dataset. */
function place(
  { file, shape, size, out }: Target,
  data: Uint8Array,
  chunk: readonly number[],
  offset: readonly number[],
): void {
  const rank = shape.length
  const row = rank ? chunk[rank - 1] : 1
  const rows = data.length / (row * size)
  const index = new Array<number>(Math.max(0, rank - 1)).fill(0)
  const within = rank ? Math.min(row, shape[rank - 1] - offset[rank - 1]) : 1
  for (let r = 0; r < rows; r++) {
    let to = 0
    let inside = true
    for (let d = 0; d < rank - 1; d++) {
      const i = offset[d] + index[d]
      if (i >= shape[d]) inside = false
      to = to * shape[d] + i
    }
    if (rank) to = to * shape[rank - 1] + offset[rank - 1]
    if (inside && within > 0) out.set(data.subarray(r * row * size, (r * row + within) * size), to * size)
    for (let d = rank - 2; d >= 0 && ++index[d] === chunk[d]; d--) index[d] = 0
  }
  file.step(0)
}
