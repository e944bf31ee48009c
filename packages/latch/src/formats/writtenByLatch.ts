/** Which files Latch itself wrote, by their metadata: its own model files, and its exports in other formats. */
import { LatchError } from '../core/errors.ts'
import { identify } from './identify.ts'
import type { FormatName } from './imported.ts'
import { parseJsonBytes } from './json.ts'
import { EMBEDDED_KEY } from './latch/embedded.ts'
import { readSafetensors } from './safetensors/safetensors.ts'

/**
 * The format of a model file that Latch wrote; null for a file of another program, or a broken one. A TensorFlow.js
 * model is known by its `model.json`.
 */
export async function findOwnFormat(bytes: Uint8Array): Promise<FormatName | null> {
  try {
    const format = identify(bytes, 'the file')
    return (await isOwn(bytes, format)) ? format : null
  } catch (error) {
    if (error instanceof LatchError) return null
    throw error
  }
}

async function isOwn(bytes: Uint8Array, format: FormatName): Promise<boolean> {
  if (format === 'latch') return true
  if (format === 'torch') return Object.hasOwn(readSafetensors(bytes, 'the file').metadata, EMBEDDED_KEY)
  if (format === 'onnx') {
    const { decodeOnnx } = await import('./onnx/proto/decode.ts')
    const { metadata } = await decodeOnnx(bytes, 'the file', () => Promise.resolve(new Uint8Array(0)))
    return metadata.has(EMBEDDED_KEY)
  }
  if (format === 'keras') {
    const { ZipFile, isZip } = await import('./keras/read/zip.ts')
    const metadata = isZip(bytes) ? new ZipFile(bytes, 'the file').read('metadata.json') : null
    return metadata !== null && hasKey(parseJsonBytes(metadata, 'metadata.json'), EMBEDDED_KEY)
  }
  const model = format === 'tfjs' ? parseJsonBytes(bytes, 'the file') : null
  return hasKey(model, 'userDefinedMetadata') && hasKey(model.userDefinedMetadata, EMBEDDED_KEY)
}

function hasKey<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
}
