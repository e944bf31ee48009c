/** Model files on disk as readers want them. */
import { readFileSync } from 'node:fs'
import type { ModelFiles } from '../../../src/formats/imported.ts'
import { DataError } from '../../../src/core/errors.ts'

/** A file and what lies beside it. */
export function modelFile(url: URL): ModelFiles {
  return {
    name: url.pathname.split('/').pop()!,
    bytes: new Uint8Array(readFileSync(url)),
    async sibling(name) {
      try {
        return new Uint8Array(readFileSync(new URL(name, url)))
      } catch (cause) {
        throw new DataError({ where: name, expected: 'a file beside the model', got: 'none' }, { cause })
      }
    },
  }
}

/** Files in memory: the first is the model. */
export function filesOf(files: Readonly<Record<string, Uint8Array>>): ModelFiles {
  const [[name, bytes]] = Object.entries(files)
  return {
    name,
    bytes,
    async sibling(wanted) {
      if (Object.hasOwn(files, wanted)) return files[wanted]
      throw new DataError({ where: wanted, expected: 'a file beside the model', got: 'none' })
    },
  }
}
