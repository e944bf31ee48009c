/** Datasets from arrays: nested and flat ones, ragged lengths, every form of target, and errors that name the place. */
import { describe, expect, it } from 'vitest'
import { addingProblem } from '../../src/datasets.ts'
import { DataError, ShapeError, UsageError } from '../../src/core/errors.ts'
import { network } from '../networks.ts'
import { arrayDataset, type ArrayDatasetOptions } from '../../src/training/arrayDataset.ts'
import { evaluate } from '../../src/training/evaluate.ts'
import { fit } from '../../src/training/fit.ts'

const rows = Int32Array.of(2, 0)
const ragged = [
  [
    [1, 2],
    [3, 4],
  ],
  [[5, 6]],
  [
    [7, 8],
    [9, 10],
    [11, 12],
  ],
]
const padded = Float32Array.of(1, 2, 3, 4, 0, 0, 5, 6, 0, 0, 0, 0, 7, 8, 9, 10, 11, 12)
const shape = [3, 3, 2] as const
const lengths = [2, 1, 3]
const classes = { classes: [0, 1, 2] }

describe('inputs', () => {
  it('features: nested ragged lists and a padded flat array give the same batches', () => {
    const nested = arrayDataset({ features: ragged, targets: classes })
    const flat = arrayDataset({ features: padded, shape, lengths, targets: classes })
    for (const dataset of [nested, flat]) {
      expect(dataset.size).toBe(3)
      expect(Array.from(dataset.lengths)).toEqual(lengths)
      const { batch } = dataset.batch(rows)
      expect(Array.from(batch.lengths)).toEqual([3, 2])
      expect(Array.from(batch.features!)).toEqual([7, 8, 1, 2, 9, 10, 3, 4, 11, 12])
    }
    expect(flat.batch(rows).batch.features).toBeInstanceOf(Float32Array)
  })

  it('ids: nested ragged lists and a padded flat array give the same batches', () => {
    const nested = arrayDataset({ ids: [[1, 2], [3], [4, 5, 6]], targets: classes })
    const ids = Int32Array.of(1, 2, 0, 3, 0, 0, 4, 5, 6)
    const flat = arrayDataset({ ids, shape: [3, 3], lengths, targets: classes })
    for (const dataset of [nested, flat]) {
      const { batch } = dataset.batch(rows)
      expect(Array.from(batch.ids!)).toEqual([4, 1, 5, 2, 6])
    }
  })

  it('without lengths a flat array has sequences of all its steps', () => {
    const dataset = arrayDataset({ features: padded, shape, targets: classes })
    expect(Array.from(dataset.lengths)).toEqual([3, 3, 3])
  })
})

describe('targets', () => {
  const targetsOf = (targets: ArrayDatasetOptions['targets']) =>
    arrayDataset({ features: ragged, targets }).batch(rows).targets

  it('classes per sequence', () => {
    expect(targetsOf({ classes: Int32Array.of(0, 1, 2) })).toEqual({ classes: Int32Array.of(2, 0) })
  })

  it('values per sequence: (N), (N, C) nested and flat', () => {
    expect(targetsOf({ values: [0.5, 1, 1.5] })).toEqual({ values: Float64Array.of(1.5, 0.5) })
    const two = { values: Float64Array.of(5, 6, 1, 2) }
    expect(
      targetsOf({
        values: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      }),
    ).toEqual(two)
    expect(targetsOf({ values: Float32Array.of(1, 2, 3, 4, 5, 6) })).toEqual(two)
  })

  it('classes per step: nested, and flat beside a flat input', () => {
    const wanted = { stepClasses: [Int32Array.of(3, 4, 5), Int32Array.of(0, 1)] }
    expect(targetsOf({ stepClasses: [[0, 1], [2], [3, 4, 5]] })).toEqual(wanted)
    const flat = { stepClasses: [0, 1, -1, 2, -1, -1, 3, 4, 5] }
    expect(arrayDataset({ features: padded, shape, lengths, targets: flat }).batch(rows).targets).toEqual(
      wanted,
    )
  })

  it('values per step are packed as the batch is: (N, T) and (N, T, C)', () => {
    expect(targetsOf({ stepValues: [[0, 1], [2], [3, 4, 5]] })).toEqual({
      values: Float64Array.of(3, 0, 4, 1, 5),
    })
    const pairs = [
      [
        [0, 10],
        [1, 11],
      ],
      [[2, 12]],
      [
        [3, 13],
        [4, 14],
        [5, 15],
      ],
    ]
    expect(targetsOf({ stepValues: pairs })).toEqual({
      values: Float64Array.of(3, 13, 0, 10, 4, 14, 1, 11, 5, 15),
    })
  })
})

