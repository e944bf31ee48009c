import { describe, expect, test } from 'vitest'
import { hash32, mixKey, Random } from '../../src/core/random.ts'

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.next())

describe('Random', () => {
  test('is xoshiro128**: the published sequence from state 1 2 3 4', () => {
    const random = new Random(0)
    random.state = [1, 2, 3, 4]
    expect(draws(random, 10)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })

  test('gives the same numbers for the same key and others for any other', () => {
    const keys: (string | number)[][] = [
      [1],
      [2],
      [-1],
      [1, 0],
      [0, 1],
      [1, 'shuffle'],
      [1, 'shuffle', 0],
      [1, 'shuffle', 1],
      ['shuffle', 1],
      ['1'],
      [2 ** 32 + 1],
      [],
    ]
    const streams = keys.map((key) => draws(new Random(...key), 4).join())
    expect(keys.map((key) => draws(new Random(...key), 4).join())).toEqual(streams)
    expect(new Set(streams).size).toBe(keys.length)
  })

  test('resumes from its state', () => {
    const random = new Random('resume')
    draws(random, 7)
    const { state } = random
    const expected = draws(random, 100)
    const other = new Random(0)
    other.state = state
    expect(draws(other, 100)).toEqual(expected)
    expect(state.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true)
  })

  test('uniform has the moments of [0, 1), normal those of N(0, 1)', () => {
    const random = new Random('moments')
    const count = 100_000
    const uniform = Array.from({ length: count }, () => random.uniform())
    const normal = Array.from({ length: count }, () => random.normal())
    const mean = (x: number[], power: number) => x.reduce((sum, value) => sum + value ** power, 0) / count
    expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true)
    expect(mean(uniform, 1)).toBeCloseTo(1 / 2, 2)
    expect(mean(uniform, 2)).toBeCloseTo(1 / 3, 2)
    for (const [power, moment] of [
      [1, 0],
      [2, 1],
      [3, 0],
      [4, 3],
    ]) {
      expect(Math.abs(mean(normal, power) - moment)).toBeLessThan(0.1)
    }
  })

  test('between, integer and pick stay in range and reach all of it', () => {
    const random = new Random('range')
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 7000; i++) counts[random.integer(7)]++
    expect(counts.length).toBe(7)
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
    for (let i = 0; i < 1000; i++) {
      const value = random.between(-3, 5)
      expect(value >= -3 && value < 5).toBe(true)
    }
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c']))).size).toBe(3)
  })

  test('shuffle permutes in place, lists and typed arrays alike, every order as likely', () => {
    const list = Array.from({ length: 50 }, (_, i) => i)
    const shuffled = new Random('shuffle').shuffle([...list])
    expect(shuffled).not.toEqual(list)
    expect([...shuffled].sort((a, b) => a - b)).toEqual(list)
    expect([...new Random('shuffle').shuffle(Int32Array.from(list))]).toEqual(shuffled)

    const random = new Random('orders')
    const orders = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle([0, 1, 2]).join('')
      orders.set(order, (orders.get(order) ?? 0) + 1)
    }
    expect(orders.size).toBe(6)
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

describe('hash32 and mixKey', () => {
  test('hash32 is an unsigned 32-bit integer, one to one, half its bits changed by one flipped', () => {
    const seen = new Set<number>()
    let [flipped, unsigned] = [0, 0]
    for (let i = 0; i < 20_000; i++) {
      const hash = hash32(i)
      seen.add(hash)
      const difference = hash ^ hash32(i ^ (1 << (i % 32)))
      for (let bit = 0; bit < 32; bit++) flipped += (difference >>> bit) & 1
      if (Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32) unsigned++
    }
    expect([seen.size, unsigned]).toEqual([20_000, 20_000])
    expect(flipped / 20_000).toBeCloseTo(16, 1)
  })

  test('stay as they are: seeds and masks in saved models depend on them', () => {
    expect([hash32(0), hash32(1), hash32(-1), hash32(123456789)]).toEqual([
      0, 2261973619, 2578835075, 956453899,
    ])
    expect([mixKey(), mixKey(1), mixKey(1, 2), mixKey('a'), mixKey(2 ** 40), mixKey(-5, 'x')]).toEqual([
      2654435769, 730903448, 1865497804, 1925152506, 3921904317, 3293293082,
    ])
  })

  test('mixKey distinguishes order and type', () => {
    const keys = [
      mixKey(1, 2),
      mixKey(2, 1),
      mixKey('ab'),
      mixKey('ba'),
      mixKey('a', 'b', 0),
      mixKey(12),
      mixKey('12'),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })
})
