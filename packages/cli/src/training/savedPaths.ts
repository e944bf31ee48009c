/** Where a training run saves its model and checkpoint, checked before training. */
import { constants } from 'node:fs'
import { access, stat, unlink } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { DataError } from 'latch'

export interface SavedPaths {
  model: string
  checkpoint: string
  /** The last finite weights of a run that diverged. */
  lastGood: string
}

/** `model.safetensors` → `model.checkpoint.safetensors` next to it. */
export function savedPaths(model: string): SavedPaths {
  const ending = extname(model)
  const stem = ending ? model.slice(0, -ending.length) : model
  return {
    model,
    checkpoint: `${stem}.checkpoint.safetensors`,
    lastGood: `${stem}.last-good.safetensors`,
  }
}

/** Checks before an hour of training that the folder exists and is writable. @throws DataError */
export async function checkWritable({ model }: SavedPaths): Promise<void> {
  const folder = dirname(model)
  const expected = 'a file in a writable folder'
  const status = await stat(folder).catch(() => undefined)
  if (!status?.isDirectory()) {
    const got = status ? `"${folder}", which is a file` : `no folder "${folder}"`
    throw new DataError({ where: `--out ${model}`, expected, got, remedy: 'Create the folder first.' })
  }
  const old = await stat(model).catch(() => undefined)
  if (old && !old.isFile()) {
    const got = old.isDirectory() ? 'a folder' : 'a device or pipe'
    throw new DataError({ where: `--out ${model}`, expected, got })
  }
  const denied = await access(old ? model : folder, constants.W_OK).then(
    () => false,
    () => true,
  )
  if (denied) throw new DataError({ where: `--out ${model}`, expected, got: 'no write permission' })
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true
}

export async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch(() => undefined)
}
