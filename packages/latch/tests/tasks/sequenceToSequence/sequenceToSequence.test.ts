/** Sequence-to-sequence models: what they learn, write and say of themselves; files, resume, threads; bad input. */
import { beforeAll, describe, expect, it } from 'vitest'
import { DataError, FormatError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
import { logSoftmax } from '../../../src/core/probabilities.ts'
import { ATTENTION_SCORES } from '../../../src/layers/encoderDecoder/attention.ts'
import { exporters } from '../../../src/formats.ts'
import { sequenceToSequence, SequenceToSequence, type WrittenSequence } from '../../../src/node.ts'
import { editDistance } from '../../../src/tasks/sequenceToSequence/editDistance.ts'
import { openModelFile } from '../../../src/tasks/files/openModel.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { backwards, BRIEF, SMALL, tiny, type Row } from './helpers.ts'

const END = 1

/** log P of a written target, by the whole network. */
function logProbabilityOf(model: SequenceToSequence, source: string, written: WrittenSequence): number {
  const { ids } = model.encode(source)
  const target = written.tokens.map((token) => model.targetVocabulary.idOf(token))
  const inputs = [END, ...target].map((id) => id + model.vocabulary.size)
  const batch = PackedBatch.ofIds([[...ids!, ...inputs]])
  model.network.forward(batch)
  const out = model.network.readOutput(batch)
  const { width } = model.network.output
  const classes = written.ended ? [...target, END] : target
  return classes.reduce((sum, c, t) => sum + logSoftmax(out.subarray(t * width, (t + 1) * width))[c], 0)
}

describe('a sequence-to-sequence model', () => {
  it('learns to write backwards what it has not seen, and looks where it should', async () => {
    const model = sequenceToSequence({ units: 64, embedding: 16, dropout: 0.1, engine: 'simd' })
    const rows = backwards(1200)
    await model.fit(rows, { epochs: 14, learningRate: 0.005 })
    const seen = new Set(rows.map(({ source }) => source))
    const fresh = backwards(900, 2).filter(({ source }) => !seen.has(source))
    expect(fresh.length).toBeGreaterThan(100)
    const found = await model.evaluate(fresh)
    expect(found.accuracy).toBeGreaterThan(0.9)
    expect(found.tokenAccuracy).toBeGreaterThan(0.95)
    expect(found.errorRate).toBeLessThan(0.05)
    const { text, attention, ended } = model.predict('abcd')
    expect([text, ended]).toEqual(['dcba', true])
    attention!.forEach((weights, t) => {
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 10)
      // Bidirectional outputs say much of their neighbours too.
      expect(Math.abs(weights.indexOf(Math.max(...weights)) - (3 - t))).toBeLessThanOrEqual(1)
    })
  })

  it('is better than its baseline, which knows the training rows', async () => {
    const rows: Row[] = [
      { source: 'ab', target: 'ba' },
      { source: 'aa', target: 'aa' },
    ]
    const model = await tiny({}, rows)
    const baseline = await model.baseline(rows)
    expect(baseline.evaluate(rows)).toEqual({ metric: 'accuracy', value: 1, n: 2 })
    const others = [
      { source: 'bb', target: 'bb' },
      { source: 'ba', target: 'ab' },
    ]
    expect(baseline.evaluate(others).value).toBe(0.5)
  })
})

