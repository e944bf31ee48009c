/** `latch evaluate` of a tagger: accuracy and the table of the tags, spans, and the most frequent tag of each word. */
import type { Tagger } from 'latch'
import type { Output } from '../terminal/output.ts'
import { readableRows } from '../options/badRows.ts'
import { withEvaluationProgress } from '../training/evaluation.ts'
import { drawEvaluation, evaluationJson } from '../training/reports.ts'
import { atSentence, readSentenceFile } from './sentences.ts'
import type { Sentence, SentenceFile, SentenceFlags } from './sentences.ts'
import { compareTags } from './summary.ts'
import { baselineOf } from './train.ts'

export interface TaggerEvaluationFlags extends SentenceFlags {
  skipBadRows?: boolean
  /** A file of training sentences, for the baseline. */
  train?: string
}

/** Evaluates a tagger on the sentences of a file, and prints the metrics. */
export async function evaluateTagger(
  model: Tagger,
  data: string,
  flags: TaggerEvaluationFlags,
  output: Output,
): Promise<void> {
  const whole = await readSentenceFile(data, flags, output, model)
  const { usable: file, warnings } = await readableRows<Sentence, SentenceFile>(
    whole,
    {
      evaluate: (rows, watch) => model.evaluate(rows, watch),
      at: (error) => atSentence(error, whole),
      numberOf: (index) => index,
      only: (isKept) => ({
        ...whole,
        rows: whole.rows.filter(isKept),
        places: whole.places.filter(isKept),
      }),
    },
    { skip: flags.skipBadRows, output },
  )
  const training =
    flags.train === undefined ? undefined : await readSentenceFile(flags.train, flags, output, model)
  const found = await withEvaluationProgress((watch) => model.evaluate(file.rows, watch), output).catch(
    (error: unknown) => {
      throw atSentence(error, file)
    },
  )
  if (!found) {
    output.emit({ event: 'interrupted' })
    return output.log('Stopped before every sentence was evaluated.')
  }
  const baseline = training && (await baselineOf(model, training.rows, file.rows, 'test'))
  for (const note of [...found.warnings, ...warnings]) output.note(note)
  output.emit({
    ...evaluationJson({ ...found, warnings: [...found.warnings, ...warnings] }),
    ...(baseline ? { baseline } : {}),
  })
  output.print(drawEvaluation(found, output.colors, output.width))
  if (baseline) output.print(`\n${compareTags(found, baseline)}`)
}
