/**
 * The interface of training data: the number of sequences, their lengths, and any rows as a batch.
 */
import type { Capacity } from '../layers/layer.ts'
import type { Targets } from '../layers/loss.ts'
import type { Network } from '../model/network.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import { bucketedBatches, type BucketOptions } from '../data/batches.ts'
import { UsageError } from '../core/errors.ts'
import { maximum } from '../core/lists.ts'
import { hash32 } from '../core/random.ts'
import { describe } from '../core/validation.ts'

/** Rows as a batch. Sequence b (in the caller's order) of `batch`, `targets` and `classes` is row `rows[b]`. */
export interface Sample {
  batch: PackedBatch
  targets: Targets
  /** Class numbers (B) for the accuracy, if `targets` has no `classes`; negative ones are ignored. */
  classes?: Int32Array
}

/** A batch of segments. */
export interface SegmentBatch {
  readonly rows: Int32Array
  /** The place in the batch before of the row that each row continues; -1: none, its states begin at zero. */
  readonly continues: Int32Array
}

/** Labelled sequences for training and evaluation; rows count from 0. See `arrayDataset` and `corpusDataset`. */
export interface Dataset {
  /** Number of sequences. */
  readonly size: number
  /** Number of steps of each sequence, at least 1. (size) */
  readonly lengths: Int32Array
  /**
   * Whether its batches may have masked steps: `fit` reserves memory for them before it starts, and refuses batches with
   * masked steps of a dataset that does not say so. Default false.
   */
  readonly masked?: boolean
  /**
   * Of sequences that are cut into segments: all batches, in reading order. Training takes them in this order and
   * carries the recurrent states from one to the next, without gradients (truncated backpropagation through time);
   * every epoch begins with states of zero. Evaluation carries them too.
   */
  readonly segments?: readonly SegmentBatch[]
  /** Of segments: the parts that are read side by side. Default: the rows of the largest batch. */
  readonly batchSize?: number
  /** Must always return the same sample for the same rows. */
  batch(rows: Int32Array): Sample
  /**
   * What a step of training sees in the place of a sample of `batch`: by the network as it is, the number of updates before and
   * the step's random key alone, so that a resumed run ends with the same bits. Its sequences are as long.
   */
  vary?(network: Network, sample: Sample, step: { updates: number; key: number }): Sample
}

/** @throws UsageError unless it has the members of a dataset */
export function assertDataset(where: string, dataset: unknown): asserts dataset is Dataset {
  const { size, lengths, batch } = (dataset ?? {}) as Partial<Dataset>
  if (Number.isInteger(size) && lengths?.length === size && typeof batch === 'function') return
  const expected = 'a dataset { size, lengths, batch }, as `arrayDataset` makes it'
  throw new UsageError({ where, expected, got: describe(dataset) })
}

/** A dataset whose batches are checked against `masked`. @throws UsageError, from `batch` */
export function checkedMasks(name: string, dataset: Dataset): Dataset {
  assertDataset(`fit option ${name}`, dataset)
  const { size, lengths, masked = false, segments, batchSize } = dataset
  const vary: Dataset['vary'] = dataset.vary && ((...given) => dataset.vary!(...given))
  const batch = (rows: Int32Array) => {
    const sample = dataset.batch(rows)
    if (masked || !sample.batch.mask?.includes(0)) return sample
    throw new UsageError({
      where: `fit option ${name}`,
      expected: 'batches without masked steps',
      got: 'a batch with some',
      fix: { option: `${name}.masked`, value: true, to: 'reserve memory for masks before training starts' },
    })
  }
  return { size, lengths, masked, segments, batchSize, batch, vary }
}

/** Batches of at most `batchSize` rows; those of segments are given. */
export function batchesOf({ lengths, segments }: Dataset, options: BucketOptions): readonly Int32Array[] {
  return segments?.map(({ rows }) => rows) ?? bucketedBatches(lengths, options)
}

/** Capacity for any batch of `batchSize` rows of these datasets. */
export function capacityFor(datasets: readonly Dataset[], batchSize: number): Capacity {
  const capacity = { sequences: 0, steps: 0, rows: 0, masked: datasets.some(({ masked }) => masked) }
  for (const { lengths, segments } of datasets) {
    const own = segments?.map(({ rows }) => Int32Array.from(rows, (row) => lengths[row]))
    for (const batch of own ?? [Int32Array.from(lengths).sort().subarray(-batchSize)]) {
      const rows = batch.reduce((sum, length) => sum + length, 0)
      capacity.sequences = Math.max(capacity.sequences, batch.length)
      capacity.steps = Math.max(capacity.steps, maximum(batch))
      capacity.rows = Math.max(capacity.rows, rows)
    }
  }
  return capacity
}

const FINGERPRINT_ROWS = 256

/** 16 hexadecimal digits that depend on every length, input and target. */
export function fingerprint(dataset: Dataset): string {
  const hash = new Fingerprint()
  hash.number(dataset.size)
  for (let from = 0; from < dataset.size; from += FINGERPRINT_ROWS) {
    const count = Math.min(FINGERPRINT_ROWS, dataset.size - from)
    const { batch, targets, classes } = dataset.batch(Int32Array.from({ length: count }, (_, i) => from + i))
    for (const list of [batch.lengths, batch.sortedIndices, batch.ids, batch.features, classes])
      hash.list(list)
    if (batch.mask) hash.list(batch.mask)
    const { classes: own, values, stepClasses = [], labels = [] } = targets
    for (const list of [own, values, ...stepClasses, ...labels]) hash.list(list)
  }
  return hash.text
}

const BITS = new DataView(new ArrayBuffer(8))

/** Two 32-bit hashes of the bits of a sequence of numbers. */
class Fingerprint {
  #a = 1
  #b = 2

  list(values: ArrayLike<number> | null | undefined): void {
    this.number(values?.length ?? -1)
    for (let i = 0; i < (values?.length ?? 0); i++) this.number(values![i])
  }

  number(value: number): void {
    if ((value | 0) === value) return this.#word(value)
    BITS.setFloat64(0, value)
    this.#word(BITS.getInt32(0))
    this.#word(BITS.getInt32(4))
  }

  #word(word: number): void {
    this.#a = hash32(this.#a ^ word)
    this.#b = (hash32(this.#b + word) ^ this.#a) | 0
  }

  get text(): string {
    return [this.#a, this.#b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
