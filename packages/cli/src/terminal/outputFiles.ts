/**
 * Which files a command may overwrite: without `--force`, neither its inputs nor files that Latch did not write. Files
 * are compared by real path, device and inode, so links make no difference.
 */
import { randomUUID } from 'node:crypto'
import { access, lstat, readFile, readlink, realpath, stat, unlink, writeFile } from 'node:fs/promises'
import { constants, fstat } from 'node:fs'
import { promisify } from 'node:util'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { DataError, UsageError } from 'latch'
import type { Output } from './output.ts'
import { isOwnFile, KIND_NAMES, shardsBeside, type OwnKind } from './ownFiles.ts'

/** `--force` of every command that writes files: `.option(...forceOption)`. */
export const forceOption = [
  '--force',
  'overwrite existing files, even inputs and files not written by Latch',
] as const

/** A file that the command reads. */
export interface InputFile {
  /** As messages call it: `the table of this command`. */
  what: string
  /** `-` is standard input. */
  path: string
}

/** A file that the command is about to write. */
export interface OutputFile {
  /** As messages call it: `--out model.safetensors`, `the checkpoint`. */
  where: string
  path: string
  kind: OwnKind
  /** Whether the command creates its folder. */
  inNewFolder?: boolean
  /** Whether the command goes on if it cannot be written. */
  optional?: boolean
}

/**
 * Checks before any work that each output can be written, and overwrites neither an input, nor a file that Latch did
 * not write, nor another output.
 * @returns the outputs that replace a file
 * @throws UsageError, DataError naming the file, the reason and the remedy
 */
export async function checkOutputs(
  outputs: readonly OutputFile[],
  inputs: readonly InputFile[],
  force = false,
): Promise<OutputFile[]> {
  const taken = new Map<string, string>()
  const replaced: OutputFile[] = []
  const read = await Promise.all(
    inputs.map(async ({ what, path }) => ({ what, ids: await identities(path) })),
  )
  for (const output of outputs) {
    const { where, path, kind, optional } = output
    if (!optional) await checkWritable(output)
    const own = await identities(path)
    const other = own.map((id) => taken.get(id)).find((name) => name !== undefined)
    if (other !== undefined) {
      throw new UsageError({ where, expected: 'a different file', got: `the file of ${other}` })
    }
    for (const id of own) taken.set(id, where)
    if (!(await stat(path).catch(() => undefined))?.isFile()) continue
    replaced.push(output)
    if (force) continue
    const input = read.find(({ ids }) => ids.some((id) => own.includes(id)))
    if (input) throw overwriteError(output, 'a different file', input.what)
    const isOwn = (await isOwnFile(path, kind)) || (kind === 'tfjs' && (await isOwnShard(path)))
    if (isOwn) continue
    const expected = `a new file, or ${KIND_NAMES[kind]} written by Latch`
    const got = kind === 'checkpoint' ? 'another file' : 'a file not written by Latch'
    throw overwriteError(output, expected, got)
  }
  return replaced
}

/** @throws DataError for a name, a folder or permissions that take no file */
async function checkWritable({ where, path, inNewFolder }: Omit<OutputFile, 'kind'>): Promise<void> {
  const expected = 'a file in a writable folder'
  if (path === '') throw new UsageError({ where, expected, got: 'an empty name' })
  const folder = dirname(path)
  const status = await stat(folder).catch(() => undefined)
  if (!status && inNewFolder) return checkWritable({ where, path: folder, inNewFolder })
  if (!status?.isDirectory()) {
    const got = status ? `"${folder}", which is a file` : `no folder "${folder}"`
    throw new DataError({ where, expected, got, remedy: 'Create the folder first.' })
  }
  const old = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENAMETOOLONG') return undefined
    throw new DataError({ where, expected, got: 'a name that is too long', remedy: 'Choose a shorter name.' })
  })
  if (old && !old.isFile()) {
    if (!old.isDirectory()) throw new DataError({ where, expected, got: 'a device or pipe' })
    throw new DataError({ where, expected, got: 'a folder', remedy: 'Name a file in it.' })
  }
  if (old && (await isMountPoint(path))) {
    throw new DataError({
      where,
      expected,
      got: 'a file that is mounted by itself, which no save can replace',
    })
  }
  const link = old ? undefined : await readlink(path).catch(() => undefined)
  if (link !== undefined) {
    const got = `a link to "${link}", which does not exist`
    throw new DataError({ where, expected, got, remedy: 'Name that file itself, or remove the link.' })
  }
  // A save creates a file beside the old one, then replaces that, so both must be writable.
  const parent = old ? dirname(await realpath(path)) : folder
  if (old) await access(path, constants.W_OK).catch((error) => throwDenied(path, error))
  await createAndRemove(parent).catch((error) => throwDenied(parent, error))

  function throwDenied(target: string, { code }: NodeJS.ErrnoException): never {
    const reason = REASONS[code ?? ''] ?? `the error ${code}`
    throw new DataError({ where, expected, got: `${reason} for "${target}"` })
  }
}

