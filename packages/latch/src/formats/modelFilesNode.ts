/**
 * Models of other formats on disk: a file and its companion files, read on demand; files written
 * in chunks, each atomically.
 */
import { lstat, mkdir, realpath, stat, unlink } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, parse, relative, sep } from 'node:path'
import { DataError, UnsupportedError, UsageError } from '../core/errors.ts'
import { readFileBytes, writeFileAtomic } from './fileNode.ts'
import type { ExportedFile, ModelFiles } from './imported.ts'
import { ownShards } from './writtenByLatch.ts'

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
  const byName = new Map<string, Promise<Uint8Array>>()
  const readSibling = async (name: string): Promise<Uint8Array> => {
    const at = await withoutLinks(inside(folder, name, main), name, main)
    const key = await stat(at).then(
      ({ dev, ino }) => `${dev} ${ino}`,
      () => at,
    )
    const bytes = read.get(key) ?? readFileBytes(at)
    read.set(key, bytes)
    return bytes
  }
  return {
    name: basename(main),
    bytes: await readFileBytes(main),
    sibling(name) {
      const bytes = byName.get(name) ?? readSibling(name)
      byName.set(name, bytes)
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
 * Chunks are written as they are generated. Each file is written atomically, the one that names the others last: if
 * anything fails, even if the process is killed, the folder still holds the old export, whole.
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
  const parts = files.filter((file) => !heads.includes(file))
  const names = new Map<string, string>()
  if (heads.some(({ chunksNaming }) => chunksNaming)) {
    for (const { name } of parts) names.set(name, await unusedName(path, basename(name)))
  }
  const old = await Promise.all(heads.map(({ name }) => shardsOf(join(path, name))))
  const written: WrittenFile[] = []
  for (const { name, chunks, chunksNaming } of [...parts, ...heads]) {
    const at = join(path, names.get(name) ?? basename(name))
    written.push({ path: at, bytes: await writeFileAtomic(at, chunksNaming?.(names) ?? chunks) })
  }
  await removeReplaced(path, old.flat(), names)
  return written
}

/** `weights.bin`, else `weights-2.bin`, …: a file that an old export names is not overwritten. */
async function unusedName(folder: string, name: string): Promise<string> {
  const { name: stem, ext } = parse(name)
  const isTaken = async (other: string) => (await lstat(join(folder, other)).catch(() => null)) !== null
  let unused = name
  for (let number = 2; await isTaken(unused); number++) unused = `${stem}-${number}${ext}`
  return unused
}

async function shardsOf(head: string): Promise<readonly string[]> {
  const status = await stat(head).catch(() => null)
  return status?.isFile() ? readFileBytes(head).then(ownShards, () => []) : []
}

/** Deletes the files of the export before, which no file names any more. */
async function removeReplaced(
  folder: string,
  old: readonly string[],
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const used = new Set(names.values())
  for (const name of names.keys()) {
    const { name: stem, ext } = parse(basename(name))
    for (const other of old) {
      const middle = other.slice(stem.length, other.length - ext.length)
      const isVersion = `${stem}${middle}${ext}` === other && /^(-\d+)?$/.test(middle)
      if (isVersion && !used.has(other)) await unlink(join(folder, other)).catch(() => undefined)
    }
  }
}
