/** What `fit`, `evaluate`, `network` and `arrayDataset` say to JavaScript callers that pass something else. */
import { describe, expect, it } from 'vitest'
import { LatchError } from '../../src/core/errors.ts'
import { dense } from '../../src/layers/dense.ts'
import { features } from '../../src/layers/features.ts'
import { gru } from '../../src/layers/recurrent/factories.ts'
import { network } from '../../src/model/network.ts'
import { arrayDataset } from '../../src/training/arrayDataset.ts'
import { evaluate } from '../../src/training/evaluate.ts'
import { fit } from '../../src/training/fit.ts'

const net = network([features(2), gru(3), dense(2)], { loss: { type: 'softmaxCrossEntropy' } })
const data = arrayDataset({ features: [[[1, 2]], [[1, 2]]], targets: { classes: [0, 1] } })
const step = [[[1, 2]]]
const call = (target: unknown, ...given: unknown[]) => (target as (...all: unknown[]) => unknown)(...given)

describe('a wrong argument is named with what was expected', () => {
  it.each<[string, () => unknown, string]>([
    ['fit without a network', () => call(fit, undefined, { train: data }), 'fit: expected a network'],
    ['fit without data', () => call(fit, net, {}), 'fit option train: expected a dataset'],
    ['fit on an object', () => call(fit, net, { train: {} }), 'fit option train: expected a dataset'],
    [
      'a validation fraction',
      () => call(fit, net, { train: data, validation: 0.1 }),
      'fit option validation: expected a dataset',
    ],
    ['evaluate without a network', () => call(evaluate, {}, data), 'evaluate: expected a network'],
    ['evaluate without data', () => call(evaluate, net), 'evaluate, dataset: expected a dataset'],
    ['network without layers', () => call(network), 'network: expected a list of layers'],
    ['network of a word', () => call(network, 'gru'), 'network: expected a list of layers'],
    ['no options', () => call(arrayDataset), 'arrayDataset option: expected an object'],
    [
      'features null',
      () => call(arrayDataset, { features: null, targets: { classes: [0] } }),
      'arrayDataset features: expected an array, got null',
    ],
    [
      'two levels of features',
      () => call(arrayDataset, { features: [[1, 2]], targets: { classes: [0] } }),
      'arrayDataset features, row 0, step 0: expected an array of features, got 1',
    ],
    [
      'a sequence null',
      () => call(arrayDataset, { features: [[[1]], null], targets: { classes: [0, 1] } }),
      'arrayDataset features, row 1: expected an array of steps, got null',
    ],
    [
      'a step null',
      () => call(arrayDataset, { features: [[[1], null]], targets: { classes: [0] } }),
      'arrayDataset features, row 0, step 1: expected an array of features, got null',
    ],
    [
      'a feature null',
      () => call(arrayDataset, { features: [[[1, null]]], targets: { classes: [0] } }),
      'arrayDataset features, row 0, step 0, feature 1: expected a number, got null',
    ],
    [
      'a feature as text',
      () => call(arrayDataset, { features: [[['1']]], targets: { classes: [0] } }),
      'arrayDataset features, row 0, step 0, feature 0: expected a number, got "1"',
    ],
    [
      'ids of a text',
      () => call(arrayDataset, { ids: 'abc', targets: { classes: [0] } }),
      'arrayDataset ids: expected an array, got "abc"',
    ],
    [
      'mixed ids',
      () => call(arrayDataset, { ids: [[1], 2], targets: { classes: [0, 1] } }),
      'arrayDataset ids, row 1: expected an array of steps, got 2',
    ],
    [
      'an id null',
      () => call(arrayDataset, { ids: [[1, null]], targets: { classes: [0] } }),
      'arrayDataset ids, row 0, step 1: expected a number, got null',
    ],
    [
      'a shape that is a number',
      () => call(arrayDataset, { features: new Float32Array(6), shape: 3, targets: { classes: [0] } }),
      'arrayDataset features, shape: expected an array',
    ],
    [
      'lengths that are a number',
      () => call(arrayDataset, { features: step, lengths: 3, targets: { classes: [0] } }),
      'arrayDataset lengths: expected an array, got 3',
    ],
    [
      'classes null',
      () => call(arrayDataset, { features: step, targets: { classes: null } }),
      'arrayDataset targets.classes: expected an array, got null',
    ],
    [
      'values with null',
      () => call(arrayDataset, { features: step, targets: { values: [[null]] } }),
      'arrayDataset targets.values, row 0, number 0: expected a number, got null',
    ],
    [
      'step values null',
      () => call(arrayDataset, { features: step, targets: { stepValues: [null] } }),
      'arrayDataset targets.stepValues, row 0: expected an array',
    ],
    [
      'a step value as text',
      () => call(arrayDataset, { features: step, targets: { stepValues: [[['x']]] } }),
      'arrayDataset targets.stepValues, row 0, step 0: expected a number, got "x"',
    ],
  ])('%s', async (_, run, message) => {
    let caught: unknown
    try {
      await run()
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(LatchError)
    expect((caught as Error).message).toContain(message)
  })
})
