/** Texts of imported models: the ids of Keras' Tokenizer, pad_sequences and TextVectorization. */
import { readFileSync } from 'node:fs'
import { zipSync } from 'fflate'
import { describe, expect, it, test } from 'vitest'
import { writeKeras } from '../../../src/formats/keras/index.ts'
import { ZipFile } from '../../../src/formats/keras/read/zip.ts'
import type { ImportOptions } from '../../../src/formats/imported.ts'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'
import { readVocabulary } from '../../../src/formats/text/tokensById.ts'
import { withTextInput } from '../../../src/formats/text/textInput.ts'
import { openModel } from '../../../src/tasks/files/openModel.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { DataError } from '../../../src/core/errors.ts'
import { imported } from '../../tasks/sequenceModel/sequenceFixtures.ts'
import { bytesOf, exportCase } from '../exportHelpers.ts'

interface Golden {
  texts: string[]
  paddings: ['pre' | 'post', 'pre' | 'post', number][]
  cases: { options: object; json: string; ids: number[][]; padded: number[][][] }[]
}

const GOLDEN = new URL('../../golden/formats/kerasTexts.json', import.meta.url)
const { texts, paddings, cases } = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Golden

const layersOf = (vocabulary: number): LayerOptions[] => [
  { type: 'embedding', vocabulary, size: 3 },
  { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false },
  { type: 'dense', units: 1 },
]

/** A model of ids as a reader gives it, with these options about texts. */
function opened(options: ImportOptions, steps: number | null = null, width = 80) {
  const { vocabulary, tokens } = options.vocabulary
    ? readVocabulary(options.vocabulary, options.tokens, 'm.h5')
    : { vocabulary: null, tokens: undefined }
  const model = imported(
    { layers: layersOf(width) },
    { input: { kind: 'ids', width, steps }, vocabulary, tokens: tokens ?? null },
  )
  const complete = withTextInput(model, options)
  return { complete, model: SequenceModel.fromImported(complete) }
}

/** The ids of a text; none where it is refused for having none. */
function idsOrNone(model: SequenceModel, text: string): readonly number[] {
  try {
    return model.encode(text).ids!
  } catch (error) {
    if (error instanceof DataError && error.expected.startsWith('at least one')) return []
    throw error
  }
}

describe('tokenizer.to_json()', () => {
  test.each(cases.map((one) => [JSON.stringify(one.options), one] as const))('%s', (_, one) => {
    const forms = [
      one.json,
      JSON.stringify(one.json),
      JSON.parse(one.json) as { class_name: string; config: object },
    ]
    for (const vocabulary of forms) {
      const { model } = opened({ vocabulary })
      texts.forEach((text, i) => {
        expect(idsOrNone(model, text)).toEqual(one.ids[i])
      })
    }
  })

  test.each(cases.map((one) => [JSON.stringify(one.options), one] as const))('padded: %s', (_, one) => {
    paddings.forEach(([padding, truncating, paddingId], p) => {
      const { model, complete } = opened({ vocabulary: one.json, padding, truncating, paddingId }, 5)
      expect(complete.warnings.join()).toContain(
        padding === 'pre' ? 'padded at the start' : 'padded at the end',
      )
      texts.forEach((text, i) => {
        const read = model.encode(text)
        expect(read.ids).toEqual(one.padded[p][i])
        expect(read.padding + read.paddingAfter!).toBe(Math.max(0, 5 - one.ids[i].length))
        expect(read.cut).toBe(Math.max(0, one.ids[i].length - 5))
      })
    })
  })

  it('names the field that is wrong', () => {
    const config = { word_index: '{"a": 1}' }
    const read = (more: object) =>
      readVocabulary({ class_name: 'Tokenizer', config: { ...config, ...more } }, undefined, 'm')
    expect(() => read({ oov_token: '<OOV>' })).toThrow(/config\.oov_token: expected a token of word_index/)
    expect(() => read({ word_index: '{' })).toThrow(/config\.word_index: expected JSON/)
    expect(() => read({ num_words: 'x' })).toThrow(/config\.num_words/)
    expect(() => read({ split: '' })).toThrow(/config\.split/)
    expect(read({ analyzer: 'mine' }).warnings).toEqual([
      'vocabulary: the field analyzer is not known and was not read',
    ])
    expect(() => readVocabulary({ class_name: 'TokenizerFast', config }, undefined, 'm')).toThrow(
      /"Tokenizer"/,
    )
  })
})

