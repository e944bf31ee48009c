/** Whether Latch wrote a file, judged by its contents: only such a file is replaced without `--force`. */
import { open, type FileHandle } from 'node:fs/promises'
import { readFileBytes, LatchError } from 'latch'
import { isWrittenByLatch, ownShards } from 'latch/formats'
import { isOwnPng } from '../inspect/pictures/pngMark.ts'
import { OWN_SVG } from '../inspect/pictures/svg.ts'
import { LOG_HEADER, LOG_START } from '../training/log.ts'
import { isReport } from '../inspect/reportPage.ts'

/** What a command writes. */
export type OwnKind =
  'safetensors' | 'checkpoint' | 'onnx' | 'keras' | 'tfjs' | 'html' | 'svg' | 'png' | 'log'

/** As messages call them. */
export const KIND_NAMES: Readonly<Record<OwnKind, string>> = {
  safetensors: 'a model file',
  checkpoint: 'a checkpoint',
  onnx: 'an ONNX file',
  keras: 'a Keras file',
  tfjs: 'a TensorFlow.js file',
  html: 'a report',
  svg: 'an SVG picture',
  png: 'a PNG picture',
  log: 'a training log',
}

/** Whether the file at a path is of this kind and written by Latch. An empty file counts: nothing is lost. */
export async function isOwnFile(path: string, kind: OwnKind): Promise<boolean> {
  const bytes = await readToJudge(path, kind)
  return bytes !== null && (bytes.length === 0 || (await OWN[kind](bytes)))
}

/** The bytes that show which program wrote a file: its start, or all if that does not suffice. Null if it cannot be read. */
async function readToJudge(path: string, kind: OwnKind): Promise<Uint8Array | null> {
  const length = BEGINNING[kind]
  try {
    if (!length) return await readFileBytes(path)
    const file = await open(path)
    try {
      return await readBytes(file, length(await readBytes(file, 8)))
    } finally {
      await file.close()
    }
  } catch (error) {
    // A file that cannot be read is not known to be Latch's.
    if (error instanceof LatchError || (error as NodeJS.ErrnoException).code !== undefined) return null
    throw error
  }
}

/** The first `count` bytes, or as many as there are. */
async function readBytes(file: FileHandle, count: number): Promise<Uint8Array> {
  const { size } = await file.stat()
  const bytes = new Uint8Array(Math.min(count, size))
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, done)
    if (bytesRead === 0) return bytes.subarray(0, done)
    done += bytesRead
  }
  return bytes
}

/** Longest header of a safetensors file that is read: longer ones are refused everywhere. */
const MAX_HEADER_BYTES = 100_000_000

function headerEnd(first: Uint8Array): number {
  if (first.length < 8) return 8
  const length = new DataView(first.buffer).getBigUint64(0, true)
  return 8 + Number(length > MAX_HEADER_BYTES ? 0n : length)
}

/** Of kinds whose beginning says who wrote them: how long it is, by the first eight bytes. */
const BEGINNING: Readonly<Partial<Record<OwnKind, (first: Uint8Array) => number>>> = {
  safetensors: headerEnd,
  checkpoint: headerEnd,
  svg: () => 4096,
  png: () => 128,
  log: () => 128,
}

const OWN: Readonly<Record<OwnKind, (bytes: Uint8Array) => boolean | Promise<boolean>>> = {
  checkpoint: (bytes) => isWrittenByLatch(bytes, 'checkpoint'),
  // A model, a checkpoint, or an export for PyTorch.
  safetensors: async (bytes) =>
    (await isWrittenByLatch(bytes, 'latch')) || (await isWrittenByLatch(bytes, 'torch')),
  onnx: (bytes) => isWrittenByLatch(bytes, 'onnx'),
  keras: (bytes) => isWrittenByLatch(bytes, 'keras'),
  tfjs: (bytes) => isWrittenByLatch(bytes, 'tfjs'),
  html: (bytes) => isReport(decode(bytes)),
  svg: (bytes) => decode(bytes).includes(OWN_SVG),
  png: isOwnPng,
  log: (bytes) => [LOG_HEADER, LOG_START].some((start) => decode(bytes).startsWith(start)),
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** The weight files named by a `model.json` that Latch wrote. */
export async function shardsBeside(modelJson: string): Promise<readonly string[]> {
  const bytes = await readToJudge(modelJson, 'tfjs')
  return bytes === null ? [] : ownShards(bytes)
}
