/** A sequence model that reads texts and names classes, against rows whose labels are known. */
import { examplesFromRows } from '../../data/examples.ts'
import { UnsupportedError } from '../../core/errors.ts'
import type { EvaluateOptions } from '../../training/evaluate.ts'
import { classificationReport } from '../../training/metrics.ts'
import { classOf } from '../textClassifier/classes.ts'
import type { Columns, Evaluation } from '../textClassifier/evaluate.ts'
import { classesOf } from './prediction.ts'
import type { SequenceModel } from './sequenceModel.ts'

/** Texts that go through the network between two looks at `signal`. */
const AT_ONCE = 256

/**
 * Accuracy, scores by class and confusion of a model that `importModel` gave.
 * @param columns which fields of a row hold the text and the label
 * @throws UnsupportedError for a model that reads no texts, or whose answer to one is no class; DataError for
 * labels that it does not have, and texts that it cannot read
 */
export async function evaluateSequences<Row extends object>(
  model: SequenceModel,
  rows: Iterable<Row>,
  columns: Columns<Row>,
  options: Pick<EvaluateOptions, 'signal' | 'onProgress'> = {},
): Promise<Evaluation> {
  refuseNoClassifier(model)
  const { text, label } = columns
  const { labels } = model
  const examples = examplesFromRows(rows, { text, label, name: 'rows' })
  const actual = Int32Array.from(examples.labels, (name) => classOf(name, labels))
  const predicted = new Int32Array(actual.length)
  let loss = 0
  for (let from = 0; from < actual.length; from += AT_ONCE) {
    options.signal?.throwIfAborted()
    model.predictBatch(examples.texts.slice(from, from + AT_ONCE)).forEach((said, i) => {
      predicted[from + i] = labels.indexOf(said.label!)
      loss -= Math.log(Math.max(said.probabilities![labels[actual[from + i]]], Number.MIN_VALUE))
    })
    options.onProgress?.(Math.min(1, (from + AT_ONCE) / actual.length))
    // A page or a terminal gets its turn.
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return {
    ...classificationReport(labels, actual, predicted, loss / actual.length),
    labels,
    notes: examples.notes,
  }
}

/** @throws UnsupportedError for a model that reads no texts, or whose answer to one is no class */
export function refuseNoClassifier({ readsText, network, answer, input }: SequenceModel): void {
  const classes = classesOf(network, answer) > 0
  const got = !readsText
    ? input.kind === 'ids'
      ? 'one of token ids, without a vocabulary'
      : 'one of features'
    : !classes
      ? 'one that answers with numbers'
      : network.output.per === 'step'
        ? 'one that answers every step'
        : null
  if (got === null) return
  const remedy = readsText || input.kind === 'features' ? undefined : 'First import it with a vocabulary.'
  throw new UnsupportedError({
    where: 'evaluate',
    expected: 'a model that reads texts and answers with one class',
    got,
    remedy,
  })
}
