/**
 * The door for Node: everything of the browser's, plus files.
 */
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
export { parseExamples } from './data/tables.ts'
export { readExamples, readLines, readTable, readTexts } from './data/tablesNode.ts'
export type { TableSource, TableTexts, TextOptions } from './data/tablesNode.ts'
export { readFileBytes, writeFileAtomic } from './formats/fileNode.ts'
