/** What masks and records need belongs to the plan: after `reserve`, no pass over a batch that fits takes memory. */
import { describe, expect, it } from 'vitest'
import { MemoryError, UsageError } from '../../src/core/errors.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { validSteps } from '../../src/model/validSteps.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
import { fingerprint, type Dataset } from '../../src/training/dataset.ts'
import { fit } from '../../src/training/fit.ts'
import { anyCase, batchOf, build, larger } from './anyNetworkHelpers.ts'

const pass = { training: true, record: false, key: 5 }

function passes(net: Network, batch: PackedBatch, training: boolean): void {
  net.forward(batch, { ...pass, training })
  const rows = net.output.per === 'step' ? batch.rows : batch.sequences
  const targets = { values: new Float64Array(rows * net.output.width) }
  net.loss(batch, targets)
  if (training) net.backward(batch, targets, pass)
}

/** Layers that mask by themselves, a batch that brings masks, loops both ways, a loss at every step. */
const embedding: LayerOptions = { type: 'embedding', vocabulary: 5, size: 6, maskZero: true }
const level: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 7, direction: 'bidirectional' }
const layers: LayerOptions[] = [embedding, level, { type: 'dense', units: 3 }]
const random = new Random(2, 'masked reserve')
const ids = Array.from({ length: 12 }, (_, i) =>
  Array.from({ length: 2 + (i % 9) }, (__, t) => (t % 3 === 2 ? 0 : 1 + random.integer(4))),
)

/** @param own batches bring masks, from row `first` on */
function datasetOf(own: boolean, first = 0): Dataset {
  return {
    size: ids.length,
    masked: own,
    lengths: Int32Array.from(ids, ({ length }) => length),
    batch: (rows) => {
      const sequences = Array.from(rows, (row) => ids[row])
      const masks = own
        ? sequences.map((list, i) => list.map((id) => (id || rows[i] < first ? 1 : 0)))
        : undefined
      return {
        batch: PackedBatch.ofIds(sequences, masks),
        targets: { stepClasses: sequences.map((list) => list.map((id) => id % 3)) },
      }
    },
  }
}

const made = (of: LayerOptions[]) =>
  network(of, { engine: 'reference', loss: { type: 'softmaxCrossEntropy' } })

describe('a reserved plan', () => {
  it('holds all that any masked network takes, forward and back', () => {
    let masked = 0
    for (let seed = 0; seed < 150; seed++) {
      const at = { ...anyCase(seed), masked: seed % 2 === 0 }
      for (const training of [false, true]) {
        const net = build(at, { engine: 'reference' })
        const [small, large] = [batchOf(at), batchOf(larger(at))]
        if (training) net.prepareTraining()
        internalsOf(net).reserve({ sequences: 64, steps: 64, rows: 1024, masked: at.masked })
        const { used } = internalsOf(net).engine.memory
        for (const batch of [small, large, small]) {
          passes(net, batch, training)
          if (validSteps(net)) masked++
          expect(internalsOf(net).engine.memory.used, `network ${seed}: ${JSON.stringify(at.layers)}`).toBe(
            used,
          )
        }
        net.dispose()
      }
    }
    expect(masked).toBeGreaterThan(200)
  })

  it('of batches without masks takes none for them, and is made anew for the first that has some', () => {
    const net = made([{ ...embedding, maskZero: false }, level, { type: 'dense', units: 3 }])
    const plain = datasetOf(false).batch(Int32Array.of(1, 2)).batch
    net.forward(plain)
    const { used } = internalsOf(net).engine.memory
    net.forward(datasetOf(true).batch(Int32Array.of(1, 2)).batch)
    expect(internalsOf(net).engine.memory.used).toBeGreaterThan(used)
  })
})

