/** Spectral radii against eigenvalues that are known, and weights scaled to a radius. */
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { setSpectralRadius, spectralRadii, spectralRadius } from '../../src/inspection/gradients/spectrum.ts'
import { network } from '../networks.ts'
import { ShapeError, UsageError } from '../../src/core/errors.ts'
import { Random } from '../../src/core/random.ts'
import { thrown } from '../tasks/textClassifier/classifierHelpers.ts'

const random = new Random(4, 'spectrum')
const normal = () => random.between(-1, 1)

/** S·B·S⁻¹ with a random, well-conditioned S = L·U of unit diagonals, so that B's eigenvalues are known. */
function similar(b: Float64Array, n: number): Float64Array {
  let out = b
  for (let round = 0; round < 3 * n; round++) {
    // One elementary similarity: row i += s·row j, column j −= s·column i.
    const i = random.integer(n)
    const j = (i + 1 + random.integer(n - 1)) % n
    const s = normal() * 0.3
    out = out.slice()
    for (let k = 0; k < n; k++) out[i * n + k] += s * out[j * n + k]
    for (let k = 0; k < n; k++) out[k * n + j] -= s * out[k * n + i]
  }
  return out
}

/** Block-diagonal: real numbers, and pairs [a, b] for a ± bi. */
function withEigenvalues(values: (number | [number, number])[]): [Float64Array, number] {
  const n = values.reduce<number>((sum, x) => sum + (typeof x === 'number' ? 1 : 2), 0)
  const b = new Float64Array(n * n)
  let at = 0
  for (const value of values) {
    if (typeof value === 'number') {
      b[at * n + at] = value
      at++
      continue
    }
    const [re, im] = value
    b[at * n + at] = b[(at + 1) * n + at + 1] = re
    b[at * n + at + 1] = im
    b[(at + 1) * n + at] = -im
    at += 2
  }
  return [similar(b, n), n]
}

describe('spectralRadius', () => {
  const cases: [string, (number | [number, number])[], number][] = [
    ['a real one leads', [0.3, -1.7, [0.2, 0.9], 1.1], 1.7],
    ['a complex pair leads', [0.3, [0.6, 0.8], -0.5, 0.99], 1],
    ['equal moduli of both signs', [0.9, -0.9, [0, 0.9], 0.1], 0.9],
    ['nearly equal', [0.5, 0.49999, -0.499999, [0.1, 0.2]], 0.5],
    ['many pairs', [[0.1, 1.2], [1.19, 0.1], [0.7, 0.7], [0.2, 0.3], 0.4], Math.hypot(0.1, 1.2)],
    ['tiny', [1e-200, [3e-200, 4e-200]], 5e-200],
    ['huge', [1e200, [3e200, 4e200]], 5e200],
  ]
  it.each(cases)('%s', (_, values, wanted) => {
    const [matrix, n] = withEigenvalues(values)
    expect(Math.abs(spectralRadius(matrix, n) / wanted - 1)).toBeLessThan(1e-8)
  })

  it('of triangular, rotating, defective, nilpotent and single ones', () => {
    expect(spectralRadius([0.5, 100, 0, -0.25], 2)).toBeCloseTo(0.5, 8)
    expect(spectralRadius([0, -1, 1, 0], 2)).toBeCloseTo(1, 12)
    // A Jordan block's powers grow by m·λ^(m−1): the slowest there is.
    expect(spectralRadius([0.8, 1, 0, 0.8], 2)).toBeCloseTo(0.8, 8)
    expect(spectralRadius([0, 5, 7, 0, 0, 3, 0, 0, 0], 3)).toBe(0)
    expect(spectralRadius([0], 1)).toBe(0)
    expect(spectralRadius([-3], 1)).toBeCloseTo(3, 14)
  })

  it('rejects matrices that are not square or not finite', async () => {
    expect(await thrown(() => spectralRadius([1, 2, 3], 2))).toBeInstanceOf(ShapeError)
    expect(await thrown(() => spectralRadius([1, NaN, 3, 4], 2))).toBeInstanceOf(ShapeError)
  })
})

describe('setSpectralRadius', () => {
  const make = () =>
    network([
      { type: 'features', width: 3 },
      { type: 'recurrent', cell: 'gru', units: 6, direction: 'bidirectional' },
      { type: 'recurrent', cell: 'rnn', units: 5 },
    ])

  it('scales every gate’s block, each to the radius, and gives the radii there were', () => {
    const net = make()
    // Orthogonal initial weights have eigenvalues of modulus 1.
    for (const { radius } of spectralRadii(net)) expect(radius).toBeCloseTo(1, 6)
    const input = internalsOf(net).store.read(net.parameters[0])
    const before = setSpectralRadius(net, 1.3)
    expect(before).toHaveLength(7)
    expect(before[3]).toMatchObject({ layer: 0, direction: 'backward', gate: 'reset' })
    for (const { radius } of spectralRadii(net)) expect(radius).toBeCloseTo(1.3, 5)
    expect(internalsOf(net).store.read(net.parameters[0])).toEqual(input)
  })

  it('of one layer and direction leaves the others', () => {
    const net = make()
    setSpectralRadius(net, 0.5, { layer: 0, direction: 'backward' })
    const radii = spectralRadii(net).map(({ radius }) => Number(radius.toFixed(4)))
    expect(radii).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 1])
    setSpectralRadius(net, 0, { layer: 1 })
    expect(spectralRadii(net, { layer: 1 })[0].radius).toBe(0)
  })

  it('refuses by name, before it changes anything', async () => {
    const net = make()
    const wrong: [() => unknown, string][] = [
      [() => setSpectralRadius(net, -1), 'expected a radius from 0'],
      [() => setSpectralRadius(net, NaN), 'expected a radius from 0'],
      [() => setSpectralRadius(net, 1, { layer: 2 }), 'a recurrent layer from 0 to 1, got 2'],
      [
        () => setSpectralRadius(net, 1, { layer: 1, direction: 'backward' }),
        'a direction that the layer reads',
      ],
    ]
    for (const [action, words] of wrong) {
      const error = await thrown(action)
      expect(error).toBeInstanceOf(UsageError)
      expect(error.message).toContain(words)
    }
    setSpectralRadius(net, 0, { layer: 1 })
    expect((await thrown(() => setSpectralRadius(net, 1))).message).toContain('radius 0 (candidate, layer 1)')
    expect(spectralRadii(net, { layer: 0 })[0].radius).toBeCloseTo(1, 6)
  })
})
