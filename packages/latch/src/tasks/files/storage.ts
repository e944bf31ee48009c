/**
 * The file storage of `save` and `load`. The browser entry has none (use bytes); the Node entry sets one.
 */
import { UnsupportedError } from '../../core/errors.ts'

export interface Storage {
  read(path: string): Promise<Uint8Array>
  write(path: string, bytes: Uint8Array): Promise<void>
}

let current: Storage | null = null

/** Sets the storage behind `save` and `load`. */
export function useStorage(chosen: Storage): void {
  current = chosen
}

export function storage(): Storage {
  if (current) return current
  throw new UnsupportedError({
    where: 'save / load',
    expected: 'a file system',
    got: 'none in this environment',
    remedy: 'Use model.toBytes() and TextClassifier.fromBytes(bytes) here.',
  })
}
