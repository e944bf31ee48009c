/**
 * The training loop: minibatches, forward, backward, clipping, update. Everything around a step (progress, checkpoints,
 * validation) is in run.ts. The order of rows and dropout masks depend on (seed, epoch, step) only, so a run resumed
 * from any step ends with the same bits as an uninterrupted one.
 */
import { internalsOf, type Network } from '../model/network.ts'
import { WorkerError } from '../core/errors.ts'
import { mixKey } from '../core/random.ts'
import { assertNetwork } from './options.ts'
import { clipGradients } from './gradients/clip.ts'
import type { FitReport, StopReason } from './events.ts'
import { TrainingRun, type FitOptions } from './run.ts'
import { batchesOf } from './dataset.ts'
import { drawSample } from './samples.ts'

export type { CheckpointOptions, FitOptions } from './run.ts'

/**
 * Trains a network on `train`. At the end the network has the weights with the lowest validation loss; without
 * validation data the averaged or the last ones.
 * @throws UsageError for an option or while another training of the network is running, MemoryError for a batch that cannot fit (before any work),
 * FormatError for a `resume` of another run, DivergenceError when the loss or a gradient is not finite,
 * WorkerError when a thread was lost (the network goes on with one)
 */
export async function fit(network: Network, options: FitOptions): Promise<FitReport> {
  assertNetwork('fit', network)
  internalsOf(network).runs.begin('fit')()
  // Its optimizer refuses a network in training, so that begins after it.
  const run = new TrainingRun(network, options)
  const end = internalsOf(network).runs.begin('fit')
  try {
    return await complete(run)
  } finally {
    end()
  }
}

async function complete(run: TrainingRun): Promise<FitReport> {
  run.start()
  let stopped: StopReason | null = null
  try {
    while (!stopped && run.progress.epoch < run.epochs) {
      stopped = (await trainEpoch(run)) ? await run.finishEpoch() : 'aborted'
    }
  } catch (error) {
    if (error instanceof WorkerError) run.onWorkerLost()
    throw error
  }
  if (stopped === 'aborted') await run.save()
  return run.finish(stopped ?? 'epochs')
}

/** The rest of an epoch. False if aborted. */
async function trainEpoch(run: TrainingRun): Promise<boolean> {
  const { network, train, optimizer, ema: average, options, progress, carried } = run
  const { accumulationSteps, clipNorm, clipValue, seed } = options
  const { epoch } = progress
  const batches = batchesOf(train, run.batching)
  while (progress.step < run.stepsPerEpoch) {
    if (run.aborted) return false
    const first = progress.step * accumulationSteps
    const last = Math.min(batches.length, first + accumulationSteps) - 1
    let [loss, weight] = [0, 0]
    network.zeroGradients()
    for (let i = first; i <= last; i++) {
      const key = mixKey(seed, epoch, i)
      const drawn = drawSample(network, train, batches[i])
      const sample = train.vary?.(network, drawn, { updates: progress.steps, key }) ?? drawn
      const pass = { training: true, record: false, key, frozenStatistics: run.parts.frozenStatistics }
      carried?.begin(i, sample.batch)
      network.forward(sample.batch, pass)
      carried?.end(sample.batch)
      run.countCorrect(sample)
      const value = network.backward(sample.batch, sample.targets, pass, false, last > first ? 'sum' : 'mean')
      run.record(sample, value)
      loss += value.mean * value.weight
      weight += value.weight
      if (i < last) await run.betweenBatches()
    }
    run.parts.clearFrozenGradients()
    const { norm, scale } = clipGradients(network, { clipNorm, clipValue }, last > first ? weight : 1)
    const mean = weight > 0 ? loss / weight : loss
    run.check(mean, norm)
    optimizer.update(run.rateAt(progress.steps), scale)
    average?.update(optimizer.steps)
    run.count(norm)
    await run.betweenSteps()
    await run.notify(mean, norm)
  }
  return true
}
