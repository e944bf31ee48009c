/** One contract for every cell on every engine: what a recurrent layer promises, whatever its equations. */
import { describe, expect, it } from 'vitest'
import { cells, findCell, type CellForm } from '../../src/cells/registry.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { RecurrentOptions, StateName } from '../../src/layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
import { fit } from '../../src/training/fit.ts'
import { Optimizer } from '../../src/training/optimizer.ts'
import { bitsOf, firstMark, VOCABULARY } from '../training/trainingHelpers.ts'

const forms: [string, CellForm][] = [
  ['rnn tanh', { cell: 'rnn' }],
  ['rnn relu', { cell: 'rnn', activation: 'relu' }],
  ['lstm', { cell: 'lstm' }],
  ['gru after', { cell: 'gru', reset: 'after' }],
  ['gru before', { cell: 'gru', reset: 'before' }],
]
const engines: [string, EngineOptions][] = [
  ['reference float32', { engine: 'reference', precision: 'float32' }],
  ['reference float64', { engine: 'reference', precision: 'float64' }],
  ['simd', { engine: 'simd', threads: 1 }],
  ['simd, 3 threads', { engine: 'simd', threads: 3 }],
  ['relaxed', { engine: 'relaxed', threads: 1 }],
  ['relaxed, 3 threads', { engine: 'relaxed', threads: 3 }],
]
const matrix = engines.flatMap(([engine, options]) =>
  forms.map(([form, cell]) => [`${form}, ${engine}`, cell, options] as const),
)

const [F, H, T] = [5, 7, 11]
const LENGTHS = [6, T, 1, T, 3]
const B = LENGTHS.length

/** Random features (T, F) of each sequence. */
const SEQUENCES = LENGTHS.map((length, b) => {
  const random = new Random(b, 'features')
  return Array.from({ length }, () => Array.from({ length: F }, () => random.normal()))
})

function layer(form: CellForm, engine: EngineOptions, more: Partial<RecurrentOptions> = {}): Network {
  const recurrent: RecurrentOptions = { type: 'recurrent', units: H, ...form, ...more }
  const net = network([{ type: 'features', width: F }, recurrent], { ...engine, seed: 4 })
  // Biases begin at zero, where mistakes in them would not show.
  const random = new Random(8, 'bias')
  for (const parameter of net.parameters.filter(({ name }) => name.includes('bias')))
    internalsOf(net).store.write(
      parameter,
      Float64Array.from({ length: parameter.size }, () => random.between(-0.5, 0.5)),
    )
  return net
}

/** Sequences of any length as (B, T, F) with lengths; what lies beyond a length is a number that must not matter. */
function batchOf(sequences: readonly number[][][]): PackedBatch {
  const steps = Math.max(...sequences.map((s) => s.length))
  const padding = new Array<number>(F).fill(1e30)
  const values = sequences.flatMap((s) => Array.from({ length: steps }, (_, t) => s[t] ?? padding).flat())
  return PackedBatch.ofFeatures(
    values,
    [sequences.length, steps, F],
    sequences.map((s) => s.length),
  )
}

interface Ran {
  /** Every step's output of each sequence: (T_b, D·H). */
  outputs: number[][]
  /** Final states of each sequence by name and direction. */
  states: Record<string, number[]>[]
}

type Initial = { [state in StateName]?: readonly (readonly number[])[] }

function run(net: Network, sequences: readonly number[][][], initial?: Initial): Ran {
  const batch = batchOf(sequences)
  const [recurrent] = internalsOf(net).recurrent
  // Initial states lie in planned memory.
  internalsOf(net).reserve({ sequences: batch.sequences, steps: batch.steps, rows: batch.rows })
  for (const name of recurrent.cell.stateNames as StateName[])
    if (initial?.[name]) recurrent.writeInitialState(batch, name, 0, initial[name].flat())
  net.forward(batch)
  const { width } = net.output
  const out = net.readOutput(batch)
  const row = (b: number) => (b * out.length) / sequences.length
  return {
    outputs: sequences.map((s, b) => Array.from(out.subarray(row(b), row(b) + s.length * width))),
    states: sequences.map((_, b) => {
      const read = (name: StateName, d: number) =>
        Array.from(recurrent.readFinalState(batch, name, d).subarray(b * H, (b + 1) * H))
      const names = recurrent.cell.stateNames as StateName[]
      return Object.fromEntries(
        names.flatMap((name) => recurrent.loops.map((__, d) => [`${name}${d}`, read(name, d)])),
      )
    }),
  }
}

