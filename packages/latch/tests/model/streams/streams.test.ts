/** Streams together: as one batch, some at a time, swapped, saved, restored, through new plans and weights. */
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../../src/engine/engine.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { internalsOf, type Network } from '../../../src/model/network.ts'
import { Random, ShapeError, UnsupportedError, UsageError } from '../../../src/node.ts'
import { network } from '../../networks.ts'
import { Optimizer } from '../../../src/training.ts'
import { build, forms, offered } from './streamCase.ts'

const [V, N, T] = [9, 7, 12]
const random = new Random(5, 'ids')
const SEQUENCES = Array.from({ length: N }, () => Array.from({ length: T }, () => random.integer(V)))

const pooled = (form: (typeof forms)[number][1]): LayerOptions[] => [
  { type: 'embedding', vocabulary: V, size: 5 },
  { type: 'recurrent', units: 9, ...form },
  { type: 'recurrent', units: 6, ...form },
  { type: 'pool', pooling: 'mean' },
  { type: 'dense', units: 2 },
]
const lstm = (units = 6): LayerOptions[] => [
  { type: 'embedding', vocabulary: V, size: 5 },
  { type: 'recurrent', cell: 'lstm', units, returnSequences: false },
]
const simd: EngineOptions = { engine: 'simd', threads: 1 }
const plain = (values: ArrayLike<number>) => Array.from(values)

/** The answers of one sequence by itself. */
function alone(net: Network, ids: readonly number[]): number[][] {
  const stream = net.stream()
  return ids.map((id) => plain(stream.push(id)))
}

const matrix = offered.flatMap(([engine, options]) =>
  forms.map(([form, cell]) => [`${form}, ${engine}`, pooled(cell), options] as const),
)

describe.each(matrix)('many as one batch: %s', (_, layers, options) => {
  const answers = (net: Network) => SEQUENCES.map((ids) => alone(net, ids))

  it('each answers as it would alone', () => {
    const net = build(layers, options)
    const wanted = answers(net)
    const streams = net.streams(N)
    for (let t = 0; t < T; t++) {
      const out = plain(streams.push(SEQUENCES.map((ids) => ids[t])))
      expect(out).toEqual(wanted.flatMap((rows) => rows[t]))
    }
  })

  it('some at a time, with resets in between', () => {
    const net = build(layers, options)
    const wanted = answers(net)
    const streams = net.streams(N)
    const own = new Random(7, 'turns')
    const at = new Array<number>(N).fill(0)
    const said = SEQUENCES.map(() => [0, 0])
    for (let turn = 0; turn < 40; turn++) {
      const active = SEQUENCES.map((__, i) => at[i] < T && own.integer(3) > 0)
      const all = turn % 5 === 4 && at.every((t) => t < T)
      if (all) active.fill(true)
      // An id out of range where it is not read.
      const ids = SEQUENCES.map((sequence, i) => (active[i] ? sequence[at[i]] : -1))
      const out = all ? streams.push(ids) : streams.push(Int32Array.from(ids), active)
      active.forEach((on, i) => on && (said[i] = wanted[i][at[i]++]))
      expect(plain(out)).toEqual(said.flat())
      if (turn % 5 !== 4) continue
      const i = own.integer(N)
      streams.reset(i)
      at[i] = 0
    }
    expect(SEQUENCES.map((__, i) => streams.stepsOf(i))).toEqual(at)
  })

  it('in turns with single streams of the same network, saved and restored on the way', () => {
    const net = build(layers, options)
    const wanted = answers(net)
    const singles = SEQUENCES.map(() => net.stream())
    const streams = net.streams(N)
    for (let t = 0; t < T; t++) {
      singles.forEach((stream, i) => expect(plain(stream.push(SEQUENCES[i][t]))).toEqual(wanted[i][t]))
      expect(plain(streams.push(SEQUENCES.map((ids) => ids[t])))).toEqual(wanted.flatMap((rows) => rows[t]))
      if (t !== 4) continue
      const json = JSON.stringify({ all: streams.save(), second: streams.save(1), first: singles[0].save() })
      const { all, second, first } = JSON.parse(json)
      streams.reset()
      streams.restore(all)
      streams.reset(0)
      streams.restore(first, 0)
      singles[1] = net.stream()
      singles[1].restore(second)
      expect(singles[1].steps).toBe(5)
      expect(singles[1].save()).toEqual(second)
    }
  })
})

