/**
 * The links of an HDF5 group: symbol tables (B-tree, local heap), which h5py writes, and compact link messages.
 * Source: HDF5 File Format Specification 3.0, III.A to III.D and IV.A.2.g.
 */
import { NOWHERE, type FileBytes } from './bytes.ts'
import { MESSAGE, type Message } from './objects.ts'

const ENTRY = 40

/** The addresses of a group's members, by name. */
export function readLinks(file: FileBytes, messages: readonly Message[]): Map<string, number> {
  const links = new Map<string, number>()
  for (const { type, at, size } of messages) {
    if (type === MESSAGE.symbolTable)
      readTree(file, file.address(at), findHeap(file, file.address(at + 8)), links, 0)
    if (type === MESSAGE.link) readLink(file, at, size, links)
    if (type === MESSAGE.linkInfo) {
      const heap = at + 2 + (file.u8(at + 1) & 1 ? 8 : 0)
      if (file.address(heap) !== NOWHERE)
        file.unsupported(at, 'a group with a symbol table', 'one with a fractal heap')
    }
  }
  return links
}

/** The data segment of a local heap. */
function findHeap(file: FileBytes, at: number): { at: number; size: number } {
  file.signature(at, 'HEAP')
  const heap = { size: file.u64(at + 8), at: file.address(at + 24) }
  file.check(heap.at, heap.size)
  return heap
}

function readTree(
  file: FileBytes,
  at: number,
  heap: { at: number; size: number },
  links: Map<string, number>,
  depth: number,
): void {
  file.signature(at, 'TREE')
  const level = file.u8(at + 5)
  if (file.u8(at + 4) !== 0) file.fail(at + 4, 'a group’s tree, 0', `${file.u8(at + 4)}`)
  if (depth > 32) file.fail(at, 'a tree of at most 32 levels', 'more')
  const entries = file.u16(at + 6)
  for (let i = 0; i < entries; i++) {
    const child = file.address(at + 24 + 8 + 16 * i)
    if (level > 0) readTree(file, child, heap, links, depth + 1)
    else readSymbols(file, child, heap, links)
  }
}

function readSymbols(
  file: FileBytes,
  at: number,
  heap: { at: number; size: number },
  links: Map<string, number>,
): void {
  file.signature(at, 'SNOD')
  const count = file.u16(at + 6)
  for (let i = 0; i < count; i++) {
    const entry = at + 8 + ENTRY * i
    file.step(entry)
    const name = file.u64(entry)
    if (name >= heap.size) file.fail(entry, `a name within ${heap.size} bytes`, `${name}`)
    // A symbolic link has no object header; Keras writes none.
    if (file.u32(entry + 16) === 2) continue
    links.set(file.text(heap.at + name, Math.min(heap.size - name, 65536)), file.address(entry + 8))
  }
}

function readLink(file: FileBytes, at: number, size: number, links: Map<string, number>): void {
  const flags = file.u8(at + 1)
  let here = at + 2
  const kind = flags & 8 ? file.u8(here++) : 0
  if (flags & 4) here += 8
  if (flags & 16) here += 1
  const lengthBytes = 1 << (flags & 3)
  const length = file.sized(here, lengthBytes)
  here += lengthBytes
  if (here + length > at + size) file.fail(here, 'a name within its message', `${length} bytes`)
  if (kind === 0) links.set(file.text(here, length), file.address(here + length))
}
