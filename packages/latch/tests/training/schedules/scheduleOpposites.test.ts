/** Options of a schedule that would do the opposite of their names are refused, wherever a schedule can be given. */
import { describe, expect, it } from 'vitest'
import { textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { UsageError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
import { fit } from '../../../src/training/fit.ts'
import {
  initialPlateau,
  learningRateAt,
  plateauAfter,
  type ScheduleOptions,
} from '../../../src/training/schedule.ts'
import { completeOptions } from '../../../src/training/options.ts'
import { comments, quick, thrown, tiny } from '../../tasks/textClassifier/classifierHelpers.ts'
import { classifier, firstMark } from '../trainingHelpers.ts'

const refused: [string, ScheduleOptions, RegExp][] = [
  [
    'a cosine minimum above the rate',
    { type: 'cosine', tMax: 4, etaMin: 0.2 },
    /schedule\.etaMin \(cosine\): expected a rate of at most the learning rate \(0\.1\), got 0\.2\. Lower `etaMin`, or raise `learningRate`\./,
  ],
  [
    'a plateau minimum above the rate',
    { type: 'plateau', minLr: 0.11 },
    /schedule\.minLr \(plateau\).* got 0\.11/,
  ],
  [
    'a first divisor that multiplies',
    { type: 'oneCycle', totalSteps: 9, divFactor: 0.5 },
    /schedule\.divFactor: expected a number, 1 or more, got 0\.5/,
  ],
  [
    'a last divisor that multiplies',
    { type: 'oneCycle', totalSteps: 9, finalDivFactor: 0.1 },
    /schedule\.finalDivFactor: expected a number, 1 or more, got 0\.1/,
  ],
  ['a gamma that raises', { type: 'step', stepSize: 2, gamma: 1.5 }, /schedule\.gamma/],
  ['a gamma that raises each time', { type: 'exponential', gamma: 1.01 }, /schedule\.gamma/],
  ['a factor of a plateau that raises', { type: 'plateau', factor: 2 }, /schedule\.factor/],
]

describe('a schedule', () => {
  it.each(refused)('with %s is refused', async (_, schedule, message) => {
    const error = await thrown(() =>
      fit(classifier(), { train: firstMark(8, 1), schedule, learningRate: 0.1 }),
    )
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(message)
    const model = textClassifier({ ...tiny, engine: 'reference' })
    const same = await thrown(() => model.fit(comments(12, 1), { ...quick, schedule, learningRate: 0.1 }))
    expect(same.message).toBe(error.message)
  })

  it('is measured against the default learning rate where none is given', () => {
    const schedule = { type: 'cosine', tMax: 4, etaMin: 0.005 } as const
    expect(() => completeOptions({ schedule })).toThrow(/at most the learning rate \(0\.001\)/)
    expect(() => completeOptions({ schedule, learningRate: 0.005 })).not.toThrow()
  })

  it('never leaves the rate above the learning rate, nor below its minimum', () => {
    const random = new Random(4, 'schedules')
    let taken = 0
    for (let i = 0; i < 400; i++) {
      const [learningRate, length, minimum, factor] = [
        random.uniform(),
        1 + random.integer(9),
        random.uniform(),
        2 * random.uniform(),
      ]
      const divisors = { divFactor: 3 * random.uniform(), finalDivFactor: 3 * random.uniform() }
      const schedules: ScheduleOptions[] = [
        { type: 'cosine', tMax: length, etaMin: minimum },
        { type: 'plateau', patience: 0, factor, minLr: minimum },
        { type: 'oneCycle', per: 'epoch', totalSteps: length, pctStart: random.uniform(), ...divisors },
        { type: 'step', stepSize: length, gamma: factor },
        { type: 'exponential', gamma: factor },
      ]
      for (const given of schedules) {
        let schedule
        try {
          schedule = completeOptions({ schedule: given, learningRate }).schedule
        } catch {
          continue
        }
        taken++
        let state = initialPlateau(learningRate)
        const rates = Array.from({ length: 12 }, (_, n) => {
          const rate = learningRateAt(schedule, learningRate, { epoch: n, step: n }, state)
          state = plateauAfter(schedule, state, 1)
          return rate
        })
        expect(Math.max(...rates), JSON.stringify(given)).toBeLessThanOrEqual(learningRate * (1 + 1e-12))
        const least =
          (given.type === 'cosine' ? given.etaMin : given.type === 'plateau' ? given.minLr : 0) ?? 0
        expect(Math.min(...rates), JSON.stringify(given)).toBeGreaterThanOrEqual(least * (1 - 1e-12))
        const falling = given.type === 'oneCycle' ? [] : rates
        expect(falling).toEqual(falling.toSorted((a, b) => b - a))
      }
    }
    expect(taken).toBeGreaterThan(500)
  })
})
