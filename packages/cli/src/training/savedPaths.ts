/** Where a training run saves its model and checkpoint. */
import { stat, unlink } from 'node:fs/promises'
import { extname } from 'node:path'

export interface SavedPaths {
  model: string
  checkpoint: string
  /** The last finite weights of a run that diverged. */
  lastGood: string
  /** Exists while a run writes these files. */
  lock: string
}

/** `model.safetensors` → `model.checkpoint.safetensors` next to it. */
export function savedPaths(model: string): SavedPaths {
  const ending = extname(model)
  const stem = ending ? model.slice(0, -ending.length) : model
  return {
    model,
    checkpoint: `${stem}.checkpoint.safetensors`,
    lastGood: `${stem}.last-good.safetensors`,
    lock: `${stem}.lock`,
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true
}

export async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch(() => undefined)
}
