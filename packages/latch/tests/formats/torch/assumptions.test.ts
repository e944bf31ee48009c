/** What PyTorch's weights do not say is printed as assumed, with the option that says otherwise. */
import { expect, it } from 'vitest'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'
import { writeSafetensors } from '../../../src/formats/safetensors/safetensors.ts'

const tensor = (name: string, ...shape: number[]) => ({
  name,
  dtype: 'F32' as const,
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
})

const read = (config?: object) => {
  const bytes = writeSafetensors([
    ...['', '_reverse'].flatMap((way) => [
      tensor(`lstm.weight_ih_l0${way}`, 8, 3),
      tensor(`lstm.weight_hh_l0${way}`, 8, 2),
    ]),
    tensor('norm.weight', 4),
    tensor('norm.bias', 4),
  ])
  return readModel(filesInMemory('m.safetensors', bytes, new Map()), config ? { config } : {})
}

it('the epsilon of LayerNorm, and the state of a bidirectional classifier', async () => {
  const { warnings, fixes } = await read()
  expect(warnings.join()).toContain('does not store eps')
  expect(warnings.join()).toContain('is not h_n')
  expect(warnings.join()).toContain('no dropout')
  expect(fixes!.map(({ option }) => option)).toEqual([
    'config.returnSequences',
    'config.pool',
    'config.epsilon',
    'config.layers',
  ])
})

it('the options say otherwise', async () => {
  expect((await read({ returnSequences: false })).warnings.join()).not.toContain('h_n')
  const other = await read({ epsilon: 0.01 })
  expect(other.warnings.join()).not.toContain('eps')
  expect(other.network.layers.at(-1)).toEqual({ type: 'layerNorm', epsilon: 0.01 })
  const layers = [
    { type: 'features', width: 3 },
    { type: 'recurrent', cell: 'lstm', units: 2, direction: 'bidirectional', bias: false },
    { type: 'layerNorm', epsilon: 0.01 },
  ]
  const { warnings } = await read({ layers, order: ['lstm', 'norm'] })
  expect(warnings.join()).not.toContain('eps')
})
