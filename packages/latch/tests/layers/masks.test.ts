/** Masked steps: finite differences, sequences without those steps, gradient checkpointing, threads, losses, pools. */
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { Overrides } from '../../src/layers/recurrent/overrides.ts'
import { embedding as embeddingFactory, maskedEmbedding } from '../../src/layers/embedding.ts'
import { pool } from '../../src/layers/pooling/pool.ts'
import { allLayers } from '../../src/model/allLayers.ts'
import { internalsOf, network, networkFromConfig } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import type { NetworkOptions } from '../../src/model/network.ts'
import {
  checkGradients,
  forms,
  gradientsOf,
  recurrentLayer,
  made,
  numbers,
  softmax,
} from '../model/recurrentHelpers.ts'

const V = 7
/** In the middle, leading, trailing, all, none, runs; ragged. */
const masks = [[1, 0, 1, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0], [1, 1, 1, 1], [1], [0]]
const ids = masks.map((mask, i) => mask.map((_, t) => 1 + ((i * 3 + t * t) % (V - 1))))
const zeroed = ids.map((s, i) => s.map((id, t) => (masks[i][t] ? id : 0)))
const longest = 6
const embedding: LayerOptions = { type: 'embedding', vocabulary: V, size: 5 }
const three: LayerOptions = { type: 'dense', units: 3 }
const masked = () => PackedBatch.ofIds(ids, masks)
const classes = { classes: masks.map((_, i) => i % 3) }
const stepClasses = { stepClasses: ids.map((s) => s.map((id, t) => (id + t) % 3)) }
const directions = ['forward', 'reverse', 'bidirectional'] as const
const pass = { training: true, record: false, key: 4 }
const engines = ['reference', 'simd', 'relaxed'] as const
const on = (engine: (typeof engines)[number]): NetworkOptions => ({
  engine,
  precision: engine === 'reference' ? 'float64' : 'float32',
})

describe('gradients', () => {
  describe.each(Object.entries(forms))('%s', (_, form) => {
    it.each(directions)('%s', (direction) => {
      const layers = (returnSequences: boolean) => [
        embedding,
        recurrentLayer(form, { direction }),
        recurrentLayer(form, { direction, returnSequences }),
        three,
      ]
      checkGradients(made(layers(false), { loss: softmax }), masked(), classes)
      checkGradients(made(layers(true), { loss: softmax }), masked(), stepClasses)
    })
  })

  it.each(['sum', 'multiply', 'average'])('two directions by %s, one-hot', (merge) => {
    const both = recurrentLayer(forms.lstm, { direction: 'bidirectional', merge })
    const layers: LayerOptions[] = [
      { type: 'oneHot', vocabulary: V },
      both,
      recurrentLayer(forms['gru before']),
      three,
    ]
    checkGradients(made(layers, { loss: softmax }), masked(), stepClasses)
  })

  it.each(['mean', 'max', 'last', 'sum', 'first'] as const)('pool %s, dropout, zeroed outputs', (over) => {
    const between: LayerOptions[] = [
      { type: 'dropout', rate: 0.3 },
      { type: 'zeroMasked' },
      { type: 'pool', pooling: over },
    ]
    const net = made([embedding, recurrentLayer(forms.lstm), ...between, three], { loss: softmax })
    checkGradients(net, masked(), classes)
  })

  it.each(['binaryCrossEntropy', 'meanSquaredError', 'meanAbsoluteError', 'huber'] as const)(
    '%s of every step',
    (type) => {
      const values = numbers(masked().rows * 2, 'values').map((x) =>
        type === 'binaryCrossEntropy' ? Number(x > 0) : x,
      )
      const net = made([embedding, recurrentLayer(forms['gru after']), { type: 'dense', units: 2 }], {
        loss: { type },
      })
      checkGradients(net, masked(), { values })
    },
  )

  it('states held at masked steps and at others', () => {
    const net = made([embedding, recurrentLayer(forms.lstm, { direction: 'bidirectional' }), three], {
      loss: softmax,
    })
    const hold = { layer: 'recurrent.0', units: [0, 2], from: 1, to: 3, value: 0.4 }
    const holds = new Overrides([
      { ...hold, direction: 0, what: { state: 'cell' } },
      { ...hold, direction: 1, what: { state: 'hidden' } },
    ])
    const batch = masked()
    const held = { ...pass, holds }
    const lossOf = () => {
      net.forward(batch, held)
      return net.loss(batch, stepClasses).mean
    }
    const { gradients } = gradientsOf(net, batch, stepClasses, held)
    net.parameters.forEach((p, i) => {
      const values = internalsOf(net).store.read(p)
      for (let at = 0; at < p.size; at += 1 + Math.floor(p.size / 9)) {
        const [up, down] = [1e-5, -1e-5].map((step) => {
          internalsOf(net).store.write(p, values.map((x, j) => (j === at ? x + step : x)) as Float64Array)
          return lossOf()
        })
        expect(gradients[i][at]).toBeCloseTo((up - down) / 2e-5, 8)
      }
      internalsOf(net).store.write(p, values)
    })
  })

  it('of initial states and from final ones go past masked steps', () => {
    const net = made([embedding, recurrentLayer(forms.lstm)])
    const batch = masked()
    net.prepareTraining()
    const start = numbers(masks.length * 4, 'start')
    const lossOf = (h: Float64Array, c: Float64Array) => {
      net.writeInitialState(batch, h)
      net.writeInitialState(batch, c, { state: 'cell' })
      net.forward(batch, pass)
      return net.readFinalState(batch, { state: 'cell' }).reduce((sum, x) => sum + x * x, 0) / 2
    }
    lossOf(start, start)
    internalsOf(net).recurrent[0].writeFinalGradient(
      batch,
      'cell',
      0,
      net.readFinalState(batch, { state: 'cell' }),
    )
    backwardFrom(net, batch, net.readOutput(batch).fill(0), pass)
    const found = (['hidden', 'cell'] as const).map((s) =>
      internalsOf(net).recurrent[0].readInitialGradient(batch, s, 0),
    )
    start.forEach((_, i) => {
      const moved = (by: number) => start.map((x, j) => (j === i ? x + by : x))
      expect(found[0][i]).toBeCloseTo((lossOf(moved(1e-5), start) - lossOf(moved(-1e-5), start)) / 2e-5, 8)
      expect(found[1][i]).toBeCloseTo((lossOf(start, moved(1e-5)) - lossOf(start, moved(-1e-5))) / 2e-5, 8)
    })
    // All masked: what comes in goes out.
    expect(found[1].slice(12, 16)).toEqual(start.slice(12, 16))
  })
})

