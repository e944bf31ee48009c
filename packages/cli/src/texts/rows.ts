/** The rows of a model of texts: one text each, or two. */
import { readsPairs } from '../pairs/models.ts'
import { readPairRows } from '../pairs/rows.ts'
import { readRows, readTableLike, type RowFlags, type Rows } from '../options/rows.ts'
import type { Output } from '../terminal/output.ts'
import { hasLabels, type TextModel } from './models.ts'

/** Reads a table; `trained`: the columns of the training. @throws DataError, UsageError */
export function readTextRows(
  model: TextModel,
  source: string,
  flags: RowFlags,
  output: Output,
  trained: string | null,
): Promise<Rows> {
  return readsPairs(model)
    ? readPairRows(source, flags, output, trained)
    : readRows(source, flags, output, { trained, labelLists: hasLabels(model) })
}

/** A second table, with the columns of the first. @throws DataError, UsageError */
export function readMoreRows(model: TextModel, first: Rows, source: string, output: Output): Promise<Rows> {
  if (!readsPairs(model)) return readTableLike(first, source, output, { labelLists: hasLabels(model) })
  const { format: _format, ...reading } = first.reading
  return readPairRows(source, { ...reading, ...first.columns }, output)
}
