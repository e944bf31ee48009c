/** The tagger: what it learns and predicts, its metrics by hand, its file, and what it refuses. */
import { describe, expect, it } from 'vitest'
import { parallelism } from '../../../src/engine/threads/executor.ts'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import { frequentTags } from '../../../src/tasks/baselines/frequentTags.ts'
import { modelFromImported, openModel, openModelFile } from '../../../src/tasks/files/openModel.ts'
import { lettersOf } from '../../../src/tasks/tagger/learned.ts'
import { scoreEntities } from '../../../src/tasks/tagger/measure.ts'
import { tagger, Tagger } from '../../../src/tasks/tagger/tagger.ts'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'
import { expectClose } from '../../closeTo.ts'
import { NAMES, tinyTagger, WORDS } from './taggerHelpers.ts'

const quick = { epochs: 1, validation: 0, batchSize: 4 }

describe('a tagger of parts of speech', () => {
  it('learns them, without a CRF, and tags unknown words by their characters', async () => {
    const model = await tinyTagger({}, WORDS, { epochs: 60 })
    expect(model.settings).toMatchObject({ scheme: 'none', crf: false })
    const { accuracy, entities, n, perClass } = await model.evaluate(WORDS)
    expect(accuracy).toBeGreaterThan(0.95)
    expect(entities).toBeNull()
    expect(n).toBe(WORDS.flatMap(({ tokens }) => tokens).length)
    expect(perClass.map(({ label }) => label)).toEqual(['ADJ', 'ADV', 'DET', 'NOUN', 'VERB'])
    const prediction = model.predict('The cat sleeps')
    expect(prediction.tokens).toEqual(['The', 'cat', 'sleeps'])
    expect(prediction.tags).toHaveLength(3)
    expect(prediction.entities).toEqual([])
    prediction.tags.forEach((tag, t) => {
      expect(prediction.confidences[t]).toBe(prediction.steps![t][model.labels.indexOf(tag)])
    })
    expect(model.predict({ tokens: ['The', 'cat', 'sleeps'] })).toEqual(prediction)
    expect(model.predict([{ tokens: ['a', 'dog'] }, 'the cat']).map(({ tags }) => tags.length)).toEqual([
      2, 2,
    ])
    // Both words are unknown: only their characters differ.
    const [one, other] = model.predict(['zz', 'birdss'])
    expect(one.output).not.toEqual(other.output)
  })
})

describe('a tagger of spans', () => {
  it('has a CRF, keeps the scheme, and counts spans', async () => {
    const model = await tinyTagger({}, NAMES, { epochs: 60 })
    expect(model.settings).toMatchObject({ scheme: 'bio', crf: true })
    const { entities, accuracy } = await model.evaluate(NAMES)
    expect(accuracy).toBeGreaterThan(0.9)
    expect(entities!.f1).toBeGreaterThan(0.8)
    expect(entities!.support).toBe(13)
    const predicted = NAMES.map(({ tokens }) => model.predict({ tokens }).tags)
    expect(entities).toEqual(
      scoreEntities(
        NAMES.map(({ tags }) => tags),
        predicted,
      ),
    )
    const [first] = model.predict({ tokens: ['Ada', 'Lovelace', 'sings'] }).entities
    expect(first).toEqual({ label: 'PER', start: 0, end: 2, text: 'Ada Lovelace' })
  })

  it.each([true, false])('never predicts a tag that may not stand there, crf %s', async (crf) => {
    // Hardly trained, so that its scores would break the scheme.
    const model = await tinyTagger({ crf }, NAMES, { epochs: 1 })
    for (const { tags } of model.predict(NAMES.map(({ tokens }) => ({ tokens })))) {
      tags.forEach((tag, t) => {
        const before = tags[t - 1] ?? 'O'
        expect(tag.startsWith('I-') ? before.slice(1) : tag.slice(1)).toBe(tag.slice(1))
      })
    }
  })

  it('gives marginals that sum to 1', async () => {
    const model = await tinyTagger({}, NAMES, { epochs: 3 })
    for (const row of model.predict('Ada sees Paris').steps!)
      expect(row.reduce((sum, x) => sum + x)).toBeCloseTo(1, 10)
  })
})

