/** Keras' and TensorFlow.js' own numbers for masks, reading backwards and merged directions. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { CellName } from '../../src/cells/registry.ts'
import { columnsToNative, rowsToNative } from '../../src/formats/gateOrders.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { exact, made } from '../model/recurrentHelpers.ts'
import { expectClose } from '../closeTo.ts'

interface Tensor {
  shape: number[]
  data: number[]
}
interface KerasLayer {
  class: string
  units: number
  go_backwards?: boolean
  return_sequences?: boolean
  zero_output_for_mask?: boolean
  merge_mode?: string | null
  layer?: KerasLayer
}
interface KerasCase {
  test: string
  layer: KerasLayer
  weights: Tensor[] | { forward: Tensor[]; backward: Tensor[] }
  input: Tensor
  call_arguments: { mask?: Tensor; initial_state?: Tensor | Tensor[] }
  earlier_calls_with_same_input: unknown[]
  expected: { output: string; value: Tensor; atol: number }[]
}

const folder = new URL('../../../../../shared/conformance/keras/', import.meta.url)
const read = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
const there = existsSync(folder)

const CELLS: Record<string, object> = {
  SimpleRNN: { cell: 'rnn', bias: 'single' },
  LSTM: { cell: 'lstm', bias: 'single' },
  GRU: { cell: 'gru', reset: 'after' },
}
const MERGES: Record<string, string> = { concat: 'concat', ave: 'average', sum: 'sum', mul: 'multiply' }

function wanted({ test, layer, call_arguments, earlier_calls_with_same_input }: KerasCase): boolean {
  const inner = layer.layer ?? layer
  const fits = inner.class in CELLS && layer.merge_mode !== null && earlier_calls_with_same_input.length === 0
  const ours = Boolean(call_arguments.mask ?? inner.go_backwards) || layer.class === 'Bidirectional'
  return fits && ours && !test.includes('return_state') && !call_arguments.initial_state
}

function layersOf(layer: KerasLayer, width: number): LayerOptions[] {
  const inner = layer.layer ?? layer
  const recurrentLayer = {
    type: 'recurrent',
    ...CELLS[inner.class],
    units: inner.units,
    returnSequences: inner.return_sequences ?? false,
    direction: layer.layer ? 'bidirectional' : inner.go_backwards ? 'reverse' : 'forward',
    ...(layer.layer ? { merge: MERGES[layer.merge_mode ?? 'concat'] } : {}),
  } as LayerOptions
  const zeros: LayerOptions[] = inner.zero_output_for_mask ? [{ type: 'zeroMasked' }] : []
  return [{ type: 'features', width }, recurrentLayer, ...zeros]
}

/** Keras' kernel, recurrent kernel and bias into one direction. */
function fill(net: Network, weights: Tensor[], suffix: string): void {
  const cell = internalsOf(net).recurrent[0].cell.name as CellName
  const H = internalsOf(net).recurrent[0].units
  const [kernel, recurrent, bias] = weights.map(({ data }) => Float32Array.from(data))
  const write = (name: string, data: ArrayLike<number>) =>
    internalsOf(net).store.write(internalsOf(net).store.find(`recurrent.0.${name}_l0${suffix}`), data)
  write('weight_ih', columnsToNative(kernel, 'keras', cell, kernel.length / (recurrent.length / H)))
  write('weight_hh', columnsToNative(recurrent, 'keras', cell, H))
  const gates = recurrent.length / H
  write('bias_ih', rowsToNative(bias.slice(0, gates), 'keras', cell))
  if (bias.length > gates) write('bias_hh', rowsToNative(bias.slice(gates), 'keras', cell))
}

describe.skipIf(!there)('Keras 3', () => {
  const { cases } = (there ? read('keras3.json') : { cases: [] }) as { cases: KerasCase[] }
  const chosen = cases.filter(wanted)

  it('has the cases that this file is about', () => {
    expect(chosen.length).toBeGreaterThanOrEqual(20)
  })

  it.each(chosen.map((c, i) => [`${i} ${c.test}`, c] as const))('%s', (_, one) => {
    const { layer, weights, input, call_arguments, expected } = one
    const [B, T, F] = input.shape
    const net = made(layersOf(layer, F))
    if (Array.isArray(weights)) fill(net, weights, '')
    else {
      fill(net, weights.forward, '')
      fill(net, weights.backward, '_reverse')
    }
    const batch = PackedBatch.ofFeatures(input.data, [B, T, F], undefined, call_arguments.mask?.data)
    net.forward(batch)
    const out = net.readOutput(batch)
    for (const { output, value, atol } of expected) {
      const row = /^batch row (\d)$/.exec(output)
      const from = row ? Number(row[1]) * value.data.length : 0
      expect(out.length).toBe(value.data.length * (row ? B : 1))
      expectClose(out.subarray(from, from + value.data.length), value.data, atol, output)
    }
  })
})

