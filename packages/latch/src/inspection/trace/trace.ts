/**
 * Reads a trace off the tape of BPTT: one forward pass, one backward pass of the loss, and what both
 * left behind. No second implementation of any cell.
 */
import type { Targets } from '../../layers/loss.ts'
import type { Overrides } from '../../layers/recurrent/overrides.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Network } from '../../model/network.ts'
import { ShapeError } from '../../core/errors.ts'
import { tracesOf, wholeTape } from './traceParts.ts'
import { needRecurrent } from './traceLink.ts'
import type { SequenceTrace } from './traceTypes.ts'

export type { SequenceTrace } from './traceTypes.ts'

/**
 * Traces one sequence (token ids, or a batch of one) through a network with recurrent layers.
 * @param targets what the loss compares with, for the gradients ∂L/∂h_t and ∂L/∂c_t
 * @throws UnsupportedError for a network without recurrent layers; ShapeError for more than one sequence
 */
export function traceSequence(
  network: Network,
  input: ArrayLike<number> | PackedBatch,
  targets: Targets,
): SequenceTrace {
  return traceWith(network, input, targets)
}

/** The same with gates and states held fixed, by layer and direction (see `intervene`, which checks them). */
export function traceWith(
  network: Network,
  input: ArrayLike<number> | PackedBatch,
  targets: Targets,
  overrides?: Overrides,
): SequenceTrace {
  needRecurrent('trace', network)
  const batch = input instanceof PackedBatch ? input : PackedBatch.ofIds([input])
  if (batch.sequences !== 1) {
    throw new ShapeError({ where: 'trace', expected: 'one sequence', got: `${batch.sequences}` })
  }
  return wholeTape(
    network,
    (pass) => {
      const above = network.forward(batch, pass)
      const output = network.readOutput(batch)
      network.zeroGradients()
      const { mean } = network.backward(batch, targets, pass, true)
      network.zeroGradients()
      return tracesOf(network, batch, above, output, [{ mean, weight: 1 }], !overrides)[0] as SequenceTrace
    },
    { record: true, overrides },
  )
}
