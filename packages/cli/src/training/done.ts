/** How a training run ends: the `done` event, and the notes of its evaluation. */
import type { Evaluation, ModelFitReport } from 'latch'
import { evaluationJson } from './reports.ts'
import type { Job } from './run.ts'

/** The result of a run, with the fields of its task. */
interface Ended {
  report: ModelFitReport
  /** Undefined where nothing was evaluated. */
  result: Evaluation | undefined
  /** What `result` was measured on. */
  part: 'test' | 'validation'
  /** The scores beside it, under their names. */
  beside: { baseline: object | null } | { ngrams: object | null }
}

/** Writes the last event, the same for every task, and the warnings of the evaluation. */
export function reportDone({ paths, output }: Job, { report, result, part, beside }: Ended): void {
  const { epochs, best, seconds, stopped, kept, parameters, vocabulary, labels, warnings, history } = report
  const { counts, vectors } = report
  const evaluation = result ? evaluationJson(result) : null
  output.emit({
    event: 'done',
    model: paths.model,
    epochs,
    best,
    seconds,
    test: part === 'test' ? evaluation : null,
    validation: part === 'validation' ? evaluation : null,
    ...beside,
    stopped,
    kept,
    parameters,
    vocabulary,
    labels,
    warnings,
    history,
    counts,
    vectors,
  })
  for (const note of result?.warnings ?? []) output.note(note)
}
