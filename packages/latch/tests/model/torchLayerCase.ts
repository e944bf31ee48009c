/**
 * Runs one recurrent stack that PyTorch ran, and holds outputs, final states and every gradient against
 * PyTorch's. Cases come from ../shared or from packages/latch/tests/golden, in the same format.
 */
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { expect } from 'vitest'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network, type NetworkOptions } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import type { TorchExpected, TorchLayerCase } from './torchFiles.ts'
import { relativeDifference } from '../closeTo.ts'

/** What is run: PyTorch's case but for its figures; GRUs may also reset before their product. */
export type LayerCase = Omit<TorchLayerCase, 'expected' | 'expected_f64'> & { reset?: 'after' | 'before' }
export type LayerExpected = Omit<TorchExpected, 'loss'>

/** Forward and backward of `torch`, each number within `tolerance` of what is expected. */
export function checkTorchLayer(
  torch: LayerCase,
  expected: LayerExpected,
  options: NetworkOptions,
  tolerance: number,
): void {
  const net = build(torch, options)
  const batch = batchOf(torch)
  for (const [parameter, tensor] of Object.entries(torch.weights)) {
    internalsOf(net).store.write(internalsOf(net).store.find(ours(parameter)), tensor.data)
  }
  runForward(net, torch, batch)
  const output = net.readOutput(batch)
  expectRelativelyClose(output, batchFirst(torch, expected.output.data, batch.steps), tolerance, 'output')
  checkFinalStates(net, torch, batch, expected, tolerance)
  runBackward(net, torch, batch, output)
  checkGradients(net, torch, batch, expected, tolerance)
}

function build(torch: LayerCase, options: NetworkOptions): Network {
  const { cell, reset, bidirectional, bias, num_layers, dims } = torch
  const layer: LayerOptions = {
    type: 'recurrent',
    cell: cell.startsWith('rnn') ? 'rnn' : (cell as 'lstm' | 'gru'),
    activation: cell === 'rnn_relu' ? 'relu' : 'tanh',
    units: dims.H,
    direction: bidirectional ? 'bidirectional' : 'forward',
    bias,
    ...(reset && { reset }),
  }
  const layers = Array.from({ length: num_layers }, () => layer)
  const net = network([{ type: 'features', width: dims.I }, ...layers], { ...options, inputGradients: true })
  net.prepareTraining()
  return net
}

/** PyTorch's `weight_ih_l1_reverse` is `recurrent.1.weight_ih_l0_reverse` here. */
function ours(name: string): string {
  const layer = /_l(\d+)/.exec(name)![1]
  return `recurrent.${layer}.${name.replace(/_l\d+/, '_l0')}`
}

function batchOf(torch: LayerCase): PackedBatch {
  const { B, T, I } = torch.dims
  const x = batchFirst(torch, torch.inputs.x.data, T)
  return PackedBatch.ofFeatures(x, [B, T, I], torch.lengths ?? undefined)
}

/** (T, B, F) or (B, T, F) as (B, steps, F). */
function batchFirst(torch: LayerCase, data: number[], steps: number): number[] {
  const { B, T } = torch.dims
  const F = data.length / (B * T)
  const out: number[] = []
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < steps; t++) {
      const row = torch.batch_first ? b * T + t : t * B + b
      out.push(...data.slice(row * F, (row + 1) * F))
    }
  }
  return out
}

/** Calls back with each (layer, direction) and its number in PyTorch's (layers·directions, B, H). */
function eachDirection(
  net: Network,
  visit: (recurrentLayer: number, direction: number, index: number) => void,
): void {
  internalsOf(net).recurrent.forEach((layer, recurrentLayer) =>
    layer.loops.forEach((_, d) => visit(recurrentLayer, d, recurrentLayer * layer.loops.length + d)),
  )
}

function part(tensor: number[], index: number, torch: LayerCase): number[] {
  const size = torch.dims.B * torch.dims.H
  return tensor.slice(index * size, (index + 1) * size)
}

function runForward(net: Network, torch: LayerCase, batch: PackedBatch): void {
  internalsOf(net).reserve({ sequences: batch.sequences, steps: batch.steps, rows: batch.rows })
  eachDirection(net, (layer, d, i) => {
    const { h_0, c_0 } = torch.inputs
    if (h_0) internalsOf(net).recurrent[layer].writeInitialState(batch, 'hidden', d, part(h_0.data, i, torch))
    if (c_0) internalsOf(net).recurrent[layer].writeInitialState(batch, 'cell', d, part(c_0.data, i, torch))
  })
  net.forward(batch)
}

function checkFinalStates(
  net: Network,
  torch: LayerCase,
  batch: PackedBatch,
  expected: LayerExpected,
  tolerance: number,
): void {
  eachDirection(net, (layer, d, i) => {
    const read = (state: 'hidden' | 'cell') =>
      internalsOf(net).recurrent[layer].readFinalState(batch, state, d)
    expectRelativelyClose(read('hidden'), part(expected.h_n.data, i, torch), tolerance, `h_n ${i}`)
    if (expected.c_n)
      expectRelativelyClose(read('cell'), part(expected.c_n.data, i, torch), tolerance, `c_n ${i}`)
  })
}

/** The scalar: Σ output·w_output + Σ h_n·w_h_n + ½ Σ output² + Σ c_n·w_c_n. */
function runBackward(net: Network, torch: LayerCase, batch: PackedBatch, output: Float64Array): void {
  const { w_output, w_h_n, w_c_n } = torch.inputs
  const weights = batchFirst(torch, w_output.data, batch.steps)
  eachDirection(net, (layer, d, i) => {
    internalsOf(net).recurrent[layer].writeFinalGradient(batch, 'hidden', d, part(w_h_n.data, i, torch))
    if (w_c_n)
      internalsOf(net).recurrent[layer].writeFinalGradient(batch, 'cell', d, part(w_c_n.data, i, torch))
  })
  net.zeroGradients()
  const pass = { training: true, record: false, key: 0 }
  backwardFrom(
    net,
    batch,
    output.map((y, i) => weights[i] + y),
    pass,
  )
}

function checkGradients(
  net: Network,
  torch: LayerCase,
  batch: PackedBatch,
  expected: LayerExpected,
  tolerance: number,
): void {
  for (const name of Object.keys(torch.weights)) {
    const got = internalsOf(net).store.read(internalsOf(net).store.find(ours(name)), 'gradients')
    expectRelativelyClose(got, expected.grad[name].data, tolerance, `d ${name}`)
  }
  const dx = batchFirst(torch, expected.grad.x.data, batch.steps)
  expectRelativelyClose(net.readInputGradient(batch), dx, tolerance, 'dx')
  eachDirection(net, (layer, d, i) => {
    const read = (state: 'hidden' | 'cell') =>
      internalsOf(net).recurrent[layer].readInitialGradient(batch, state, d)
    if (expected.grad.h_0)
      expectRelativelyClose(read('hidden'), part(expected.grad.h_0.data, i, torch), tolerance, `dh_0 ${i}`)
    if (expected.grad.c_0)
      expectRelativelyClose(read('cell'), part(expected.grad.c_0.data, i, torch), tolerance, `dc_0 ${i}`)
  })
}

/** Within `tolerance`, relative where numbers are larger than 1. */
export function expectRelativelyClose(
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(relativeDifference(got, wanted), what).toBeLessThanOrEqual(tolerance)
}
