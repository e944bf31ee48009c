/**
 * HDF5's object headers: the messages that describe an object, in both layouts, with their continuations.
 * Source: HDF5 File Format Specification 3.0, IV.A.
 */
import type { FileBytes } from './bytes.ts'

/** One message: the position of its data. */
export interface Message {
  type: number
  at: number
  size: number
}

/** Types of messages that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const

/** All messages of the object at an address. */
export function readMessages(file: FileBytes, at: number): Message[] {
  file.step(at)
  return file.u8(at) === 1 ? readVersion1(file, at) : readVersion2(file, at)
}

function readVersion1(file: FileBytes, at: number): Message[] {
  const messages: Message[] = []
  const blocks = [{ at: at + 16, size: file.u32(at + 8) }]
  for (let block = blocks.shift(); block; block = blocks.shift()) {
    file.check(block.at, block.size)
    const end = block.at + block.size
    for (let here = block.at; here + 8 <= end;) {
      file.step(here)
      const message = { type: file.u16(here), size: file.u16(here + 2), at: here + 8 }
      addMessage(file, messages, blocks, message, file.u8(here + 4), end)
      here = message.at + message.size
    }
  }
  return messages
}

interface Block {
  at: number
  size: number
}

function addMessage(
  file: FileBytes,
  messages: Message[],
  blocks: Block[],
  message: Message,
  flags: number,
  end: number,
): void {
  const { type, at, size } = message
  if (at + size > end) file.fail(at, `a message of at most ${end - at} bytes`, `${size}`)
  if (type === MESSAGE.continuation) blocks.push({ at: file.address(at), size: file.u64(at + 8) })
  else if (type !== 0) {
    const known = Object.values(MESSAGE) as number[]
    if (flags & 2 && known.includes(type))
      file.unsupported(at, 'messages of the object’s own', 'a shared one')
    messages.push(message)
  }
}

function readVersion2(file: FileBytes, at: number): Message[] {
  file.signature(at, 'OHDR')
  if (file.u8(at + 4) !== 2) file.fail(at + 4, 'an object header of version 1 or 2', `${file.u8(at + 4)}`)
  const flags = file.u8(at + 5)
  const first = at + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0)
  const sizeBytes = 1 << (flags & 3)
  const head = flags & 4 ? 6 : 4
  const messages: Message[] = []
  const blocks: Block[] = [{ at: first + sizeBytes, size: file.sized(first, sizeBytes) }]
  for (let block = blocks.shift(), outer = true; block; block = blocks.shift(), outer = false) {
    if (!outer) {
      file.signature(block.at, 'OCHK')
      block = { at: block.at + 4, size: block.size - 8 }
    }
    file.check(block.at, block.size)
    const end = block.at + block.size
    for (let here = block.at; here + head <= end;) {
      file.step(here)
      const message = { type: file.u8(here), size: file.u16(here + 1), at: here + head }
      addMessage(file, messages, blocks, message, file.u8(here + 3), end)
      here = message.at + message.size
    }
  }
  return messages
}
