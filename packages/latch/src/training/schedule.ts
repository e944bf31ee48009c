/**
 * Learning rates over time. All but `plateau` are pure functions of the position, so that a resumed run
 * needs no record of them; plateau keeps three numbers. Definitions are PyTorch's.
 */
import { UsageError } from '../core/errors.ts'

/** What a schedule counts: whole epochs or single steps (batches). */
export type ScheduleUnit = 'epoch' | 'step'

interface Warmup {
  /**
   * Steps (batches, never epochs) over which the rate rises linearly: step s of them takes the
   * schedule's rate times (s + 1) / warmup. Goes with every schedule. Default 0.
   */
  warmup?: number
}

interface Timed extends Warmup {
  /** What `size`, `factor` or `length` count. Default `epoch`; of oneCycle `step`. */
  per?: ScheduleUnit
}

/** How the learning rate changes over time; `type` tells which schedule. */
export type ScheduleOptions =
  | (Warmup & { type: 'constant' })
  /** rate · factor^⌊n / size⌋. Factor default 0.1. */
  | (Timed & { type: 'step'; size: number; factor?: number })
  /** rate · factor^n. */
  | (Timed & { type: 'exponential'; factor: number })
  /** From the rate down to `minimum` (default 0) in half a cosine over `length` (Loshchilov & Hutter 2017), then there. */
  | (Timed & { type: 'cosine'; length: number; minimum?: number })
  /**
   * One rise and one fall over `length` (Smith & Topin 2018), each half a cosine. The run's learning
   * rate is the peak; it begins at peak / initialDivisor (25), ends at that / finalDivisor (1e4);
   * `rise` (0.3) is the rising share.
   */
  | (Timed & {
      type: 'oneCycle'
      length: number
      rise?: number
      initialDivisor?: number
      finalDivisor?: number
    })
  /**
   * rate · factor (default 0.1) after more than `patience` (10) epochs in which the loss did not fall
   * below best · (1 − threshold) (1e-4); never below `minimum` (0). Watches the validation loss, or the
   * training loss where nothing is set aside.
   */
  | (Warmup & { type: 'plateau'; factor?: number; patience?: number; threshold?: number; minimum?: number })

/** Names of the schedules. */
export type ScheduleType = ScheduleOptions['type']

/** Every field set, in one order, so that two of them can be compared as text. */
export type CompleteSchedule =
  | { type: 'constant'; warmup: number }
  | { type: 'step'; per: ScheduleUnit; size: number; factor: number; warmup: number }
  | { type: 'exponential'; per: ScheduleUnit; factor: number; warmup: number }
  | { type: 'cosine'; per: ScheduleUnit; length: number; minimum: number; warmup: number }
  | OneCycle
  | Plateau

interface OneCycle {
  type: 'oneCycle'
  per: ScheduleUnit
  length: number
  rise: number
  initialDivisor: number
  finalDivisor: number
  warmup: number
}

interface Plateau {
  type: 'plateau'
  factor: number
  patience: number
  threshold: number
  minimum: number
  warmup: number
}

/** Where training stands, both counted from 0. */
export interface SchedulePosition {
  epoch: number
  /** Steps since the start of training, over all epochs. */
  step: number
}

/** What `plateau` remembers; the other schedules leave it as it is. Plain JSON. */
export interface PlateauState {
  rate: number
  best: number | null
  waited: number
}

/** Fills in the defaults. @throws UsageError for a value outside its range. */
export function completeSchedule(options: ScheduleOptions): CompleteSchedule {
  const { warmup = 0 } = options
  requireNumber(
    'warmup',
    warmup,
    Number.isInteger(warmup) && warmup >= 0,
    'a whole number of steps, 0 or more',
  )
  switch (options.type) {
    case 'constant':
      return { type: 'constant', warmup }
    case 'step': {
      const { per = 'epoch', size, factor = 0.1 } = options
      requireCount('size', size)
      requireFactor(factor)
      return { type: 'step', per: unit(per), size, factor, warmup }
    }
    case 'exponential': {
      const { per = 'epoch', factor } = options
      requireFactor(factor)
      return { type: 'exponential', per: unit(per), factor, warmup }
    }
    case 'cosine': {
      const { per = 'epoch', length, minimum = 0 } = options
      requireCount('length', length)
      requireNumber('minimum', minimum, minimum >= 0, 'a rate, 0 or more')
      return { type: 'cosine', per: unit(per), length, minimum, warmup }
    }
    case 'oneCycle':
      return completeOneCycle(options, warmup)
    case 'plateau':
      return completePlateau(options, warmup)
    default:
      return refuse(
        'type',
        'constant, step, exponential, cosine, oneCycle or plateau',
        String((options as { type: unknown }).type),
      )
  }
}

