/**
 * `latch/tables`: tables of text in memory, for browsers and Node. A door of its own, because it
 * brings csv-parse with it and `latch` in a browser brings no dependency.
 */
export { parseExamples, parseTable } from './data/tables.ts'
export type { ExampleOptions, Examples } from './data/examples.ts'
export type { Table, TableOptions } from './data/tableStart.ts'
export type { TableFormat } from './data/tableFormat.ts'
