/**
 * `latch/tables`: tables of text in memory, for browsers and Node. An entry point of its own, because
 * it needs csv-parse and `latch` has no dependency.
 */
export { parseExamples, parseTable } from './data/tables.ts'
export { parseSentences } from './data/sentences/sentences.ts'
export type {
  SentenceColumns,
  SentenceFormat,
  SentenceOptions,
  Sentences,
  TaggedSentence,
} from './data/sentences/sentences.ts'
export type { ExampleOptions, Examples } from './data/examples.ts'
export type { Table, TableOptions } from './data/tableStart.ts'
export type { TableFormat } from './data/tableFormat.ts'
