/** Whether Latch itself wrote a file. Only the contents count: a name proves nothing. */
import { FormatError, UnsupportedError } from '../core/errors.ts'
import type { ExportFormat } from './imported.ts'
import { EMBEDDED_KEY } from './latch/embedded.ts'
import { filesInMemory, decodeOnnx } from './open.ts'
import { readSafetensorsMetadata } from './safetensors/safetensors.ts'

/** What Latch writes: a model or a checkpoint (`latch`), a checkpoint alone, an export of a model for another program. */
export type WrittenFormat = 'latch' | 'checkpoint' | ExportFormat

/** Whether the bytes are a file of this format that Latch wrote. A broken file is none. */
export async function isWrittenByLatch(bytes: Uint8Array, format: WrittenFormat): Promise<boolean> {
  try {
    return await CHECKS[format](bytes)
  } catch (error) {
    if (error instanceof FormatError || error instanceof UnsupportedError) return false
    throw error
  }
}

const CHECKS: Readonly<Record<WrittenFormat, (bytes: Uint8Array) => boolean | Promise<boolean>>> = {
  latch: (bytes) => hasKey(readSafetensorsMetadata(bytes, 'the file'), 'latch'),
  checkpoint(bytes) {
    const metadata = readSafetensorsMetadata(bytes, 'the file')
    return hasKey(metadata, 'latch') && hasKey(parseText(String(metadata.latch)), 'training')
  },
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

/** The weight files that a `model.json` names, if Latch wrote it. */
export async function ownShards(bytes: Uint8Array): Promise<readonly string[]> {
  if (!(await isWrittenByLatch(bytes, 'tfjs'))) return []
  const { weightsManifest } = parse(bytes) as { weightsManifest?: unknown }
  const groups: readonly unknown[] = Array.isArray(weightsManifest) ? weightsManifest : []
  const paths = groups.flatMap((group): unknown => (hasKey(group, 'paths') ? group.paths : []))
  return paths.filter((name) => typeof name === 'string')
}

function parse(bytes: Uint8Array): unknown {
  return parseText(new TextDecoder().decode(bytes))
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function hasKey<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
}
