/**
 * Whether two networks compute the same, found by running both on one small batch: what a file's layers compute against
 * what the Latch document in it says. Somebody may have changed the one and kept the other.
 */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { OutputActivation } from '../../formats/imported.ts'
import type { NetworkConfig } from '../../model/config.ts'
import { allLayers } from '../../model/allLayers.ts'
import { networkFromConfig } from '../../model/network.ts'
import { Random } from '../../core/random.ts'
import { answered } from '../sequenceModel/prediction.ts'
import { maximum } from '../../core/lists.ts'

/** A network by its configuration, with its weights by name. */
export interface Described {
  network: NetworkConfig
  weights: ReadonlyMap<string, Float32Array>
  /** What is made of a row: one may have as a layer what the other has as its output activation. */
  outputActivation: OutputActivation
}

/** Most that an output may differ, relative to the larger of 1 and itself. */
const TOLERANCE = 1e-4
const LENGTHS = [4, 2, 3]

/** Both must be buildable from their weights. */
export function computeTheSame(one: Described, other: Described): boolean {
  const [a, b] = [one, other].map(rowsOf)
  const near = (x: number, y: number) =>
    Object.is(x, y) || Math.abs(x - y) <= TOLERANCE * Math.max(1, Math.abs(x))
  const same = (x: number[], y: number[]) => x.length === y.length && x.every((v, i) => near(v, y[i]))
  const said = (rows: number[][], { outputActivation }: Described) =>
    rows.flatMap((row) => answered(row, outputActivation))
  return same(a.flat(), b.flat()) || same(said(a, one), said(b, other))
}

/** Rows of the output, as the network has them. */
function rowsOf({ network: config, weights }: Described): number[][] {
  const network = networkFromConfig(config, allLayers, {
    threads: 1,
    weights: ({ name }) => weights.get(name)!,
  })
  const batch = batchFor(config)
  network.forward(batch)
  const values = Array.from(network.readOutput(batch))
  const { width } = network.output
  network.dispose()
  return Array.from({ length: values.length / width }, (_, r) => values.slice(r * width, (r + 1) * width))
}

/** Ids, or features; a zero among each, which some networks mask. */
function batchFor({ layers: [input] }: NetworkConfig): PackedBatch {
  const random = new Random(1, 'same answers')
  const steps = maximum(LENGTHS)
  if (input.type !== 'features') {
    const { vocabulary } = input as { vocabulary: number }
    return PackedBatch.ofIds(
      LENGTHS.map((length) => Array.from({ length }, (_, t) => (t === 1 ? 0 : random.integer(vocabulary)))),
    )
  }
  const { width } = input
  const draw = (_: unknown, i: number) => (Math.floor(i / width) % steps === 1 ? 0 : random.between(-1, 1))
  const rows = Float32Array.from({ length: LENGTHS.length * steps * width }, draw)
  return PackedBatch.ofFeatures(rows, [LENGTHS.length, steps, width], LENGTHS)
}