/** Whether a file is a mount, as containers have of single files; on Linux, where the system lists them. */
async function isMountPoint(path: string): Promise<boolean> {
  const list = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  const real = await realpath(path)
  return list.split('\n').some((line) => {
    const at = line.split(' ')[4] ?? ''
    return at.replaceAll(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))) === real
  })
}

/** Why a folder takes no file, by the code of the system. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'no write permission',
  EPERM: 'no write permission',
  EROFS: 'a read-only disk',
  ENOSPC: 'a full disk',
  EDQUOT: 'a full quota',
}

/** Permissions alone do not say whether a folder takes files: `/proc`, a full disk, a quota. */
async function createAndRemove(folder: string): Promise<void> {
  const path = join(folder, `.latch-${randomUUID()}.tmp`)
  await writeFile(path, '', { flag: 'wx' })
  await unlink(path)
}

function overwriteError({ where }: OutputFile, expected: string, got: string): UsageError {
  const remedy = 'Choose another file with `--out`, or add `--force` to replace this one.'
  const option = /^--(html|svg|png|log|plot)\b/.exec(where)?.[0]
  return new UsageError({ where, expected, got, remedy: option ? remedy.replace('--out', option) : remedy })
}

async function isOwnShard(path: string): Promise<boolean> {
  return (await shardsBeside(join(dirname(path), 'model.json'))).includes(basename(path))
}

const fstatAsync = promisify(fstat)

/** The identifiers of a file: its real path, and its device and inode, which hard links share. */
async function identities(path: string): Promise<string[]> {
  const status = await (path === '-' ? fstatAsync(0, { bigint: true }) : stat(path, { bigint: true })).catch(
    () => undefined,
  )
  const ids: string[] = []
  // Inodes of pipes and terminals do not identify files.
  if (status?.isFile()) ids.push(`${status.dev}:${status.ino}`)
  if (path !== '-') ids.push(await realPath(path))
  return ids
}

/** Also of a file that does not exist yet. */
export async function realPath(path: string): Promise<string> {
  const whole = await realpath(path).catch(() => undefined)
  if (whole !== undefined) return whole
  const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)))
  return join(folder, basename(path))
}

/** Prints which existing files will be replaced. */
export function noteReplaced(replaced: readonly OutputFile[], output: Output): void {
  for (const { path } of replaced) output.note(`${path} exists and will be replaced.`)
}

/**
 * A default name that replaces no file: `model.safetensors`, else `model-2.safetensors`, … with a note.
 * @param used names that other runs are about to write
 */
export async function freeName(path: string, output: Output, used = new Set<string>()): Promise<string> {
  const name = await unusedName(path, used)
  if (name === path) return name
  if (used.has(path)) output.note(`another run writes ${path}; writing ${name} instead.`)
  else output.note(`${path} exists; writing ${name} instead (pass --out ${path} to replace it).`)
  return name
}

/** `model.safetensors`, else `model-2.safetensors`, …: the first name that no file has. */
export async function unusedName(path: string, used: ReadonlySet<string> = new Set()): Promise<string> {
  const ending = extname(path)
  const stem = path.slice(0, path.length - ending.length)
  let name = path
  for (let number = 2; used.has(name) || (await pathExists(name)); number++)
    name = `${stem}-${number}${ending}`
  return name
}

async function pathExists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined
}
