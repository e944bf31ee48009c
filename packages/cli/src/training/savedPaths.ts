/** Where a training run keeps its model and its checkpoint, checked before the work begins. */
import { constants } from 'node:fs'
import { access, stat, unlink } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { DataError } from 'latch'

export interface SavedPaths {
  model: string
  checkpoint: string
  /** Weights of a run whose loss left the finite numbers. */
  lastGood: string
}

/** `model.safetensors` → `model.checkpoint.safetensors` beside it. */
export function savedPaths(model: string): SavedPaths {
  const ending = extname(model)
  const stem = ending ? model.slice(0, -ending.length) : model
  return {
    model,
    checkpoint: `${stem}.checkpoint.safetensors`,
    lastGood: `${stem}.last-good.safetensors`,
  }
}

/** Nobody wants to hear after an hour that the folder was misspelt. @throws DataError */
export async function checkWritable({ model }: SavedPaths): Promise<void> {
  const folder = dirname(model)
  const expected = 'a file name in a folder that may be written to'
  const status = await stat(folder).catch(() => undefined)
  if (!status?.isDirectory()) {
    const got = status ? `"${folder}", which is a file` : `no folder "${folder}"`
    throw new DataError({ where: `--out ${model}`, expected, got, remedy: 'Create the folder first' })
  }
  const old = await stat(model).catch(() => undefined)
  if (old && !old.isFile()) {
    const got = old.isDirectory() ? 'a folder' : 'a device or pipe'
    throw new DataError({ where: `--out ${model}`, expected, got })
  }
  const refused = await access(old ? model : folder, constants.W_OK).then(
    () => false,
    () => true,
  )
  if (refused) throw new DataError({ where: `--out ${model}`, expected, got: 'no permission to write there' })
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true
}

export async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch(() => undefined)
}
