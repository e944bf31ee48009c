/** `latch evaluate` of a sequence-to-sequence model: exact targets, edits a token, and the loss. */
import { type SequenceToSequence, UsageError } from 'latch'
import type { Output } from '../terminal/output.ts'
import { drawEvaluation, evaluationJson } from '../training/reports.ts'
import { targetSearchOptions, type PredictingFlags } from './options.ts'
import { readPairs, type PairFlags } from './pairs.ts'
import { measure } from './train.ts'

/** Evaluates on the pairs of a file, and prints the metrics. */
export async function evaluateSequenceToSequence(
  model: SequenceToSequence,
  data: string,
  flags: PairFlags & PredictingFlags & { skipBadRows?: boolean },
  output: Output,
): Promise<void> {
  const search = targetSearchOptions(flags, 'evaluate')
  if (flags.skipBadRows) {
    throw new UsageError({
      where: 'evaluate',
      expected: 'options that apply to a sequence-to-sequence model',
      got: '--skip-bad-rows',
      remedy: 'Omit --skip-bad-rows.',
    })
  }
  const found = await measure(model, await readPairs(data, flags, output), output, search)
  if (!found) {
    output.emit({ event: 'interrupted' })
    return output.log('Stopped before every row was evaluated.')
  }
  for (const note of found.warnings) output.note(note)
  output.emit(evaluationJson(found))
  output.print(drawEvaluation(found, output.colors, output.width))
}
