/**
 * Evaluation of a network on a dataset: loss and predicted classes. The predicted class is that of the greatest logit
 * (the first on ties); a single logit predicts class 1 if it is above 0.
 */
import { internalsOf, type Network } from '../model/network.ts'
import { outputBatch } from '../model/outputBatch.ts'
import { validSteps } from '../model/validSteps.ts'
import { assertNetwork } from './options.ts'
import { carriedSegments } from './segments/carriedSegments.ts'
import { assertDataset, batchesOf, type Dataset, type Sample } from './dataset.ts'
import { drawSample } from './samples.ts'
import { yieldToEventLoop, Interval } from './eventLoop.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** Sequences per batch; affects speed and memory only. Batches of segments are as they are. Default 64. */
  batchSize?: number
  /** Aborts the evaluation, which throws the signal's reason. */
  signal?: AbortSignal
  /** Called several times a second with the fraction done, 0 to 1. */
  onProgress?: (fraction: number) => void
}

const NAMES: Names<EvaluateOptions> = { batchSize: 1, signal: 1, onProgress: 1 }

/** The metrics of an evaluation. */
export interface Evaluation {
  /** Mean loss, without dropout, label smoothing and class weights. */
  loss: number
  /** Fraction of correct predictions; null unless the loss is one of classes. */
  accuracy: number | null
  /** Number of sequences (or steps, for outputs per step) with a class; without classes, of sequences. */
  n: number
  /** Class numbers: one per sequence in the dataset's order, or one per step in an unspecified order; −1: none. */
  actual: Int32Array
  predicted: Int32Array
}

/** Whether the network's loss is one of classes: softmax, or a single sigmoid. */
export function knowsClasses(network: Network): boolean {
  const type = network.config.loss?.type
  return (
    type === 'softmaxCrossEntropy' ||
    type === 'crf' ||
    (type === 'binaryCrossEntropy' && network.output.width === 1)
  )
}

/**
 * Calls back for each prediction of the last forward pass: (sequence in the caller’s order, actual, predicted). A masked step
 * of a network with an output at every step has no actual class (−1), as the loss leaves it out.
 */
export function eachPrediction(
  network: Network,
  { batch: inputs, targets, classes }: Sample,
  visit: (sequence: number, actual: number, predicted: number) => void,
): void {
  const { value, stride, width, per } = internalsOf(network).output
  const batch = outputBatch(network, inputs)
  const rows = per === 'step' ? batch.rows : batch.sequences
  const view = internalsOf(network).engine.memory.viewFloats(value, rows * stride)
  const classAt = (row: number) => {
    const at = row * stride
    if (width === 1) return view[at] > 0 ? 1 : 0
    let best = 0
    for (let j = 1; j < width; j++) if (view[at + j] > view[at + best]) best = j
    return best
  }
  if (per === 'step') {
    const { stepClasses, values } = targets
    const valid = validSteps(network)
    const actualAt = (row: number, sequence: number, t: number) =>
      valid?.[row] === 0 ? -1 : (stepClasses?.[sequence][t] ?? values?.[row] ?? -1)
    batch.eachRow((row, sequence, t) => visit(sequence, actualAt(row, sequence, t), classAt(row)))
    return
  }
  const actual = classes ?? targets.classes ?? (width === 1 ? targets.values : undefined)
  for (let b = 0; b < batch.sequences; b++) {
    visit(batch.sortedIndices[b], actual ? actual[batch.sortedIndices[b]] : -1, classAt(b))
  }
}

/** @throws the signal's reason when aborted; whatever the dataset's batches throw. */
export async function evaluate(
  network: Network,
  dataset: Dataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  assertNetwork('evaluate', network)
  assertDataset('evaluate, dataset', dataset)
  assertKnownOptions('evaluate option', options, NAMES)
  const { batchSize = 64, signal, onProgress } = options
  const batches = batchesOf(dataset, { batchSize, key: [], shuffle: false })
  const carried = carriedSegments('evaluate, dataset', network, dataset)
  const pairs = new Pairs(network, dataset)
  const interval = new Interval()
  let [loss, weight] = [0, 0]
  for (let i = 0; i < batches.length; i++) {
    const sample = drawSample(network, dataset, batches[i])
    carried?.begin(i, sample.batch)
    network.forward(sample.batch)
    carried?.end(sample.batch)
    const value = network.loss(sample.batch, sample.targets, true)
    loss += value.mean * value.weight
    weight += value.weight
    pairs.add(network, sample, batches[i])
    if (!interval.passed()) continue
    onProgress?.((i + 1) / batches.length)
    await yieldToEventLoop()
    signal?.throwIfAborted()
  }
  return { loss: weight > 0 ? loss / weight : 0, ...pairs.result(dataset) }
}

/** Collects actual and predicted classes. */
class Pairs {
  readonly #knows: boolean
  readonly #bySequence: boolean
  readonly #actual: number[] = []
  readonly #predicted: number[] = []

  constructor(network: Network, dataset: Dataset) {
    this.#knows = knowsClasses(network)
    this.#bySequence = network.output.per === 'sequence'
    if (!this.#knows || !this.#bySequence) return
    this.#actual = new Array<number>(dataset.size).fill(-1)
    this.#predicted = new Array<number>(dataset.size).fill(-1)
  }

  add(network: Network, sample: Sample, rows: Int32Array): void {
    if (!this.#knows) return
    eachPrediction(network, sample, (sequence, actual, predicted) => {
      const at = this.#bySequence ? rows[sequence] : this.#actual.length
      this.#actual[at] = actual
      this.#predicted[at] = predicted
    })
  }

  result(dataset: Dataset): Omit<Evaluation, 'loss'> {
    const actual = Int32Array.from(this.#actual)
    const predicted = Int32Array.from(this.#predicted)
    if (!this.#knows) return { accuracy: null, n: dataset.size, actual, predicted }
    const n = actual.reduce((count, value) => count + (value >= 0 ? 1 : 0), 0)
    const right = actual.reduce(
      (count, value, i) => count + (value >= 0 && value === predicted[i] ? 1 : 0),
      0,
    )
    return { accuracy: n > 0 ? right / n : 0, n, actual, predicted }
  }
}
