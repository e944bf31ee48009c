/**
 * PyTorch's layer cases, each opened from its safetensors file by the reader and run on the input of its case:
 * outputs and final states against PyTorch's own.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { readTorch } from '../../../src/formats/torch/index.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { internalsOf, type Network } from '../../../src/model/network.ts'
import { configuredNetwork } from '../../networks.ts'
import { modelFile } from './files.ts'
import type { ConformanceResult } from './result.ts'
import type { TorchLayerCase } from '../../model/torchFiles.ts'
import { relativeDifference } from '../../closeTo.ts'

const FOLDER = new URL('../../../../../../shared/conformance/torch/layers/', import.meta.url)
const TOLERANCE = 1e-5

/** Whether the cases lie beside the clone. */
export const torchCasesAreHere = existsSync(FOLDER)

/** Names of all cases. */
export function torchCaseNames(): string[] {
  if (!torchCasesAreHere) return []
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.safetensors'))
  return files.map((name) => name.replace('.safetensors', '')).toSorted()
}

/** Runs all of them. */
export async function runTorchLayers(): Promise<ConformanceResult[]> {
  const results: ConformanceResult[] = []
  for (const name of torchCaseNames()) results.push(await runTorchCase(name))
  return results
}

/** Runs one case. */
export async function runTorchCase(name: string): Promise<ConformanceResult> {
  const suite = 'PyTorch layers'
  const torch = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as TorchLayerCase
  const activation = torch.cell === 'rnn_relu' ? 'relu' : 'tanh'
  const config = torch.cell.startsWith('rnn') ? { activation } : undefined
  const imported = await readTorch(modelFile(new URL(`${name}.safetensors`, FOLDER)), { config })
  const network = configuredNetwork(imported.network, { weights: ({ name: p }) => imported.weights.get(p)! })
  const batch = batchOf(torch)
  giveStates(network, torch, batch)
  network.forward(batch)
  const output = relativeDifference(
    network.readOutput(batch),
    batchFirst(torch, torch.expected.output.data, batch.steps),
  )
  const worst = Math.max(output, worstState(network, torch, batch))
  network.dispose()
  const why =
    torch.proj_size > 0 ? 'h_0 given as its pseudo-inverse: the projection is a layer of its own here' : ''
  return { suite, name, status: worst <= TOLERANCE ? 'equal' : 'different', worst, why }
}

function batchOf(torch: TorchLayerCase): PackedBatch {
  const { B, T, I } = torch.dims
  const x = batchFirst(torch, torch.inputs.x.data, T)
  return PackedBatch.ofFeatures(x, [B, T, I], torch.lengths ?? undefined)
}

/** (T, B, F) or (B, T, F) as (B, steps, F). */
function batchFirst(torch: TorchLayerCase, data: readonly number[], steps: number): number[] {
  const { B, T } = torch.dims
  const F = data.length / (B * T)
  const row = (b: number, t: number) => (torch.batch_first ? b * T + t : t * B + b)
  return Array.from({ length: B * steps * F }, (_, i) => {
    const [b, t, j] = [Math.floor(i / (steps * F)), Math.floor(i / F) % steps, i % F]
    return data[row(b, t) * F + j]
  })
}

/** Calls back with each (layer, direction) and its rows (B, width) of PyTorch's (layers·directions, B, width). */
function eachState(
  network: Network,
  torch: TorchLayerCase,
  width: number,
  data: readonly number[],
  visit: (recurrentLayer: number, direction: number, rows: readonly number[]) => void,
): void {
  const size = torch.dims.B * width
  let at = 0
  internalsOf(network).recurrent.forEach((layer, recurrentLayer) =>
    layer.loops.forEach((_, direction) => visit(recurrentLayer, direction, data.slice(at, (at += size)))),
  )
}

function giveStates(network: Network, torch: TorchLayerCase, batch: PackedBatch): void {
  const { h_0, c_0 } = torch.inputs
  const { B, H, T } = torch.dims
  internalsOf(network).reserve({ sequences: B, steps: T, rows: batch.rows })
  const P = torch.proj_size
  if (h_0)
    eachState(network, torch, P || H, h_0.data, (layer, direction, rows) => {
      const projection = torch.weights[`weight_hr_l${layer}${direction ? '_reverse' : ''}`]
      const values = projection ? unprojected(rows, projection.data, P, H) : rows
      network.writeInitialState(batch, values, { layer, direction })
    })
  if (c_0)
    eachState(network, torch, H, c_0.data, (layer, direction, rows) =>
      network.writeInitialState(batch, rows, { layer, direction, state: 'cell' }),
    )
}

/** Rows h (B, 2) → the shortest m (B, H) with W·m = h: m = Wᵀ(WWᵀ)⁻¹h. */
function unprojected(rows: readonly number[], W: readonly number[], P: number, H: number): number[] {
  if (P !== 2) throw new Error('written for two rows')
  const dot = (i: number, j: number) => {
    let sum = 0
    for (let k = 0; k < H; k++) sum += W[i * H + k] * W[j * H + k]
    return sum
  }
  const [a, b, d] = [dot(0, 0), dot(0, 1), dot(1, 1)]
  const determinant = a * d - b * b
  const out: number[] = []
  for (let r = 0; r < rows.length; r += 2) {
    const u = (d * rows[r] - b * rows[r + 1]) / determinant
    const v = (a * rows[r + 1] - b * rows[r]) / determinant
    for (let k = 0; k < H; k++) out.push(u * W[k] + v * W[H + k])
  }
  return out
}

function worstState(network: Network, torch: TorchLayerCase, batch: PackedBatch): number {
  const { h_n, c_n } = torch.expected
  const { H } = torch.dims
  let worst = 0
  // A projected h_n is the last step of the output, which was compared.
  if (!torch.proj_size)
    eachState(network, torch, H, h_n.data, (layer, direction, rows) => {
      const got = network.readFinalState(batch, { layer, direction })
      worst = Math.max(worst, relativeDifference(got, rows))
    })
  if (c_n)
    eachState(network, torch, H, c_n.data, (layer, direction, rows) => {
      const got = network.readFinalState(batch, { layer, direction, state: 'cell' })
      worst = Math.max(worst, relativeDifference(got, rows))
    })
  return worst
}
