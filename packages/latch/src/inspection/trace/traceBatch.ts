/** Traces of whole batches: one pass forward and one back for all, each sequence with its own loss and gradients. */
import type { Overrides } from '../../layers/recurrent/overrides.ts'
import type { Pass } from '../../layers/layer.ts'
import type { Targets } from '../../layers/loss.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Network } from '../../model/network.ts'
import { plainLosses } from '../gradients/plainLoss.ts'
import { needRecurrent, type AnySequenceTrace } from './traceLink.ts'
import { tracesOf, wholeTape } from './traceParts.ts'
import type { SequenceTrace } from './traceTypes.ts'

/**
 * Traces all sequences of a batch in one pass forward and one back: one trace per sequence, in the caller’s order,
 * steps in the order of the text. Losses and gradients are each sequence's own, as if it were alone.
 * @param targets as for `network.backward`, or null: then there are no gradients
 * @throws UnsupportedError for a network without recurrent layers; UsageError for targets without a loss
 */
export function traceBatch(network: Network, batch: PackedBatch, targets: Targets): SequenceTrace[]
export function traceBatch(network: Network, batch: PackedBatch, targets: null): SequenceTrace<null>[]
export function traceBatch(network: Network, batch: PackedBatch, targets: Targets | null): AnySequenceTrace[]
export function traceBatch(
  network: Network,
  batch: PackedBatch,
  targets: Targets | null,
): AnySequenceTrace[] {
  return traceBatchWith(network, batch, targets)
}

/** The same with gates and states to override in each sequence; such traces are not linked to the weights. */
export function traceBatchWith(
  network: Network,
  batch: PackedBatch,
  targets: Targets | null,
  overrides?: Overrides,
): AnySequenceTrace[] {
  needRecurrent('trace', network)
  const trace = (pass: Pass) => {
    const above = network.forward(batch, pass)
    const output = network.readOutput(batch)
    if (!targets) return tracesOf(network, batch, above, output, null, !overrides)
    network.zeroGradients()
    // The sum leaves each sequence its own gradient, to be divided by its own weight.
    network.backward(batch, targets, pass, true, 'sum')
    const losses = plainLosses(network, above, output, targets)
    network.zeroGradients()
    return tracesOf(network, batch, above, output, losses, !overrides)
  }
  return wholeTape(network, trace, { record: targets !== null, overrides })
}
