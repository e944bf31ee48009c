/** The entry point for Node: everything that browsers have, and files. */
import { useHost } from './engine/host.ts'
import { nodeHost } from './engine/hostNode.ts'
import { readFileBytes, writeFileAtomic } from './formats/fileNode.ts'
import { useStorage } from './tasks/files/storage.ts'

useHost(nodeHost())
useStorage({
  read: (path) => readFileBytes(path),
  write: async (path, bytes) => void (await writeFileAtomic(path, bytes)),
})

export * from './index.ts'
export { readFileBytes, writeFileAtomic } from './formats/fileNode.ts'
export { openVectors, type OpenVectorsOptions } from './data/vectors/vectorFileNode.ts'
