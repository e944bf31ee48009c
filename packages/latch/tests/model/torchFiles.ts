/** Reads the PyTorch goldens beside the project, where they are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../../../../shared/conformance/torch/', import.meta.url)

export interface TorchTensor {
  shape: number[]
  data: number[]
}

export interface TorchLayerCase {
  cell: 'lstm' | 'gru' | 'rnn_tanh' | 'rnn_relu'
  num_layers: number
  bidirectional: boolean
  bias: boolean
  proj_size: number
  batch_first: boolean
  dims: { B: number; T: number; I: number; H: number }
  lengths: number[] | null
  weights: Record<string, TorchTensor>
  inputs: Record<string, TorchTensor>
  expected: TorchExpected
  expected_f64?: TorchExpected
}

export interface TorchExpected {
  output: TorchTensor
  h_n: TorchTensor
  c_n?: TorchTensor
  loss: number
  grad: Record<string, TorchTensor>
}

export const torchIsHere = existsSync(folder)

export function torchLayerNames(): string[] {
  if (!torchIsHere) return []
  const files = readdirSync(new URL('layers/', folder)).filter((name) => name.endsWith('.json'))
  return files.map((name) => name.replace(/\.json$/, ''))
}

export function readTorchLayer(name: string): TorchLayerCase {
  return JSON.parse(readFileSync(new URL(`layers/${name}.json`, folder), 'utf8')) as TorchLayerCase
}
