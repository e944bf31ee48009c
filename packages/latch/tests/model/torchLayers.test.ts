/**
 * PyTorch's own numbers: outputs, final states and every gradient of RNN, LSTM and GRU, one to three
 * layers, both directions, packed lengths, initial states; on each engine.
 */
import { describe, expect, it } from 'vitest'
import type { NetworkOptions } from '../../src/model/network.ts'
import { readTorchLayer, torchIsHere, torchLayerNames } from './torchFiles.ts'
import { checkTorchLayer } from './torchLayerCase.ts'

const engines: { options: NetworkOptions; tolerance: number; double: boolean }[] = [
  { options: { engine: 'reference', precision: 'float64' }, tolerance: 1e-9, double: true },
  { options: { engine: 'reference', precision: 'float32' }, tolerance: 1e-5, double: false },
  { options: { engine: 'simd' }, tolerance: 1e-5, double: false },
  { options: { engine: 'relaxed' }, tolerance: 1e-5, double: false },
]

const covered = torchLayerNames().filter((name) => readTorchLayer(name).proj_size === 0)

describe.skipIf(!torchIsHere)('PyTorch layers', () => {
  for (const { options, tolerance, double } of engines) {
    const label = `${options.engine} ${options.precision ?? 'float32'}`
    it.each(covered)(`${label}: %s`, (name) => {
      const torch = readTorchLayer(name)
      checkTorchLayer(torch, double ? torch.expected_f64! : torch.expected, options, tolerance)
    })
  }

  it('covers every case but projections, which Latch does not have', () => {
    expect(torchLayerNames().length - covered.length).toBe(1)
    expect(covered.length).toBeGreaterThanOrEqual(22)
  })
})
