/** `latch evaluate` of a sequence-to-sequence model: exact targets, edits a token, and the loss. */
import type { SequenceToSequence } from 'latch'
import { readableRows } from '../options/badRows.ts'
import type { Output } from '../terminal/output.ts'
import { drawEvaluation, evaluationJson } from '../training/reports.ts'
import { targetSearchOptions, type PredictingFlags } from './options.ts'
import { atPair, readPairs, type Pair, type PairFile, type PairFlags } from './pairs.ts'
import { measure } from './train.ts'

/** Evaluates on the pairs of a file, and prints the metrics. */
export async function evaluateSequenceToSequence(
  model: SequenceToSequence,
  data: string,
  flags: PairFlags & PredictingFlags & { skipBadRows?: boolean },
  output: Output,
): Promise<void> {
  const search = targetSearchOptions(flags, 'evaluate')
  const whole = await readPairs(data, flags, output)
  const { usable, warnings } = await readableRows<Pair, PairFile>(
    whole,
    {
      evaluate: (rows, watch) => model.evaluate(rows, watch),
      at: (error) => atPair(error, whole),
      numberOf: (index) => index,
      only: (isKept) => ({ ...whole, rows: whole.rows.filter(isKept) }),
    },
    { skip: flags.skipBadRows, output },
  )
  const found = await measure(model, usable, output, search)
  if (!found) {
    output.emit({ event: 'interrupted' })
    return output.log('Stopped before every row was evaluated.')
  }
  const result = { ...found, warnings: [...found.warnings, ...warnings] }
  for (const note of result.warnings) output.note(note)
  output.emit(evaluationJson(result))
  output.print(drawEvaluation(result, output.colors, output.width))
}