describe.each(matrix)('%s', (_, form, engine) => {
  const { stateNames, gateNames, candidate, keepGate } = findCell(cells, form.cell)

  it('is the requested engine, with the shapes of the cell', () => {
    const net = layer(form, engine)
    expect(internalsOf(net).engine).toMatchObject({
      name: engine.engine,
      precision: engine.precision ?? 'float32',
    })
    const G = gateNames.length
    const shapes = Object.fromEntries(net.parameters.map(({ name, shape }) => [name, [...shape]]))
    expect(shapes).toEqual({
      'recurrent.0.weight_ih_l0': [G * H, F],
      'recurrent.0.weight_hh_l0': [G * H, H],
      'recurrent.0.bias_ih_l0': [G * H],
      'recurrent.0.bias_hh_l0': [G * H],
    })
    expect(gateNames).toContain(candidate)
    expect([null, ...gateNames]).toContain(keepGate)
    const batch = batchOf(SEQUENCES)
    net.forward(batch)
    const out = net.readOutput(batch)
    expect(out).toHaveLength(B * T * H)
    // Zeros beyond each length, and nothing of the padding before it.
    LENGTHS.forEach((length, b) => {
      expect(out.subarray((b * T + length) * H, (b + 1) * T * H).every((x) => x === 0)).toBe(true)
      expect(out.subarray(b * T * H, (b * T + length) * H).every((x) => Math.abs(x) < 100)).toBe(true)
    })
    for (const name of stateNames as StateName[])
      expect(internalsOf(net).recurrent[0].readFinalState(batch, name, 0)).toHaveLength(B * H)
  })

  it('last output = final hidden state = output of the last step', () => {
    const every = run(layer(form, engine), SEQUENCES)
    const last = layer(form, engine, { returnSequences: false })
    const batch = batchOf(SEQUENCES)
    last.forward(batch)
    const out = last.readOutput(batch)
    SEQUENCES.forEach((__, b) => {
      expect(every.states[b].hidden0).toEqual(every.outputs[b].slice(-H))
      expect(Array.from(out.subarray(b * H, (b + 1) * H))).toEqual(every.outputs[b].slice(-H))
    })
  })

  it('carries its states: two halves are one run', () => {
    const net = layer(form, engine)
    const long = SEQUENCES.filter((s) => s.length > 3)
    const whole = run(net, long)
    for (const cut of [1, 3, 5]) {
      const first = run(
        net,
        long.map((s) => s.slice(0, cut)),
      )
      const states = Object.fromEntries(
        stateNames.map((name) => [name, first.states.map((s) => s[`${name}0`])]),
      )
      const second = run(
        net,
        long.map((s) => s.slice(cut)),
        states as Initial,
      )
      long.forEach((__, b) => {
        expect([...first.outputs[b], ...second.outputs[b]]).toEqual(whole.outputs[b])
        expect(second.states[b]).toEqual(whole.states[b])
      })
    }
    // Initial states hold for one pass only.
    expect(run(net, long)).toEqual(whole)
  })

  it('a ragged batch in any order is each sequence alone', () => {
    const net = layer(form, engine, { direction: 'bidirectional' })
    const together = run(net, SEQUENCES)
    const order = [3, 0, 4, 2, 1]
    const turned = run(
      net,
      order.map((b) => SEQUENCES[b]),
    )
    SEQUENCES.forEach((sequence, b) => {
      const alone = run(net, [sequence])
      expect(together.outputs[b]).toEqual(alone.outputs[0])
      expect(together.states[b]).toEqual(alone.states[0])
      expect(turned.outputs[order.indexOf(b)]).toEqual(alone.outputs[0])
    })
  })

  it('backward is forward on the sequence read backwards', () => {
    const both = layer(form, engine, { direction: 'bidirectional' })
    const forward = layer(form, engine)
    for (const parameter of forward.parameters)
      internalsOf(forward).store.write(
        parameter,
        internalsOf(both).store.read(internalsOf(both).store.find(`${parameter.name}_reverse`)),
      )
    const two = run(both, SEQUENCES)
    const reversed = run(
      forward,
      SEQUENCES.map((s) => s.toReversed()),
    )
    SEQUENCES.forEach((sequence, b) => {
      sequence.forEach((__, t) => {
        const backwards = sequence.length - 1 - t
        const second = two.outputs[b].slice((2 * t + 1) * H, (2 * t + 2) * H)
        expect(second).toEqual(reversed.outputs[b].slice(backwards * H, (backwards + 1) * H))
      })
      expect(two.states[b].hidden1).toEqual(reversed.states[b].hidden0)
    })
  })

  it('learns: the loss falls over 20 steps of Adam; memory stays flat over 100', () => {
    const data = firstMark(40, 3)
    const net = classifierOf(form, engine)
    const optimizer = new Optimizer(net, { type: 'adam' })
    const samples = [0, 1, 2, 3].map((k) =>
      data.batch(Int32Array.from({ length: 10 }, (__, i) => 10 * k + i)),
    )
    const pass = { training: true, record: false, key: 0 }
    const losses: number[] = []
    let used = 0
    for (let step = 0; step < 100; step++) {
      const { batch, targets } = samples[step % 4]
      net.zeroGradients()
      net.forward(batch, pass)
      losses.push(net.backward(batch, targets, pass).mean)
      optimizer.update(0.02)
      // The first rounds may plan for a longer batch.
      if (step === 7) used = internalsOf(net).engine.memory.used
      expect(internalsOf(net).engine.memory.used).toBe(step < 7 ? internalsOf(net).engine.memory.used : used)
    }
    const round = (from: number) => losses.slice(from, from + 4).reduce((a, b) => a + b) / 4
    expect(round(16)).toBeLessThan(round(0))
    expect(round(96)).toBeLessThan(0.7 * round(0))
  })

  it('fits with the same bits twice, and memory is what it was after the first epoch', async () => {
    const bits: string[] = []
    for (let time = 0; time < 2; time++) {
      const net = classifierOf(form, engine)
      const used: number[] = []
      await fit(net, {
        train: firstMark(40, 3),
        validation: firstMark(16, 4),
        epochs: 3,
        batchSize: 8,
        ema: 0.9,
        onEvent: ({ type }) => type === 'epoch' && used.push(internalsOf(net).engine.memory.used),
      })
      expect(new Set(used).size).toBe(1)
      bits.push(bitsOf(net))
    }
    expect(bits[0]).toBe(bits[1])
  })
})

function classifierOf(form: CellForm, engine: EngineOptions): Network {
  const layers: LayerOptions[] = [
    { type: 'embedding', vocabulary: VOCABULARY, size: 6, wordDropout: 0 },
    { type: 'recurrent', units: 9, returnSequences: false, ...form },
    { type: 'dense', units: 2 },
  ]
  return network(layers, { ...engine, seed: 2, loss: { type: 'softmaxCrossEntropy' } })
}