describe.each(offered)('%s: a stream goes on', (_, options) => {
  it('after a reset, as from the beginning', () => {
    const net = build(lstm(), options)
    const wanted = alone(net, SEQUENCES[0])
    const stream = net.stream()
    for (const id of SEQUENCES[1]) stream.push(id)
    stream.reset()
    expect(stream.steps).toBe(0)
    expect(SEQUENCES[0].map((id) => plain(stream.push(id)))).toEqual(wanted)
  })

  it('while the network plans anew, and its memory grows and moves', () => {
    const net = build(lstm(), options)
    const wanted = alone(net, SEQUENCES[0])
    const stream = net.stream()
    const large = PackedBatch.ofIds(Array.from({ length: 64 }, () => SEQUENCES.flat()))
    const between: Record<number, () => void> = {
      2: () => net.forward(PackedBatch.ofIds(SEQUENCES)),
      3: () => net.forward(large),
      5: () => net.streams(100).push(new Int32Array(100).fill(1)),
      6: () => internalsOf(net).prepareTraining('mean', 'square'),
      7: () => net.forward(large),
      8: () => internalsOf(net).engine.memory.floats(4_000_000, 'more'),
    }
    const got = SEQUENCES[0].map((id, t) => {
      between[t]?.()
      return plain(stream.push(id))
    })
    expect(got).toEqual(wanted)
  })

  it('with the weights that training has just written', () => {
    const loss = { type: 'softmaxCrossEntropy' } as const
    const net = network(lstm(), { ...options, loss })
    const stream = net.stream()
    stream.push(3)
    const saved = stream.save()
    const before = plain(stream.push(4))
    const batch = PackedBatch.ofIds(SEQUENCES)
    const optimizer = new Optimizer(net, { type: 'sgd' })
    const pass = { training: true, record: false, key: 0 }
    net.zeroGradients()
    net.forward(batch, pass)
    net.backward(batch, { classes: SEQUENCES.map(([id]) => id % 6) }, pass)
    optimizer.update(0.5)
    stream.restore(saved)
    const after = plain(stream.push(4))
    expect(after).not.toEqual(before)
    const clone = network(lstm(), {
      ...options,
      weights: ({ name }) => internalsOf(net).store.read(internalsOf(net).store.find(name)),
    })
    const other = clone.stream()
    other.restore(saved)
    expect(plain(other.push(4))).toEqual(after)
  })
})

describe('memory stays flat', () => {
  it('over ten thousand steps', () => {
    const net = build(lstm(), simd)
    const stream = net.stream()
    stream.push(0)
    const { used } = internalsOf(net).engine.memory
    for (let t = 0; t < 10_000; t++) stream.push(t % V)
    expect(internalsOf(net).engine.memory.used).toBe(used)
    expect(stream.steps).toBe(10_001)
  })

  it('over ten thousand streams', () => {
    const net = build(lstm(), simd)
    net.stream().push(0)
    const { used } = internalsOf(net).engine.memory
    const first = plain(net.stream().push(1))
    let last: number[] = []
    for (let i = 0; i < 10_000; i++) last = plain(net.stream().push(1))
    expect(last).toEqual(first)
    expect(internalsOf(net).engine.memory.used).toBe(used)
  })

  it('and streams of rising numbers take less than twice what the most need', () => {
    const one = build(lstm(), simd)
    const base = internalsOf(one).engine.memory.used
    one.streams(256)
    const once = internalsOf(one).engine.memory.used - base
    const many = build(lstm(), simd)
    for (let n = 1; n <= 256; n++) many.streams(n)
    expect(internalsOf(many).engine.memory.used - base).toBeLessThan(2.1 * once)
  })
})

