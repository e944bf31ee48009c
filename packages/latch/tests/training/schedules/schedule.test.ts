/** Learning rates over time: own figures, and PyTorch's where the goldens are. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  completeSchedule,
  initialPlateau,
  learningRateAt,
  plateauAfter,
  type ScheduleOptions,
} from '../../../src/training/schedule.ts'
import { expectClose } from '../../closeTo.ts'

const GOLDENS = new URL('../../../../../../shared/conformance/torch/schedules.json', import.meta.url)
const there = existsSync(GOLDENS)

interface Golden {
  base_lr: number
  parameters: Record<string, number>
  lr_at_step: number[]
  metric?: number[]
}

function rates(options: ScheduleOptions, learningRate: number, count: number): number[] {
  const schedule = completeSchedule(options)
  return Array.from({ length: count }, (_, n) =>
    learningRateAt(schedule, learningRate, { epoch: n, step: n }),
  )
}

function expectRates(got: number[], wanted: number[]): void {
  expectClose(got, wanted, 1e-12)
}

function plateauRates(options: ScheduleOptions, learningRate: number, losses: number[]): number[] {
  const schedule = completeSchedule(options)
  let state = initialPlateau(learningRate)
  return losses.map((loss, epoch) => {
    const rate = learningRateAt(schedule, learningRate, { epoch, step: epoch }, state)
    // As it would come back from a checkpoint.
    state = JSON.parse(JSON.stringify(plateauAfter(schedule, state, loss))) as typeof state
    return rate
  })
}

describe('each schedule by hand', () => {
  it('constant', () => expect(rates({ type: 'constant' }, 0.3, 3)).toEqual([0.3, 0.3, 0.3]))

  it('step', () =>
    expectRates(rates({ type: 'step', stepSize: 2, gamma: 0.5 }, 1, 5), [1, 1, 0.5, 0.5, 0.25]))

  it('exponential', () => expectRates(rates({ type: 'exponential', gamma: 0.5 }, 8, 4), [8, 4, 2, 1]))

  it('cosine, which stays at its minimum', () => {
    expectRates(
      rates({ type: 'cosine', tMax: 4, etaMin: 0.2 }, 1, 6),
      [1, 0.882842712474619, 0.6, 0.317157287525381, 0.2, 0.2],
    )
  })

  it('one cycle: up to the learning rate, down to almost nothing', () => {
    const got = rates({ type: 'oneCycle', totalSteps: 11, pctStart: 3 / 11 }, 1, 12)
    expectRates([got[0], got[1], got[2], got[6], got[10], got[11]], [0.04, 0.52, 1, 0.500002, 4e-6, 4e-6])
  })

  it('plateau: waits more than `patience` epochs, then again', () => {
    const options = { type: 'plateau', factor: 0.5, patience: 1, minLr: 0.3 } as const
    expectRates(plateauRates(options, 1, [5, 5, 5, 5, 5, 5, 4, 4]), [1, 1, 1, 0.5, 0.5, 0.3, 0.3, 0.3])
  })

  it('plateau counts a fall only beyond the threshold', () => {
    const options = { type: 'plateau', factor: 0.1, patience: 0, threshold: 0.1 } as const
    expectRates(plateauRates(options, 1, [1, 0.95, 0.89, 0.85]), [1, 1, 0.1, 0.1])
  })
})

describe('composition', () => {
  it('warm-up multiplies any schedule', () => {
    expectRates(rates({ type: 'constant', warmup: 4 }, 1, 6), [0.25, 0.5, 0.75, 1, 1, 1])
    expectRates(
      rates({ type: 'step', stepSize: 2, gamma: 0.5, warmup: 4 }, 1, 6),
      [0.25, 0.5, 0.375, 0.5, 0.25, 0.25],
    )
  })

  it('counts epochs or steps, by `per`', () => {
    const at = (options: ScheduleOptions) =>
      learningRateAt(completeSchedule(options), 1, { epoch: 1, step: 3 })
    expect(at({ type: 'exponential', gamma: 0.5 })).toBe(0.5)
    expect(at({ type: 'exponential', gamma: 0.5, per: 'step' })).toBe(0.125)
  })

  it('refuses what it cannot do, by name', () => {
    expect(() => completeSchedule({ type: 'step', stepSize: 0 })).toThrow(
      /schedule\.stepSize: expected a whole number/,
    )
    expect(() => completeSchedule({ type: 'exponential', gamma: 2 })).toThrow(/schedule\.gamma/)
    expect(() => completeSchedule({ type: 'sine' } as never)).toThrow(
      /schedule\.type: expected constant, step/,
    )
    expect(() => completeSchedule({ type: 'constant', warmup: -1 })).toThrow(/schedule\.warmup/)
    const milestones = (list: unknown) => () =>
      completeSchedule({ type: 'multiStep', milestones: list as number[] })
    for (const list of [undefined, [], [3, 2], [2, 2], [0], [1.5], '123'])
      expect(milestones(list)).toThrow(/schedule\.milestones: expected a list of ascending whole numbers/)
    expect(() => completeSchedule({ type: 'plateau', thresholdMode: 'max' as never })).toThrow(
      /schedule\.thresholdMode: expected 'rel' or 'abs', got max/,
    )
    expect(() => completeSchedule({ type: 'plateau', cooldown: 0.5 })).toThrow(/schedule\.cooldown/)
    expect(() => completeSchedule({ type: 'plateau', epsilon: -1 })).toThrow(/schedule\.epsilon/)
    expect(() => completeSchedule({ type: 'plateau', threshold: 2 })).toThrow(/schedule\.threshold/)
    expect(completeSchedule({ type: 'plateau', threshold: 2, thresholdMode: 'abs' })).toMatchObject({
      threshold: 2,
    })
  })
})

describe.skipIf(!there)('PyTorch', () => {
  const goldens = there
    ? (JSON.parse(readFileSync(GOLDENS, 'utf8')) as { schedules: Record<string, Golden> }).schedules
    : {}
  const pure: [string, (p: Record<string, number>) => ScheduleOptions][] = [
    ['step', (p) => ({ type: 'step', stepSize: p.step_size, gamma: p.gamma })],
    ['exponential', (p) => ({ type: 'exponential', gamma: p.gamma })],
    ['cosine', (p) => ({ type: 'cosine', tMax: p.T_max, etaMin: p.eta_min })],
    [
      'one_cycle',
      (p) => ({
        type: 'oneCycle',
        totalSteps: p.total_steps,
        pctStart: p.pct_start,
        divFactor: p.div_factor,
        finalDivFactor: p.final_div_factor,
      }),
    ],
  ]

  it.each(pure)('%s', (name, optionsOf) => {
    const { base_lr, parameters, lr_at_step } = goldens[name]
    expectRates(rates(optionsOf(parameters), parameters.max_lr ?? base_lr, lr_at_step.length), lr_at_step)
  })

  it('plateau', () => {
    const { base_lr, parameters, lr_at_step, metric } = goldens.plateau
    const { factor, patience, threshold } = parameters
    expectRates(plateauRates({ type: 'plateau', factor, patience, threshold }, base_lr, metric!), lr_at_step)
  })

  it('covers every schedule of the file', () => {
    expect(Object.keys(goldens).sort()).toEqual([...pure.map(([name]) => name), 'plateau'].sort())
  })
})
