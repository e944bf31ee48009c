/**
 * Whole files in Node: read with errors that name the path, written atomically, so that a reader sees the old file or
 * the new one. A save goes to a temporary file in the same folder, is flushed to the disk, and then renamed.
 */
import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import {
  access,
  chmod,
  chown,
  lstat,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DataError } from '../core/errors.ts'
import { missingFile } from '../core/missingFileNode.ts'

/** A size that one Node Buffer and one WebAssembly memory can hold. */
export const MAX_FILE_BYTES = 2 ** 31

const CHUNK_BYTES = 2 ** 24

/** The part of an open file that saving needs. */
export interface WritableFile {
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The calls that put bytes on the disk; tests pass their own to fail half-way. */
export interface SavingCalls {
  open(path: string, flags: string, mode?: number): Promise<WritableFile>
  rename(from: string, to: string): Promise<void>
}

const nodeCalls: SavingCalls = { open, rename }

/**
 * Writes a file atomically: if anything fails, even if the process is killed,
 * the old file is unchanged. Links are followed; the old file's permissions and owner are kept. Returns the number of bytes.
 *
 * @param content all bytes, or chunks that are generated while they are written
 * @throws DataError for disk full, missing folder, no permission; the errors of generating a chunk
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | Iterable<Uint8Array>,
  calls = nodeCalls,
): Promise<number> {
  const chunks = content instanceof Uint8Array ? [content] : content
  const size = content instanceof Uint8Array ? content.length : null
  let temporary: string | undefined
  let comfort: string | undefined
  try {
    const { target, old } = await checkTarget(path)
    if (old) comfort = 'The old file is unchanged'
    const folder = dirname(target)
    temporary = join(folder, temporaryName())
    const written = await writeAndSync(temporary, chunks, calls, old && old.mode & 0o777)
    await removeAbandoned(folder, temporary)
    if (old) await keepAccess(temporary, old)
    await calls.rename(temporary, target)
    await syncFolder(folder, calls)
    return written
  } catch (cause) {
    if (temporary !== undefined) await unlink(temporary).catch(() => undefined)
    const what = size === null ? 'the file' : sizeText(size)
    throw fileError(cause, path, `disk space and permission to save ${what}`, comfort)
  }
}

/** Where to write behind links, and the old file if there is one. */
async function checkTarget(path: string): Promise<{ target: string; old?: Stats }> {
  if (path === '') {
    throw new DataError({ where: 'save', expected: 'the name of a file', got: 'an empty name' })
  }
  const old = await stat(path).catch((cause: unknown) => {
    if (getCode(cause) === 'ENOENT') return undefined
    throw cause
  })
  if (old === undefined) {
    const link = await readlink(path).catch(() => undefined)
    if (link === undefined) return { target: path }
    throw new DataError({
      where: path,
      expected: 'the name of a file to save',
      got: `a link to "${link}", which does not exist`,
      remedy: 'Name that file itself, or remove the link.',
    })
  }
  if (!old.isFile()) {
    const got = old.isDirectory() ? 'a folder' : 'a device or pipe'
    const remedy = 'Name a file inside a folder.'
    throw new DataError({ where: path, expected: 'the name of a file to save', got, remedy })
  }
  // Renaming needs only the folder's permission and would replace a file its owner made read-only.
  await access(path, constants.W_OK)
  return { target: await realpath(path), old }
}

/** Gives the new file the owner and permissions of the old one; without the right to, as many of them as possible. */
async function keepAccess(path: string, { uid, gid, mode }: Stats): Promise<void> {
  const own = await stat(path)
  if (own.gid !== gid) await chown(path, own.uid, gid).catch(() => undefined)
  if (own.uid !== uid) await chown(path, uid, gid).catch(() => undefined)
  await chmod(path, mode & 0o777)
}

/** Random: processes of other containers and machines may save into the same folder. */
function temporaryName(): string {
  return `.latch-${randomUUID()}.tmp`
}

const TEMPORARY = /^\.latch-[0-9a-f-]{36}\.tmp$/
const DAY = 24 * 60 * 60 * 1000

/**
 * A killed process leaves its temporary file behind. A later save into that folder deletes those that nothing was
 * written to for a day, by the clock of the file system, which dates the new temporary file too.
 */
async function removeAbandoned(folder: string, own: string): Promise<void> {
  const now = await stat(own).catch(() => undefined)
  if (now === undefined) return
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((other) => TEMPORARY.test(other))) {
    const path = join(folder, name)
    const other = await lstat(path).catch(() => undefined)
    if (other?.isFile() && now.mtimeMs - other.mtimeMs > DAY) await unlink(path).catch(() => undefined)
  }
}

