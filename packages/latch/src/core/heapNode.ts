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

/** Three semi-spaces of 16 MiB, from V8 13 on of 64: what `heap_size_limit` adds to `--max-old-space-size`. */
const YOUNG_BYTES = (Number(process.versions.v8.split('.', 1)[0]) < 13 ? 48 : 192) * MEBI

/** @throws MemoryError for rows that leave too little memory to work with them */
export function checkHeap(
  { rows, cells, characters }: KeptCells,
  name: string,
  limit = getHeapStatistics().heap_size_limit - YOUNG_BYTES,
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