describe('a bare word_index', () => {
  const words = { the: 1, movie: 2, was: 3, good: 4, bad: 5, "it's": 6 }

  it('is read with the defaults of the Tokenizer, and says so', () => {
    const { model, complete } = opened({ vocabulary: words })
    expect(model.encode("The movie: it's GOOD-bad, unseen!").ids).toEqual([1, 2, 6, 4, 5])
    expect(complete.warnings.join()).toMatch(/word_index.*punctuation separates words.*dropped/)
    expect(complete.fixes?.map(({ option }) => option)).toEqual(['unknownToken'])
  })

  it('with an unknown token in it uses that one', () => {
    const { model, complete } = opened({ vocabulary: { '<OOV>': 1, good: 2, unknown: 3 } })
    expect(model.encode('good! unseen unknown').ids).toEqual([2, 1, 3])
    expect(complete.warnings.join()).toContain('become <OOV>')
  })

  it('with capital letters or signs in its words was made with other options', () => {
    expect(opened({ vocabulary: { The: 1, good: 2 } }).model.encode('The the good').ids).toEqual([1, 2])
    const { model, complete } = opened({ vocabulary: { well: 1, 'half-good': 2 } })
    expect(model.encode('well half-good').ids).toEqual([1, 2])
    expect(complete.warnings.join()).toContain('separate words')
  })

  it('longer than the embedding is cut', () => {
    const { model, complete } = opened({ vocabulary: words }, null, 4)
    expect(model.encode('the good movie').ids).toEqual([1, 2])
    expect(complete.warnings.join()).toContain('3 tokens with ids from 4 on are unknown')
    expect(opened({ vocabulary: { '<OOV>': 1, a: 2, b: 3 } }, null, 3).model.encode('a b').ids).toEqual([
      2, 1,
    ])
  })

  it('as built by hand, with padding at 0', () => {
    const { model } = opened({ vocabulary: { '<PAD>': 0, '<START>': 1, '<UNK>': 2, good: 3, film: 4 } })
    expect(model.encode('A good film!').ids).toEqual([2, 3, 4])
  })

  it('is any other vocabulary if id 0 is a word', () => {
    const { model } = opened({ vocabulary: { good: 0, '!': 1, '<unk>': 2 } })
    expect(model.encode('Good! x').ids).toEqual([0, 1, 2])
  })
})

describe('other vocabularies', () => {
  it('the list of TextVectorization removes punctuation', () => {
    const { model, complete } = opened({ vocabulary: ['', '[UNK]', 'dont', 'good'] })
    expect(model.encode("Don't be GOOD, good.").ids).toEqual([2, 1, 3, 3])
    expect(complete.warnings.join()).toContain('TextVectorization')
  })

  it('a plain list keeps Latch’s tokenizer: unknown tokens are errors without a token for them', () => {
    expect(() => opened({ vocabulary: ['good', 'unknown'] }).model.encode('good film')).toThrow(
      /text, token 1/,
    )
    const { model } = opened({ vocabulary: ['good', 'unknown'], unknownToken: 'unknown' })
    expect(model.encode('good film').ids).toEqual([0, 1])
    expect(opened({ vocabulary: ['good', 'x'], unknownToken: 'drop' }).model.encode('good film').ids).toEqual(
      [0],
    )
  })

  it('neither list nor ids by token is refused', () => {
    for (const vocabulary of ['{', '3', 'null'])
      expect(() => readVocabulary(vocabulary, undefined, 'm')).toThrow(
        /vocabulary: expected a list of tokens/,
      )
    expect(() => readVocabulary(JSON.stringify(['a', 1]), undefined, 'm')).toThrow(/id 1: expected a token/)
    expect(() => readVocabulary(JSON.stringify({ a: 'x' }), undefined, 'm')).toThrow(/whole numbers/)
  })
})

describe('options that do not fit are refused', () => {
  const vocabulary = { good: 1, bad: 2 }
  it.each([
    [{ vocabulary, unknownToken: 'none' }, null, /unknownToken: expected a token of the vocabulary, or drop/],
    [{ vocabulary, padding: 'post' }, null, /padding: expected a length.*`maxLength`/],
    [{ vocabulary, maxLength: 4 }, 6, /maxLength: expected 6, the steps of the file/],
    [{ vocabulary, paddingId: 99 }, 6, /paddingId: expected an id from 0 to 79/],
    [{ vocabulary, padding: 'left' as 'pre' }, 6, /padding: expected pre or post/],
    [{ padding: 'post' }, 6, /padding: expected a model with a vocabulary.*`vocabulary`/],
    [{ vocabulary: cases[0].json, tokens: 'chars' }, 6, /tokens: expected words.*`tokens: "words"`/],
  ] as [ImportOptions, number | null, RegExp][])('%j', (options, steps, message) => {
    expect(() => opened(options, steps)).toThrow(message)
  })
  it('of features', () => {
    const features = imported({ layers: [{ type: 'features', width: 3 }, ...layersOf(3).slice(1)] })
    expect(() => withTextInput(features, { padding: 'post' })).toThrow(
      /expected a model that reads token ids/,
    )
  })
})

