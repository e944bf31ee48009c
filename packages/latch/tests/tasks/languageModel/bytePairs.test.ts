/** Language models of byte pairs: training, files, writing, and numbers that other tokens have too. */
import { beforeAll, describe, expect, it } from 'vitest'
import { languageModel, LanguageModel } from '../../../src/index.ts'
import { writeModel } from '../../../src/formats/write.ts'
import { openModel } from '../../../src/tasks/files/openModel.ts'
import { bytesOf } from '../../formats/exportHelpers.ts'

const TEXT = 'Der größte Hase 🐇 hüpft — you don’t say! 你好，世界。\n'.repeat(60)
const options = {
  tokens: 'bpe',
  maximumVocabulary: 300,
  units: 12,
  embedding: 8,
  threads: 1,
  reproducible: true,
} as const
const model = languageModel(options)
beforeAll(() => model.fit(TEXT, { epochs: 2, batchSize: 4, seed: 2 }))

describe('a model of byte pairs', () => {
  it('has a token for every byte, and merges up to its size', () => {
    const { tokens } = model.vocabulary
    expect([model.vocabulary.size, new Set(tokens).size, tokens[0]]).toEqual([300, 300, '<unk>'])
    expect(model.encode('new 字 \ud800').known.every(Boolean)).toBe(true)
    const { vocabularySize, tokens: kind } = model.summary()
    expect([vocabularySize, kind]).toEqual([300, 'bpe'])
  })

  it('writes whole letters, the same as an iterator and from a file', async () => {
    const asked = { prime: 'Der ', length: 80, seed: 3 }
    const text = model.generate(asked).text()
    const pieces: string[] = []
    for await (const piece of model.generate(asked)) pieces.push(piece)
    expect(pieces.join('')).toBe(text)
    expect(pieces.slice(0, -1).join('')).not.toMatch(/[\ud800-\udbff]$/)
    const again = LanguageModel.fromBytes(model.toBytes(), 'm', { threads: 1, reproducible: true })
    expect(again.generate(asked).text()).toBe(text)
    expect(again.encode(TEXT).tokens).toEqual(model.encode(TEXT).tokens)
    expect(again.beamSearch({ prime: 'Der ', length: 6, beams: 2 })).toEqual(
      model.beamSearch({ prime: 'Der ', length: 6, beams: 2 }),
    )
  })

  it('gives back both parts of a text, and counts letters', async () => {
    const { training, validation } = model.split(TEXT)
    expect(training + validation).toBe(TEXT)
    const { bits, n, bitsPerCharacter } = await model.evaluate(validation)
    const letters = Array.from(validation).length
    const first = Array.from(model.encode(validation).tokens[0]).length
    expect(bitsPerCharacter).toBeCloseTo((bits * n) / (letters - first), 6)
    const baseline = await model.baseline(training, { order: 1 })
    expect((baseline.evaluate([validation] as never) as { n: number }).n).toBe(n)
  })

  it('scores and continues every text', () => {
    const { tokens } = model.score('größte \ud83d')
    expect(tokens.every(({ known }) => known)).toBe(true)
    expect(model.next('Der gr', 3)).toHaveLength(3)
    expect(model.stream().pushText('Der').label).toBeTypeOf('string')
  })

  it('resumes exactly, and trains on with the same merges', async () => {
    let saved: Uint8Array | undefined
    const run = languageModel(options)
    const write = (bytes: Uint8Array) => void (saved ??= bytes)
    await run.fit(TEXT, { epochs: 2, batchSize: 4, seed: 2, checkpoint: { everySteps: 3, write } })
    const { model: resumed, fitOptions } = await LanguageModel.fromCheckpoint(saved!)
    await resumed.fit(TEXT, { ...fitOptions, resume: saved })
    expect(resumed.score('Der Hase').nats).toBe(run.score('Der Hase').nats)
    const tokens = [...run.vocabulary.tokens]
    await run.fit('other words', { epochs: 1, batchSize: 2, validation: 0 })
    expect(run.vocabulary.tokens).toEqual(tokens)
  })

  it('takes several texts with an end token, and lower case', async () => {
    const several = languageModel({ ...options, lowercase: true })
    await several.fit(['Ein Text', 'Noch EIN Text'], { epochs: 1, batchSize: 2, validation: 0 })
    expect(several.vocabulary.tokens.slice(0, 2)).toEqual(['<unk>', '<end>'])
    expect(several.encode('EIN').tokens.join('')).toBe('<end>ein')
    expect(several.generate({ length: 5 }).text()).not.toContain('<end>')
  })

  it('is exported with its document', async () => {
    const [file] = await writeModel(model.exportSource('m'), 'onnx')
    const opened = await openModel({ name: 'm.onnx', bytes: bytesOf(file.chunks) })
    expect(opened.summary().tokens).toBe('bpe')
  })
})

describe('what does not fit', () => {
  it('is refused by name', () => {
    expect(() => languageModel({ tokens: 'bpe', maximumVocabulary: 257 })).toThrow(
      'maximumVocabulary: expected at least 258 with byte pairs',
    )
    const bytes = Buffer.from(model.toBytes()).toString('latin1')
    const changed = (from: string, to: string) => {
      expect(bytes).toContain(from)
      return () => LanguageModel.fromBytes(Buffer.from(bytes.replace(from, to), 'latin1'), 'm')
    }
    const [merge] = /\\"merges\\":\[\\"[^"]*/.exec(bytes)!
    expect(changed(merge, merge.replace(' ', '_'))).toThrow(/merges\[0\]: expected two tokens/)
    const kind = '\\"tokens\\":\\"bpe\\"'
    expect(changed(kind, kind.replace('bpe', 'BPE'))).toThrow(/tokens: expected/)
  })
})
