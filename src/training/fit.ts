/**
 * Training on one screen: minibatch, forward, backward, clip, update. Everything around a step (counting,
 * checkpoints, validation) is in run.ts. Order and masks depend on (seed, epoch, step) alone, so a run
 * resumed from any step ends with the same bits as one never stopped.
 */
import { bucketedBatches } from '../data/batches.ts'
import type { Network } from '../model/network.ts'
import { mixKey } from '../tensor/random.ts'
import { clipGradients } from './clip.ts'
import type { FitReport, StopReason } from './events.ts'
import { TrainingRun, type FitOptions } from './run.ts'

export type { CheckpointOptions, FitOptions } from './run.ts'

/**
 * Trains a network on (and only on) `train`. At the end the network holds the weights with the lowest
 * validation loss; without validation data the averaged or the last ones.
 * @throws UsageError for an option, MemoryError for a batch that cannot fit (before any work),
 * FormatError for a `resume` of another run, DivergenceError when the loss or a gradient is not finite
 */
export async function fit(network: Network, options: FitOptions): Promise<FitReport> {
  const run = new TrainingRun(network, options)
  run.start()
  let stopped: StopReason | null = null
  while (!stopped && run.progress.epoch < run.epochs) {
    stopped = (await trainEpoch(run)) ? await run.finishEpoch() : 'aborted'
  }
  if (stopped === 'aborted') await run.save()
  return run.finish(stopped ?? 'epochs')
}

/** The rest of an epoch. False when told to stop. */
async function trainEpoch(run: TrainingRun): Promise<boolean> {
  const { network, train, optimizer, average, options, progress } = run
  const { seed, batchSize, pool } = options
  const { epoch } = progress
  const batches = bucketedBatches(train.lengths, {
    batchSize,
    pool,
    shuffle: true,
    key: [seed, 'shuffle', epoch],
  })
  while (progress.step < batches.length) {
    if (run.aborted) return false
    const sample = train.batch(batches[progress.step])
    const pass = { training: true, record: false, key: mixKey(seed, epoch, progress.step) }
    network.zeroGradients()
    network.forward(sample.batch, pass)
    const loss = network.backward(sample.batch, sample.targets, pass)
    const { norm, scale } = clipGradients(network, options)
    run.check(loss.mean, norm)
    optimizer.update(run.rateAt(progress.steps), scale)
    average?.update(optimizer.steps)
    run.count(sample, loss, norm)
    await run.pause()
  }
  return true
}
