/**
 * Learning rate schedules, by PyTorch's definitions. All but `plateau` are pure functions of the position, without any
 * state to save; plateau keeps three numbers.
 */
import { UsageError } from '../core/errors.ts'
import { assertKnownOptions } from '../core/knownNames.ts'

/** The unit of a schedule: epochs, or steps (updates). */
export type ScheduleUnit = 'epoch' | 'step'

interface Warmup {
  /**
   * Linear warmup over this many steps (batches, never epochs): step s of them takes the schedule's rate times
   * (s + 1) / warmup. Combines with every schedule. Default 0.
   */
  warmup?: number
}

interface Timed extends Warmup {
  /** What `stepSize`, `gamma`, `tMax` and `totalSteps` count. Default `epoch`; for oneCycle `step`. */
  per?: ScheduleUnit
}

/** How the learning rate changes over time. Names and formulas are those of PyTorch's lr_scheduler. */
export type ScheduleOptions =
  | (Warmup & { type: 'constant' })
  /** StepLR: rate · gamma^⌊n / stepSize⌋. gamma default 0.1. */
  | (Timed & { type: 'step'; stepSize: number; gamma?: number })
  /** ExponentialLR: rate · gamma^n. */
  | (Timed & { type: 'exponential'; gamma: number })
  /**
   * CosineAnnealingLR: half a cosine from the rate down to `etaMin` (default 0, at most the rate) over `tMax`
   * (Loshchilov & Hutter 2017), constant from there on.
   */
  | (Timed & { type: 'cosine'; tMax: number; etaMin?: number })
  /**
   * OneCycleLR (Smith & Topin 2018): over `totalSteps` the rate rises from peak / divFactor (25) to the peak, the
   * run's learning rate, and falls to that start / finalDivFactor (1e4), each in half a cosine. `pctStart` (0.3) is
   * the fraction spent rising.
   */
  | (Timed & {
      type: 'oneCycle'
      totalSteps: number
      pctStart?: number
      divFactor?: number
      finalDivFactor?: number
    })
  /**
   * ReduceLROnPlateau: rate · factor (default 0.1) after more than `patience` (10) epochs in which the loss did not
   * fall below best · (1 − threshold) (1e-4); never below `minLr` (0). Watches the validation loss, or the training
   * loss without validation data.
   */
  | (Warmup & { type: 'plateau'; factor?: number; patience?: number; threshold?: number; minLr?: number })

/** Names of the schedules. */
export type ScheduleType = ScheduleOptions['type']

/** A schedule with its defaults filled in, in a fixed order, so that two of them can be compared as text. */
export type CompleteSchedule =
  | { type: 'constant'; warmup: number }
  | { type: 'step'; per: ScheduleUnit; stepSize: number; gamma: number; warmup: number }
  | { type: 'exponential'; per: ScheduleUnit; gamma: number; warmup: number }
  | { type: 'cosine'; per: ScheduleUnit; tMax: number; etaMin: number; warmup: number }
  | OneCycle
  | Plateau

interface OneCycle {
  type: 'oneCycle'
  per: ScheduleUnit
  totalSteps: number
  pctStart: number
  divFactor: number
  finalDivFactor: number
  warmup: number
}

interface Plateau {
  type: 'plateau'
  factor: number
  patience: number
  threshold: number
  minLr: number
  warmup: number
}

/** Where training stands, both counted from 0. */
export interface SchedulePosition {
  epoch: number
  /** Steps since the start of training, over all epochs. */
  step: number
}

/** State of `plateau`; the other schedules have none. Plain JSON. */
export interface PlateauState {
  rate: number
  best: number | null
  /** Epochs in a row without an improvement. */
  badEpochs: number
}

/** Fills in the defaults. @throws UsageError for an unknown name, and for a value outside its range. */
export function completeSchedule(options: ScheduleOptions): CompleteSchedule {
  const complete = fillIn(options)
  assertKnownOptions('schedule option', options, complete)
  return complete
}

function fillIn(options: ScheduleOptions): CompleteSchedule {
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
      const { per = 'epoch', stepSize, gamma = 0.1 } = options
      requireCount('stepSize', stepSize)
      requireGamma(gamma)
      return { type: 'step', per: unit(per), stepSize, gamma, warmup }
    }
    case 'exponential': {
      const { per = 'epoch', gamma } = options
      requireGamma(gamma)
      return { type: 'exponential', per: unit(per), gamma, warmup }
    }
    case 'cosine': {
      const { per = 'epoch', tMax, etaMin = 0 } = options
      requireCount('tMax', tMax)
      requireNumber('etaMin', etaMin, etaMin >= 0, 'a rate, 0 or more')
      return { type: 'cosine', per: unit(per), tMax, etaMin, warmup }
    }
    case 'oneCycle':
      return completeOneCycle(options, warmup)
    case 'plateau':
      return completePlateau(options, warmup)
    default:
      return throwInvalid(
        'type',
        'constant, step, exponential, cosine, oneCycle or plateau',
        String((options as { type: unknown }).type),
      )
  }
}

