/** ONNX Runtime's own LSTM, GRU and RNN vectors through the cells: the equations of the operators, read by hand here. */
import { internalsOf } from '../../src/model/network.ts'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ActivationName } from '../../src/cells/activations.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { RecurrentOptions } from '../../src/layers/recurrent/recurrent.ts'
import { network } from '../networks.ts'

interface Tensor {
  shape: number[]
  data: number[]
}
interface Case {
  name: string
  op: 'LSTM' | 'GRU' | 'RNN'
  attributes: {
    activations?: string[]
    direction?: 'forward' | 'reverse' | 'bidirectional'
    hidden_size: number
    input_forget?: number
    linear_before_reset?: number
    clip?: number
  }
  inputs: Record<string, Tensor | undefined>
  outputs: Record<string, Tensor | undefined>
  tolerance?: number
}

const file = new URL('../../../../../shared/conformance/onnx/onnxruntime_vectors.json', import.meta.url)
const cases: Case[] = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }).cases
  : []

/** Blocks of rows in the order of this library, from those of the operator: i o f c, z r h. */
const ORDER = { LSTM: [0, 2, 3, 1], GRU: [1, 0, 2], RNN: [0] }
const CELLS = { LSTM: 'lstm', GRU: 'gru', RNN: 'rnn' } as const

function blocks(data: readonly number[], order: readonly number[], size: number): number[] {
  return order.flatMap((block) => data.slice(block * size, (block + 1) * size))
}

function optionsOf({ op, attributes }: Case): RecurrentOptions {
  const { direction = 'forward', hidden_size: units, clip, linear_before_reset: after } = attributes
  const names = attributes.activations?.map((name) => name.toLowerCase() as ActivationName)
  const of = (d: number) => {
    if (!names) return {}
    const [gate, candidate, state] = names.slice((d * names.length) / (direction === 'bidirectional' ? 2 : 1))
    if (op === 'RNN') return { activation: gate }
    return { gateActivation: gate, activation: candidate, ...(op === 'LSTM' && { stateActivation: state }) }
  }
  return {
    type: 'recurrent',
    cell: CELLS[op],
    units,
    direction,
    returnSequences: true,
    ...of(0),
    ...(direction === 'bidirectional' && { backward: of(1) }),
    ...(op === 'GRU' && { reset: after ? 'after' : 'before' }),
    // A clip that no number reaches takes the generic cell where the fast one would do.
    clip: clip ?? 1e6,
    ...(op === 'LSTM' && { peepholes: true, coupled: attributes.input_forget === 1 }),
  }
}

function run(one: Case) {
  const {
    op,
    attributes: { hidden_size: H },
    inputs,
  } = one
  const { X, W, R, B, P, sequence_lens: lens, initial_h: h0, initial_c: c0 } = inputs
  const [T, N, F] = X!.shape
  const D = W!.shape[0]
  const G = ORDER[op].length
  const weights = (suffix: string, d: number): Record<string, number[]> => ({
    [`weight_ih_l0${suffix}`]: blocks(W!.data.slice(d * G * H * F), ORDER[op], H * F),
    [`weight_hh_l0${suffix}`]: blocks(R!.data.slice(d * G * H * H), ORDER[op], H * H),
    [`bias_ih_l0${suffix}`]: B
      ? blocks(B.data.slice(d * 2 * G * H), ORDER[op], H)
      : new Array<number>(G * H).fill(0),
    [`bias_hh_l0${suffix}`]: B
      ? blocks(B.data.slice(d * 2 * G * H + G * H), ORDER[op], H)
      : new Array<number>(G * H).fill(0),
    // The operator has i o f, this library i f o.
    [`weight_ph_l0${suffix}`]: P
      ? blocks(P.data.slice(d * 3 * H), [0, 2, 1], H)
      : new Array<number>(3 * H).fill(0),
  })
  const given = { ...weights('', 0), ...(D === 2 ? weights('_reverse', 1) : {}) }
  const net = network([{ type: 'features', width: F }, optionsOf(one)], {
    weights: ({ name }) => given[name.slice('recurrent.0.'.length)],
  })
  const x = Array.from({ length: N * T * F }, (_, i) => {
    const [n, t, f] = [Math.floor(i / (T * F)), Math.floor(i / F) % T, i % F]
    return X!.data[(t * N + n) * F + f]
  })
  const batch = PackedBatch.ofFeatures(x, [N, T, F], lens?.data)
  for (let d = 0; d < D; d++) {
    const states = (s: Tensor) => s.data.slice(d * N * H, (d + 1) * N * H)
    if (h0) net.writeInitialState(batch, states(h0), { direction: d })
    if (c0) net.writeInitialState(batch, states(c0), { state: 'cell', direction: d })
  }
  net.forward(batch)
  const out = net.readOutput(batch)
  const final = (state: 'hidden' | 'cell') =>
    Array.from({ length: D }, (_, d) =>
      Array.from(internalsOf(net).recurrent[0].readFinalState(batch, state, d)),
    ).flat()
  const steps = batch.steps
  const Y = Array.from({ length: T * D * N * H }, (_, i) => {
    const [t, d, n, j] = [
      Math.floor(i / (D * N * H)),
      Math.floor(i / (N * H)) % D,
      Math.floor(i / H) % N,
      i % H,
    ]
    return t < steps ? out[(n * steps + t) * D * H + d * H + j] : 0
  })
  return {
    Y,
    Y_h: final('hidden'),
    Y_c: op === 'LSTM' ? final('cell') : undefined,
    generic: internalsOf(net).recurrent[0].cell.generic,
  }
}

/** Those with lengths that no sequence can have are there to be refused. */
const runnable = cases.filter(({ inputs: { X, sequence_lens: lens } }) => {
  const [T, N] = X!.shape
  return !lens || (lens.data.length === N && lens.data.every((length) => length > 0 && length <= T))
})

describe.skipIf(cases.length === 0)('vectors of ONNX Runtime', () => {
  it.each(runnable.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const got = run(one)
    let compared = 0
    for (const [name, wanted] of Object.entries(one.outputs)) {
      const values = got[name as 'Y']
      if (!wanted) continue
      expect(values).toHaveLength(wanted.data.length)
      wanted.data.forEach((x, i) =>
        expect(Math.abs(values[i] - x), `${name}[${i}]`).toBeLessThan(1e-5 + 1e-5 * Math.abs(x)),
      )
      compared++
    }
    expect(compared).toBeGreaterThan(0)
    expect(got.generic).toBe(true)
  })

  it('runs all but two that are to be refused', () => {
    expect(runnable).toHaveLength(cases.length - 2)
  })
})
