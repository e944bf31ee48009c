/** Reads a pasted or dropped table as rows of text and label, in a worker, so that the page stays responsive. */
import { parseExamples } from 'latch/tables'

export interface Row {
  text: string
  label: string
}

export interface OwnTable {
  rows: Row[]
  labels: { label: string; count: number }[]
  warnings: string[]
}

/** Maximum number of rows, so that a page trains in seconds; a warning reports rows beyond it. */
const MAX_ROWS = 20_000

/** @throws DataError if the table cannot be read */
export function readOwnTable(
  data: string | Uint8Array,
  name: string,
  text?: string,
  label?: string,
): OwnTable {
  const examples = parseExamples(data, { name, ...(text ? { text } : {}), ...(label ? { label } : {}) })
  const all = examples.texts.map((one, i) => ({ text: one, label: examples.labels[i] }))
  const rows = all.slice(0, MAX_ROWS)
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(row.label, (counts.get(row.label) ?? 0) + 1)
  const labels = [...counts].map(([one, count]) => ({ label: one, count })).sort((a, b) => b.count - a.count)
  const cut =
    all.length > rows.length
      ? [`Only the first ${MAX_ROWS} rows are used; ${all.length - rows.length} rows are ignored.`]
      : []
  return { rows, labels, warnings: [...examples.notes, ...cut] }
}
