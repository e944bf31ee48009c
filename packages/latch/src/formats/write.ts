/** Entry point of the writers, each loaded on demand. */
import { UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import type { ExportedFile, ExportFormat, ExportSource, ModelWriter } from './imported.ts'

/** The writers, by format: `model.exportTo(exporters.onnx)`. */
export const exporters: { readonly [F in ExportFormat]: ModelWriter } = {
  onnx: omitCounts(async (source) => (await import('./onnx/write/write.ts')).writeOnnx(source)),
  torch: omitCounts(async (source) => (await import('./torch/index.ts')).writeTorch(source)),
  keras: omitCounts(async (source) => (await import('./keras/index.ts')).writeKeras(source)),
  tfjs: omitCounts(async (source) => (await import('./tfjs/index.ts')).writeTfjs(source)),
}

const COUNTS = 'the counts of words: no other format has them, so the file predicts as the network alone does'

/** A writer that says with its first file that counts are left out. */
function omitCounts(write: ModelWriter): ModelWriter {
  return async (source) => {
    const files = await write(source)
    if (!source.countsWords) return files
    return files.map((file, i) => (i > 0 ? file : { ...file, omitted: [...(file.omitted ?? []), COUNTS] }))
  }
}

/** The export formats. */
export const EXPORT_FORMATS = Object.keys(exporters) as readonly ExportFormat[]

/**
 * A model in a format: its files. Chunks are made one by one as they are read.
 * @throws UnsupportedError naming the layer that the format does not support; UsageError for an unknown format
 */
export async function writeModel(source: ExportSource, to: ExportFormat): Promise<readonly ExportedFile[]> {
  if (!Object.hasOwn(exporters, to)) {
    const expected = `one of ${EXPORT_FORMATS.join(', ')}`
    throw new UsageError({ where: 'export format', expected, got: describe(to) })
  }
  return exporters[to](source)
}