/** @param mode of the old file: what others may not read, they may not read meanwhile either */
async function writeAndSync(
  path: string,
  chunks: Iterable<Uint8Array>,
  calls: SavingCalls,
  mode?: number,
): Promise<number> {
  const file = await calls.open(path, 'wx', mode)
  let total = 0
  try {
    for (const bytes of chunks) {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, done, Math.min(CHUNK_BYTES, bytes.length - done))
        done += bytesWritten
      }
      total += bytes.length
    }
    await file.sync()
    return total
  } finally {
    await file.close()
  }
}

/** Makes the new name itself durable. Windows and some network disks cannot open folders; they need not. */
async function syncFolder(folder: string, calls: SavingCalls): Promise<void> {
  const handle = await calls.open(folder, 'r').catch(() => undefined)
  if (handle === undefined) return
  await handle.sync().catch(() => undefined)
  await handle.close().catch(() => undefined)
}

/**
 * Reads a whole file.
 * @throws DataError for a missing file (with similar names in the folder), a folder, or more than 2 GiB
 */
export async function readFileBytes(path: string, maxBytes = MAX_FILE_BYTES): Promise<Uint8Array> {
  try {
    const status = await stat(path)
    if (!status.isFile()) {
      const got = status.isDirectory() ? 'a folder' : 'a device or pipe'
      throw new DataError({ where: path, expected: 'a file', got, remedy: 'Name a file inside a folder.' })
    }
    if (status.size > maxBytes) {
      const expected = `a file of at most ${sizeText(maxBytes)}`
      throw new DataError({ where: path, expected, got: sizeText(status.size) })
    }
    return await readAll(path, status.size)
  } catch (cause) {
    if (getCode(cause) === 'ENOENT') throw await missingFile(path, cause)
    throw fileError(cause, path, 'a readable file')
  }
}

/** Reads at most the checked size, even if another process makes the file grow. */
async function readAll(path: string, size: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const bytes = new Uint8Array(size)
    let done = 0
    while (done < size) {
      const { bytesRead } = await file.read(bytes, done, Math.min(CHUNK_BYTES, size - done), done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  } finally {
    await file.close()
  }
}

const WORDS: Readonly<Record<string, readonly [got: string, remedy: string]>> = {
  ENOSPC: ['a full disk', 'Free some space or choose another folder'],
  EDQUOT: ['a full quota', 'Free some space or choose another folder'],
  EFBIG: ['a disk with a smaller file size limit', 'Choose another folder'],
  ENOENT: ['a folder that does not exist', 'Create the folder first'],
  ENOTDIR: ['a path with a file in place of a folder', 'Check the path'],
  EACCES: ['no permission', 'Check who owns the file and its folder'],
  EPERM: ['no permission', 'Check who owns the file and its folder'],
  EROFS: ['a read-only disk', 'Choose another folder'],
  ENAMETOOLONG: ['a name that is too long', 'Choose a shorter one'],
  ELOOP: ['circular links', 'Check the path'],
  EMFILE: ['too many open files', 'Close some, or raise the limit of open files'],
  EBUSY: ['a file that is mounted or in use', 'Choose another file, or mount its folder'],
  EIO: ['a disk error', 'Choose another disk'],
}

function fileError(cause: unknown, path: string, expected: string, comfort?: string): unknown {
  const code = getCode(cause)
  if (code === undefined) return cause
  const [words, advice] = WORDS[code] ?? [(cause as Error).message, undefined]
  const remedy = [comfort, advice].filter((part) => part !== undefined).join('. ')
  const facts = {
    where: path,
    expected,
    got: `${words} (${code})`,
    remedy: remedy ? `${remedy}.` : undefined,
  }
  return new DataError(facts, { cause })
}

function getCode(cause: unknown): string | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : undefined
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'] as const
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const size = bytes / 1024 ** power
  return `${Number(size.toFixed(size < 10 ? 1 : 0))} ${units[power]}`
}
