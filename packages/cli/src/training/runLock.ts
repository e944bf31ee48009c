/**
 * A lock file beside the model, so that two runs never share a checkpoint. Its owner dates it anew each second; a lock
 * whose date stands still belongs to a run that was killed, and is removed.
 */
import { randomUUID } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { link, readFile, readlink, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { UsageError } from 'latch'
import { exitAtSignals } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { HEARTBEAT_MS } from './heartbeat.ts'

/** How long a lock is watched before it counts as abandoned. */
const WATCH_MS = 4 * HEARTBEAT_MS
const POLL_MS = 200

export interface RunLock {
  /** Whether no other run removed the lock, which it does when this process was stopped for seconds. */
  isHeld(): Promise<boolean>
  release(): void
}

/** The run that holds a lock, as messages call it: `process 4711 on host alpha, since 2026-11-30T10:00:00Z`. */
export type LockOwner = string

/**
 * Creates the lock file, after removing an abandoned one.
 * @returns the lock, or the run that holds it. A folder that takes no lock file gives a lock without effect and a note.
 */
export async function lockRun(path: string, output: Output): Promise<RunLock | LockOwner> {
  const owner = `process ${process.pid} on host ${hostname()}, since ${new Date().toISOString()}`
  const content = `${owner}\n${randomUUID()}\n`
  for (;;) {
    const failure = await writeFile(path, content, { flag: 'wx' }).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    )
    if (failure === undefined) return holdLock(path, content)
    if (failure.code !== 'EEXIST') {
      output.note(`no lock file can be written (${failure.code}): start no second run with this model file.`)
      if (failure.code === 'ENOSPC' || failure.code === 'EDQUOT') await unlink(path).catch(() => undefined)
      return { isHeld: () => Promise.resolve(true), release: () => undefined }
    }
    const other = await readLock(path)
    if (other === undefined) continue
    if (other === null) throw notALock(path)
    output.note(`${path} exists: checking whether its run is still active.`)
    if (await isActive(path, other)) return other.split('\n')[0]
    await removeStale(path, other)
    output.note(`${path} belonged to a run that has ended, and was removed.`)
  }
}

/** The contents of a lock file; null for any other file, a link to none among them; undefined if there is none. */
async function readLock(path: string): Promise<string | null | undefined> {
  const content = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    const isLink = await readlink(path).catch(() => undefined)
    return error.code === 'ENOENT' && isLink === undefined ? undefined : null
  })
  // Empty: its run was killed, or is about to write it.
  return content && !/^process \d+ on host .*\n[0-9a-f-]{36}\n$/.test(content) ? null : content
}

function notALock(path: string): UsageError {
  return new UsageError({
    where: path,
    expected: 'the lock file of another `latch train`, or none',
    got: 'another file',
    remedy: 'Rename it, or choose another model file with `--out`.',
  })
}

async function isActive(path: string, content: string): Promise<boolean> {
  const dated = async (): Promise<number | undefined> => (await stat(path).catch(() => undefined))?.mtimeMs
  const first = await dated()
  for (let waited = 0; waited < WATCH_MS; waited += POLL_MS) {
    await sleep(POLL_MS)
    const now = await dated()
    if (now === undefined) return false
    if (now !== first) return true
  }
  return (await readLock(path)) !== content
}

/** Another run may do the same, and put its own lock there: that one goes back. */
async function removeStale(path: string, content: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  if (
    !(await rename(path, aside).then(
      () => true,
      () => false,
    ))
  )
    return
  if ((await readLock(aside)) !== content) await link(aside, path).catch(() => undefined)
  await unlink(aside).catch(() => undefined)
}

function holdLock(path: string, content: string): RunLock {
  const heartbeat = new Worker(new URL('./heartbeat.js', import.meta.url), { workerData: path })
  heartbeat.unref()
  const removeLock = (): void => {
    try {
      unlinkSync(path)
    } catch {
      // Removed by someone else.
    }
  }
  process.on('exit', removeLock)
  const restoreSignals = exitAtSignals()
  return {
    isHeld: async () => (await readLock(path)) === content,
    release() {
      process.off('exit', removeLock)
      restoreSignals()
      void heartbeat.terminate()
      removeLock()
    },
  }
}
