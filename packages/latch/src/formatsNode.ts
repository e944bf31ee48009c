/** `latch/formats` in Node: what browsers have, and models by their paths. */
import type { EngineOptions } from './engine/engine.ts'
import type { ExportFormat, ImportOptions } from './formats/imported.ts'
import { modelFilesAt, writeExport, type WrittenFile } from './formats/modelFilesNode.ts'
import { writeModel } from './formats/write.ts'
import { openModel, type AnyModel } from './tasks/files/openModel.ts'

// The Node entry point sets up the host and files.
export { readFileBytes } from './node.ts'
export * from './formats.ts'
export { modelFilesAt, writeExport } from './formats/modelFilesNode.ts'
export type { WrittenFile } from './formats/modelFilesNode.ts'

/**
 * Opens a model file of any format by its path; files beside it are found by themselves.
 * @throws DataError for files that are missing; as `openModel`
 */
export async function importFile(
  path: string,
  options: ImportOptions & { engine?: EngineOptions } = {},
): Promise<AnyModel> {
  return openModel(await modelFilesAt(path), options)
}

/**
 * Writes a model in another format: one file, or a folder of them (TensorFlow.js), streamed to the disk.
 * @throws UnsupportedError naming the layer that the format cannot express; DataError with the reason of the disk
 */
export async function exportFile(
  model: Pick<AnyModel, 'exportSource'>,
  to: ExportFormat,
  path: string,
): Promise<WrittenFile[]> {
  const [name] = path.split(/[\\/]/).slice(-1)
  return writeExport(await writeModel(model.exportSource(name.replace(/\.[^.]*$/, '')), to), path)
}
