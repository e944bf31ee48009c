/** `latch evaluate` of a multi-label classifier, a text regressor or a classifier of pairs. */
import type { Evaluation } from 'latch'
import type { AnyModel } from 'latch/formats'
import { readableRows } from '../options/badRows.ts'
import { atFile, namedColumns, type RowFlags, type Rows } from '../options/rows.ts'
import type { Output } from '../terminal/output.ts'
import { evaluateWithProgress } from '../training/evaluation.ts'
import { drawEvaluation, evaluationJson } from '../training/reports.ts'
import type { TextModel } from './models.ts'
import { readTextRows } from './rows.ts'

/** Evaluates on the rows of a table, and prints the metrics. */
export async function evaluateTexts(
  model: TextModel,
  data: string,
  flags: RowFlags & { skipBadRows?: boolean },
  output: Output,
): Promise<void> {
  const table = await readTextRows(model, data, flags, output, model.summary().textColumn)
  const { usable, warnings } = await usableTexts(model, table, { skip: flags.skipBadRows, output })
  const found = await measureRows(model, usable, output)
  if (!found) {
    output.emit({ event: 'interrupted' })
    return output.log('Stopped before every row was evaluated.')
  }
  const result = { ...found, warnings: [...found.warnings, ...warnings] }
  for (const note of result.warnings) output.note(note)
  output.emit(evaluationJson(result))
  output.print(drawEvaluation(result, output.colors, output.width))
}

/** The rows that the model can be evaluated on. */
function usableTexts(model: TextModel, table: Rows, how: { skip?: boolean; output: Output }) {
  const { columns, rowNumbers } = table
  const own = model as unknown as AnyModel
  const named = namedColumns(own, columns)
  return readableRows<Record<string, string>, Rows>(
    table,
    {
      evaluate: (rows, watch) => own.evaluate(rows, { ...named, ...watch }),
      at: (error) => atFile(error, table),
      numberOf: (index) => rowNumbers[index],
      only: (isKept) => ({
        ...table,
        rows: table.rows.filter(isKept),
        rowNumbers: rowNumbers.filter(isKept),
      }),
    },
    how,
  )
}

/** The metrics of rows; undefined if interrupted. */
export async function measureRows(
  model: TextModel,
  rows: Rows,
  output: Output,
): Promise<Evaluation | undefined> {
  return evaluateWithProgress(model as unknown as AnyModel, rows, output).catch((error: unknown) => {
    throw atFile(error, rows)
  })
}
