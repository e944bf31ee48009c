/** What is particular to language models: what they learn, score and write, and what they refuse. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataError, FormatError, UsageError } from '../../../src/core/errors.ts'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import { fitNgrams } from '../../../src/tasks/baselines/ngrams.ts'
import { languageModel, LanguageModel } from '../../../src/tasks/languageModel/languageModel.ts'
import { Sampler } from '../../../src/tasks/generation/sampling.ts'
import { Random } from '../../../src/core/random.ts'
import { SENTENCES, tinyLanguage } from './languageHelpers.ts'

const LINE = 'the clouds are in the sky. '
const TEXT = LINE.repeat(30)

describe('a language model of one long text', () => {
  let model: LanguageModel
  beforeAll(async () => {
    model = languageModel({ units: 24, embedding: 12, steps: 16, dropout: 0, engine: 'simd', threads: 1 })
    const report = await model.fit(TEXT, { epochs: 30, batchSize: 8, learningRate: 0.01, patience: null })
    expect(report).toMatchObject({ trainSize: 1, validationSize: 1, split: { train: [0], validation: [0] } })
  })
  afterAll(() => model.dispose())

  it('has no end token, and every character of the text', () => {
    expect(model.settings.endToken).toBe(false)
    expect(new Set(model.vocabulary.tokens)).toEqual(new Set(['<unk>', ...LINE]))
    expect(model.encode('the sky').tokens).toEqual([...'the sky'])
  })

  it('learns it: the loss is far below that of single characters', async () => {
    const { loss, bits, perplexity, bitsPerCharacter, n, kind } = await model.evaluate(TEXT.slice(0, 400))
    expect(kind).toBe('tokens')
    expect(n).toBe(399)
    expect(loss).toBeLessThan(0.3)
    expect(bits).toBeCloseTo(loss / Math.LN2, 12)
    expect(bitsPerCharacter).toBeCloseTo(bits, 12)
    expect(perplexity).toBeCloseTo(Math.exp(loss), 12)
  })

  it('writes what it learned, as pieces and as a whole, the same for the same seed', async () => {
    const options = { prime: 'the clouds are in the ', length: 20, temperature: 0.2, seed: 3 }
    const whole = model.generate(options).text()
    expect(whole.startsWith('sky. ')).toBe(true)
    expect(Array.from(whole)).toHaveLength(20)
    const pieces: string[] = []
    for await (const piece of model.generate(options)) pieces.push(piece)
    expect(pieces).toHaveLength(20)
    expect(pieces.join('')).toBe(whole)
    const wild = (seed: number) => model.generate({ prime: 't', temperature: 5, length: 40, seed }).text()
    expect(wild(1)).toBe(wild(1))
    expect(wild(2)).not.toBe(wild(1))
  })

  it('ends before a stop text, of which no piece shows the beginning', async () => {
    const options = { prime: 'the clouds ', temperature: 0, length: 60 }
    expect(model.generate({ ...options, stop: 'sky.' }).text()).toBe('are in the ')
    expect(model.generate({ ...options, stop: ['sea', 'in', ' the'] }).text()).toBe('are ')
    const pieces: string[] = []
    for await (const piece of model.generate({ ...options, stop: 'the sky' })) pieces.push(piece)
    expect(pieces.join('')).toBe('are in ')
    // A beginning that goes on otherwise comes later.
    expect(model.generate({ ...options, length: 14, stop: 'the sea' }).text()).toBe('are in the sky')
  })

  it('says the likeliest next tokens, and how each token surprised it', () => {
    const next = model.next('the clouds are in the ', 3)
    expect(next).toHaveLength(3)
    expect(next[0].token).toBe('s')
    expect(next[0].probability).toBeGreaterThan(next[1].probability)
    const { tokens, nats, bits, perplexity, mostSurprising } = model.score('the clouds are in the wky')
    expect(tokens).toHaveLength(24)
    expect(tokens[mostSurprising[0]]).toMatchObject({ token: 'w', known: false })
    expect(nats).toBeCloseTo(
      tokens.reduce((sum, token) => sum - Math.log(token.probability), 0),
      10,
    )
    expect(bits).toBeCloseTo(nats / Math.LN2, 10)
    expect(perplexity).toBeCloseTo(Math.exp(nats / 24), 10)
    const [, predicted] = [0, model.predict('the clouds are in the ')]
    expect(predicted.probabilities.s).toBe(next[0].probability)
  })

  it('streams text in pieces; white space counts', () => {
    const stream = model.stream()
    stream.pushText('the clouds ')
    const last = stream.pushText('are in the ')
    expect(last.probabilities).toEqual(model.predict('the clouds are in the ').probabilities)
    const saved = stream.save()
    const other = model.stream()
    other.restore(saved)
    expect(other.pushText('s')).toEqual(stream.pushText('s'))
  })

  it('refuses what it cannot read or do', () => {
    const refused = (call: () => unknown, error: object, message: RegExp) => {
      expect(call).toThrow(error as never)
      expect(call).toThrow(message)
    }
    refused(
      () => model.generate(),
      DataError,
      /prime: expected a text with at least one token.*how texts begin/,
    )
    refused(() => model.generate({ prime: 'QxQ' }), DataError, /prime: .*got "Q", "x"/)
    refused(() => model.generate({ prime: 'the', temperature: -1 }), UsageError, /temperature/)
    refused(() => model.generate({ prime: 'the', topK: 0 }), UsageError, /topK/)
    refused(() => model.generate({ prime: 'the', topP: 2 }), UsageError, /topP/)
    refused(() => model.generate({ prime: 'the', repetitionPenalty: 0 }), UsageError, /repetitionPenalty/)
    refused(() => model.generate({ prime: 'the', stop: '' }), UsageError, /stop/)
    refused(() => model.generate({ prime: 'the', seed: 0.5 }), UsageError, /seed/)
    refused(() => model.generate({ prime: 'the', length: 0 }), UsageError, /length/)
    refused(() => model.generate({ primer: 'the' } as never), UsageError, /generate option primer/)
    refused(() => model.predict(''), DataError, /text with at least one token/)
    refused(() => model.score('t'), DataError, /at least 2 tokens/)
    refused(() => model.next('the', 0), UsageError, /count/)
  })
})

describe('a language model of several texts', () => {
  it('begins and ends them, with words', async () => {
    const model = await tinyLanguage({ tokens: 'words', minimumCount: 1 }, { epochs: 40, learningRate: 0.02 })
    expect(model.settings.endToken).toBe(true)
    expect(model.encode('the cat sleeps').tokens).toEqual(['<end>', 'the', 'cat', 'sleeps'])
    const written = model.generate({ temperature: 0, length: 50 }).text()
    expect(SENTENCES.map((one) => one.replace(/ (?=[.!])/, ''))).toContain(written)
    expect(model.next('the cat sleeps .', 1)[0].token).toBe('<end>')
    const { tokens } = model.score('the cat sleeps .')
    expect(tokens.map(({ token }) => token)).toEqual(['the', 'cat', 'sleeps', '.'])
    const words = await model.evaluate(SENTENCES)
    expect(words.n).toBe(SENTENCES.reduce((sum, text) => sum + model.encode(text).steps, 0))
    model.dispose()
  })

  it('does neither with endToken false', async () => {
    const model = await tinyLanguage({ endToken: false })
    expect(model.vocabulary.tokens).not.toContain('<end>')
    expect(model.generate({ prime: 'the ', length: 5 }).text()).toHaveLength(5)
    model.dispose()
  })

  it('begins each text with states of zero in training: the order of the others says nothing of it', async () => {
    const two = ['a b c d', 'b c', 'd a a b', 'c c d b a']
    const losses = await Promise.all(
      [true, false].flatMap((resetStates) =>
        [two, [two[1], two[0], two[3], two[2]]].map(async (texts) => {
          const first: number[] = []
          const model = languageModel({
            units: 6,
            embedding: 4,
            steps: 50,
            dropout: 0,
            resetStates,
            threads: 1,
          })
          const onStep = ({ loss }: { loss: number }) => void first.push(loss)
          // Each word occurs as often whatever the order, so the vocabulary is the same.
          await model.fit(texts, { epochs: 1, batchSize: 1, validation: 0, seed: 4, onStep })
          return first[0]
        }),
      ),
    )
    expect(losses[1]).toBeCloseTo(losses[0], 5)
    expect(Math.abs(losses[3] - losses[2])).toBeGreaterThan(1e-5)
  })

  it('refuses texts that are none, and corpora that are too short', async () => {
    const fit = (texts: unknown, options: object = {}) => languageModel().fit(texts as string, options)
    await expect(fit(['a text', ''])).rejects.toThrow(
      /row 1: expected a text with at least one token, got ""/,
    )
    await expect(fit(['a text', 3])).rejects.toThrow(/row 1: expected a text, or \{ text \}, got 3/)
    await expect(fit([{ word: 'a' }])).rejects.toThrow(/row 0: expected a text, or \{ text \}/)
    await expect(fit([])).rejects.toThrow(/at least one text/)
    await expect(fit('aaaaaa', { validation: 0 })).rejects.toThrow(/two different tokens/)
    await expect(fit('a short text', { validation: 0 })).rejects.toThrow(
      /corpus: expected at least 33 tokens.*got 12/,
    )
    await expect(fit('a short text', { validation: 0, batchSize: 11, epochs: 1 })).resolves.toBeDefined()
  })

  it('opens its checkpoint as the model that resumes it', async () => {
    const saved: Uint8Array[] = []
    const checkpoint = { everySteps: 1, write: (bytes: Uint8Array) => void saved.push(bytes.slice()) }
    const model = await tinyLanguage({}, { epochs: 2, checkpoint })
    const { model: other, fitOptions } = await LanguageModel.fromCheckpoint(saved[3])
    await other.fit(SENTENCES, { ...fitOptions, resume: saved[3] })
    expect(other.toBytes()).toEqual(model.toBytes())
    for (const one of [model, other]) one.dispose()
  })

  it('refuses files whose parts contradict each other', async () => {
    const model = await tinyLanguage()
    const { document, tensors } = decodeModel(model.toBytes())
    const changed = (change: (copy: Record<string, never>) => void) => {
      const copy = structuredClone(document) as never
      change(copy)
      return () => LanguageModel.fromBytes(encodeModel(copy, [...tensors.values()] as never))
    }
    const cases: [(copy: never) => void, RegExp][] = [
      [({ vocabulary }: { vocabulary: string[] }) => void vocabulary.pop(), /the size of the vocabulary/],
      [({ vocabulary }: { vocabulary: string[] }) => void (vocabulary[1] = 'q'), /the token <end>/],
      [({ settings }: { settings: { cell: string } }) => void (settings.cell = 'gru'), /layers of cell gru/],
      [
        ({ network }: { network: { loss: { type: string } } }) =>
          void (network.loss.type = 'binaryCrossEntropy'),
        /softmaxCrossEntropy/,
      ],
    ]
    for (const [change, message] of cases) {
      expect(changed(change as never)).toThrow(FormatError)
      expect(changed(change as never)).toThrow(message)
    }
    model.dispose()
  })

  it('evaluates a long text in parts almost as in one piece', async () => {
    const model = await tinyLanguage({ endToken: false })
    const text = SENTENCES.join(' ').repeat(60)
    expect(model.encode(text).steps).toBeGreaterThan(16_384)
    const { loss, n } = await model.evaluate(text)
    const { nats, tokens } = model.score(text)
    expect(n).toBe(tokens.length)
    expect(loss).toBeCloseTo(nats / n, 5)
    model.dispose()
  })
})

describe('drawing tokens', () => {
  const logits = [5, 1, 2, 0.5, -1]
  const draw = (options: object, seed: number, seen: number[] = [], never: number[] = []) => {
    const all = { temperature: 1, topK: null, topP: null, repetitionPenalty: 1, ...options }
    return new Sampler(all, new Random(seed), new Set(never)).draw(logits, new Set(seen))
  }
  const drawn = (options: object, seen?: number[], never?: number[]) =>
    [...new Set(Array.from({ length: 300 }, (_, seed) => draw(options, seed, seen, never)))].sort()

  it('follows the softmax', () => {
    const counts = new Float64Array(5)
    for (let seed = 0; seed < 4000; seed++) counts[draw({ temperature: 2 }, seed)] += 1 / 4000
    const weights = logits.map((x) => Math.exp(x / 2))
    const sum = weights.reduce((a, b) => a + b)
    counts.forEach((share, id) => expect(Math.abs(share - weights[id] / sum)).toBeLessThan(0.03))
  })

  it('keeps the likeliest, penalises what was seen, and leaves out what never comes', () => {
    expect(drawn({ temperature: 0 })).toEqual([0])
    expect(drawn({ temperature: 100, topK: 2 })).toEqual([0, 2])
    expect(drawn({ temperature: 100, topP: 0.5 })).toEqual([0, 1, 2])
    expect(drawn({ topP: 0.5 })).toEqual([0])
    expect(drawn({ temperature: 100 }, [], [0, 4])).toEqual([1, 2, 3])
    expect(drawn({ temperature: 0, repetitionPenalty: 4 }, [0])).toEqual([2])
  })
})

describe('the n-gram baseline', () => {
  it('is Witten–Bell, as by hand', () => {
    // After 1: 2 twice, 3 once; P(2 | 1) = (2 + 2·P(2)) / (3 + 2), P(2) = (2 + 3/4) / (6 + 3).
    const model = fitNgrams([Int32Array.of(1, 2, 1, 2, 1, 3, 1)], 2, 4)
    const single = (2 + 3 / 4) / (6 + 3)
    const { value, n } = model.evaluate([Int32Array.of(1, 2)])
    expect(n).toBe(1)
    expect(value).toBeCloseTo(-Math.log((2 + 2 * single) / (3 + 2)), 12)
  })

  it('sums to one over the vocabulary', () => {
    const model = fitNgrams([Int32Array.of(0, 1, 2, 0, 1, 3, 0, 1)], 3, 5)
    for (const context of [
      [0, 1],
      [2, 4],
      [3, 0],
    ]) {
      const sum = [0, 1, 2, 3, 4].reduce((all, id) => {
        const whole = model.evaluate([Int32Array.of(...context, id)])
        const before = model.evaluate([Int32Array.from(context)])
        return all + Math.exp(before.value * before.n - whole.value * whole.n)
      }, 0)
      expect(sum).toBeCloseTo(1, 12)
    }
  })
})