const refused: [string, object, new (...of: never[]) => Error, RegExp][] = [
  ['no input', { targets: classes }, UsageError, /expected `features` or `ids`, got neither/],
  [
    'two inputs',
    { features: ragged, ids: [[1]], targets: classes },
    UsageError,
    /`features` or `ids`, got both/,
  ],
  [
    'a flat array without a shape',
    { features: padded, targets: classes },
    UsageError,
    /with `shape` \[batch, timesteps, features\]/,
  ],
  [
    'a shape that does not fit',
    { features: padded, shape: [3, 2, 2], targets: classes },
    ShapeError,
    /expected 12 numbers for `shape` \[3, 2, 2\], got 18/,
  ],
  [
    'steps of different widths',
    { features: [[[1, 2]], [[3]]], targets: { classes: [0, 1] } },
    ShapeError,
    /features, row 1, step 0: expected 2 features per step, as in the first, got 1/,
  ],
  [
    'an empty sequence',
    { ids: [[1], []], targets: { classes: [0, 1] } },
    ShapeError,
    /ids, row 1: expected at least one step, got 0/,
  ],
  [
    'too few lengths',
    { features: ragged, lengths: [1], targets: classes },
    ShapeError,
    /expected 3 lengths \(one per sequence\), got 1/,
  ],
  [
    'a length beyond the steps',
    { features: ragged, lengths: [2, 2, 2], targets: classes },
    ShapeError,
    /lengths, row 1: expected a whole number from 1 to 1, got 2/,
  ],
  [
    'a feature that is not finite',
    {
      features: [
        [
          [1, 2],
          [3, NaN],
        ],
      ],
      targets: { classes: [0] },
    },
    DataError,
    /features, row 0, step 1, feature 1: expected a finite number, got NaN/,
  ],
  [
    'an id that is not whole',
    {
      ids: [
        [1, 2],
        [3, 0.5],
      ],
      targets: { classes: [0, 1] },
    },
    DataError,
    /ids, row 1, step 1: expected a token id .* got 0\.5/,
  ],
  [
    'no targets',
    { ids: [[1]], targets: {} },
    UsageError,
    /targets: expected one of `classes`, `stepClasses`, `values`, `stepValues` and `labels`, got none/,
  ],
  [
    'two kinds of targets',
    { ids: [[1]], targets: { classes: [0], values: [1] } },
    UsageError,
    /got classes, values/,
  ],
  [
    'too few classes',
    { ids: [[1], [2], [3]], targets: { classes: [0, 1] } },
    ShapeError,
    /targets\.classes: expected 3 targets \(one per sequence\), got 2/,
  ],
  [
    'two classes for each sequence',
    { ids: [[1], [2]], targets: { classes: [0, 1, 0, 1] } },
    ShapeError,
    /targets\.classes: expected 2 targets \(one per sequence\), got 4/,
  ],
  [
    'a class that is not whole',
    { ids: [[1], [2]], targets: { classes: [0, 1.5] } },
    DataError,
    /targets\.classes, row 1: expected a class \(a whole number\), got 1\.5/,
  ],
  [
    'rows of different widths',
    { ids: [[1], [2]], targets: { values: [[1, 2], [3]] } },
    ShapeError,
    /targets\.values, row 1: expected 2 numbers, as in row 0, got 1/,
  ],
  [
    'too few targets of steps',
    { ids: [[1, 2]], targets: { stepClasses: [[1]] } },
    ShapeError,
    /stepClasses, row 0: expected 2 targets \(one per step\), got 1/,
  ],
  [
    'a target of a step that is not finite',
    { ids: [[1], [2, 3]], targets: { stepValues: [[1], [2, Infinity]] } },
    DataError,
    /stepValues, row 1, step 1: expected a finite number, got Infinity/,
  ],
]

describe('rejects', () => {
  it.each(refused)('%s', (_, options, kind, message) => {
    const build = () => arrayDataset(options as ArrayDatasetOptions)
    expect(build).toThrow(kind)
    expect(build).toThrow(message)
  })
})

it('trains and evaluates a network', async () => {
  const sums = (count: number, seed: number) => {
    const { features, targets } = addingProblem({ count, steps: 6, seed })
    return arrayDataset({ features, shape: [count, 6, 2], targets: { values: targets } })
  }
  const layers = [
    { type: 'features', width: 2 },
    { type: 'recurrent', cell: 'gru', units: 8, returnSequences: false },
    { type: 'dense', units: 1 },
  ] as const
  const net = network(layers, { loss: { type: 'meanSquaredError' }, seed: 1 })
  const before = await evaluate(net, sums(100, 2))
  await fit(net, { train: sums(400, 1), epochs: 5, learningRate: 0.01 })
  expect((await evaluate(net, sums(100, 2))).loss).toBeLessThan(before.loss / 4)
})
