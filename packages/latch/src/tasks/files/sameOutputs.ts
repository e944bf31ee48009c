/**
 * Checks whether two networks predict the same by running both on one small batch: the network of a file's layers and
 * that of the Latch document in it. Another program may have changed the layers and kept the document.
 */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { OutputActivation, ImportedModel } from '../../formats/imported.ts'
import type { NetworkConfig } from '../../model/config.ts'
import { allLayers } from '../../model/allLayers.ts'
import { leastSteps } from '../../model/outputBatch.ts'
import { buildNetwork, type Network } from '../../model/network.ts'
import { Random } from '../../core/random.ts'
import { activate } from '../prediction.ts'
import { maximum } from '../../core/lists.ts'

/** Largest difference of an output, relative to the larger of 1 and the output. */
const TOLERANCE = 1e-4
const LENGTHS = [4, 2, 3]

/** Whether the network that a file describes predicts the same as an existing one. */
export function predictTheSame(
  file: Pick<ImportedModel, 'network' | 'weights' | 'outputActivation'>,
  model: { network: Network; outputActivation: OutputActivation },
): boolean {
  const described = buildNetwork(file.network, allLayers, {
    threads: 1,
    weights: ({ name }) => file.weights.get(name)!,
  })
  const least = Math.max(leastSteps(described), leastSteps(model.network))
  const a = rowsOf(described, batchFor(file.network, least))
  described.dispose()
  const b = rowsOf(model.network, batchFor(model.network.config, least))
  const near = (x: number, y: number) =>
    Object.is(x, y) || Math.abs(x - y) <= TOLERANCE * Math.max(1, Math.abs(x))
  const same = (x: number[], y: number[]) => x.length === y.length && x.every((v, i) => near(v, y[i]))
  // A layer of one network may be the output activation of the other.
  const activated = (rows: number[][], outputActivation: OutputActivation) =>
    rows.flatMap((row) => activate(row, outputActivation))
  return (
    same(a.flat(), b.flat()) ||
    same(activated(a, file.outputActivation), activated(b, model.outputActivation))
  )
}

/** The rows of the network's output. */
function rowsOf(network: Network, batch: PackedBatch): number[][] {
  network.forward(batch)
  const values = Array.from(network.readOutput(batch))
  const { width } = network.output
  return Array.from({ length: values.length / width }, (_, r) => values.slice(r * width, (r + 1) * width))
}

/** Ids or features, with a zero among them, which some networks mask. */
function batchFor({ layers: [input] }: NetworkConfig, least: number): PackedBatch {
  const lengths = LENGTHS.map((length) => least - 1 + length)
  const random = new Random(1, 'same outputs')
  const steps = maximum(lengths)
  if (input.type !== 'features') {
    const { vocabulary } = input as { vocabulary: number }
    return PackedBatch.ofIds(
      lengths.map((length) => Array.from({ length }, (_, t) => (t === 1 ? 0 : random.integer(vocabulary)))),
    )
  }
  const { width } = input
  const draw = (_: unknown, i: number) => (Math.floor(i / width) % steps === 1 ? 0 : random.between(-1, 1))
  const rows = Float32Array.from({ length: lengths.length * steps * width }, draw)
  return PackedBatch.ofFeatures(rows, [lengths.length, steps, width], lengths)
}