describe('fit', () => {
  it.each([
    ['an embedding that masks', layers, datasetOf(false)],
    ['batches that bring masks', [{ ...embedding, maskZero: false }, ...layers.slice(1)], datasetOf(true)],
    [
      'one row that brings a mask',
      [{ ...embedding, maskZero: false }, ...layers.slice(1)],
      datasetOf(true, 11),
    ],
  ] as const)('takes memory before the first step only: %s', async (_, of, data) => {
    const net = made([...of])
    const used: number[] = []
    await fit(net, {
      train: data,
      validation: data,
      epochs: 2,
      batchSize: 5,
      ema: 0.9,
      onEvent: ({ type }) => void (type === 'start' && used.push(internalsOf(net).engine.memory.used)),
      onStep: () => void used.push(internalsOf(net).engine.memory.used),
    })
    used.push(internalsOf(net).engine.memory.used)
    expect(used.length).toBeGreaterThan(6)
    expect(new Set(used).size).toBe(1)
  })

  it.each([
    ['train', false],
    ['validation', false],
    ['train', true],
  ] as const)(
    'refuses masked steps where %s does not say `masked` (checkpoints: %s)',
    async (name, saves) => {
      const net = made([{ ...embedding, maskZero: false }, ...layers.slice(1)])
      const silent: Dataset = { ...datasetOf(true, 11), masked: undefined }
      let steps = 0
      const error = await fit(net, {
        train: datasetOf(false),
        [name]: silent,
        epochs: 1,
        batchSize: 5,
        onStep: () => void steps++,
        checkpoint: saves ? { everySteps: 1, write: () => undefined } : undefined,
      }).then(
        () => expect.fail('it fits'),
        (thrown: UsageError) => thrown,
      )
      expect(error).toBeInstanceOf(UsageError)
      expect(error.fixes).toMatchObject([{ option: `${name}.masked`, value: true }])
      // With checkpoints all rows are read before the first step.
      expect(steps > 0).toBe(name === 'validation')
    },
  )

  it('fails before any work when there is no memory for the masks', async () => {
    const data = datasetOf(false)
    const net = made(layers)
    const { memory } = internalsOf(net).engine
    const take = memory.ints.bind(memory)
    let begun = false
    let masks = 0
    memory.ints = (count, what) => {
      if (what !== 'masks') return take(count, what)
      masks++
      throw new MemoryError({ where: 'test', expected: 'memory', got: 'none' })
    }
    const run = fit(net, { train: data, epochs: 1, batchSize: 5, onEvent: () => (begun = true) })
    await expect(run).rejects.toThrow(MemoryError)
    expect({ begun, masks }).toEqual({ begun: false, masks: 1 })
  })
})

describe('a recording pass', () => {
  const at = anyCase(3)
  const record = { ...pass, training: false, record: true }

  it('takes the memory of its record before any layer runs', () => {
    const net = build(at, { engine: 'reference' })
    net.prepareTraining()
    const batch = batchOf(at)
    let ran = 0
    const [first] = internalsOf(net).layers
    const forward = first.forward.bind(first)
    first.forward = (...given) => (ran++, forward(...given))
    const { memory } = internalsOf(net).engine
    const take = memory.floats.bind(memory)
    memory.floats = (count, what) => {
      if (what === 'recorded gradients')
        throw new MemoryError({ where: 'test', expected: 'memory', got: 'none' })
      return take(count, what)
    }
    expect(() => net.forward(batch, record)).toThrow(MemoryError)
    expect(ran).toBe(0)
    memory.floats = take
    net.forward(batch, record)
    expect(ran).toBe(1)
    const { used } = memory
    const rows = net.output.per === 'step' ? batch.rows : batch.sequences
    net.backward(batch, { values: new Float64Array(rows * net.output.width) }, record)
    expect(memory.used).toBe(used)
    net.dispose()
  })

  it('is refused after a forward pass that did not record', () => {
    const net = build(at, { engine: 'reference' })
    net.prepareTraining()
    const batch = batchOf(at)
    net.forward(batch, { ...record, record: false })
    const rows = net.output.per === 'step' ? batch.rows : batch.sequences
    const targets = { values: new Float64Array(rows * net.output.width) }
    expect(() => net.backward(batch, targets, record)).toThrow(/forward pass with the same `record`/)
    net.dispose()
  })
})

it('a fingerprint knows the masks', () => {
  expect(fingerprint(datasetOf(true))).not.toBe(fingerprint(datasetOf(false)))
  const other = datasetOf(true)
  const turned: Dataset = {
    ...other,
    batch: (rows) => {
      const sequences = Array.from(rows, (row) => ids[row])
      const batch = PackedBatch.ofIds(
        sequences,
        sequences.map((list) => list.map(() => 1)),
      )
      return { ...other.batch(rows), batch }
    },
  }
  expect(fingerprint(turned)).not.toBe(fingerprint(other))
})