/** Sequences that keep a step, without their masked steps. */
const kept = masks.flatMap((mask, i) => (mask.includes(1) ? [i] : []))
const without = kept.map((i) => ids[i].filter((_, t) => masks[i][t]))

describe.each(engines)('on %s', (engine) => {
  describe.each(Object.entries(forms))('%s', (_, form) => {
    it.each(directions)(
      '%s: outputs are those without the masked steps, repeated, to the bit',
      (direction) => {
        const net = made(
          [embedding, recurrentLayer(form, { direction }), recurrentLayer(form, { direction })],
          on(engine),
        )
        const batch = masked()
        net.forward(batch)
        const width = net.output.width
        const found = net.readOutput(batch)
        const short = PackedBatch.ofIds(without)
        net.forward(short)
        const wanted = net.readOutput(short)
        const row = (from: Float64Array, at: number) => from.slice(at * width, (at + 1) * width)
        const half = (values: Float64Array, back: boolean) =>
          direction !== 'bidirectional' ? values : back ? values.slice(4) : values.slice(0, 4)
        masks.forEach((mask, i) => {
          mask.forEach((_counts, t) => {
            const mine = row(found, i * longest + t)
            const count = mask.slice(0, t + 1).reduce((sum, x) => sum + x, 0)
            const at = kept.indexOf(i)
            const later = mask.slice(t).reduce((sum, x) => sum + x, 0)
            const source = (index: number) => row(wanted, at * short.steps + index)
            const zeros = new Float64Array(4)
            const forward = count ? half(source(count - 1), false) : zeros
            const backward = later ? half(source(without[at].length - later), true) : zeros
            expect(direction === 'reverse' ? forward : half(mine, false)).toEqual(forward)
            expect(direction === 'forward' ? backward : half(mine, true)).toEqual(backward)
          })
        })
      },
    )
  })

  it('a batch whose mask masks nothing has the bits of one without', () => {
    const net = made([embedding, recurrentLayer(forms.lstm), three], { ...on(engine), loss: softmax })
    const plain = gradientsOf(net, PackedBatch.ofIds(ids), stepClasses, pass)
    const { used } = internalsOf(net).engine.memory
    const all = PackedBatch.ofIds(
      ids,
      ids.map((s) => s.map(() => true)),
    )
    expect(gradientsOf(net, all, stepClasses, pass)).toEqual(plain)
    expect(internalsOf(net).engine.memory.used).toBe(used)
    expect(gradientsOf(net, masked(), stepClasses, pass)).not.toEqual(plain)
  })

  it('maskZero, a mask of ids and a masking layer say the same', () => {
    const rest = [recurrentLayer(forms['gru after'], { direction: 'bidirectional' }), three]
    const own = made([{ ...embedding, maskZero: true } as LayerOptions, ...rest], {
      ...on(engine),
      loss: softmax,
    })
    const given = made([embedding, ...rest], { ...on(engine), loss: softmax })
    const one = gradientsOf(own, PackedBatch.ofIds(zeroed), stepClasses, pass)
    expect(gradientsOf(given, PackedBatch.ofIds(zeroed, masks), stepClasses, pass)).toEqual(one)
    // Both masks count.
    const extra = masks.map((mask) => mask.map((_, t) => t !== 2))
    const and = masks.map((mask) => mask.map((x, t) => Number(x && t !== 2)))
    expect(gradientsOf(own, PackedBatch.ofIds(zeroed, extra), stepClasses, pass)).toEqual(
      gradientsOf(given, PackedBatch.ofIds(zeroed, and), stepClasses, pass),
    )
    const shape = [2, 3, 2] as const
    const x = Float32Array.from([0.1, 0.1, 1, 0.1, 0, 0, 2, 3, 0.1, 0.1, 0.1, 0.1])
    const cells = [recurrentLayer(forms.lstm), { type: 'dense', units: 2 } as LayerOptions]
    const masking = made([{ type: 'features', width: 2 }, { type: 'masking', value: 0.1 }, ...cells], {
      ...on(engine),
      engine: 'reference',
      precision: 'float32',
    })
    const features = made([{ type: 'features', width: 2 }, ...cells], {
      engine: 'reference',
      precision: 'float32',
    })
    const [a, b] = [
      PackedBatch.ofFeatures(x, shape),
      PackedBatch.ofFeatures(x, shape, [3, 3], [0, 1, 1, 1, 0, 0]),
    ]
    masking.forward(a)
    features.forward(b)
    expect(masking.readOutput(a)).toEqual(features.readOutput(b))
  })

  it('a mean over the steps that count, zeros where none does', () => {
    const net = made([embedding, { type: 'pool', pooling: 'mean' }], on(engine))
    const batch = masked()
    net.forward(batch)
    const found = net.readOutput(batch)
    const short = PackedBatch.ofIds(without)
    net.forward(short)
    const wanted = net.readOutput(short)
    masks.forEach((_, i) => {
      const at = kept.indexOf(i)
      const expected = at < 0 ? new Float64Array(5) : wanted.slice(at * 5, at * 5 + 5)
      expect(found.slice(i * 5, i * 5 + 5)).toEqual(expected)
    })
  })

  it('masked steps of a network that answers every step do not count', () => {
    const net = made([embedding, recurrentLayer(forms.lstm), three], { ...on(engine), loss: softmax })
    const { loss } = gradientsOf(net, masked(), stepClasses, pass)
    const count = masks.flat().reduce((sum, x) => sum + x, 0)
    expect(loss.weight).toBe(count)
    const left = {
      stepClasses: stepClasses.stepClasses.map((s, i) => s.map((c, t) => (masks[i][t] ? c : -1))),
    }
    expect(gradientsOf(net, masked(), left, pass).loss).toEqual(loss)
    const none = PackedBatch.ofIds([[1, 2]], [[0, 0]])
    const { loss: nothing, gradients } = gradientsOf(net, none, { stepClasses: [[0, 1]] }, pass)
    expect(nothing).toEqual({ mean: 0, weight: 0 })
    expect(gradients.every((g) => g.every((x) => x === 0))).toBe(true)
    expect(() => gradientsOf(net, masked(), { stepClasses: [[1]] }, pass)).toThrow(/step classes of 7/)
    expect(() => gradientsOf(net, masked(), { values: [1] }, pass)).toThrow(/step classes of 7/)
  })

  it.each(Object.entries(forms))('%s: gradient checkpointing gives the same bits', (_, form) => {
    const { net, batch, targets } = large(form, on(engine))
    const whole = gradientsOf(net, batch, targets, pass)
    for (const checkpointSteps of [1, 7, 40]) {
      net.checkpointSteps = checkpointSteps
      expect(gradientsOf(net, batch, targets, pass)).toEqual(whole)
    }
  })

  it('takes no memory from one step to the next', () => {
    const { net, batch, targets } = large(forms.lstm, on(engine))
    const { used } = (gradientsOf(net, batch, targets, pass), internalsOf(net).engine.memory)
    for (let i = 0; i < 50; i++)
      gradientsOf(net, i % 3 ? batch : masked(), i % 3 ? targets : stepClasses, pass)
    expect(internalsOf(net).engine.memory.used).toBe(used)
  })
})

