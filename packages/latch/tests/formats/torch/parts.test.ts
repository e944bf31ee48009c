/**
 * Weights stored in parts (weight_norm, spectral_norm, pruning), batch normalisation, number types, buffers and learned
 * initial states, saved by PyTorch and compared with its numbers. Skipped without PyTorch.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'
import { writeSafetensors, type NamedTensor } from '../../../src/formats/safetensors/safetensors.ts'
import { expectClose, relativeDifference } from '../../closeTo.ts'
import { openIn, pythons, runImported, saveModels, type SavedModel } from './pythonModels.ts'

type Tensors = Readonly<Record<string, readonly [shape: number[], numbers: number[], dtype?: 'I8' | 'BOOL']>>

const read = (tensors: Tensors, config?: object) => {
  const list = Object.entries(tensors).map(([name, [shape, numbers, dtype]]): NamedTensor => {
    if (!dtype) return { name, shape, dtype: 'F32', data: Float32Array.from(numbers) }
    return { name, shape, dtype, data: (dtype === 'I8' ? Int8Array : Uint8Array).from(numbers) }
  })
  return readModel(filesInMemory('m.safetensors', writeSafetensors(list), new Map()), { config })
}
const weightOf = async (tensors: Tensors) => [...(await read(tensors)).weights.get('dense.0.weight')!]
const bias = { 'fc.bias': [[2], [0, 0]] } as const satisfies Tensors

describe('weights in parts', () => {
  const v: Tensors[string] = [
    [2, 2],
    [3, 4, 0, 5],
  ]
  it.each([
    [
      'rows',
      [
        [2, 1],
        [10, 2],
      ] as const,
      [6, 8, 0, 2],
    ],
    [
      'columns',
      [
        [1, 2],
        [3, 41],
      ] as const,
      [3, 4 * Math.sqrt(41), 0, 5 * Math.sqrt(41)],
    ],
    ['all', [[], [Math.sqrt(50)]] as const, [3, 4, 0, 5]],
  ])('weight_norm by %s, under both names', async (_, [shape, numbers], wanted) => {
    const g: Tensors[string] = [[...shape], [...numbers]]
    const old = await weightOf({ 'fc.weight_g': g, 'fc.weight_v': v, ...bias })
    const named = 'fc.parametrizations.weight'
    const recent = await weightOf({ [`${named}.original0`]: g, [`${named}.original1`]: v, ...bias })
    expect(recent).toEqual(old)
    expectClose(old, wanted, 1e-5)
  })

  it('spectral_norm and pruning', async () => {
    const [u, w]: [Tensors[string], Tensors[string]] = [
      [[2], [0, 1]],
      [[2], [0.6, 0.8]],
    ]
    expectClose(
      await weightOf({ 'fc.weight_orig': v, 'fc.weight_u': u, 'fc.weight_v': w, ...bias }),
      [0.75, 1, 0, 1.25],
      1e-6,
    )
    const mask: Tensors[string] = [[2, 2], [1, 0, 1, 1], 'BOOL']
    expect(await weightOf({ 'fc.weight_orig': v, 'fc.weight_mask': mask, ...bias })).toEqual([3, 0, 0, 5])
  })

  it('parts that do not fit each other, and other parametrizations, are errors', async () => {
    const g: Tensors[string] = [
      [3, 1],
      [1, 1, 1],
    ]
    await expect(read({ 'fc.weight_g': g, 'fc.weight_v': v })).rejects.toThrow(
      /weight_g.*one number for each/,
    )
    const other = { 'fc.parametrizations.weight.original': v, ...bias }
    await expect(read(other)).rejects.toThrow(/fc\.weight.*remove_parametrizations\(module, "weight"\)/)
  })

  it('a weight of integers is an error, other integers are listed', async () => {
    const weight: Tensors[string] = [[2, 2], [1, 2, 3, 4], 'I8']
    await expect(read({ 'fc.weight': weight, ...bias })).rejects.toThrow(/fc\.weight.*F32 or F64, got I8/)
    const { omitted } = await read({ 'fc.weight': v, ...bias, steps: [[], [7], 'I8'] })
    expect(omitted).toEqual(['tensor steps (I8)'])
  })
})

describe.skipIf(pythons.length === 0).each(pythons.length > 0 ? pythons : ['python3'])('%s', (python) => {
  const folder = mkdtempSync(join(tmpdir(), 'latch-parts-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('gives PyTorch’s numbers, or an error that names the tensor', async () => {
    const saved = saveModels(python, folder, 'parts')
    expect(saved.length).toBeGreaterThan(35)
    const open = (model: SavedModel) =>
      openIn(folder, `${model.name}.safetensors`, { config: model.config ?? undefined })
    for (const model of saved.filter(({ error }) => error))
      await expect(open(model), model.name).rejects.toThrow(new RegExp(model.error!))
    for (const model of saved.filter(({ error }) => !error)) {
      const imported = await open(model)
      expect(relativeDifference(runImported(imported, model), model.output), model.name).toBeLessThan(1e-5)
      const listed = (model.omitted ?? []).map((name) => `tensor ${name} (${model.dtype})`)
      expect(imported.omitted).toEqual(expect.arrayContaining(listed))
    }
  })

  it('names what was folded, and what a choice of modules leaves out', async () => {
    const folded = await openIn(folder, 'lstmBoth.safetensors', { config: { returnSequences: false } })
    expect(folded.warnings.join()).toContain('rnn.weight_hh_l1: weight_norm folded')
    const spectral = await openIn(folder, 'spectral.safetensors', { config: { returnSequences: false } })
    expect(spectral.warnings.join()).toContain('head.weight: spectral_norm folded')
    const normed = await openIn(folder, 'batchNorm.safetensors', { config: { pool: 'last' } })
    expect(normed.network.layers.map(({ type }) => type)).toContain('batchNorm')
    expect(normed.warnings.join()).toContain('BatchNorm1d: the file does not store eps; 1e-5 is used')
    for (const options of [{ config: { order: ['rnn'] } }, { prefix: 'rnn.' }]) {
      const begun = await openIn(folder, 'h0.safetensors', options)
      expect(begun.warnings.join()).toContain('initial state h0 is not read')
      expect(begun.omitted).toContain('tensor h0')
    }
  })
})
