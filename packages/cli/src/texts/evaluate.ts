/** `latch evaluate` of a multi-label classifier, a text regressor or a classifier of pairs. */
import type { Evaluation } from 'latch'
import type { AnyModel } from 'latch/formats'
import { atFile, type RowFlags, type Rows } from '../options/rows.ts'
import type { Output } from '../terminal/output.ts'
import { evaluateWithProgress } from '../training/evaluation.ts'
import { drawEvaluation, evaluationJson } from '../training/reports.ts'
import { requireTextFlags, type TextModel } from './models.ts'
import { readTextRows } from './rows.ts'

/** Evaluates on the rows of a table, and prints the metrics. */
export async function evaluateTexts(
  model: TextModel,
  data: string,
  flags: RowFlags & { skipBadRows?: boolean },
  output: Output,
): Promise<void> {
  requireTextFlags('evaluate', model, { '--skip-bad-rows': flags.skipBadRows })
  const rows = await readTextRows(model, data, flags, output, model.summary().textColumn)
  const found = await measureRows(model, rows, output)
  if (!found) {
    output.emit({ event: 'interrupted' })
    return output.log('Stopped before every row was evaluated.')
  }
  for (const note of found.warnings) output.note(note)
  output.emit(evaluationJson(found))
  output.print(drawEvaluation(found, output.colors, output.width))
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