/** Many blocks of steps, two layers of both directions. */
function large(form: object, options: NetworkOptions) {
  const lengths = Array.from({ length: 40 }, (_, i) => 1 + ((i * 37) % 50))
  const sequences = lengths.map((n, i) => Array.from({ length: n }, (_, t) => (i + 3 * t) % V))
  const mask = lengths.map((n, i) => Array.from({ length: n }, (_, t) => (i * t + (t >> 2)) % 3 !== 0))
  const both = recurrentLayer(form, { direction: 'bidirectional' })
  const net = made([embedding, both, { ...both, merge: 'sum' } as LayerOptions, three], {
    ...options,
    loss: softmax,
  })
  const targets = { stepClasses: sequences.map((s) => s.map((id) => id % 3)) }
  return { net, batch: PackedBatch.ofIds(sequences, mask), targets }
}

describe('threads', () => {
  const before = { ...parallelism }
  beforeAll(() => void Object.assign(parallelism, { minWork: 0, eager: true }))
  afterAll(() => void Object.assign(parallelism, before))

  it.each(Object.entries(forms))('%s: the same bits with 1 and 3', (_, form) => {
    for (const engine of ['simd', 'relaxed'] as const) {
      const [one, many] = [1, 3].map((threads) => {
        const { net, batch, targets } = large(form, { ...on(engine), threads })
        return gradientsOf(net, batch, targets, pass)
      })
      expect(many).toEqual(one)
    }
  })
})

