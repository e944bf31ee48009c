/**
 * Random PyTorch models (cells, layers, directions, biases, projections, orders of axes, heads, readings) imported from
 * safetensors and from their ONNX export give PyTorch's numbers. Skipped without PyTorch.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { filesInMemory, openOnnxGraph } from '../../../src/formats/open.ts'
import { relativeDifference } from '../../closeTo.ts'
import { openIn, pythons, runImported, saveModels, type SavedModel } from './pythonModels.ts'

const COUNT = 60

describe.skipIf(pythons.length === 0).each(pythons.length > 0 ? pythons : ['python3'])('%s', (python) => {
  const folder = mkdtempSync(join(tmpdir(), 'latch-random-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const saved: SavedModel[] = []

  it('saves the models', { timeout: 120_000 }, () => {
    saved.push(...saveModels(python, folder, 'random', `${COUNT}`))
    expect(saved).toHaveLength(COUNT)
  })

  it('as a state_dict', async () => {
    for (const model of saved) {
      const imported = await openIn(folder, `${model.name}.safetensors`, { config: model.config })
      const difference = relativeDifference(runImported(imported, model), model.output)
      expect(difference, `${model.name}: ${model.model}`).toBeLessThan(1e-5)
    }
  })

  it('as layers of the ONNX export', async () => {
    for (const model of saved.filter(({ onnx }) => onnx)) {
      const imported = await openIn(folder, `${model.name}.onnx`).catch((error: unknown) => {
        throw new Error(`${model.name} (opset ${model.opset}): ${model.model}`, { cause: error })
      })
      const difference = relativeDifference(runImported(imported, model), model.output)
      expect(difference, `${model.name} (opset ${model.opset}): ${model.model}`).toBeLessThan(1e-5)
    }
  })

  it('as the ONNX graph', async () => {
    for (const model of saved.filter(({ onnx }) => onnx)) {
      const bytes = new Uint8Array(readFileSync(join(folder, `${model.name}.onnx`)))
      const graph = await openOnnxGraph(filesInMemory('m.onnx', bytes, new Map()))
      const data = model.ids ? Float64Array.from(model.input) : Float32Array.from(model.input)
      const x = { dtype: model.ids ? ('int64' as const) : ('float32' as const), shape: model.shape, data }
      const [output] = Object.values(graph.run({ x }))
      expect(relativeDifference(output.data, model.output), model.name).toBeLessThan(1e-5)
    }
  })
})
