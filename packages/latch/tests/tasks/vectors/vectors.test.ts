/** Models whose embedding begins with pretrained vectors: what they cover, keep, train and resume. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openVectors } from '../../../src/data/vectors/vectorFileNode.ts'
import { multiLabelClassifier } from '../../../src/tasks/multiLabelClassifier/multiLabelClassifier.ts'
import { textRegressor } from '../../../src/tasks/textRegressor/textRegressor.ts'
import { tagger } from '../../../src/tasks/tagger/tagger.ts'
import { TextClassifier, textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { ClassifierOptions } from '../../../src/tasks/textClassifier/options.ts'
import { FORMS } from '../../data/vectors/vectorHelpers.ts'
import { COLUMNS, topics } from '../counts/countsHelpers.ts'

const EMBEDDING = 'embedding.0.weight'
const rows = topics(240, 1)
const table: ReadonlyMap<string, Float32Array> = new Map(
  Array.from({ length: 120 }, (_, i) => [`sea${i}`, Float32Array.of(i, 1, -1, 2, 0.5)]),
)
const small = { units: 4, reproducible: true, counts: false, dropout: 0 } satisfies ClassifierOptions
const quick = { ...COLUMNS, epochs: 2, ema: null, patience: null, validation: 0 }
const frozen = ['embedding.0']

function rowOf(model: TextClassifier, word: string): number[] {
  const width = model.settings.embedding as number
  const at = model.vocabulary.tokens.indexOf(word) * width
  return at < 0 ? [] : [...model.network.readParameter(EMBEDDING).subarray(at, at + width)]
}

const trained = async (options: ClassifierOptions, fit: object = {}, texts = rows) => {
  const model = textClassifier({ ...small, ...options }) as TextClassifier
  const report = await model.fit(texts, { ...quick, ...fit })
  return { model, report }
}

describe('an embedding of vectors', () => {
  it('has their width and their numbers', async () => {
    const { model, report } = await trained({ vectors: table, minimumCount: 1 }, { frozen })
    expect(model.settings.embedding).toBe(5)
    const words = model.vocabulary.tokens.filter((word) => word.startsWith('sea'))
    for (const word of words) expect(rowOf(model, word)).toEqual([...table.get(word)!])
    const tokens = rows.flatMap(({ text }) => text.split(' '))
    expect(report.vectors).toEqual({
      source: null,
      width: 5,
      rows: 120,
      vocabulary: { covered: words.length, total: model.vocabulary.size - 1 },
      unseen: 0,
      tokens: { covered: tokens.filter((word) => table.has(word)).length, total: tokens.length },
      otherCase: 0,
      duplicates: 0,
    })
    expect(report.warnings[0]).toMatch(
      /^The vectors cover \d+ of \d+ words of the vocabulary \(\d+\.\d %\) and \d+\.\d % of the tokens of the training rows\.$/,
    )
  })

  it('is that of the models of several labels and of numbers, too', async () => {
    const options = { units: 4, vectors: table, minimumCount: 1 }
    const fit = { ...quick, epochs: 1, frozen }
    const several = multiLabelClassifier(options)
    const number = textRegressor(options)
    const reports = [
      await several.fit(rows, fit),
      await number.fit(
        rows.map(({ text }) => ({ text, label: text.length })),
        fit,
      ),
    ]
    for (const [i, { network, vocabulary }] of [several, number].entries()) {
      const word = vocabulary.tokens.findIndex((one) => table.has(one))
      const weights = network.readParameter(EMBEDDING).subarray(5 * word, 5 * word + 5)
      expect([...weights]).toEqual([...table.get(vocabulary.tokens[word])!])
      expect(reports[i].vectors?.vocabulary.covered).toBeGreaterThan(0)
    }
  })

  it('has random numbers of the same size elsewhere', async () => {
    const [{ model }, { model: alone }] = [
      await trained({ vectors: table, minimumCount: 1 }, { frozen }),
      await trained({ embedding: 5, minimumCount: 1 }, { frozen }),
    ]
    const size = (numbers: number[]) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length)
    const { tokens } = model.vocabulary
    const others = tokens.filter((word) => !table.has(word)).flatMap((word) => rowOf(model, word))
    const own = tokens.filter((word) => table.has(word)).flatMap((word) => rowOf(model, word))
    expect(size(others) / size(own)).toBeGreaterThan(0.8)
    expect(size(others) / size(own)).toBeLessThan(1.2)
    const ratio = rowOf(model, '<unk>')[0] / rowOf(alone, '<unk>')[0]
    rowOf(model, '<unk>').forEach((x, i) => expect(x / rowOf(alone, '<unk>')[i]).toBeCloseTo(ratio, 3))
  })

  it('keeps words of the training rows that are rare and have a vector', async () => {
    const texts = [...rows, { text: 'sea5 rarefish raresea', label: 'sea' }]
    const vectors = { ...Object.fromEntries(table), rarefish: [1, 2, 3, 4, 5], unseen: [1, 2, 3, 4, 5] }
    const { model } = await trained({ vectors, minimumCount: 3 }, {}, texts)
    expect(model.vocabulary.has('rarefish')).toBe(true)
    expect(model.vocabulary.has('raresea')).toBe(false)
    expect(model.vocabulary.has('unseen')).toBe(false)
    const few = await trained({ vectors, minimumCount: 3, maximumVocabulary: 20 }, {}, texts)
    expect(few.model.vocabulary.size).toBe(20)
  })

  it('keeps the first words of a file that no training row has, if asked', async () => {
    const more = ['first', 'Upper', 'sea3', 'second', 'late'].map((word, i) => `${word} ${i} 1 2 3 4\n`)
    const path = join(mkdtempSync(join(tmpdir(), 'latch-')), 'more.txt')
    writeFileSync(path, [...more, ...[...table].map(([word, own]) => `${word} ${own.join(' ')}\n`)].join(''))
    const plain = await trained({ vectors: await openVectors(path) }, { frozen })
    const { model, report } = await trained({ vectors: await openVectors(path, { unseen: 4 }) }, { frozen })
    expect(model.vocabulary.tokens).toEqual([...plain.model.vocabulary.tokens, 'first', 'second'])
    expect(rowOf(model, 'second')).toEqual([3, 1, 2, 3, 4])
    expect(report.vectors).toEqual({ ...plain.report.vectors, unseen: 2 })
    expect(report.warnings.join()).toContain('2 words kept that no training row has.')
    const loaded = TextClassifier.fromBytes(model.toBytes(), 'bytes', { reproducible: true })
    expect(loaded.predict('second first')).toEqual(model.predict('second first'))
    expect(model.predict('second').output).not.toEqual(plain.model.predict('second').output)
    const cased = await trained(
      { vectors: await openVectors(path, { unseen: 4 }), lowercase: false },
      { frozen },
    )
    expect(cased.model.vocabulary.tokens.slice(-3)).toEqual(['first', 'Upper', 'second'])
    const few = await trained(
      { vectors: await openVectors(path, { unseen: 4 }), maximumVocabulary: plain.model.vocabulary.size + 1 },
      {},
    )
    expect(few.model.vocabulary.tokens.at(-1)).toBe('first')
    const tags = tagger({ units: 3, vectors: await openVectors(path, { unseen: 4 }) })
    const sentences = rows.map(({ text, label }) => ({
      tokens: text.split(' '),
      tags: text.split(' ').map(() => label),
    }))
    const tagged = await tags.fit(sentences, { epochs: 1, validation: 0 })
    expect(tagged.vectors!.unseen).toBe(2)
    await expect(openVectors(path, { unseen: 1.5 })).rejects.toThrow(
      'openVectors option unseen: expected a whole number, 0 or more, got 1.5',
    )
  })

  it('takes a word in another case where the word itself is missing', async () => {
    const texts = rows.map(({ text, label }) => ({ text: text.replace('sea', 'Sea'), label }))
    const upper = Object.fromEntries([...table].map(([word, vector]) => [word.toUpperCase(), vector]))
    const ignoring = await trained({ vectors: upper }, { frozen }, texts)
    const word = ignoring.model.vocabulary.tokens.find((one) => /^sea\d+$/.test(one))!
    expect(rowOf(ignoring.model, word)).toEqual([...table.get(word)!])
    expect(ignoring.report.vectors!.otherCase).toBeGreaterThan(50)
    expect(ignoring.report.warnings.join()).toMatch(/\d+ words found in another case only\./)
    const keeping = await trained({ vectors: table, lowercase: false }, { frozen }, texts)
    const cased = keeping.model.vocabulary.tokens.find((one) => /^Sea\d+$/.test(one))!
    expect(rowOf(keeping.model, cased)).toEqual([...table.get(cased.toLowerCase())!])
  })

  it.each(['ann', 'bag', 'gru'] as const)('is one of cell %s too', async (cell) => {
    const { model } = await trained(
      { cell, vectors: table, ...(cell === 'ann' ? { maximumLength: 8 } : {}) },
      { frozen },
    )
    const word = model.vocabulary.tokens.find((one) => table.has(one))!
    expect(rowOf(model, word)).toEqual([...table.get(word)!])
  })

  it('is of a tagger too, beside its characters or alone', async () => {
    const sentences = rows.map(({ text, label }) => ({
      tokens: text.split(' '),
      tags: text.split(' ').map(() => label),
    }))
    for (const characters of [true, false]) {
      const model = tagger({ units: 4, vectors: table, characters, reproducible: true })
      const name = characters ? 'wordCharacters.0.weight' : EMBEDDING
      const report = await model.fit(sentences, { epochs: 1, validation: 0, ema: null, frozen: [name] })
      expect(model.settings.embedding).toBe(5)
      const words = report.vectors!.vocabulary
      expect(words.covered).toBeGreaterThan(50)
      const weights = [...model.network.readParameter(name)]
      expect(weights.join()).toContain([...table.get('sea7')!].join())
    }
  })
})

describe('training', () => {
  it('changes the vectors unless they are frozen, or once their epochs have passed', async () => {
    const seen: boolean[] = []
    const model = textClassifier({ ...small, vectors: table }) as TextClassifier
    const isAsGiven = () =>
      model.vocabulary.tokens.every(
        (word) => !table.has(word) || rowOf(model, word).every((x, i) => x === table.get(word)![i]),
      )
    await model.fit(rows, {
      ...quick,
      frozen,
      frozenEpochs: 2,
      epochs: 3,
      onEvent: ({ type }) => void (type === 'epoch' && seen.push(isAsGiven())),
    })
    expect(seen).toEqual([true, true, false])
    const tuned = await trained({ vectors: table }, { epochs: 1 })
    expect(rowOf(tuned.model, 'sea7')).not.toEqual([...table.get('sea7')!])
  })

  it('of a second time goes on with the weights that the model has', async () => {
    const { model } = await trained({ vectors: table })
    const before = rowOf(model, 'sea7')
    const again = await model.fit(rows, { ...quick, frozen })
    expect(again.vectors).toBeNull()
    expect(rowOf(model, 'sea7')).toEqual(before)
  })

  it('gives the same bytes on any number of threads, and from a file of any form', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectors-'))
    const bytes = []
    for (const [i, write] of Object.values(FORMS).entries()) {
      const path = join(folder, `${i}.any`)
      writeFileSync(path, write(table))
      const { model } = await trained({ vectors: await openVectors(path), threads: 1 + (i % 3) })
      bytes.push(model.toBytes())
      model.dispose()
    }
    for (const other of bytes) expect(other).toEqual(bytes[0])
  })

  it('resumes to the same bytes without the vectors, before and after they are trained', async () => {
    const checkpoints: Uint8Array[] = []
    const checkpoint = { everySteps: 4, write: (bytes: Uint8Array) => void checkpoints.push(bytes.slice()) }
    const { model } = await trained(
      { vectors: table },
      { ...quick, frozen, frozenEpochs: 1, epochs: 3, checkpoint },
    )
    for (const bytes of [checkpoints[0], checkpoints.at(-2)!]) {
      const start = await TextClassifier.fromCheckpoint(bytes)
      const report = await start.model.fit<object>(rows, { ...start.fitOptions, resume: bytes } as never)
      expect(report.vectors).toBeNull()
      expect(start.model.toBytes()).toEqual(model.toBytes())
    }
  })
})

describe('the option', () => {
  it('says the file, and what it found in it', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'vectors-')), 'small.vec')
    writeFileSync(path, '9 2\nsea1 1 2\nsea1 3 4\n')
    const { report } = await trained({ vectors: await openVectors(path) })
    expect(report.vectors).toMatchObject({ source: 'small.vec', width: 2, rows: 2, duplicates: 1 })
    expect(report.warnings).toContain('1 vector of words that had one left out: the first counts.')
    expect(report.warnings).toContain('The first line of small.vec says 9 vectors; the file has 2.')
    expect(report.warnings[0]).toMatch(/^The vectors of small\.vec cover 1 of \d+ words/)
  })

  it('is refused beside another width', () => {
    expect(() => textClassifier({ vectors: table, embedding: 64 })).toThrow(
      'option vectors: expected vectors of 64 numbers, the width of the embedding, got vectors of 5. Pass `embedding: 5` to take the width of the vectors.',
    )
    expect(() => textClassifier({ vectors: table, embedding: 'oneHot' })).toThrow(
      'expected none beside unit vectors, got vectors of 5',
    )
    expect(() => tagger({ vectors: table, embedding: 100 })).toThrow('Pass `embedding: 5`')
    expect(textClassifier({ vectors: table, embedding: 5 }).settings.embedding).toBe(5)
  })

  it('may cover nothing, and says so', async () => {
    const { report } = await trained({ vectors: { elsewhere: [1, 2] } })
    expect(report.vectors!.tokens.covered).toBe(0)
    expect(report.warnings[0]).toMatch(
      /cover 0 of \d+ words of the vocabulary \(0\.0 %\) and 0\.0 % of the tokens/,
    )
  })

  it('leaves the model untrained where the file is at fault', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'vectors-')), 'ragged.txt')
    writeFileSync(path, 'sea1 1 2\nsea2 3\n')
    const model = textClassifier({ ...small, vectors: await openVectors(path) })
    await expect(model.fit(rows, quick)).rejects.toThrow('ragged.txt, line 2: expected a word and 2 numbers')
    expect(() => model.predict('sea1')).toThrow('fit')
  })
})