describe('metrics', () => {
  it('of spans, as the CoNLL scorer counts', () => {
    const actual = ['B-A I-A O B-B', 'O B-A', 'B-B O'].map((tags) => tags.split(' '))
    const predicted = ['B-A I-A O B-A', 'O B-A', 'B-B I-B'].map((tags) => tags.split(' '))
    const scores = scoreEntities(actual, predicted)
    expect(scores).toMatchObject({
      support: 4,
      predicted: 4,
      correct: 2,
      precision: 0.5,
      recall: 0.5,
      f1: 0.5,
    })
    expect(scores.perLabel).toEqual([
      { label: 'A', precision: 2 / 3, recall: 1, f1: 0.8, support: 2 },
      { label: 'B', precision: 0, recall: 0, f1: 0, support: 2 },
    ])
    expect(scoreEntities([['O']], [['O']])).toMatchObject({ precision: 0, recall: 0, f1: 0, perLabel: [] })
  })

  it('count tags that the model does not know as wrong, and say so', async () => {
    const model = await tinyTagger({}, WORDS, { epochs: 1 })
    const { accuracy, n, warnings, loss } = await model.evaluate([
      { tokens: ['the', 'cat'], tags: ['X', 'Y'] },
    ])
    expect([accuracy, n]).toEqual([0, 2])
    expect(loss).toBe(0)
    expect(warnings.join(' ')).toMatch(/2 tags that the model does not know: X, Y\. 2 tokens of 2 have tags/)
  })

  it('of the baseline: the most frequent tag of a word, else of all words', async () => {
    const tags = frequentTags(WORDS)
    expect(tags(['dog', 'sees', 'whale'])).toEqual(['NOUN', 'VERB', 'NOUN'])
    const model = await tinyTagger({}, NAMES, { epochs: 1 })
    const { entityF1, value } = (await model.baseline(NAMES)).evaluate(NAMES)
    expect(value).toBeGreaterThan(0.8)
    expect(entityF1).toBeGreaterThan(0.5)
  })
})

describe('rows', () => {
  const fit = (rows: object[], options = {}, model = tagger({ units: 3, embedding: 2, characters: false })) =>
    model.fit(rows, { ...quick, ...options })

  it('may have other columns, and strings with spaces', async () => {
    const rows = WORDS.map(({ tokens, tags }) => ({ words: tokens.join(' '), pos: tags.join(' ') }))
    const report = await fit(rows, { tokens: 'words', tags: 'pos' })
    expect(report.labels).toEqual(['ADJ', 'ADV', 'DET', 'NOUN', 'VERB'])
  })

  it('are refused with their number', async () => {
    const good = { tokens: ['a', 'b'], tags: ['X', 'Y'] }
    await expect(fit([good, { tokens: ['a', 'b'], tags: ['X'] }])).rejects.toThrow(
      'row 1: expected a tag for each of 2 tokens, got 1 tag',
    )
    await expect(fit([good, { tokens: [], tags: [] }])).rejects.toThrow('row 1: expected at least one token')
    await expect(fit([good, { tokens: ['a'] }])).rejects.toThrow(
      'row 1: expected { tokens, tags }, each a list',
    )
    await expect(fit([good, { tokens: ['a', ' '], tags: ['X', 'Y'] }])).rejects.toThrow(/row 1: expected/)
    await expect(fit([])).rejects.toThrow('fit: expected at least one sentence, got none')
    await expect(fit([{ tokens: ['a'], tags: ['X'] }])).rejects.toThrow(
      'at least two different tags, got only "X"',
    )
    await expect(fit([good], { validation: [{ tokens: ['a'], tags: [] }] })).rejects.toThrow(
      /validation row 0/,
    )
  })

  it('that break the scheme are refused, or repaired', async () => {
    const broken = [...NAMES, { tokens: ['Ada', 'sings'], tags: ['I-PER', 'O'] }]
    const error = await fit(broken).catch((reason: unknown) => reason)
    expect(String(error)).toContain(
      'row 8, token 0: expected tags that keep the scheme bio, got "I-PER": it begins the sentence. Pass `repair: true`',
    )
    expect(String(error)).not.toContain('row 8, row 8')
    const report = await fit(broken, {}, tagger({ units: 3, embedding: 2, characters: false, repair: true }))
    expect(report.warnings).toContain('1 sentence with broken spans repaired.')
    const plain = await fit(broken, {}, tagger({ units: 3, embedding: 2, characters: false, scheme: 'none' }))
    expect(plain.warnings).toEqual([])
  })

  it('with spans that have no beginnings are repaired to tags of their own, or trained as they are with a warning', async () => {
    const iob1 = NAMES.map(({ tokens, tags }) => ({
      tokens,
      tags: tags.map((tag) => tag.replace(/^B/, 'I')),
    }))
    const own = { units: 3, embedding: 2, characters: false }
    const model = tagger({ ...own, scheme: 'bio', repair: true })
    const report = await fit(iob1, {}, model)
    expect(report.labels).toEqual(
      [...new Set(NAMES.flatMap(({ tags }) => tags))].sort((a, b) => (a < b ? -1 : 1)),
    )
    expect((await model.evaluate(NAMES)).entities!.support).toBe(13)
    expect((await fit(iob1)).warnings.join(' ')).toContain('Tags begin with I- and none with B-')
    expect((await fit(iob1, {}, tagger({ ...own, scheme: 'none' }))).warnings).toEqual([])
  })

  it('of a second fit have known tags; new words are added where they are asked for', async () => {
    const model = await tinyTagger({}, WORDS, { epochs: 1 })
    const rows = [{ tokens: ['the', 'whale', 'sings'], tags: ['DET', 'NOUN', 'VERB'] }]
    await expect(model.fit([{ tokens: ['the'], tags: ['X'] }], quick)).rejects.toThrow(
      /row 0, token 0: expected one of/,
    )
    const report = await model.fit(rows, { ...quick, extendVocabulary: true })
    expect(report.warnings.join(' ')).toContain('1 tokens added to the vocabulary.')
    expect(model.vocabulary.has('whale')).toBe(true)
  })

  it('predict refuses all that are not sentences', async () => {
    const model = await tinyTagger({}, WORDS, { epochs: 1 })
    expect(() => model.predict('  ')).toThrow('sentence: expected at least one token')
    expect(() => model.predict({ tokens: ['a', ''] })).toThrow(
      'sentence, token 1: expected a string that is not empty',
    )
    expect(() => model.predict(7 as never)).toThrow(
      'sentence: expected a text, or { tokens }, a list of strings',
    )
  })
})

