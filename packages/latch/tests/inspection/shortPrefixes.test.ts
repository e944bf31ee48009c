/** Texts whose beginnings are too short for a layer above the top recurrent one, and outputs with other steps than the input. */
import { expect, it } from 'vitest'
import { UnsupportedError } from '../../src/core/errors.ts'
import { intervene } from '../../src/inspection/interventions/intervene.ts'
import { gru } from '../../src/layers/recurrent/factories.ts'
import { maxPool1d } from '../../src/layers/windows/localPool.ts'
import { pool } from '../../src/layers/pooling/pool.ts'
import { sequenceModel } from '../../src/tasks/sequenceModel/build.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'
import { exact } from './inspectionHelpers.ts'

const GATE = [{ type: 'gate', gate: 'update', value: 1, from: 1 }] as const

it('a pooling above the top layer: the outputs of steps are those of the whole text', async () => {
  const model = sequenceModel({
    input: { vocabulary: [...'abcde'], tokens: 'chars' },
    layers: [gru(3), maxPool1d({ kernelSize: 2 }), pool('max')],
    output: { classes: ['x', 'y'] },
  })
  await model.fit(
    [
      { input: 'abcde', target: 'x' },
      { input: 'edcba', target: 'y' },
    ],
    { epochs: 1, validation: 0 },
  )
  const trace = model.trace('abcde')
  expect(trace.whole).toBe(true)
  expect(trace.steps.map(({ token }) => token)).toEqual([...'abcde'])
  for (const { output } of trace.steps) expect(output.probabilities).toEqual(trace.probabilities)
  const { before, after } = intervene(model, 'abcde', GATE)
  expect(before.prefixes).toBeNull()
  expect(after.loss).not.toBe(before.loss)
})

it('outputs with other steps than the input: edits of gates keep the targets, dropped tokens are refused', () => {
  const net = network(
    [
      { type: 'features', width: 1 },
      { type: 'conv1d', filters: 3, kernelSize: 2, stride: 2 },
      { type: 'recurrent', cell: 'gru', units: 3, returnSequences: true },
      { type: 'dense', units: 2 },
    ],
    { ...exact, loss: { type: 'meanSquaredError' } },
  )
  const numbers = Float64Array.from({ length: 8 }, (_, t) => Math.sin(t))
  const x = PackedBatch.ofFeatures(numbers, [1, 8, 1])
  const values = Array.from({ length: 8 }, (_, i) => i / 8)
  const { before, after } = intervene(net, x, GATE, { values })
  expect(after.loss).not.toBe(before.loss)
  expect(() => intervene(net, x, [{ type: 'drop', step: 0 }], { values })).toThrow(UnsupportedError)
})
