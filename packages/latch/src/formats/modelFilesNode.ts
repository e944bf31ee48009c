/**
 * Models of other formats on disk: a file and its companion files, read on demand; files written
 * in chunks, each atomically.
 */
import { mkdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { DataError, UnsupportedError, UsageError } from '../core/errors.ts'
import { readFileBytes, writeFileAtomic } from './fileNode.ts'
import type { ExportedFile, ModelFiles } from './imported.ts'

/** The main files of a folder. */
const HEADS = ['model.json', 'manifest.json'] as const

/**
 * A model's files by the path of its main one, or of the folder that holds a `model.json` or `manifest.json`.
 * @throws DataError for a missing file (with similar names), or a folder without either
 */
export async function modelFilesAt(path: string): Promise<ModelFiles> {
  const main = await mainFile(path)
  const folder = dirname(main)
  // One file may have many names; its bytes are in memory once.
  const read = new Map<string, Promise<Uint8Array>>()
  return {
    name: basename(main),
    bytes: await readFileBytes(main),
    async sibling(name) {
      const at = await withoutLinks(inside(folder, name, main), name, main)
      const key = await stat(at).then(
        ({ dev, ino }) => `${dev} ${ino}`,
        () => at,
      )
      const bytes = read.get(key) ?? readFileBytes(at)
      read.set(key, bytes)
      return bytes
    },
  }
}

async function mainFile(path: string): Promise<string> {
  const isFolder = async (at: string) => (await stat(at).catch(() => null))?.isDirectory() ?? false
  if (!(await isFolder(path))) return path
  for (const name of HEADS) {
    if ((await stat(join(path, name)).catch(() => null))?.isFile()) return join(path, name)
  }
  const expected = `a model file, or a folder with ${HEADS.join(' or ')} in it`
  throw new DataError({ where: path, expected, got: 'a folder without one' })
}

/** A file names its companion files: none of them may be outside its folder. */
function inside(folder: string, name: string, main: string): string {
  const path = join(folder, name)
  if (name !== '' && !isAbsolute(name) && liesBelow(folder, path)) return path
  const expected = 'files inside its folder'
  throw new DataError({ where: `${main}, ${JSON.stringify(name)}`, expected, got: 'a file outside it' })
}

function liesBelow(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '' && !isAbsolute(way) && way.split(sep)[0] !== '..'
}

/**
 * A companion file's path with all links resolved: it must be inside the model's folder, or inside the real folder of
 * the model's file, as in caches that store files once and link to them. Otherwise a link in a download
 * would make any readable file part of the weights.
 */
async function withoutLinks(path: string, name: string, main: string): Promise<string> {
  // The reader reports a missing file.
  const real = await realpath(path).catch(() => null)
  if (real === null) return path
  const folders = [await realpath(dirname(main)), dirname(await realpath(main))]
  if (folders.some((folder) => liesBelow(folder, real))) return real
  throw new UnsupportedError({
    where: `${main}, ${JSON.stringify(name)}`,
    expected: 'files inside its folder',
    got: 'a link that leads outside it',
    remedy: 'Copy the file itself into the folder of the model.',
  })
}

/** The written files. */
export interface WrittenFile {
  path: string
  bytes: number
  /** What the format cannot say of the model, each a sentence. */
  omitted?: readonly string[]
}

/**
 * Writes an export: one file to `path`; several into the folder `path`, which is created if necessary.
 * Chunks are written as they are generated. Each file is written atomically; the one that names the others is last.
 * @throws DataError for disk full, missing folder, no permission; UsageError for a file where a folder is needed
 */
export async function writeExport(files: readonly ExportedFile[], path: string): Promise<WrittenFile[]> {
  if (files.length === 1) {
    const [{ chunks, omitted }] = files
    return [{ path, bytes: await writeFileAtomic(path, chunks), ...(omitted && { omitted }) }]
  }
  const there = await stat(path).catch(() => null)
  if (there && !there.isDirectory()) {
    const expected = `a folder for ${files.length} files`
    throw new UsageError({ where: path, expected, got: 'a file', remedy: 'Name a folder.' })
  }
  await mkdir(path, { recursive: true })
  const heads = files.filter(({ name }) => name.endsWith('.json'))
  const written: WrittenFile[] = []
  for (const { name, chunks } of [...files.filter((file) => !heads.includes(file)), ...heads]) {
    const at = join(path, basename(name))
    written.push({ path: at, bytes: await writeFileAtomic(at, chunks) })
  }
  return written
}
