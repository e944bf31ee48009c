/**
 * A stream says to the bit what the whole sequence says: every network that can stream, at every step, over sequences
 * with masked steps and paddings before, within and after; alone, among others, saved and restored; and the models on top.
 */
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../../src/engine/engine.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import type { Network } from '../../../src/model/network.ts'
import { supportedEngines } from '../../../src/node.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
import { anyCase, batchOf, build, VOCABULARY, type Case, type Sequence } from '../anyNetworkHelpers.ts'
import { imported } from '../../tasks/sequenceModel/sequenceFixtures.ts'

const FIRST = Number(process.env.ANY_FIRST ?? 0)
const COUNT = Number(process.env.ANY_COUNT ?? 300)
const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i)
const engines: EngineOptions[] = [
  { engine: 'reference', precision: 'float32' },
  { engine: 'reference', precision: 'float64' },
  ...supportedEngines()
    .filter((name) => name !== 'reference')
    .map((engine) => ({ engine, threads: 1 })),
]

/** The layers of a case with the input masking steps of its own, in most cases. */
function maskingLayers({ layers }: Case, random: Random): LayerOptions[] {
  const [first, second, ...rest] = layers
  if (random.uniform() < 0.2) return [...layers]
  if (first.type === 'embedding') return [{ ...first, maskZero: true }, ...layers.slice(1)]
  if (first.type !== 'features' || second?.type === 'masking') return [...layers]
  const masking: LayerOptions = { type: 'masking', value: 0 }
  return second ? [first, masking, second, ...rest] : [first, masking]
}

/** A sequence with blank steps before it, in it and after it. */
function padded({ ids, features }: Sequence, random: Random): Sequence {
  const width = features.length / ids.length
  const blank = (t: number) => t < before || t >= before + ids.length || random.uniform() < 0.3
  const [before, after] = [random.integer(4), random.integer(4)]
  const all: Sequence = { ids: [], features: [], counts: [] }
  for (let t = 0; t < before + ids.length + after; t++) {
    const empty = blank(t)
    const s = t - before
    all.ids.push(empty ? 0 : ids[s])
    for (let j = 0; j < width; j++) all.features.push(empty ? 0 : features[s * width + j])
    all.counts.push(1)
  }
  return all
}

/** Steps 0 … end − 1. */
function start({ ids, features, counts }: Sequence, end: number): Sequence {
  const width = features.length / ids.length
  return { ids: ids.slice(0, end), features: features.slice(0, end * width), counts: counts.slice(0, end) }
}

function stepOf({ ids, features }: Sequence, t: number, kind: string): number | number[] {
  const width = features.length / ids.length
  return kind === 'features' ? features.slice(t * width, (t + 1) * width) : ids[t]
}

/** What the network says of a sequence at its last step. */
function whole(net: Network, at: Case, sequence: Sequence): number[] {
  const batch = batchOf({ ...at, masked: false, sequences: [sequence] })
  net.forward(batch)
  return Array.from(net.readOutput(batch).slice(-net.output.width))
}

function streams(net: Network): boolean {
  try {
    net.stream()
    return true
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    return false
  }
}

function check(at: Case, random: Random, options: EngineOptions): boolean {
  const net = build(at, options)
  if (!streams(net)) return false
  const kind = at.layers[0].type
  const wanted = at.sequences.map((sequence) =>
    sequence.ids.map((_, t) => whole(net, at, start(sequence, t + 1))),
  )
  let stream = net.stream()
  at.sequences.forEach((sequence, s) => {
    sequence.ids.forEach((_, t) => {
      expect([...stream.push(stepOf(sequence, t, kind))], `sequence ${s}, step ${t}`).toEqual(wanted[s][t])
      if (random.uniform() > 0.2) return
      const saved = JSON.parse(JSON.stringify(stream.save())) as ReturnType<typeof stream.save>
      stream = net.stream()
      stream.restore(saved)
    })
    stream.reset()
  })
  const all = net.streams(at.sequences.length)
  const longest = Math.max(...at.sequences.map(({ ids }) => ids.length))
  for (let t = 0; t < longest; t++) {
    const active = at.sequences.map(({ ids }) => t < ids.length)
    const steps = at.sequences.map((sequence, s) => stepOf(sequence, active[s] ? t : 0, kind))
    const out = all.push(steps.flat(), active)
    const { width } = net.output
    active.forEach((on, s) => {
      if (!on) return
      const got = Array.from(out.slice(s * width, (s + 1) * width))
      expect(got, `stream ${s} of all, step ${t}`).toEqual(wanted[s][t])
    })
  }
  net.dispose()
  return true
}

describe('a stream of any network', () => {
  it.each(engines)('is forward to the bit: %o', (options) => {
    let streamed = 0
    for (const seed of seeds) {
      const random = new Random(seed, 'stream equals forward')
      const plain = anyCase(seed)
      const sequences = plain.sequences.map((sequence) => padded(sequence, random))
      const at = { layers: maskingLayers(plain, random), sequences, masked: false }
      try {
        if (check(at, random, options)) streamed++
      } catch (error) {
        throw new Error(`network ${seed}: ${JSON.stringify(at.layers)}\n${(error as Error).stack}`, {
          cause: error,
        })
      }
    }
    expect(streamed).toBeGreaterThan(COUNT / 5)
  })
})

