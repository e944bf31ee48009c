/** A trained classifier against rows whose labels are known. */
import { examplesFromRows } from '../../data/examples.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { Network } from '../../model/network.ts'
import { evaluate, type EvaluateOptions } from '../../training/evaluate.ts'
import { classificationReport, type ClassificationReport } from '../../training/metrics.ts'
import { classOf, cutNote } from './classes.ts'
import { TextDataset, type TextReader } from './dataset.ts'

/** Columns that hold the text and the label. */
export interface Columns<Row extends object = Record<string, unknown>> {
  text: keyof Row & string
  label: keyof Row & string
}

/** What `evaluate` says: figures over all rows and by label. */
export interface Evaluation<L extends string = string> extends ClassificationReport<L> {
  labels: readonly L[]
  /** What was left out or cut, each a sentence. */
  notes: readonly string[]
}

/** What is measured, and against what. */
export interface EvaluationRequest extends Pick<EvaluateOptions, 'signal' | 'onProgress'> {
  rows: Iterable<object>
  columns: Columns<object>
  network: Network
  vocabulary: Vocabulary
  labels: readonly string[]
  reader: TextReader
}

/** Errors: see TextClassifier.evaluate. */
export async function evaluateClassifier(request: EvaluationRequest): Promise<Evaluation> {
  const { rows, columns, network, vocabulary, labels, reader, signal, onProgress } = request
  const { text, label } = columns
  const examples = examplesFromRows(rows, { text, label, name: 'rows' })
  const classes = Int32Array.from(examples.labels, (name) => classOf(name, labels))
  const read = examples.texts.map((one) => reader.read(one))
  const tokens = read.map((r) => r.tokens)
  signal?.throwIfAborted()
  const dataset = new TextDataset(tokens, classes, vocabulary)
  const { actual, predicted, loss } = await evaluate(network, dataset, { signal, onProgress })
  const cut = cutNote(read.filter((r) => r.cut).length, reader.maximumLength)
  return {
    ...classificationReport(labels, actual, predicted, loss),
    labels,
    notes: [...examples.notes, ...cut],
  }
}
