/** Every optimizer of the library with every setting can be named on the command line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dense, embedding, gru, network } from 'latch'
import { Optimizer, type OptimizerOptions } from 'latch/training'
import { OPTIMIZERS, SETTINGS } from '../../src/training/command.ts'
import { Workplace, comments, csv } from '../cliHelpers.ts'

let place: Workplace
beforeAll(() => {
  place = new Workplace()
  place.write('good.csv', csv(comments(24)))
})
afterAll(() => place.remove())

const train = (optimizer: string) =>
  place.latch(
    `train good.csv --text comment --label mood --units 4 --embedding 4 --epochs 1 --batch 8 --engine simd --optimizer ${optimizer}`.split(
      ' ',
    ),
  )

describe('--optimizer', () => {
  it.each(OPTIMIZERS)('%s has the settings of the library', (type) => {
    const net = network([embedding({ vocabulary: 3, size: 2 }), gru(2), dense(2)], { engine: 'simd' })
    const { type: _, ...options } = new Optimizer(net, { type } as Pick<OptimizerOptions, 'type'>).options
    expect(new Set(SETTINGS[type])).toEqual(new Set(Object.keys(options)))
  })

  it.each([
    'adamw:amsgrad=1,weightDecay=0.02',
    'rmsprop:centered=1,momentum=0.5',
    'nadam:decoupledWeightDecay=1',
    'lion',
    'adadelta',
    'radam',
    'adamax:beta1=0.8',
  ])('%s trains', async (optimizer) => {
    const { code, stderr } = await train(optimizer)
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')])
  })

  it('a switch is 0 or 1', async () => {
    const { code, stderr } = await train('adam:amsgrad=0.5')
    expect(stderr).toMatch(/--optimizer adam: expected amsgrad=0 or amsgrad=1, got "amsgrad=0.5"/)
    expect(code).toBe(2)
  })

  it('names all of them when one is unknown', async () => {
    expect((await train('tiger')).stderr).toMatch(/expected one of adamw, adam, nadam, radam, adamax, lion/)
  })
})
