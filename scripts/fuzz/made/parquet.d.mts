/** Types of parquet.mjs, for tests. */
export interface Page {
  /** 0 data, 2 dictionary, 3 data of the second version. */
  kind: number
  values: number
  encoding: string
  parts: readonly object[]
  /** Sizes that the header claims instead of the true ones. */
  unpacked?: number
  packed?: number
}
export interface Column {
  name: string
  type: string
  codec: string
  pages: readonly Page[]
}
export interface Description {
  schema: readonly { name: string; type?: string; repetition?: number; children?: number }[]
  rows: number
  groups: readonly { rows: number; columns: readonly Column[] }[]
}
export function parquetFile(description: Description): Uint8Array
