/** Whether Latch wrote a file, judged by its contents: only such a file is replaced without `--force`. */
import { readFileBytes, LatchError } from 'latch'
import { isWrittenByLatch } from 'latch/formats'
import { isOwnPng } from '../inspect/pictures/pngMark.ts'
import { OWN_SVG } from '../inspect/pictures/svg.ts'
import { isReport } from '../inspect/reportPage.ts'

/** What a command writes. */
export type OwnKind = 'safetensors' | 'onnx' | 'keras' | 'tfjs' | 'html' | 'svg' | 'png'

/** As messages call them. */
export const KIND_NAMES: Readonly<Record<OwnKind, string>> = {
  safetensors: 'a model file',
  onnx: 'an ONNX file',
  keras: 'a Keras file',
  tfjs: 'a TensorFlow.js file',
  html: 'a report',
  svg: 'an SVG picture',
  png: 'a PNG picture',
}

/** Whether the file at a path is of this kind and written by Latch. An empty file counts: nothing is lost. */
export async function isOwnFile(path: string, kind: OwnKind): Promise<boolean> {
  try {
    const bytes = await readFileBytes(path)
    return bytes.length === 0 || (await OWN[kind](bytes))
  } catch (error) {
    // A file that cannot be read is not known to be Latch's.
    if (error instanceof LatchError) return false
    throw error
  }
}

const OWN: Readonly<Record<OwnKind, (bytes: Uint8Array) => boolean | Promise<boolean>>> = {
  // A model, a checkpoint, or an export for PyTorch.
  safetensors: async (bytes) =>
    (await isWrittenByLatch(bytes, 'latch')) || (await isWrittenByLatch(bytes, 'torch')),
  onnx: (bytes) => isWrittenByLatch(bytes, 'onnx'),
  keras: (bytes) => isWrittenByLatch(bytes, 'keras'),
  tfjs: (bytes) => isWrittenByLatch(bytes, 'tfjs'),
  html: (bytes) => isReport(decode(bytes)),
  svg: (bytes) => decode(bytes).slice(0, 4096).includes(OWN_SVG),
  png: isOwnPng,
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** The weight files named by a `model.json` that Latch wrote. */
export async function ownShards(modelJson: string): Promise<readonly string[]> {
  if (!(await isOwnFile(modelJson, 'tfjs'))) return []
  const { weightsManifest } = JSON.parse(decode(await readFileBytes(modelJson))) as TfjsModel
  const groups = Array.isArray(weightsManifest) ? weightsManifest : []
  return groups.flatMap((group) => (Array.isArray(group?.paths) ? group.paths : []))
}

/** What is read of a `model.json`, unchecked. */
interface TfjsModel {
  weightsManifest?: ({ paths?: string[] } | null)[]
}