describe('a mask is refused', () => {
  it('where it does not fit', () => {
    expect(() => PackedBatch.ofIds([[1, 2]], [[1]])).toThrow(
      /mask of sequence 0: expected 2 numbers \(one per step\), got 1/,
    )
    expect(() => PackedBatch.ofIds([[1, 2]], [[1, 1, 0]])).toThrow(/mask of sequence 0: expected 2/)
    expect(() => PackedBatch.ofIds([[1], [2]], [[1]])).toThrow(
      /batch masks: expected 2 masks \(one per sequence\), got 1/,
    )
    const features = (mask: unknown[]) =>
      PackedBatch.ofFeatures([1, 2], [1, 2, 1], undefined, mask as number[])
    expect(() => features([1])).toThrow(/batch mask: expected 2 numbers \(batch · timesteps\), got 1/)
    expect(() => features([1, 0, 1])).toThrow(/batch mask: expected 2 numbers \(batch · timesteps\), got 3/)
    expect(() => features([1, NaN])).toThrow(/mask, sequence 0, step 1/)
  })

  it('where it is set by hand', () => {
    const batch = PackedBatch.ofIds([[1, 2]]) as { mask: unknown }
    expect(() => (batch.mask = Uint8Array.of(1, 0))).toThrow(TypeError)
    expect(batch.mask).toBe(null)
  })

  it('by networks whose layers do not support masks, with a remedy that works', () => {
    const { type: _, ...options } = embedding
    const net = network([embeddingFactory(options), pool('mean')])
    expect(() => net.forward(masked())).toThrow(
      'Begin the network with `maskedEmbedding` in place of `embedding`',
    )
    network([maskedEmbedding(options), pool('mean')]).forward(masked())
    networkFromConfig(net.config, allLayers).forward(masked())
  })
})
