/** Scheduled sampling: its schedules, what the decoder reads, resume, threads, files and bad options. */
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/core/errors.ts'
import { sequenceToSequence, SequenceToSequence, type ScheduledSampling } from '../../../src/node.ts'
import { mixPredictions, truthAfter } from '../../../src/tasks/sequenceToSequence/scheduledSampling.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { backwards, BRIEF, SMALL, tiny } from './helpers.ts'

const FAST: ScheduledSampling = { type: 'inverseSigmoid', k: 4 }

/** Ids of each sequence, in the caller's order. */
function idsOf(batch: PackedBatch): number[][] {
  const all: number[][] = Array.from({ length: batch.sequences }, () => [])
  batch.eachRow((row, sequence, t) => {
    all[sequence][t] = batch.ids![row]
  })
  return all
}

describe('schedules', () => {
  it.each([
    [{ type: 'linear', slope: 0.1, least: 0.25 }, 3, 0.7],
    [{ type: 'linear', slope: 0.1, least: 0.25 }, 100, 0.25],
    [{ type: 'linear', slope: 0.1 }, 100, 0],
    [{ type: 'exponential', k: 0.9 }, 7, 0.9 ** 7],
    [{ type: 'inverseSigmoid', k: 5 }, 0, 5 / 6],
    [{ type: 'inverseSigmoid', k: 5 }, 20, 5 / (5 + Math.exp(4))],
    [{ type: 'inverseSigmoid', k: 5 }, 1e6, 0],
  ] as const)('%o after %i updates', (schedule, updates, truth) => {
    expect(truthAfter(schedule, updates)).toBeCloseTo(truth, 12)
  })
})

describe('what the decoder reads', () => {
  it('is true with the probability, else the likeliest token after the true ones', async () => {
    const model = await tiny()
    const end = model.targetVocabulary.idOf('<end>')
    const source = model.vocabulary.size
    const rows = backwards(300, 9)
    const sequences = rows.map(({ source: text, target }) => [
      ...model.encode(text).ids!,
      ...[end, ...model.targetVocabulary.encode([...target])].map((id) => id + source),
    ])
    const batch = PackedBatch.ofIds(sequences)
    const mix = (truth: number, key = 3) =>
      idsOf(mixPredictions(model.network, batch, { truth, key, sourceSize: source }))
    expect(mix(1)).toEqual(sequences)
    const none = mix(0)
    const { steps } = model.network.forward(batch)
    const out = model.network.readOutput(batch)
    const { width } = model.network.output
    sequences.forEach((ids, i) => {
      const first = ids.findIndex((id) => id >= source)
      expect(none[i].slice(0, first + 1)).toEqual(ids.slice(0, first + 1))
      for (let t = 1; first + t < ids.length; t++) {
        const row = Array.from(out.slice((i * steps + t - 1) * width, (i * steps + t) * width))
        expect(none[i][first + t]).toBe(source + row.indexOf(Math.max(...row)))
      }
    })
    const some = mix(0.7)
    expect(mix(0.7)).toEqual(some)
    expect(mix(0.7, 4)).not.toEqual(some)
    let [replaced, different] = [0, 0]
    sequences.forEach((ids, i) =>
      ids.forEach((id, t) => {
        if (none[i][t] === id) return
        different++
        replaced += Number(some[i][t] === none[i][t])
      }),
    )
    expect(different).toBeGreaterThan(300)
    expect(replaced / different).toBeGreaterThan(0.24)
    expect(replaced / different).toBeLessThan(0.36)
  })
})

describe('a model', () => {
  const train = async (options: object, more: object = {}) => {
    const model = sequenceToSequence({ ...SMALL, dropout: 0.2, ...options })
    await model.fit(backwards(40), { ...BRIEF, epochs: 4, ...more })
    return model
  }

  it('learns with it, otherwise than without, and keeps it in its file', async () => {
    const [without, sampled] = [await train({}), await train({ scheduledSampling: FAST })]
    const weights = ({ network }: SequenceToSequence) => network.readParameter('dense.0.weight')
    expect(weights(sampled)).not.toEqual(weights(without))
    // Hardly ever the model's own tokens: the same bits.
    const never = await train({ scheduledSampling: { type: 'linear', slope: 1e-12 } })
    expect(weights(never)).toEqual(weights(without))
    const again = SequenceToSequence.fromBytes(sampled.toBytes(), 'm', { engine: 'reference' })
    expect(again.settings.scheduledSampling).toEqual(FAST)
    expect(again.toBytes()).toEqual(sampled.toBytes())
  })

  it('resumes from a checkpoint to the same bits', async () => {
    const saved: Uint8Array[] = []
    const checkpoint = { everySteps: 3, write: (bytes: Uint8Array) => void saved.push(bytes.slice()) }
    const whole = await train({ scheduledSampling: FAST }, { checkpoint })
    for (const bytes of saved.slice(0, 3)) {
      const { model, fitOptions } = await SequenceToSequence.fromCheckpoint(bytes, 'c')
      await model.fit(backwards(40), { ...fitOptions, resume: bytes })
      expect(model.toBytes()).toEqual(whole.toBytes())
    }
  })

  it.each([2, 3])('learns the same bits on %i threads', async (threads) => {
    const on = (count: number) =>
      train({ scheduledSampling: FAST, engine: 'simd', threads: count, units: 64 }, { epochs: 2 })
    expect((await on(threads)).toBytes()).toEqual((await on(1)).toBytes())
  })

  it.each([
    [
      { type: 'cosine' },
      /scheduledSampling: expected an object whose type is linear, exponential, inverseSigmoid/,
    ],
    [0.5, /scheduledSampling/],
    [{ type: 'linear', slope: 0 }, /scheduledSampling\.slope: expected a number above 0/],
    [{ type: 'linear', slope: 1, least: 2 }, /scheduledSampling\.least/],
    [{ type: 'exponential', k: 1 }, /scheduledSampling\.k: expected a number above 0 and below 1/],
    [{ type: 'inverseSigmoid', k: 0.5 }, /scheduledSampling\.k: expected a number from 1/],
    [{ type: 'inverseSigmoid', k: 5, slope: 1 }, /slope/],
  ] as const)('refuses %o', (given, message) => {
    const make = () => sequenceToSequence({ scheduledSampling: given as never })
    expect(make).toThrow(UsageError)
    expect(make).toThrow(message)
  })
})
