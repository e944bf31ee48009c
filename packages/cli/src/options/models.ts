/** Opens model files: those of Latch, of every task, and those of other formats. */
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  identify,
  type ImportedModel,
  type ImportOptions,
  type ModelFiles,
  modelFilesAt,
  openModel,
  type AnyModel,
} from 'latch/formats'
import { type EngineOptions, UsageError } from 'latch'
import type { Contents } from '../info/contents.ts'
import type { Output } from '../terminal/output.ts'
import { nounOf } from './modelNouns.ts'

/** A model and the files it came from. */
export interface OpenedModel {
  model: AnyModel
  files: ReadFiles
  /** Whether it is a Latch model file. */
  own: boolean
  /** About weights that are not finite. */
  warnings: readonly string[]
}

/** The files of a model, and which of them were read. */
export interface ReadFiles extends ModelFiles {
  /** The main file, and each file beside it once it is read. */
  read: string[]
}

/** As `modelFilesAt`, under the path given. */
export async function readFilesAt(path: string): Promise<ReadFiles> {
  const files = await modelFilesAt(path)
  const isFolder = (await stat(path)).isDirectory()
  const read = [isFolder ? join(path, files.name) : path]
  return {
    ...files,
    name: path,
    read,
    sibling(name) {
      read.push(join(dirname(read[0]), name))
      return files.sibling(name)
    },
  }
}

/** Opens a model file by its path. @throws DataError, FormatError, UnsupportedError */
export async function openAnyModel(
  path: string,
  engine: EngineOptions,
  options: ImportOptions = {},
): Promise<OpenedModel> {
  const files = await readFilesAt(path)
  const own = identify(files.bytes, path) === 'latch'
  const model = await openModel(files, { ...options, engine })
  const warnings = options.allowNonFinite
    ? model.summary().warnings.filter((warning) => /not all finite/.test(warning))
    : []
  return { model, files, own, warnings }
}

/** Prints warnings about the weights, and why a model computes on fewer threads than were requested, if it does. */
export function printModelNotes({ model, warnings }: OpenedModel, output: Output): void {
  for (const warning of warnings) output.note(warning)
  const { threadsNote } = model.network.engine
  if (threadsNote !== null) output.note(threadsNote)
}

/** A Latch file as its model; a file of another format as read, without building it, or its contents. */
export async function openModelAt(
  path: string,
  engine: EngineOptions,
  options: ImportOptions,
): Promise<{ model: AnyModel; files: ModelFiles } | { imported: ImportedModel } | { contents: Contents }> {
  const files = { ...(await modelFilesAt(path)), name: path }
  const formats = await import('latch/formats')
  if (identify(files.bytes, path) === 'latch')
    return { model: await formats.openModel(files, { ...options, engine }), files }
  try {
    return { imported: await formats.readModel(files, options) }
  } catch (reason) {
    const { contentsOf } = await import('../info/contents.ts')
    return { contents: await contentsOf(files, options, reason) }
  }
}

/** The bytes of a model as a Latch model file. */
export function latchBytes({ model, files, own }: OpenedModel): Uint8Array {
  return own ? files.bytes : model.toBytes()
}

/** `--ids "3 1 4"` as a text of ids: `#3 #1 #4`. @throws UsageError for invalid ids, or a model that reads no ids */
export function idsAsText(ids: string, model: AnyModel): string {
  const { reads } = model.summary()
  if (!reads.includes('ids')) {
    const got = reads.includes('features') ? 'one of features' : `${nounOf(model)}, which reads texts`
    throw new UsageError({ where: '--ids', expected: 'a model that reads token ids', got })
  }
  const words = ids.split(/[\s,]+/).filter((word) => word !== '')
  if (words.length > 0 && words.every((word) => /^\d+$/.test(word)))
    return words.map((id) => `#${id}`).join(' ')
  throw new UsageError({ where: '--ids', expected: 'whole numbers, as in "3 1 4"', got: JSON.stringify(ids) })
}