describe.skipIf(!there)('TensorFlow.js', () => {
  const { cases } = (there ? read('tfjs.json') : { cases: [] }) as {
    cases: { test: string; inputs: { ids: number[][] }; expected: Record<string, number[]> }[]
  }
  const caseOf = (name: string) => cases.find(({ test }) => test === name)!
  const lstm = { type: 'recurrent', cell: 'lstm', units: 3, gateActivation: 'hardSigmoid', bias: 'single' }
  const embedding = { type: 'embedding', vocabulary: 10, size: 4, maskZero: true }
  const ones = (layers: object[], loss?: object) => {
    const net = made(layers as LayerOptions[], { ...exact, loss: loss as never })
    for (const p of net.parameters)
      internalsOf(net).store.write(p, new Float64Array(p.size).fill(p.name.includes('bias') ? 0 : 1))
    for (const layer of internalsOf(net).recurrent) {
      const bias = layer.cell.unitForgetBias && layer.loops[0].parameters.biasInput
      if (bias)
        internalsOf(net).store.write(
          bias,
          Float64Array.from({ length: bias.size }, (_, i) => Number(i >= 3 && i < 6)),
        )
    }
    return net
  }
  const expectNear = (found: ArrayLike<number>, expected: number[]) => expectClose(found, expected, 5e-6)

  it('LSTM with mask', () => {
    const { inputs, expected } = caseOf('LSTM with mask')
    const net = ones([embedding, { ...lstm, returnSequences: false }, { type: 'dense', units: 1 }])
    const batch = PackedBatch.ofIds(inputs.ids)
    net.forward(batch)
    expectNear(net.readOutput(batch), expected.y)
  })

  it('return sequences', () => {
    const { inputs, expected } = caseOf('LSTM with mask, return sequences')
    const net = ones([embedding, lstm, { type: 'dense', units: 1 }])
    const batch = PackedBatch.ofIds(inputs.ids)
    net.forward(batch)
    expectNear(net.readOutput(batch), expected['y per step'].flat())
  })

  it('go_backwards', () => {
    const { inputs, expected } = caseOf('LSTM with mask, go_backwards')
    const reverse = { ...lstm, units: 2, direction: 'reverse', returnSequences: false }
    const net = made([
      { ...embedding, vocabulary: 4, size: 2 },
      reverse,
      { type: 'dense', units: 1 },
    ] as LayerOptions[])
    const kernel = [1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4, -5, -6, -7, -8]
    const tensors = [kernel, kernel, kernel.slice(0, 8)].map((data) => ({ shape: [], data }))
    fill(net, tensors, '')
    internalsOf(net).store.write(
      internalsOf(net).store.find('embedding.0.weight'),
      [0.1, 0.2, 0.3, 0.4, -0.1, -0.2, -0.3, -0.4],
    )
    internalsOf(net).store.write(internalsOf(net).store.find('dense.0.weight'), [1, 1])
    internalsOf(net).store.write(internalsOf(net).store.find('dense.0.bias'), [0])
    const batch = PackedBatch.ofIds(inputs.ids)
    net.forward(batch)
    expectNear(net.readOutput(batch), expected.y)
  })

  it('SimpleRNN under an LSTM', () => {
    const { inputs, expected } = caseOf('Stacked SimpleRNN -> LSTM with mask')
    const net = ones([
      embedding,
      { type: 'recurrent', cell: 'rnn', units: 3 },
      { ...lstm, returnSequences: false },
    ])
    const batch = PackedBatch.ofIds(inputs.ids)
    net.forward(batch)
    expectNear(
      net.readOutput(batch),
      expected['every unit'].flatMap((x) => [x, x, x]),
    )
  })

  it('BPTT with mask', () => {
    const { inputs, expected } = caseOf('BPTT with mask')
    const net = ones([embedding, { ...lstm, returnSequences: false }, { type: 'dense', units: 1 }], {
      type: 'meanSquaredError',
    })
    const batch = PackedBatch.ofIds(inputs.ids)
    const pass = { training: true, record: false, key: 0 }
    net.prepareTraining()
    const losses = [1, 2, 3, 4].map(() => {
      net.zeroGradients()
      net.forward(batch, pass)
      const { mean } = net.backward(batch, { values: [1, 2, 3, 4] }, pass)
      for (const p of net.parameters) {
        const gradient = internalsOf(net).store.read(p, 'gradients')
        internalsOf(net).store.write(
          p,
          internalsOf(net)
            .store.read(p)
            .map((w, i) => w - 0.01 * gradient[i]) as Float64Array,
        )
      }
      return mean
    })
    expectNear(losses.slice(2), expected['loss of epochs 3, 4'])
  })
})
