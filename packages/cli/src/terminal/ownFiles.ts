/** Whether Latch itself wrote a file, by what is in it: only such a file is replaced without `--force`. */
import { findOwnFormat, type FormatName } from 'latch/formats'
import { readFileBytes, LatchError } from 'latch'
import { isOwnPng } from '../inspect/pictures/pngMark.ts'
import { OWN_SVG } from '../inspect/pictures/svg.ts'
import { isReport } from '../inspect/reportPage.ts'

/** What a command writes. */
export type OwnKind = 'safetensors' | 'onnx' | 'keras' | 'tfjs' | 'html' | 'svg' | 'png'

/** In words, for messages. */
export const KIND_NAMES: Readonly<Record<OwnKind, string>> = {
  safetensors: 'a model file',
  onnx: 'an ONNX file',
  keras: 'a Keras file',
  tfjs: 'a TensorFlow.js file',
  html: 'a report',
  svg: 'an SVG picture',
  png: 'a PNG picture',
}

/** Whether the file at a path is of this kind and Latch's own; an empty file has nothing to lose. */
export async function isOwnFile(path: string, kind: OwnKind): Promise<boolean> {
  try {
    const bytes = await readFileBytes(path)
    return bytes.length === 0 || (await OWN[kind](bytes))
  } catch (error) {
    // A file that cannot be read, or is broken, is not known to be Latch's.
    if (error instanceof LatchError) return false
    throw error
  }
}

/** A model file of Latch, or an export in one of these formats. */
const isOf =
  (...formats: readonly FormatName[]) =>
  async (bytes: Uint8Array) => {
    const format = await findOwnFormat(bytes)
    return format !== null && formats.includes(format)
  }

const OWN: Readonly<Record<OwnKind, (bytes: Uint8Array) => boolean | Promise<boolean>>> = {
  // A model, a checkpoint, or an export for PyTorch.
  safetensors: isOf('latch', 'torch'),
  onnx: isOf('onnx'),
  keras: isOf('keras'),
  tfjs: isOf('tfjs'),
  html: (bytes) => isReport(textOf(bytes)),
  svg: (bytes) => textOf(bytes).slice(0, 4096).includes(OWN_SVG),
  png: isOwnPng,
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** Files beside a `model.json` of Latch's own that it names. */
export async function ownShards(modelJson: string): Promise<readonly string[]> {
  if (!(await isOwnFile(modelJson, 'tfjs'))) return []
  const model = parsed(await readFileBytes(modelJson))
  const groups =
    hasKey(model, 'weightsManifest') && Array.isArray(model.weightsManifest) ? model.weightsManifest : []
  return groups.flatMap((group: unknown) =>
    hasKey(group, 'paths') && Array.isArray(group.paths) ? group.paths : [],
  )
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes))
  } catch {
    return null
  }
}

function hasKey<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
}
