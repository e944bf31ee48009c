/**
 * The loss of each sequence of a batch, in float64, by the definitions of layers/loss.ts without label smoothing and
 * class weights.
 */
import { UnsupportedError } from '../../core/errors.ts'
import { sumPaths } from '../../layers/crf/chain.ts'
import { crfOf } from '../../layers/crf/crf.ts'
import { tagsOf } from '../../layers/losses/crf.ts'
import type { Targets } from '../../layers/loss.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import { validSteps } from '../../model/validSteps.ts'
import type { PlainLoss } from '../trace/traceParts.ts'
import { logSumExp } from '../../core/probabilities.ts'

/**
 * One loss per sequence, in the caller's order.
 * @param batch as the output has it
 * @param output as `readOutput` gives it: (B, C) or (B, T, C)
 */
export function plainLosses(
  network: Network,
  batch: PackedBatch,
  output: Float64Array,
  { classes, stepClasses, values }: Targets,
): PlainLoss[] {
  const { config } = network
  const { width, per } = network.output
  const counted = validSteps(network)
  if (config.loss!.type === 'ctc') {
    const expected = 'a loss of each step or sequence by itself'
    throw new UnsupportedError({ where: 'trace', expected, got: 'CTC, whose paths go through all steps' })
  }
  if (config.loss!.type === 'crf') return chainLosses(network, batch, stepClasses)
  const sums = new Float64Array(batch.sequences)
  const weights = new Float64Array(batch.sequences)
  const { type, delta = 1, beta = 1 } = config.loss!
  const limit = type === 'smoothL1' ? beta : delta
  const visit = (sequence: number, at: number, row: number, t: number) => {
    const logits = output.subarray(at * width, (at + 1) * width)
    const wanted = per === 'step' ? stepClasses?.[sequence]?.[t] : classes?.[sequence]
    if (type === 'softmaxCrossEntropy') {
      if (wanted! < 0) return
      sums[sequence] += logSumExp(logits) - logits[wanted!]
      weights[sequence]++
      return
    }
    for (let j = 0; j < width; j++) {
      sums[sequence] += elementLoss(type, limit, logits[j], values ? values[row * width + j] : wanted!)
    }
    weights[sequence] += width
  }
  if (per === 'step') {
    batch.eachRow((row, sequence, t) => {
      if (counted?.[row] !== 0) visit(sequence, sequence * batch.steps + t, row, t)
    })
  } else for (let i = 0; i < batch.sequences; i++) visit(i, i, i, 0)
  return Array.from(sums, (sum, i) => ({ mean: weights[i] ? sum / weights[i] : 0, weight: weights[i] }))
}

/** Of paths of tags: −log of the share of those that have the tags given. */
function chainLosses(network: Network, batch: PackedBatch, stepClasses: Targets['stepClasses']): PlainLoss[] {
  const crf = crfOf(internalsOf(network).output)!
  const tags = tagsOf(batch, network.output.width, stepClasses)
  const losses = new Array<PlainLoss>(batch.sequences)
  tags.forEach((given, b) => {
    const scores = crf.scoresOf(batch, b)
    const weight = given.reduce((count, tag) => count + (tag < 0 ? 0 : 1), 0)
    const all = sumPaths(crf.weights, scores).logSum - sumPaths(crf.weights, scores, given).logSum
    losses[batch.sortedIndices[b]] = { mean: weight > 0 ? all / weight : 0, weight }
  })
  return losses
}

function elementLoss(type: string, limit: number, x: number, y: number): number {
  if (type === 'binaryCrossEntropy') return Math.max(x, 0) - x * y + Math.log1p(Math.exp(-Math.abs(x)))
  const distance = Math.abs(x - y)
  if (type === 'meanAbsoluteError') return distance
  if (type === 'meanSquaredError') return distance * distance
  const huber = distance <= limit ? 0.5 * distance * distance : limit * (distance - 0.5 * limit)
  return type === 'huber' ? huber : limit > 0 ? huber / limit : distance
}