/** @throws UsageError for an `etaMin` or `minLr` above the learning rate, which would raise the rate or keep it from falling */
export function requireMinimumBelow(schedule: CompleteSchedule, learningRate: number): void {
  const name = schedule.type === 'cosine' ? 'etaMin' : 'minLr'
  const minimum =
    schedule.type === 'cosine' ? schedule.etaMin : schedule.type === 'plateau' ? schedule.minLr : 0
  if (minimum <= learningRate) return
  throw new UsageError({
    where: `schedule.${name} (${schedule.type})`,
    expected: `a rate of at most the learning rate (${learningRate})`,
    got: String(minimum),
    remedy: `Lower \`${name}\`, or raise \`learningRate\`.`,
  })
}

function completeOneCycle(options: Extract<ScheduleOptions, { type: 'oneCycle' }>, warmup: number): OneCycle {
  const { per = 'step', totalSteps, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options
  requireCount('totalSteps', totalSteps)
  requireNumber('pctStart', pctStart, pctStart >= 0 && pctStart <= 1, 'a fraction from 0 to 1')
  requireNumber('divFactor', divFactor, divFactor >= 1, 'a number, 1 or more')
  requireNumber('finalDivFactor', finalDivFactor, finalDivFactor >= 1, 'a number, 1 or more')
  return { type: 'oneCycle', per: unit(per), totalSteps, pctStart, divFactor, finalDivFactor, warmup }
}

function completePlateau(options: Extract<ScheduleOptions, { type: 'plateau' }>, warmup: number): Plateau {
  const { factor = 0.1, patience = 10, threshold = 1e-4, minLr = 0 } = options
  requireNumber('factor', factor, factor > 0 && factor < 1, 'a number above 0 and below 1')
  requireNumber('patience', patience, Number.isInteger(patience) && patience >= 0, 'a whole number of epochs')
  requireNumber('threshold', threshold, threshold >= 0 && threshold < 1, 'a fraction from 0 to below 1')
  requireNumber('minLr', minLr, minLr >= 0, 'a rate, 0 or more')
  return { type: 'plateau', factor, patience, threshold, minLr, warmup }
}

/** The state before the first epoch. */
export function initialPlateau(learningRate: number): PlateauState {
  return { rate: learningRate, best: null, badEpochs: 0 }
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
      return rate * schedule.gamma ** Math.floor(n / schedule.stepSize)
    case 'exponential':
      return rate * schedule.gamma ** n
    case 'cosine':
      return cosineBetween(rate, schedule.etaMin, Math.min(1, n / schedule.tMax))
    case 'oneCycle':
      return oneCycleRate(schedule, rate, n)
  }
}

function oneCycleRate(schedule: OneCycle, peak: number, n: number): number {
  const { totalSteps, pctStart, divFactor, finalDivFactor } = schedule
  const initial = peak / divFactor
  const top = pctStart * totalSteps - 1
  if (n <= top) return top > 0 ? cosineBetween(initial, peak, n / top) : peak
  const down = (n - top) / (totalSteps - 1 - top)
  return cosineBetween(peak, initial / finalDivFactor, Math.min(1, down))
}

/** Half a cosine: `from` at 0, `to` at 1. */
function cosineBetween(from: number, to: number, fraction: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * fraction))) / 2
}

/** The state of `plateau` after an epoch with this loss; other schedules return it unchanged. */
export function plateauAfter(schedule: CompleteSchedule, state: PlateauState, loss: number): PlateauState {
  if (schedule.type !== 'plateau') return state
  const { factor, patience, threshold, minLr } = schedule
  if (state.best === null || loss < state.best * (1 - threshold))
    return { rate: state.rate, best: loss, badEpochs: 0 }
  const badEpochs = state.badEpochs + 1
  if (badEpochs <= patience) return { ...state, badEpochs }
  return { rate: Math.min(state.rate, Math.max(state.rate * factor, minLr)), best: state.best, badEpochs: 0 }
}

function unit(per: string): ScheduleUnit {
  return per === 'epoch' || per === 'step' ? per : throwInvalid('per', "'epoch' or 'step'", String(per))
}

function requireCount(name: string, value: number): void {
  requireNumber(name, value, Number.isInteger(value) && value >= 1, 'a whole number, 1 or more')
}

function requireGamma(value: number): void {
  requireNumber('gamma', value, value > 0 && value <= 1, 'a number above 0, at most 1')
}

function requireNumber(name: string, value: number, fits: boolean, expected: string): void {
  if (!fits || !Number.isFinite(value)) throwInvalid(name, expected, String(value))
}

function throwInvalid(name: string, expected: string, got: string): never {
  throw new UsageError({ where: `schedule.${name}`, expected, got })
}
