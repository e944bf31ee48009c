/** Models that PyTorch itself saves for the tests, by every Python that has it: `python3`, Debian's, and `LATCH_PYTHON`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'
import type { ImportedModel, ImportOptions } from '../../../src/formats/imported.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { configuredNetwork } from '../../networks.ts'

/** Python programs that import PyTorch. */
export const pythons = [
  ...new Set(['/usr/bin/python3', 'python3', process.env.LATCH_PYTHON ?? ''].filter(Boolean).map(resolved)),
].filter((python) => spawnSync(python, ['-c', 'import torch']).status === 0)

function resolved(python: string): string {
  return spawnSync('which', [python], { encoding: 'utf8' }).stdout.trim() || python
}

/** A model with PyTorch's numbers, as torchModels.py prints it. */
export interface SavedModel {
  name: string
  ids: boolean
  shape: number[]
  input: number[]
  output: number[]
  config: object | null
  error?: string
  omitted?: string[]
  dtype?: string
  onnx?: boolean
  opset?: number
  model?: string
}

/** Saves models in a folder. */
export function saveModels(python: string, folder: string, ...what: string[]): SavedModel[] {
  const script = fileURLToPath(new URL('../../python/torchModels.py', import.meta.url))
  const printed = execFileSync(python, [script, folder, ...what], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  return JSON.parse(printed.slice(printed.lastIndexOf('\n[') + 1)) as SavedModel[]
}

/** Opens a file of a folder. */
export function openIn(folder: string, name: string, options: ImportOptions = {}): Promise<ImportedModel> {
  const bytes = new Uint8Array(readFileSync(join(folder, name)))
  return readModel(filesInMemory(name, bytes, new Map()), options)
}

/** The numbers that an imported model computes from the input of a saved one. */
export function runImported(model: ImportedModel, { ids, shape, input }: SavedModel): Float64Array {
  const network = configuredNetwork(model.network, { weights: ({ name }) => model.weights.get(name)! })
  const [B, T, width] = shape
  const batch = ids
    ? PackedBatch.ofIds(Array.from({ length: B }, (_, b) => input.slice(b * T, (b + 1) * T)))
    : PackedBatch.ofFeatures(input, [B, T, width])
  network.forward(batch)
  const output = network.readOutput(batch)
  network.dispose()
  return output
}
