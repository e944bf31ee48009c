/** `latch/tables` in Node: tables in memory, and tables and texts read from files and streams. */
export * from './tables.ts'
export { readExamples, readLines, readTable, readTexts } from './data/tablesNode.ts'
export type { TableSource, TableTexts, TextOptions } from './data/tablesNode.ts'