describe.each(ATTENTION_SCORES)('with attention %s', (attention) => {
  it.each([
    ['gru', {}],
    ['lstm of two layers', { cell: 'lstm', layers: 2 }],
    ['rnn that reads one way', { cell: 'rnn', bidirectional: false }],
  ] as const)('writes what the network says is likely: %s', async (_, options) => {
    const model = await tiny({ attention, ...options })
    const sources = ['abcd', 'ab', 'dcbab', 'a']
    const all = model.predict(sources)
    sources.forEach((source, i) => {
      expect(all[i]).toEqual(model.predict(source))
      expect(all[i].logProbability).toBeCloseTo(logProbabilityOf(model, source, all[i]), 4)
      expect(all[i].sourceTokens).toEqual(Array.from(source))
      const looked = attention === 'none' ? undefined : all[i].tokens.map(() => source.length)
      expect(all[i].attention?.map((row) => row.length)).toEqual(looked)
    })
  })

  it('beam search finds texts at least as likely as the greedy one', async () => {
    const model = await tiny({ attention })
    for (const source of ['abcd', 'ddb', 'ca']) {
      const found = model.beamSearch(source, { beams: 6 })
      expect(found).toHaveLength(6)
      for (const one of found) expect(one.logProbability).toBeCloseTo(logProbabilityOf(model, source, one), 4)
      const order = found.map((one) => one.logProbability)
      expect(order).toEqual(order.toSorted((a, b) => b - a))
      expect(found[0].logProbability).toBeGreaterThanOrEqual(model.predict(source).logProbability - 1e-9)
      const [one] = model.beamSearch(source, { beams: 1 })
      expect(one.text).toBe(model.predict(source).text)
    }
  })
})