describe('a stream equals predict', () => {
  const vocabulary = { '<OOV>': 1, the: 2, movie: 3, was: 4, good: 5 }
  const text = 'The movie, was GOOD the end movie was good'
  it.each([
    [{ vocabulary }, null],
    [{ vocabulary: { the: 1, movie: 2, was: 3 } }, null],
    ...(['pre', 'post'] as const).flatMap((padding) =>
      (['pre', 'post'] as const).flatMap((truncating): [ImportOptions, number][] => [
        [{ vocabulary, padding, truncating }, 5],
        [{ vocabulary: { the: 1, movie: 2, was: 3 }, padding, truncating }, 12],
      ]),
    ),
    [{ vocabulary: { a: 1, ' ': 2, o: 3, '<OOV>': 4 }, tokens: 'chars' }, null],
    [{ vocabulary, maxLength: 3 }, null],
  ] as [ImportOptions, number | null][])('%j, %j steps', (options, steps) => {
    const { model } = opened(options, steps)
    const loaded = SequenceModel.fromBytes(model.toBytes())
    expect(loaded.predict(text)).toEqual(model.predict(text))
    const words = options.tokens === 'chars' ? Array.from(text) : text.split(' ')
    const stream = model.stream()
    const pushed = model.stream()
    words.forEach((word, i) => {
      const sofar = words.slice(0, i + 1).join(options.tokens === 'chars' ? '' : ' ')
      const said = stream.push(word)
      expect(said).toEqual(model.predict(sofar))
      expect(pushed.pushText(i > 0 && options.tokens !== 'chars' ? ` ${word}` : word)).toEqual(said)
    })
    const again = model.stream()
    again.restore(JSON.parse(JSON.stringify(stream.save())) as ReturnType<typeof stream.save>)
    expect(again.push(words[1])).toEqual(stream.push(words[1]))
    expect(again.steps).toBe(stream.steps)
  })

  it('for a text of nothing but dropped words', () => {
    const { model } = opened({ vocabulary: { good: 1 } }, 4)
    expect(model.encode('unseen!').ids).toEqual([0, 0, 0, 0])
    expect(model.stream().pushText('unseen!')).toEqual(model.predict('unseen!'))
    const free = opened({ vocabulary: { good: 1 } }).model
    expect(() => free.predict('unseen!')).toThrow(/text: expected at least one token of the vocabulary/)
    expect(() => free.stream().pushText('unseen!')).toThrow(/expected at least one step/)
  })

  it('refuses several tokens in one step', () => {
    const { model } = opened({ vocabulary: { good: 1, bad: 2 } })
    expect(() => model.stream().push('good-bad')).toThrow(/token: expected one token.*pushText/)
  })
})

const VECTORIZATION = {
  standardize: 'lower_and_strip_punctuation',
  split: 'whitespace',
  ngrams: null,
  output_mode: 'int',
  output_sequence_length: 4,
  pad_to_max_tokens: false,
  sparse: false,
  ragged: false,
  max_tokens: 7,
  vocabulary: null as string[] | null,
  idf_weights: null,
  encoding: 'utf-8',
  vocabulary_size: 5,
}

/** A `.keras` file whose first layer is one of texts. */
async function withTextLayer(type: string, config: object, assets: Record<string, string> = {}) {
  const { source } = exportCase('texts', layersOf(7))
  const [file] = await writeKeras({ ...source, name: 'model' })
  const zip = new ZipFile(bytesOf(file.chunks), 'm.keras')
  const encode = (text: string) => new TextEncoder().encode(text)
  const model = JSON.parse(new TextDecoder().decode(zip.read('config.json')!)) as {
    config: { layers: { class_name: string; config: object }[] }
  }
  const { layers } = model.config
  layers[0].config = { ...layers[0].config, batch_shape: [null, 1], dtype: 'string' }
  layers.splice(1, 0, { class_name: type, config: { name: 'texts', ...config } })
  const members = Object.fromEntries(Object.entries(assets).map(([name, text]) => [name, encode(text)]))
  const bytes = zipSync({
    'metadata.json': encode('{"keras_version": "3.15.1"}'),
    'config.json': encode(JSON.stringify(model)),
    'model.weights.h5': zip.read('model.weights.h5')!,
    ...members,
  })
  return { name: 'm.keras', bytes }
}

