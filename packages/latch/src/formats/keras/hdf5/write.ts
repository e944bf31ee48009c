/**
 * Writes an HDF5 file of groups and float32 datasets, piece by piece: superblock 0, symbol tables and contiguous
 * data, which every HDF5 library reads. Source: HDF5 File Format Specification 3.0.
 */
import { Allocator, type ByteWriter } from './allocation.ts'

/** A dataset to write; its numbers are read when they are written. */
export interface Hdf5Dataset {
  /** `layers/lstm/cell/vars/0` */
  path: string
  shape: readonly number[]
  values(): Float32Array
}

interface Group {
  children: Map<string, Group | Hdf5Dataset>
}

/** Entries of a symbol node: twice the K of the superblock. */
const LEAF_K = 4
const NODE_K = 16
const ENTRY = 40
const MOST_NAMES = 2 * LEAF_K * 2 * NODE_K

/** The file in pieces. `groups` are created even if they are empty. */
export function* hdf5Chunks(
  datasets: readonly Hdf5Dataset[],
  groups: readonly string[] = [],
): Generator<Uint8Array> {
  const root: Group = { children: new Map() }
  for (const path of groups) groupAt(root, path.split('/'))
  for (const dataset of datasets) {
    const parts = dataset.path.split('/')
    groupAt(root, parts.slice(0, -1)).children.set(parts[parts.length - 1], dataset)
  }
  const allocator = new Allocator()
  allocator.reserve(96)
  const placed = new Map<Hdf5Dataset, number>()
  const header = placeGroup(allocator, root, placed)
  const order = [...placed.keys()]
  const headEnd = allocator.end
  for (const dataset of order) placed.set(dataset, allocator.reserve(4 * computeSize(dataset)))
  writeSuperblock(allocator.view(0), header, allocator.end)
  for (const [dataset, at] of placed) allocator.resolve(dataset, at)
  yield allocator.bytes(headEnd)
  let at = headEnd
  for (const dataset of order) {
    const from = placed.get(dataset)!
    if (from > at) yield new Uint8Array(from - at)
    const values = dataset.values()
    if (values.length !== computeSize(dataset))
      throw new RangeError(`${dataset.path}: ${values.length} numbers`)
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    at = from + values.byteLength
  }
  if (allocator.end > at) yield new Uint8Array(allocator.end - at)
}

function computeSize({ shape }: Hdf5Dataset): number {
  return shape.reduce((a, b) => a * b, 1)
}

function groupAt(root: Group, parts: readonly string[]): Group {
  return parts.reduce((group, name) => {
    const found = group.children.get(name)
    if (found && 'children' in found) return found
    const made: Group = { children: new Map() }
    group.children.set(name, made)
    return made
  }, root)
}

function writeSuperblock(view: ByteWriter, root: number, end: number): void {
  view.bytes(0, [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a])
  view.bytes(8, [0, 0, 0, 0, 0, 8, 8, 0])
  view.u16(16, LEAF_K)
  view.u16(18, NODE_K)
  view.u64(24, 0)
  view.nowhere(32)
  view.u64(40, end)
  view.nowhere(48)
  view.u64(64, root)
}

/** Header, tree, heap and symbol nodes of a group; returns the header's address. */
function placeGroup(allocator: Allocator, group: Group, placed: Map<Hdf5Dataset, number>): number {
  const names = [...group.children.keys()].sort((a, b) => (a < b ? -1 : 1))
  if (names.length > MOST_NAMES) throw new RangeError(`more than ${MOST_NAMES} names in a group`)
  const header = allocator.reserve(40)
  const tree = allocator.reserve(24 + 8 * (4 * NODE_K + 1))
  const { heap, offsets } = placeHeap(allocator, names)
  const view = allocator.view(header)
  view.bytes(0, [1, 0, 1, 0, 1, 0, 0, 0, 24, 0, 0, 0])
  view.bytes(16, [0x11, 0, 16, 0])
  view.u64(24, tree)
  view.u64(32, heap)
  const entries = names.map((name, i) => {
    const child = group.children.get(name)!
    const at =
      'children' in child ? placeGroup(allocator, child, placed) : placeDataset(allocator, child, placed)
    return { name: offsets[i], at }
  })
  placeTree(allocator, tree, entries)
  return header
}

function placeHeap(allocator: Allocator, names: readonly string[]): { heap: number; offsets: number[] } {
  const encoder = new TextEncoder()
  const texts = names.map((name) => encoder.encode(name))
  let size = 8
  const offsets = texts.map((text) => {
    const at = size
    size += Math.ceil((text.length + 1) / 8) * 8
    return at
  })
  const heap = allocator.reserve(32)
  const data = allocator.reserve(size)
  const view = allocator.view(heap)
  view.text(0, 'HEAP')
  view.u64(8, size)
  view.u64(16, 1) // no free block
  view.u64(24, data)
  texts.forEach((text, i) => allocator.view(data).bytes(offsets[i], text))
  return { heap, offsets }
}

function placeTree(
  allocator: Allocator,
  tree: number,
  entries: readonly { name: number; at: number }[],
): void {
  const view = allocator.view(tree)
  const per = 2 * LEAF_K
  const nodes = Math.ceil(entries.length / per)
  view.text(0, 'TREE')
  view.u16(6, nodes)
  view.nowhere(8)
  view.nowhere(16)
  for (let n = 0; n < nodes; n++) {
    const part = entries.slice(n * per, (n + 1) * per)
    const at = allocator.reserve(8 + per * ENTRY)
    const node = allocator.view(at)
    node.text(0, 'SNOD')
    node.bytes(4, [1, 0])
    node.u16(6, part.length)
    part.forEach((entry, i) => {
      node.u64(8 + i * ENTRY, entry.name)
      node.u64(16 + i * ENTRY, entry.at)
    })
    view.u64(32 + 16 * n, at)
    view.u64(40 + 16 * n, part[part.length - 1].name)
  }
}

/** Header of a dataset: shape, little-endian float32, no fill value, contiguous. */
function placeDataset(allocator: Allocator, dataset: Hdf5Dataset, placed: Map<Hdf5Dataset, number>): number {
  const rank = dataset.shape.length
  const sizes = [8 + 8 * rank, 24, 8, 24]
  const total = sizes.reduce((sum, size) => sum + 8 + size, 0)
  const header = allocator.reserve(16 + total)
  const view = allocator.view(header)
  view.bytes(0, [1, 0, 4, 0, 1, 0, 0, 0])
  view.u32(8, total)
  let at = 16
  const message = (type: number, size: number): number => {
    view.bytes(at, [type, 0, size, size >> 8])
    at += 8 + size
    return at - size
  }
  const space = message(1, sizes[0])
  view.bytes(space, [1, rank])
  dataset.shape.forEach((size, i) => view.u64(space + 8 + 8 * i, size))
  view.bytes(message(3, sizes[1]), [0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0])
  view.bytes(message(5, sizes[2]), [2, 2, 2, 0])
  const layout = message(8, sizes[3])
  view.bytes(layout, [3, 1])
  view.u64(layout + 10, 4 * computeSize(dataset))
  allocator.defer(dataset, header + layout + 2)
  placed.set(dataset, 0)
  return header
}
