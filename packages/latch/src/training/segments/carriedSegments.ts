/** The recurrent states of a dataset of segments, on their way from batch to batch. */
import { maximum } from '../../core/lists.ts'
import { assertCarriesStates, CarriedStates } from '../../model/carriedStates.ts'
import type { Network } from '../../model/network.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { assertOption } from '../options.ts'
import type { Dataset, SegmentBatch } from '../dataset.ts'

/** @returns null unless the dataset is one of segments. @throws UnsupportedError for a network that cannot carry states */
export function carriedSegments(
  where: string,
  network: Network,
  { segments }: Dataset,
): CarriedSegments | null {
  if (!segments) return null
  assertCarriesStates(where, network)
  return new CarriedSegments(network, segments)
}

/** Batches of segments have their own size. @throws UsageError for another one */
export function batchSizeOf({
  train,
  batchSize,
}: {
  train: Dataset
  batchSize?: number
}): number | undefined {
  if (!train.segments) return batchSize
  const own = train.batchSize ?? maximum(train.segments.map(({ rows }) => rows.length))
  const fits = batchSize === undefined || batchSize === own
  assertOption('batchSize', batchSize, fits, `${own}, the batch size of the dataset of segments`)
  return own
}

/** Call `begin` before the forward pass of each batch and `end` right after it. */
export class CarriedSegments {
  readonly states: CarriedStates
  readonly #segments: readonly SegmentBatch[]

  constructor(network: Network, segments: readonly SegmentBatch[]) {
    this.states = new CarriedStates(network)
    this.#segments = segments
  }

  begin(number: number, batch: PackedBatch): void {
    this.states.pick(this.#segments[number].continues)
    this.states.write(batch)
  }

  end(batch: PackedBatch): void {
    this.states.read(batch)
  }

  /** How many sequences have states after so many batches of an epoch, whose last update may have fewer. */
  sequencesAfter(batches: number): number {
    return batches === 0 ? 0 : this.#segments[Math.min(batches, this.#segments.length) - 1].rows.length
  }
}