describe('metadata of a .keras file', () => {
  it('fields that are not read are listed as omitted', async () => {
    const { name, bytes } = await withTextLayer('TextVectorization', { ...VECTORIZATION, vocabulary: ['a'] })
    const zip = new ZipFile(bytes, name)
    const more = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`own${i}`, i]))
    const metadata = { keras_version: '3.15.1', date_saved: '2026', ...more }
    const changed = zipSync({
      ...Object.fromEntries(zip.names.map((member) => [member, zip.read(member)!])),
      'metadata.json': new TextEncoder().encode(JSON.stringify(metadata)),
    })
    const { omitted } = await readModel(filesInMemory(name, changed, new Map()), {})
    const shown = Array.from({ length: 8 }, (_, i) => `metadata.json: "own${i}"`)
    expect(omitted).toEqual([...shown, '1 more fields of metadata.json'])
  })
})

describe('text layers of a .keras file', () => {
  const tokens = ['', '[UNK]', 'good', 'dont', 'é']
  const path = 'assets/layers/text_vectorization/vocabulary.txt'

  it('TextVectorization: vocabulary in the assets or the configuration', async () => {
    const files = [
      await withTextLayer('TextVectorization', VECTORIZATION, { [path]: tokens.join('\n') }),
      await withTextLayer('TextVectorization', { ...VECTORIZATION, vocabulary: tokens }),
      await withTextLayer('TextVectorization', { ...VECTORIZATION, vocabulary: tokens.slice(2) }),
    ]
    for (const file of files) {
      const model = (await openModel(file)) as SequenceModel
      const ids = (text: string) => model.encode(text).ids
      expect(ids("GOOD, don't!")).toEqual([2, 3, 0, 0])
      expect(ids('good_good')).toEqual([1, 0, 0, 0])
      expect(ids('É é x good dont')).toEqual([1, 4, 1, 2])
      expect(ids('...')).toEqual([0, 0, 0, 0])
      expect(model.stream().pushText("GOOD, don't!")).toEqual(model.predict("GOOD, don't!"))
      expect(SequenceModel.fromBytes(model.toBytes()).encode('good\tx').ids).toEqual([2, 1, 0, 0])
      expect(model.warnings.join()).not.toContain('not known')
    }
  })

  it('its options', async () => {
    const read = async (more: object) =>
      (await openModel(
        await withTextLayer('TextVectorization', { ...VECTORIZATION, vocabulary: tokens, ...more }),
      )) as SequenceModel
    expect((await read({ standardize: null })).encode('good, GOOD good').ids).toEqual([1, 1, 2, 0])
    expect((await read({ standardize: 'lower' })).encode('good, GOOD').ids).toEqual([1, 2, 0, 0])
    expect((await read({ standardize: 'strip_punctuation' })).encode('good, GOOD').ids).toEqual([2, 1, 0, 0])
    expect((await read({ split: 'character' })).encode('É-é').ids).toEqual([1, 4, 0, 0])
    expect((await read({ output_sequence_length: null })).encode('good x').ids).toEqual([2, 1])
    for (const more of [
      { ngrams: 2 },
      { output_mode: 'multi_hot' },
      { standardize: { class_name: 'function', config: 'mine' } },
      { split: null },
      { ragged: true },
      { vocabulary: null },
    ])
      await expect(read(more)).rejects.toThrow(/layer texts: expected/)
  })

  it('StringLookup: tokens between white space', async () => {
    const config = {
      vocabulary: ['good', 'Bad'],
      mask_token: null,
      num_oov_indices: 1,
      oov_token: '[UNK]',
      invert: false,
    }
    const model = (await openModel(await withTextLayer('StringLookup', config))) as SequenceModel
    expect(model.encode('good Bad, Bad').ids).toEqual([1, 0, 2])
    await expect(openModel(await withTextLayer('StringLookup', { ...config, invert: true }))).rejects.toThrow(
      /invert/,
    )
  })

  it('what it says of texts is in the imported model', async () => {
    const file = await withTextLayer('TextVectorization', { ...VECTORIZATION, vocabulary: tokens })
    const read = await readModel({ ...file, sibling: () => Promise.reject(new Error('none')) })
    expect(read.vocabulary).toEqual(tokens)
    expect(read.textInput?.padding).toEqual({ side: 'post', truncating: 'post', length: 4, id: 0 })
    expect(read.fixes).toEqual([])
  })
})
