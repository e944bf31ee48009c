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
  /** What `stepSize`, `milestones`, `gamma`, `tMax` and `totalSteps` count. Default `epoch`; for oneCycle `step`. */
  per?: ScheduleUnit
}

/** How the learning rate changes over time. Names and formulas are those of PyTorch's lr_scheduler. */
export type ScheduleOptions =
  | (Warmup & { type: 'constant' })
  /** StepLR: rate · gamma^⌊n / stepSize⌋. gamma default 0.1. */
  | (Timed & { type: 'step'; stepSize: number; gamma?: number })
  /** MultiStepLR: rate · gamma^(how many of the ascending milestones are reached). gamma default 0.1. */
  | (Timed & { type: 'multiStep'; milestones: readonly number[]; gamma?: number })
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
   * fall below best · (1 − threshold) (1e-4), or with the mode `abs` below best − threshold; never below `minLr` (0), and
   * not by `epsilon` (1e-8) or less. After a reduction, `cooldown` (0) epochs do not count. Watches the validation loss,
   * or the training loss without validation data.
   */
  | (Warmup & Partial<Omit<Plateau, 'warmup'>> & { type: 'plateau' })

/** Names of the schedules. */
export type ScheduleType = ScheduleOptions['type']

/** A schedule with its defaults filled in, in a fixed order, so that two of them can be compared as text. */
export type CompleteSchedule =
  | { type: 'constant'; warmup: number }
  | { type: 'step'; per: ScheduleUnit; stepSize: number; gamma: number; warmup: number }
  | { type: 'multiStep'; per: ScheduleUnit; milestones: readonly number[]; gamma: number; warmup: number }
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
  thresholdMode: 'rel' | 'abs'
  cooldown: number
  minLr: number
  epsilon: number
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
  /** Epochs that still do not count after a reduction; absent: none. */
  cooldown?: number
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
    case 'multiStep': {
      const { per = 'epoch', milestones, gamma = 0.1 } = options
      requireMilestones(milestones)
      requireGamma(gamma)
      return { type: 'multiStep', per: unit(per), milestones: [...milestones], gamma, warmup }
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
        'constant, step, multiStep, exponential, cosine, oneCycle or plateau',
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
  const { thresholdMode = 'rel', cooldown = 0, epsilon = 1e-8 } = options
  requireNumber('factor', factor, factor > 0 && factor < 1, 'a number above 0 and below 1')
  requireNumber('patience', patience, Number.isInteger(patience) && patience >= 0, 'a whole number of epochs')
  if (thresholdMode !== 'rel' && thresholdMode !== 'abs')
    throwInvalid('thresholdMode', "'rel' or 'abs'", String(thresholdMode))
  if (thresholdMode === 'abs') requireNumber('threshold', threshold, threshold >= 0, 'a number, 0 or more')
  else requireNumber('threshold', threshold, threshold >= 0 && threshold < 1, 'a fraction from 0 to below 1')
  requireNumber('cooldown', cooldown, Number.isInteger(cooldown) && cooldown >= 0, 'a whole number of epochs')
  requireNumber('epsilon', epsilon, epsilon >= 0, 'a number, 0 or more')
  requireNumber('minLr', minLr, minLr >= 0, 'a rate, 0 or more')
  return { type: 'plateau', factor, patience, threshold, thresholdMode, cooldown, minLr, epsilon, warmup }
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
    case 'multiStep':
      return rate * schedule.gamma ** schedule.milestones.filter((milestone) => n >= milestone).length
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
  const { factor, patience, threshold, thresholdMode, minLr, epsilon } = schedule
  const { rate, best, cooldown = 0 } = state
  const falls = best === null || loss < (thresholdMode === 'rel' ? best * (1 - threshold) : best - threshold)
  const bad = falls || cooldown > 0 ? 0 : state.badEpochs + 1
  const left = Math.max(0, cooldown - 1)
  const kept = { rate, best: falls ? loss : best, badEpochs: bad, ...(left > 0 && { cooldown: left }) }
  if (bad <= patience) return kept
  const reduced = Math.min(rate, Math.max(rate * factor, minLr))
  return {
    ...kept,
    rate: rate - reduced > epsilon ? reduced : rate,
    badEpochs: 0,
    ...(schedule.cooldown > 0 && { cooldown: schedule.cooldown }),
  }
}

function unit(per: string): ScheduleUnit {
  return per === 'epoch' || per === 'step' ? per : throwInvalid('per', "'epoch' or 'step'", String(per))
}

function requireCount(name: string, value: number): void {
  requireNumber(name, value, Number.isInteger(value) && value >= 1, 'a whole number, 1 or more')
}

function requireMilestones(milestones: readonly number[]): void {
  const isList = Array.isArray(milestones) && milestones.length > 0
  const ascends = (milestone: number, i: number) =>
    Number.isInteger(milestone) && milestone >= 1 && (i === 0 || milestone > milestones[i - 1])
  if (isList && milestones.every(ascends)) return
  throwInvalid(
    'milestones',
    'a list of ascending whole numbers, 1 or more',
    JSON.stringify(milestones) ?? 'none',
  )
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
