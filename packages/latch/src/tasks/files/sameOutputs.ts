/**
 * Whether two networks answer the same, told by running both on one small batch: what a file's layers compute against
 * what the Latch document in it says. Somebody may have changed the one and kept the other.
 */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { NetworkConfig } from '../../model/config.ts'
import { Network } from '../../model/network.ts'
import { Random } from '../../core/random.ts'

/** A network by its configuration, with its weights by name. */
export interface Described {
  network: NetworkConfig
  weights: ReadonlyMap<string, Float32Array>
}

/** Most that an output may differ, relative to the larger of 1 and itself. */
const TOLERANCE = 1e-4
const LENGTHS = [4, 2, 3]

/** Both must be buildable from their weights. */
export function answerTheSame(one: Described, other: Described): boolean {
  const [a, b] = [one, other].map(answersOf)
  const near = (x: number, y: number) =>
    Object.is(x, y) || Math.abs(x - y) <= TOLERANCE * Math.max(1, Math.abs(x))
  return a.length === b.length && a.every((x, i) => near(x, b[i]))
}

function answersOf({ network: config, weights }: Described): Float64Array {
  const network = new Network(config, { threads: 1, weights: ({ name }) => weights.get(name)! })
  const batch = batchFor(config)
  network.forward(batch)
  const answers = network.readOutput(batch)
  network.dispose()
  return answers
}

/** Ids, or features; a zero among each, which some networks mask. */
function batchFor({ layers: [input] }: NetworkConfig): PackedBatch {
  const random = new Random(1, 'same answers')
  const steps = Math.max(...LENGTHS)
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
