/** Evaluates a trained model of any task on labelled examples. Loaded on the first call of `evaluate`. */
import { bucketedBatches } from '../data/batches.ts'
import type { Targets } from '../layers/loss.ts'
import type { Network } from '../model/network.ts'
import { outputBatch } from '../model/outputBatch.ts'
import { validSteps } from '../model/validSteps.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Dataset } from '../training/dataset.ts'
import { yieldToEventLoop, Interval } from '../training/eventLoop.ts'
import { evaluate } from '../training/evaluate.ts'
import { classificationReport } from '../training/metrics.ts'
import { checkColumns, columnNames, readColumns } from './fit/fitOptions.ts'
import { assertKnownOptions } from '../core/knownNames.ts'
import { assertRows } from './rows.ts'
import type { Evaluation, ModelEvaluateOptions } from './model.ts'
import { mixedRows } from './taskModel.ts'
import { classProbabilities, countClasses, pickClass } from './prediction.ts'
import type { EvaluationRequest, TaskTraining, TaskTypes, Trained } from './task.ts'

/** Errors: see Model.evaluate. */
export async function evaluateModel<T extends TaskTypes>(request: EvaluationRequest<T>): Promise<Evaluation> {
  const { task, training, settings, trained, options } = request
  assertRows('evaluate', request.examples, task.columns)
  const known = { signal: 1, onProgress: 1, ...columnNames(task.columns), ...training.evaluateOptions }
  checkColumns('evaluate', options ?? {}, task.columns)
  assertKnownOptions('evaluate option', options, known)
  const columns = readColumns(options, task.columns)
  const reading = { settings, trained, labels: null, columns, purpose: 'evaluation' as const }
  const { items, warnings } = training.readExamples(request.examples, reading)
  const { signal, onProgress } = options
  signal?.throwIfAborted()
  const dataset = training.dataset(trained, items)
  if (training.measure) {
    const measured = await training.measure(trained, items, dataset, options)
    return { ...measured, warnings: [...warnings, ...measured.warnings] }
  }
  const { network, learned, names: labels } = trained
  if (countClasses(network, learned.outputActivation) === 0) {
    return { kind: 'values', ...(await measureValues(network, dataset, options)), labels, warnings }
  }
  const { actual, predicted, loss } =
    learned.counts || learned.outputActivation === 'probabilities'
      ? await measureClasses(training, trained, items, dataset, options)
      : await evaluate(network, dataset, { signal, onProgress })
  return { kind: 'classes', ...classificationReport(labels, actual, predicted, loss), labels, warnings }
}

/** Calls back after each forward pass; the rows of the batch are the examples with the indices `numbers`. */
export async function forEachPass(
  network: Network,
  dataset: Dataset,
  { signal, onProgress }: ModelEvaluateOptions,
  visit: (batch: PackedBatch, targets: Targets, numbers: Int32Array) => void,
): Promise<void> {
  const batches = bucketedBatches(dataset.lengths, { batchSize: 64, key: [], shuffle: false })
  const interval = new Interval()
  for (const [i, numbers] of batches.entries()) {
    const { batch, targets } = dataset.batch(numbers)
    network.forward(batch)
    visit(batch, targets, numbers)
    if (!interval.passed()) continue
    onProgress?.((i + 1) / batches.length)
    await yieldToEventLoop()
    signal?.throwIfAborted()
  }
}

/** Loss and errors of numeric outputs. */
export async function measureValues(network: Network, dataset: Dataset, options: ModelEvaluateOptions) {
  const { width, per } = network.output
  const errors = Array.from({ length: width }, () => new ValueErrors())
  let [loss, weight] = [0, 0]
  await forEachPass(network, dataset, options, (batch, targets) => {
    const valid = validSteps(network)
    const value = network.loss(batch, targets, true)
    loss += value.mean * value.weight
    weight += value.weight
    const out = network.readOutput(batch)
    const add = (at: number, target: number) => {
      for (let j = 0; j < width; j++) errors[j].add(out[at * width + j], targets.values![target * width + j])
    }
    if (per === 'step') {
      const above = outputBatch(network, batch)
      above.eachRow((row, sequence, t) => {
        if (!valid || valid[row]) add(sequence * above.steps + t, row)
      })
    } else for (let sequence = 0; sequence < batch.sequences; sequence++) add(sequence, sequence)
  })
  const n = errors[0].n
  const sum = (name: 'absolute' | 'squared') => errors.reduce((all, each) => all + each[name], 0)
  const shares = errors.flatMap((each) => each.rSquared ?? [])
  return {
    loss: weight > 0 ? loss / weight : 0,
    meanAbsoluteError: n > 0 ? sum('absolute') / (n * width) : 0,
    rootMeanSquaredError: n > 0 ? Math.sqrt(sum('squared') / (n * width)) : 0,
    rSquared: shares.length > 0 ? shares.reduce((all, share) => all + share) / shares.length : null,
    n,
  }
}

/** The errors of one output. */
class ValueErrors {
  absolute = 0
  squared = 0
  n = 0
  #mean = 0
  /** Squared distances of the targets from their mean (Welford 1962). */
  #distances = 0

  add(predicted: number, target: number): void {
    const error = predicted - target
    this.absolute += Math.abs(error)
    this.squared += error * error
    this.n++
    const distance = target - this.#mean
    this.#mean += distance / this.n
    this.#distances += distance * (target - this.#mean)
  }

  /** Null where all targets are the same. */
  get rSquared(): number | null {
    return this.#distances > 0 ? 1 - this.squared / this.#distances : null
  }
}

/**
 * Class metrics of a model whose answer is not the network's logits: its outputs are probabilities already, or counts
 * are mixed with them. The loss is the cross-entropy.
 */
async function measureClasses<T extends TaskTypes>(
  training: TaskTraining<T>,
  { network, learned }: Trained,
  items: readonly T['Item'][],
  dataset: Dataset,
  options: ModelEvaluateOptions,
) {
  const { outputActivation } = learned
  const { width, per } = network.output
  const [actual, predicted]: [number[], number[]] = [[], []]
  let loss = 0
  await forEachPass(network, dataset, options, (batch, _, numbers) => {
    const out = network.readOutput(batch)
    const { steps } = outputBatch(network, batch)
    numbers.forEach((number, sequence) => {
      const classes = training.classes(items[number])
      const tokens = training.tokens?.(items[number]) ?? []
      for (let t = 0; t < classes.length; t++) {
        const at = (per === 'step' ? sequence * steps + t : sequence) * width
        const own = out.subarray(at, at + width)
        const [row] = mixedRows(learned, tokens, [own])
        actual.push(classes[t])
        predicted.push(pickClass(row, outputActivation))
        loss -= Math.log(Math.max(classProbabilities(row, outputActivation)[classes[t]], Number.MIN_VALUE))
      }
    })
  })
  return { actual, predicted, loss: actual.length > 0 ? loss / actual.length : 0 }
}
