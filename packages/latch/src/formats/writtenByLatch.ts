/** Whether Latch itself wrote a file. Only the contents count: a name proves nothing. */
import { FormatError, UnsupportedError } from '../core/errors.ts'
import type { ExportFormat } from './imported.ts'
import { EMBEDDED_KEY } from './latch/embedded.ts'
import { filesInMemory, decodeOnnx } from './open.ts'
import { readSafetensorsMetadata } from './safetensors/safetensors.ts'

/**
 * Whether the bytes are a file of this format that Latch wrote: a model or a checkpoint (`latch`), or an export of a
 * model for another program. A broken file is none.
 */
export async function isWrittenByLatch(bytes: Uint8Array, format: 'latch' | ExportFormat): Promise<boolean> {
  try {
    return await CHECKS[format](bytes)
  } catch (error) {
    if (error instanceof FormatError || error instanceof UnsupportedError) return false
    throw error
  }
}

const CHECKS: Readonly<Record<'latch' | ExportFormat, (bytes: Uint8Array) => boolean | Promise<boolean>>> = {
  latch: (bytes) => hasKey(readSafetensorsMetadata(bytes, 'the file'), 'latch'),
  torch: (bytes) => hasKey(readSafetensorsMetadata(bytes, 'the file'), EMBEDDED_KEY),
  async onnx(bytes) {
    const { metadata } = await decodeOnnx(filesInMemory('the file', bytes, new Map()))
    return metadata.has(EMBEDDED_KEY)
  },
  async keras(bytes) {
    const { ZipFile, isZip } = await import('./keras/read/zip.ts')
    const metadata = isZip(bytes) ? new ZipFile(bytes, 'the file').read('metadata.json') : null
    if (metadata === null) return false
    return hasKey(parse(metadata), EMBEDDED_KEY)
  },
  tfjs(bytes) {
    const model = parse(bytes)
    return hasKey(model, 'userDefinedMetadata') && hasKey(model.userDefinedMetadata, EMBEDDED_KEY)
  },
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}

function hasKey<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
}
