/** A table that was pasted or dropped, as rows of text and label: read in a worker, so that no page freezes. */
import { parseExamples } from 'latch/tables'
import type { Row } from '../worker/tasks.ts'

export interface OwnTable {
  rows: Row[]
  labels: { label: string; count: number }[]
  notes: string[]
}

/** More rows than this are left out, and told: a page trains in seconds, not hours. */
const MOST_ROWS = 20_000

/** @throws DataError in the library's words */
export function readOwnTable(
  data: string | Uint8Array,
  name: string,
  text?: string,
  label?: string,
): OwnTable {
  const examples = parseExamples(data, { name, ...(text ? { text } : {}), ...(label ? { label } : {}) })
  const all = examples.texts.map((one, i) => ({ text: one, label: examples.labels[i] }))
  const rows = all.slice(0, MOST_ROWS)
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(row.label, (counts.get(row.label) ?? 0) + 1)
  const labels = [...counts].map(([one, count]) => ({ label: one, count })).sort((a, b) => b.count - a.count)
  const cut =
    all.length > rows.length
      ? [`${all.length - rows.length} rows after the first ${MOST_ROWS} were left out.`]
      : []
  return { rows, labels, notes: [...examples.notes, ...cut] }
}