describe('a model in use', () => {
  let model: SequenceToSequence
  beforeAll(async () => {
    model = await tiny()
  })

  it('evaluates as a count by hand does', async () => {
    const rows = backwards(25, 3)
    const found = await model.evaluate(rows)
    const written = rows.map(({ source }) => model.predict(source))
    const right = written.filter(({ text }, i) => text === rows[i].target).length
    const edits = written.reduce((sum, { tokens }, i) => sum + editDistance(tokens, [...rows[i].target]), 0)
    expect(found.accuracy).toBe(right / rows.length)
    expect(found.errorRate).toBeCloseTo(edits / rows.reduce((sum, { target }) => sum + target.length, 0), 12)
    const nats = rows.map(({ source, target }) => {
      const tokens = [...target]
      return -logProbabilityOf(model, source, { tokens, ended: true } as never)
    })
    const count = rows.reduce((sum, { target }) => sum + target.length + 1, 0)
    expect(found.loss).toBeCloseTo(nats.reduce((sum, x) => sum + x, 0) / count, 5)
    expect(found.perplexity).toBeCloseTo(Math.exp(found.loss), 10)
    expect(found.n).toBe(25)
    const reason = new Error('stop')
    await expect(model.evaluate(rows, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('comes back from its file, as its class and as any model', () => {
    const bytes = model.toBytes()
    const again = SequenceToSequence.fromBytes(bytes, 'm', { engine: 'reference' })
    expect(again.toBytes()).toEqual(bytes)
    expect(again.settings).toEqual(model.settings)
    expect(again.predict('abca')).toEqual(model.predict('abca'))
    const any = openModelFile(bytes, 'm', { engine: 'reference' })
    expect(any.task).toBe('sequenceToSequence')
    expect(any.predict('abca')).toEqual(model.predict('abca'))
    expect(String(any.summary())).toContain('encoderDecoder')
  })

  it('refuses a file whose layers are not those of its settings', () => {
    const text = new TextDecoder('latin1').decode(model.toBytes())
    const changed = text.replace(/(units\\?":)16/, '$118')
    expect(changed).not.toBe(text)
    const bytes = Uint8Array.from(changed, (c) => c.charCodeAt(0))
    expect(() => SequenceToSequence.fromBytes(bytes, 'm')).toThrow(FormatError)
  })

  it('writes with new weights after more training', async () => {
    const own = await tiny()
    const before = own.predict('abcd').logProbability
    await own.fit(backwards(40), BRIEF)
    expect(own.predict('abcd').logProbability).not.toBe(before)
    expect(own.predict('abcd').logProbability).toBeCloseTo(
      logProbabilityOf(own, 'abcd', own.predict('abcd')),
      4,
    )
    own.dispose()
    expect(() => own.predict('a')).toThrow(UsageError)
  })

  it('resumes from a checkpoint to the same bits', async () => {
    const rows = backwards(40)
    const saved: Uint8Array[] = []
    const options = { ...BRIEF, epochs: 4, validation: 0.2 }
    const whole = sequenceToSequence({ ...SMALL, dropout: 0.3 })
    const checkpoint = { everySteps: 5, write: (bytes: Uint8Array) => void saved.push(bytes.slice()) }
    await whole.fit(rows, { ...options, checkpoint })
    const { model: other, fitOptions } = await SequenceToSequence.fromCheckpoint(saved[1], 'c')
    await other.fit(rows, { ...fitOptions, resume: saved[1] })
    expect(other.toBytes()).toEqual(whole.toBytes())
  })

  it.each([2, 3])('learns and writes the same bits on %i threads', async (threads) => {
    const train = (count: number) =>
      tiny({ engine: 'simd', threads: count, cell: 'lstm', units: 64, embedding: 32, dropout: 0.2 })
    const [one, many] = [await train(1), await train(threads)]
    expect(many.toBytes()).toEqual(one.toBytes())
    expect(many.predict('abcab')).toEqual(one.predict('abcab'))
  })

  it('copies from the source tokens that it does not know', async () => {
    const random = new Random(3, 'copies')
    const known = ['the', 'red', 'fish', 'and', 'old', 'bird']
    const sentence = (name: string) => {
      const words = Array.from({ length: 3 + random.integer(3) }, () => known[random.integer(known.length)])
      words[random.integer(words.length)] = name
      return words.join(' ')
    }
    const rows = Array.from({ length: 800 }, (_, i) => sentence(`name${i}`))
    const own = sequenceToSequence({
      tokens: 'whitespace',
      units: 48,
      embedding: 16,
      dropout: 0,
      bidirectional: false,
      engine: 'simd',
    })
    await own.fit(
      rows.map((text) => ({ source: text, target: text })),
      { epochs: 10, learningRate: 0.01, validation: 0 },
    )
    const fresh = Array.from({ length: 50 }, () => sentence('Rahul'))
    const written = own.predict(fresh).map(({ text }) => text)
    expect(written.join()).not.toContain('<unk>')
    const copied = written.filter((text) => text.includes('Rahul')).length
    expect(copied).toBeGreaterThan(45)
  })

  it('names what it does not take', async () => {
    const refused = async (rows: object[], message: RegExp) =>
      expect(tiny({ maximumLength: 4 }, rows as never)).rejects.toThrow(message)
    await refused([], /at least one row/)
    await refused(
      [
        { source: 'ab', target: 'ba' },
        { source: '', target: 'a' },
      ],
      /row 1, source: .*one token/,
    )
    await refused([{ source: 'ab', target: 3 }], /row 0, target: expected a string, got 3/)
    await refused([{ source: 'ab' }], /row 0, target/)
    await refused([{ source: 'ab', target: 'babab' }], /at most 4 tokens, got 5.*maximumLength/s)
    const cut = await tiny({ maximumLength: 3 }, [{ source: 'abab', target: 'ba' }])
    expect(cut.encode('abcd').cut).toBe(1)
    expect(() => model.predict('')).toThrow(DataError)
    expect(() => model.predict(['ab', ' '])).toThrow(/row 1/)
    expect(() => model.beamSearch('ab', { beam: 2 } as never)).toThrow(/beamSearch option beam/)
    expect(() => sequenceToSequence({ attention: 'luong' as never })).toThrow(/dot, general, additive, none/)
    expect(() => sequenceToSequence({ units: 5 })).toThrow(/even number/)
    expect(() => model.stream()).toThrow(UnsupportedError)
    await expect(model.exportTo(exporters.torch)).rejects.toThrow(UnsupportedError)
  })
})

describe('the edit distance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['abc', 'abc', 0],
    ['ab', 'ba', 2],
  ])('of %j and %j is %i', (from, to, distance) => {
    expect(editDistance([...from], [...to])).toBe(distance)
    expect(editDistance([...to], [...from])).toBe(distance)
  })
})