describe('options', () => {
  it.each([
    [{ unit: 3 }, /option unit: expected one of the options .*units/],
    [{ characters: { unit: 3 } }, /option characters unit/],
    [{ characters: 3 }, /option characters: expected true, false or an object/],
    [{ characters: { units: 0 } }, /option characters\.units: expected a whole number from 1/],
    [{ crf: 'yes' }, /option crf: expected true or false/],
    [{ scheme: 'iob' }, /option scheme: expected one of none, bio, bioes, bilou/],
    [{ dropout: 1 }, /option dropout: expected a rate/],
  ])('%j is refused', (options, message) => expect(() => tagger(options as never)).toThrow(message))

  it('long words keep their first and last characters', () => {
    const { settings } = tagger({ characters: { maximumLength: 5 } })
    expect(lettersOf(settings, 'internationalisation').join('')).toBe('inton')
    expect(lettersOf(settings, 'words').join('')).toBe('words')
  })
})

describe('files', () => {
  it('open as what they are, and refuse contradictions', async () => {
    const model = await tinyTagger({}, NAMES, { epochs: 1 })
    const bytes = model.toBytes()
    expect(openModelFile(bytes)).toBeInstanceOf(Tagger)
    expect(Tagger.fromBytes(bytes).settings).toEqual(model.settings)
    const changed = (change: (document: Record<string, never>) => void) => {
      const { document, tensors } = decodeModel(bytes, 'file')
      const copy = structuredClone(document) as unknown as Record<string, never>
      change(copy)
      return () => Tagger.fromBytes(encodeModel(copy as never, [...tensors.values()]), 'file')
    }
    expect(changed((d) => (d.labels as string[]).pop())).toThrow(/file, .*layers: expected .*"units":4/)
    expect(changed((d) => delete (d as Record<string, unknown>).characters)).toThrow(
      /expected the characters/,
    )
    expect(changed((d) => delete (d.settings as Record<string, unknown>).crf)).toThrow(
      /settings\.crf: expected true or false, got nothing/,
    )
    expect(changed((d) => ((d.network as { loss: object }).loss = { type: 'softmaxCrossEntropy' }))).toThrow(
      /loss: expected crf, got .*softmaxCrossEntropy/,
    )
  })

  it('are recognised by what opens any file', async () => {
    const model = await tinyTagger({}, NAMES, { epochs: 1 })
    const file = filesInMemory('m.safetensors', model.toBytes(), new Map())
    const opened = await openModel(file)
    expect(opened).toBeInstanceOf(Tagger)
    const [own, other] = [model, opened].map((one) => one.predict('Ada sees Paris').output)
    expectClose(other, own, 1e-6)
    const imported = await readModel(file)
    expect(imported).toMatchObject({ outputActivation: 'softmax', input: { kind: 'features', width: 9 } })
    expect(modelFromImported(imported, 'm')).toBeInstanceOf(Tagger)
  })

  it('are the same bytes on 1, 2 and 3 threads', async () => {
    const { minWork, eager } = parallelism
    Object.assign(parallelism, { minWork: 1, eager: true })
    try {
      const files: Uint8Array[] = []
      for (const threads of [1, 2, 3])
        files.push((await tinyTagger({ threads }, NAMES, { epochs: 2 })).toBytes())
      expect(files[1]).toEqual(files[0])
      expect(files[2]).toEqual(files[0])
    } finally {
      Object.assign(parallelism, { minWork, eager })
    }
  })
})
