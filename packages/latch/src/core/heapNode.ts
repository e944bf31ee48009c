/** A V8 heap that is too small for a table is named while the table is read: later, V8 ends the process (Node only). */
import { getHeapStatistics } from 'node:v8'
import { MemoryError } from './errors.ts'

/** What V8 takes at least: for a row its list, for a cell its reference and the head of its string. */
const ROW_BYTES = 48
const CELL_BYTES = 32
/** The share of the heap that a table may take: as much is needed to work with it. */
const SHARE = 0.5
const MEBI = 2 ** 20

/** What a table keeps. */
export interface KeptCells {
  rows: number
  cells: number
  characters: number
}

/** @throws MemoryError for rows that leave too little memory to work with them */
export function checkHeap(
  { rows, cells, characters }: KeptCells,
  name: string,
  limit = getHeapStatistics().heap_size_limit,
): void {
  const taken = rows * ROW_BYTES + cells * CELL_BYTES + characters
  if (taken <= SHARE * limit) return
  const wanted = 1024 * Math.ceil((2 * limit) / MEBI / 1024)
  throw new MemoryError({
    where: name,
    expected: `a JavaScript heap of more than ${Math.ceil(taken / SHARE / MEBI)} MiB for its first ${rows.toLocaleString('en')} rows`,
    got: `${Math.floor(limit / MEBI)} MiB`,
    remedy: `Set NODE_OPTIONS=--max-old-space-size=${wanted} (MiB), or read fewer rows or columns.`,
  })
}