/** @throws UsageError for a `minimum` above the learning rate, which would raise the rate or keep it from falling */
export function requireMinimumBelow(schedule: CompleteSchedule, learningRate: number): void {
  const minimum = 'minimum' in schedule ? schedule.minimum : 0
  if (minimum <= learningRate) return
  throw new UsageError({
    where: `schedule.minimum (${schedule.type})`,
    expected: `a rate of at most the learning rate (${learningRate})`,
    got: String(minimum),
    remedy: 'Lower `minimum`, or raise `learningRate`.',
  })
}

function completeOneCycle(options: Extract<ScheduleOptions, { type: 'oneCycle' }>, warmup: number): OneCycle {
  const { per = 'step', length, rise = 0.3, initialDivisor = 25, finalDivisor = 1e4 } = options
  requireCount('length', length)
  requireNumber('rise', rise, rise >= 0 && rise <= 1, 'a share from 0 to 1')
  requireNumber('initialDivisor', initialDivisor, initialDivisor >= 1, 'a number, 1 or more')
  requireNumber('finalDivisor', finalDivisor, finalDivisor >= 1, 'a number, 1 or more')
  return { type: 'oneCycle', per: unit(per), length, rise, initialDivisor, finalDivisor, warmup }
}

function completePlateau(options: Extract<ScheduleOptions, { type: 'plateau' }>, warmup: number): Plateau {
  const { factor = 0.1, patience = 10, threshold = 1e-4, minimum = 0 } = options
  requireNumber('factor', factor, factor > 0 && factor < 1, 'a number above 0 and below 1')
  requireNumber('patience', patience, Number.isInteger(patience) && patience >= 0, 'a whole number of epochs')
  requireNumber('threshold', threshold, threshold >= 0 && threshold < 1, 'a share from 0 to below 1')
  requireNumber('minimum', minimum, minimum >= 0, 'a rate, 0 or more')
  return { type: 'plateau', factor, patience, threshold, minimum, warmup }
}

/** The state before anything was observed. */
export function initialPlateau(learningRate: number): PlateauState {
  return { rate: learningRate, best: null, waited: 0 }
}

/** The rate in force for the step at `position`. */
export function learningRateAt(
  schedule: CompleteSchedule,
  learningRate: number,
  position: SchedulePosition,
  plateau: PlateauState = initialPlateau(learningRate),
): number {
  const { warmup } = schedule
  const rising = warmup > 0 ? Math.min(1, (position.step + 1) / warmup) : 1
  return rising * scheduledRate(schedule, learningRate, position, plateau)
}

function scheduledRate(
  schedule: CompleteSchedule,
  rate: number,
  position: SchedulePosition,
  plateau: PlateauState,
): number {
  if (schedule.type === 'constant') return rate
  if (schedule.type === 'plateau') return plateau.rate
  const n = position[schedule.per]
  switch (schedule.type) {
    case 'step':
      return rate * schedule.factor ** Math.floor(n / schedule.size)
    case 'exponential':
      return rate * schedule.factor ** n
    case 'cosine':
      return cosineBetween(rate, schedule.minimum, Math.min(1, n / schedule.length))
    case 'oneCycle':
      return oneCycleRate(schedule, rate, n)
  }
}

function oneCycleRate(schedule: OneCycle, peak: number, n: number): number {
  const { length, rise, initialDivisor, finalDivisor } = schedule
  const initial = peak / initialDivisor
  const top = rise * length - 1
  if (n <= top) return top > 0 ? cosineBetween(initial, peak, n / top) : peak
  const down = (n - top) / (length - 1 - top)
  return cosineBetween(peak, initial / finalDivisor, Math.min(1, down))
}

/** Half a cosine: `from` at 0, `to` at 1. */
function cosineBetween(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
}

/** What plateau makes of an epoch's loss; any other schedule returns the state unchanged. */
export function observeLoss(schedule: CompleteSchedule, state: PlateauState, loss: number): PlateauState {
  if (schedule.type !== 'plateau') return state
  const { factor, patience, threshold, minimum } = schedule
  if (state.best === null || loss < state.best * (1 - threshold))
    return { rate: state.rate, best: loss, waited: 0 }
  const waited = state.waited + 1
  if (waited <= patience) return { ...state, waited }
  return { rate: Math.min(state.rate, Math.max(state.rate * factor, minimum)), best: state.best, waited: 0 }
}

function unit(per: string): ScheduleUnit {
  return per === 'epoch' || per === 'step' ? per : refuse('per', "'epoch' or 'step'", String(per))
}

function requireCount(name: string, value: number): void {
  requireNumber(name, value, Number.isInteger(value) && value >= 1, 'a whole number, 1 or more')
}

function requireFactor(value: number): void {
  requireNumber('factor', value, value > 0 && value <= 1, 'a number above 0, at most 1')
}

function requireNumber(name: string, value: number, fits: boolean, expected: string): void {
  if (!fits || !Number.isFinite(value)) refuse(name, expected, String(value))
}

function refuse(name: string, expected: string, got: string): never {
  throw new UsageError({ where: `schedule.${name}`, expected, got })
}
