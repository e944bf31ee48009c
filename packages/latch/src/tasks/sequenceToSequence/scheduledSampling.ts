/**
 * Scheduled sampling (Bengio et al. 2015, arXiv:1506.03099): in training the decoder reads, in the place of some true tokens,
 * what the model itself says there; more of them as training goes on. The model says it in one pass over the true tokens
 * (Duckworth et al. 2019, arXiv:1906.04331), so that a step costs one more forward pass at most.
 */
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { Random } from '../../core/random.ts'
import { exponential, logarithm } from '../../core/portableMath.ts'
import { fieldAt, fieldError, readNumber, type Field } from '../../core/validation.ts'
import { oneOf } from '../../layers/fields.ts'
import type { Network } from '../../model/network.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { throwOption } from '../optionChecks.ts'

/** How the probability that the decoder reads the true token falls with the updates i. */
export type ScheduledSampling =
  /** 1 − slope·i, at least `least` (default 0). */
  | { type: 'linear'; slope: number; least?: number }
  /** k^i, with k below 1. */
  | { type: 'exponential'; k: number }
  /** k / (k + e^(i/k)), with k from 1. */
  | { type: 'inverseSigmoid'; k: number }

/** Their names. */
export const SAMPLING_SCHEDULES = ['linear', 'exponential', 'inverseSigmoid'] as const

const OPTION = 'scheduledSampling'
const NUMBERS: {
  readonly [K in ScheduledSampling['type']]: Names<Omit<ScheduledSampling & { type: K }, 'type'>>
} = {
  linear: { slope: 1, least: 1 },
  exponential: { k: 1 },
  inverseSigmoid: { k: 1 },
}

/** Checks the option. @throws UsageError naming it */
export function scheduledSamplingOption(
  given: ScheduledSampling | null | undefined,
): ScheduledSampling | null {
  if (given === undefined || given === null) return null
  const { type } = given as { type: ScheduledSampling['type'] }
  if (!SAMPLING_SCHEDULES.includes(type))
    throwOption(OPTION, `an object whose type is ${SAMPLING_SCHEDULES.join(', ')}`, type ?? given)
  const { type: _, ...numbers } = given
  assertKnownOptions(`option ${OPTION}`, numbers, NUMBERS[type])
  const complete = type === 'linear' ? { ...given, least: (given as { least?: number }).least ?? 0 } : given
  const fault = faultOf(complete)
  if (fault) throwOption(`${OPTION}.${fault.name}`, fault.expected, fault.got)
  return complete
}

interface Fault {
  name: string
  expected: string
  got: unknown
}

function faultOf(schedule: ScheduledSampling): Fault | null {
  const check = (name: string, got: unknown, fits: (value: number) => boolean, expected: string) =>
    typeof got === 'number' && Number.isFinite(got) && fits(got) ? null : { name, expected, got }
  switch (schedule.type) {
    case 'linear':
      return (
        check('slope', schedule.slope, (x) => x > 0, 'a number above 0: how much an update takes off') ??
        check('least', schedule.least ?? 0, (x) => x >= 0 && x <= 1, 'a number from 0 to 1')
      )
    case 'exponential':
      return check('k', schedule.k, (x) => x >= 1e-300 && x < 1, 'a number above 0 and below 1')
    case 'inverseSigmoid':
      return check('k', schedule.k, (x) => x >= 1, 'a number from 1')
  }
}

/** Reads the setting from a model file. @throws FormatError naming the field */
export function readScheduledSampling(field: Field): ScheduledSampling {
  const read = (name: string) => readNumber(fieldAt(field, name))
  const type = oneOf(...SAMPLING_SCHEDULES)(fieldAt(field, 'type'))
  const schedule: ScheduledSampling =
    type === 'linear' ? { type, slope: read('slope'), least: read('least') } : { type, k: read('k') }
  const fault = faultOf(schedule)
  if (fault) throw fieldError(fieldAt(field, fault.name), fault.expected)
  return schedule
}

/** The probability that the decoder reads the true token, after so many updates. */
export function truthAfter(schedule: ScheduledSampling, updates: number): number {
  switch (schedule.type) {
    case 'linear':
      return Math.max(schedule.least ?? 0, 1 - schedule.slope * updates)
    case 'exponential':
      return exponential(updates * logarithm(schedule.k))
    case 'inverseSigmoid': {
      const falling = schedule.k * exponential(-updates / schedule.k)
      return falling / (falling + 1)
    }
  }
}

/**
 * The batch with some tokens of its targets, but the first, as the network says them: which ones depends on `key` alone.
 * @param sourceSize target ids begin at it
 */
export function mixPredictions(
  network: Network,
  batch: PackedBatch,
  { truth, key, sourceSize }: { truth: number; key: number; sourceSize: number },
): PackedBatch {
  const sequences = idsOf(batch)
  const { steps } = network.forward(batch)
  const { width } = network.output
  const logits = network.readOutput(batch)
  const random = new Random(key, OPTION)
  const mixed = sequences.map((ids, i) => {
    const first = ids.findIndex((id) => id >= sourceSize)
    const own = ids.slice()
    for (let t = 1; first + t < ids.length; t++) {
      const isTrue = random.uniform() < truth
      const from = (i * steps + t - 1) * width
      if (!isTrue) own[first + t] = sourceSize + likeliest(logits, from, width)
    }
    return own
  })
  return PackedBatch.ofIds(mixed)
}

/** Ids of each sequence, in the caller's order. */
function idsOf(batch: PackedBatch): Int32Array[] {
  const all: Int32Array[] = []
  batch.lengths.forEach((length, b) => (all[batch.sortedIndices[b]] = new Int32Array(length)))
  batch.eachRow((row, sequence, t) => {
    all[sequence][t] = batch.ids![row]
  })
  return all
}

function likeliest(logits: Float64Array, from: number, width: number): number {
  let best = 0
  for (let id = 1; id < width; id++) if (logits[from + id] > logits[from + best]) best = id
  return best
}