describe('what is refused, and leaves the stream where it was', () => {
  const net = build(lstm(), simd)

  it('steps of another kind, width or vocabulary', () => {
    const stream = net.stream()
    const features = build([{ type: 'features', width: 2 }, lstm()[1]], simd).stream()
    const wanted = plain(stream.push(1))
    stream.reset()
    for (const id of [-1, V, 2.5, NaN, 2 ** 32]) expect(() => stream.push(id)).toThrow(/an id in 0\.\.8, got/)
    expect(() => stream.push([1])).toThrow(/stream\.push: expected a token id, got a list of 1/)
    expect(() => stream.push('1' as unknown as number)).toThrow(ShapeError)
    expect(() => features.push(1)).toThrow(/expected 2 features, got the number 1/)
    expect(() => features.push([1, 2, 3])).toThrow(/expected 2 features, got a list of 3/)
    expect(() => features.push(null as unknown as number[])).toThrow(ShapeError)
    expect(plain(stream.push(1))).toEqual(wanted)
    expect([stream.steps, features.steps]).toEqual([1, 0])
  })

  it('lists of another length, turns and numbers of streams that are none', () => {
    const streams = net.streams(3)
    expect(() => streams.push([1, 2])).toThrow(/3 token ids, got a list of 2/)
    expect(() => streams.push([1, 2, V])).toThrow(/an id in 0\.\.8, got 9/)
    expect(() => streams.push([1, 2, 3], [true])).toThrow(/3 of them, got 1/)
    expect(() => streams.push([1, V, 3], [1, 1, 0])).toThrow(/an id in 0\.\.8, got 9/)
    expect(() => streams.reset(3)).toThrow(/a number below 3, got 3/)
    for (const count of [0, 1.5, NaN, 2 ** 21]) expect(() => net.streams(count)).toThrow(UsageError)
    expect([0, 1, 2].map((i) => streams.stepsOf(i))).toEqual([0, 0, 0])
    expect(plain(streams.push([1, 2, 3]).slice(0, 6))).toEqual(plain(net.stream().push(1)))
  })

  it('states of another network, number or form', () => {
    const stream = net.stream()
    stream.push(1)
    const saved = stream.save()
    type Loose = { version: number; steps: number[]; states?: { values: (number | null)[] }[] }
    const damaged = (change: (state: Loose) => void) => {
      const state = structuredClone(saved)
      change(state as Loose)
      return () => stream.restore(state)
    }
    expect(() => build(lstm(7), simd).stream().restore(saved)).toThrow(
      /expected recurrent\.0\.hidden \(1, 7\), recurrent\.0\.cell \(1, 7\), got recurrent\.0\.hidden \(1, 6\)/,
    )
    expect(() => net.streams(2).restore(saved)).toThrow(/expected 2 streams, got 1 stream$/)
    expect(damaged((s) => (s.version = 2))).toThrow(/version 1, got version 2/)
    expect(damaged((s) => (s.steps = [-1]))).toThrow(/whole numbers of steps/)
    expect(damaged((s) => delete s.states)).toThrow(UsageError)
    expect(damaged((s) => s.states!.pop())).toThrow(ShapeError)
    expect(damaged((s) => s.states![1].values.pop())).toThrow(/recurrent\.0\.cell: expected 6 numbers, got 5/)
    expect(damaged((s) => (s.states![1].values[2] = null))).toThrow(/recurrent\.0\.cell\[2\]: .*got null/)
    for (const none of [null, 7, {}]) expect(() => stream.restore(none as never)).toThrow(UsageError)
    expect(stream.save()).toEqual(saved)
  })

  it('networks that need what comes after a step', () => {
    const input: LayerOptions = { type: 'embedding', vocabulary: V, size: 5 }
    const both = network(
      [input, { type: 'recurrent', cell: 'gru', units: 3, direction: 'bidirectional' }],
      simd,
    )
    expect(() => both.stream()).toThrow(UnsupportedError)
    expect(() => both.streams(2)).toThrow(/reads both ways\. Train it/)
    const flat = network([input, { type: 'flatten', steps: 3 }, { type: 'dense', units: 2 }], simd)
    expect(() => flat.stream()).toThrow(/flatten layer, which needs all steps at once/)
  })
})
