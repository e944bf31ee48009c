/** `latch/tables` in Node: tables in memory, and tables, texts and lines read from files and streams. */
export * from './tables.ts'
export { readExamples, readTable, readTexts } from './data/tablesNode.ts'
export { readSentences } from './data/sentences/sentencesNode.ts'
export { readLines } from './data/linesNode.ts'
export type { TableSource } from './data/bytesNode.ts'
export type { LineOptions } from './data/linesNode.ts'
export type { TableTexts, TextOptions } from './data/tablesNode.ts'