const words = ['', 'a', 'b', 'c', 'd']

/** An imported model of a random network that reads words; `steps`: the length that texts are brought to. */
function anyModel(seed: number, steps: number | null, options: EngineOptions): SequenceModel | null {
  const random = new Random(seed, 'model')
  const plain = anyCase(seed)
  const layers = maskingLayers(plain, random)
    .map((layer, i): LayerOptions =>
      i === 0
        ? { type: 'embedding', vocabulary: VOCABULARY, size: 4, maskZero: random.uniform() < 0.5 }
        : layer,
    )
    .filter(({ type }) => type !== 'masking')
  if (
    layers.some(
      ({ type, ...more }) =>
        (type === 'concat' || type === 'merge') && JSON.stringify(more).match(/"(oneHot|features|masking)\./),
    )
  )
    return null
  const input = { kind: 'ids', width: VOCABULARY, steps } as const
  return SequenceModel.fromImported(
    imported({ layers }, { vocabulary: words, tokens: 'words', input }),
    options,
  )
}

describe('a stream of any model of texts', () => {
  const said = ({ output }: { output: readonly number[] }, width: number) => output.slice(-width)

  it.each([null, 1, 3, 6])('is predict to the bit, where texts are brought to %s tokens', (steps) => {
    let streamed = 0
    for (const seed of seeds.slice(0, 120)) {
      const options = engines[seed % engines.length]
      const model = anyModel(seed, steps, options)
      if (!model || !streams(model.network)) continue
      streamed++
      const { width } = model.network.output
      const random = new Random(seed, 'texts')
      const tokens = Array.from({ length: 1 + random.integer(9) }, () => words[1 + random.integer(4)])
      const ids = tokens.map((token) => (random.uniform() < 0.3 ? 0 : words.indexOf(token)))
      let stream = model.stream()
      tokens.forEach((token, t) => {
        const text = tokens.slice(0, t + 1).join(' ')
        expect(said(stream.push(token), width), `${seed}: ${text}`).toEqual(said(model.predict(text), width))
        expect(stream.steps).toBe(t + 1)
        expect(() => stream.push('unheard')).toThrow(/a token of the vocabulary/)
        if (random.uniform() > 0.4) return
        const saved = JSON.parse(JSON.stringify(stream.save())) as ReturnType<typeof stream.save>
        stream = model.stream()
        stream.restore(saved)
      })
      stream.reset()
      ids.forEach((id, t) => {
        expect(said(stream.push(id), width)).toEqual(said(model.predict(ids.slice(0, t + 1)), width))
        expect(stream.steps).toBe(t + 1)
      })
      model.dispose()
    }
    expect(streamed).toBeGreaterThan(15)
  })

  const fixed = (steps: number | null) => {
    const layers: LayerOptions[] = [
      { type: 'embedding', vocabulary: VOCABULARY, size: 4 },
      { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false },
      { type: 'dense', units: 2 },
    ]
    const input = { kind: 'ids', width: VOCABULARY, steps } as const
    return SequenceModel.fromImported(imported({ layers }, { vocabulary: words, tokens: 'words', input }))
  }

  it('takes tokens or ids where texts are padded, not both', () => {
    const model = fixed(4)
    const stream = model.stream()
    stream.push('a')
    expect(() => stream.push(2)).toThrow(UsageError)
    expect(() => stream.push(2)).toThrow(
      /stream\.push: expected a token, as before, got a token id\. .*reset\(\)/,
    )
    expect(stream.push('b').output).toEqual(model.predict('a b').output)
    stream.reset()
    stream.push(1)
    expect(() => stream.push('b')).toThrow(/expected a token id, as before, got a token/)
    expect(stream.push(2).output).toEqual(model.predict([1, 2]).output)
    const free = fixed(null).stream()
    free.push('a')
    expect(() => free.push(2)).not.toThrow()
  })

  it('refuses a state that is none of it', () => {
    const stream = fixed(4).stream()
    stream.push('a')
    const state = stream.save()
    expect(state.text).toEqual({ ids: [1], read: 1 })
    const wrong = [
      { ids: [], read: 1 },
      { ids: [5], read: 1 },
      { ids: [1, 1, 1, 1, 1], read: 5 },
      { ids: [1], read: 0 },
      { ids: [1] },
      {},
    ]
    for (const text of wrong)
      expect(() => stream.restore({ ...state, text } as typeof state)).toThrow(
        /stream\.restore: expected a text of up to 4 ids/,
      )
    expect(stream.steps).toBe(1)
    expect(() => fixed(null).stream().restore(state)).toThrow(/a state without a text/)
    stream.restore(fixed(4).stream().save())
    expect(stream.steps).toBe(0)
  })

  it('says of a batch what it says of each', () => {
    const model = fixed(4)
    const texts = ['a', 'a b', 'd c b a a', 'c c']
    const wanted = texts.map((text) => {
      const stream = model.stream()
      return text
        .split(' ')
        .map((token) => stream.push(token))
        .at(-1)!.output
    })
    expect(model.predict(texts).map(({ output }) => output)).toEqual(wanted)
    const batch = PackedBatch.ofIds([[0, 0, 1, 2]])
    model.network.forward(batch)
    expect([...model.network.readOutput(batch)]).toEqual(wanted[1])
  })
})
