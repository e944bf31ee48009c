/** Entry point of the writers: each loaded when its format is asked for. */
import { UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import type { ExportedFile, ExportFormat, ExportSource, ModelWriter } from './imported.ts'

const writers: { readonly [F in ExportFormat]: () => Promise<ModelWriter> } = {
  onnx: async () => (await import('./onnx/write/write.ts')).writeOnnx,
  torch: async () => (await import('./torch/index.ts')).writeTorch,
  keras: async () => (await import('./keras/index.ts')).writeKeras,
  tfjs: async () => (await import('./tfjs/index.ts')).writeTfjs,
}

/** Formats that models are written in. */
export const EXPORT_FORMATS = Object.keys(writers) as readonly ExportFormat[]

/**
 * A model in a format: its files. Chunks are made one by one as they are read.
 * @throws UnsupportedError naming the layer that the format has no word for; UsageError for a format that there is not
 */
export async function writeModel(source: ExportSource, to: ExportFormat): Promise<readonly ExportedFile[]> {
  if (!Object.hasOwn(writers, to)) {
    const expected = `one of ${EXPORT_FORMATS.join(', ')}`
    throw new UsageError({ where: 'export format', expected, got: describe(to) })
  }
  const write = await writers[to]()
  return write(source)
}
