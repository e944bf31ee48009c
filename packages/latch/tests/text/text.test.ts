/** Tokenizers and vocabulary: nothing throws on text, everything is repeatable. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTokenizer, parseTokenizerConfig } from '../../src/text/tokenizer.ts'
import { buildVocabulary } from '../../src/text/buildVocabulary.ts'
import { Vocabulary } from '../../src/text/vocabulary.ts'
import { FormatError, UsageError } from '../../src/core/errors.ts'

const words = createTokenizer({ kind: 'words', lowercase: true })
const cased = createTokenizer({ kind: 'words', lowercase: false })
const characters = createTokenizer({ kind: 'chars', lowercase: false })

describe('word tokens', () => {
  test.each([
    ["Don't stop, it's 'fine'!", ["don't", 'stop', ',', "it's", "'fine'", '!']],
    ["'' rock'n'roll '90s", ["''", "rock'n'roll", "'90s"]],
    ['don’t ‘quote’', ["don't", '‘', 'quote', '’']],
    ['snake_case a.b', ['snake', '_', 'case', 'a', '.', 'b']],
    ['Ünïcödé ΣΑΣ हिन्दी', ['ünïcödé', 'σας', 'हिन्दी']],
    ['cafe\u0301', ['café']],
    ['😀👍🏽x', ['😀', '👍', '🏽', 'x']],
    ['❤\ufe0f\u200d🔥', ['❤\ufe0f', '🔥']],
    ['می\u200cخواهم', ['می\u200cخواهم']],
    ['a\u00adb\u200bc\ud800', ['a', 'b', 'c', '\ufffd']],
    ['这个房间 IS干净。', ['这', '个', '房', '间', 'is', '干', '净', '。']],
    ['コーヒーを飲む', ['コ', 'ー', 'ヒ', 'ー', 'を', '飲', 'む']],
    ['น้ำดี', ['น้', 'ำ', 'ดี']],
    ['បន្ទប់ ມື້ ရေ', ['ប', 'ន្', 'ទ', 'ប់', 'ມື້', 'ရေ']],
    ['방이 깨끗해요', ['방이', '깨끗해요']],
    [' \t\r\n\u3000', []],
    ['', []],
  ])('%j', (text, tokens) => {
    expect(words.tokenize(text)).toEqual(tokens)
  })

  test('keeps case where asked', () => {
    expect(cased.tokenize("You're NOT good")).toEqual(["You're", 'NOT', 'good'])
  })

  test('is the measured recipe on ASCII text', () => {
    const visible = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
    const ascii = fc.string({ unit: fc.constantFrom(...visible, '\n', '\t', "'", "'", 'a', 'B', '7') })
    fc.assert(
      fc.property(ascii, (text) => {
        expect(words.tokenize(text)).toEqual(text.toLowerCase().match(/[a-z0-9']+|[^\sa-z0-9']/g) ?? [])
      }),
      { numRuns: 2000 },
    )
  })

  const mixed = fc.string({
    unit: fc.constantFrom(
      'a',
      '1',
      "'",
      '\u2019',
      '\u200c',
      ' ',
      '好',
      'の',
      'カ',
      'ก',
      '\u0e49',
      'ខ',
      '\u17d2',
      '\u0301',
      '。',
    ),
  })
  test('tokens joined by spaces give the same tokens again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), mixed), (text) => {
        const tokens = words.tokenize(text)
        expect(words.tokenize(tokens.join(' '))).toEqual(tokens)
        for (const token of tokens) expect(token).not.toMatch(/^\s*$/)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('character tokens', () => {
  test('are code points, whitespace kept', () => {
    expect(characters.tokenize('a  😀\nB')).toEqual(['a', ' ', ' ', '😀', '\n', 'B'])
    expect(createTokenizer({ kind: 'chars', lowercase: true }).tokenize('ÄB')).toEqual(['ä', 'b'])
  })

  test('join to the normalised text, whatever the text', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    )
    fc.assert(
      fc.property(anything, (text) => {
        const whole = text.replace(/\p{Cs}/gu, '\ufffd').normalize('NFC')
        expect(characters.tokenize(text).join('')).toBe(whole)
        words.tokenize(text)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('tokens between white space', () => {
  test('keep words that were split before', () => {
    const before = createTokenizer({ kind: 'whitespace', lowercase: true })
    expect(before.tokenize('  这个 房间\t很干净 It’s\n')).toEqual(['这个', '房间', '很干净', 'it’s'])
    expect(before.tokenize(' \n')).toEqual([])
  })
})

describe('tokenizer configuration', () => {
  test('survives JSON and is refused by field', () => {
    expect(parseTokenizerConfig(JSON.parse(JSON.stringify(words.config)))).toEqual(words.config)
    expect(() => parseTokenizerConfig({ kind: 'bytes', lowercase: true })).toThrow(
      new FormatError({
        where: 'tokenizer.kind',
        expected: 'one of words, chars, whitespace',
        got: '"bytes"',
      }),
    )
    expect(() => parseTokenizerConfig({ kind: 'words' })).toThrow(
      /tokenizer\.lowercase: expected true or false, got nothing/,
    )
    expect(() => parseTokenizerConfig(null)).toThrow(FormatError)
    expect(() => createTokenizer({ kind: 'words', lowercase: 1 as never })).toThrow(UsageError)
  })
})

describe('vocabulary', () => {
  const lists = [
    ['b', 'a', '😀'],
    ['a', 'b', '\uffee', '😀'],
    ['\uffee', 'c', '__proto__', '__proto__', 'a'],
  ]

  test('is ordered by count, then code point, and drops the rare', () => {
    const vocabulary = buildVocabulary(lists)
    expect(vocabulary.tokens).toEqual(['<unk>', 'a', '__proto__', 'b', '\uffee', '😀'])
    expect(vocabulary.size).toBe(6)
    expect([...vocabulary.encode(['a', 'never', '__proto__', '<unk>', 'constructor'])]).toEqual([
      1, 0, 2, 0, 0,
    ])
    expect(vocabulary.decode([1, 0])).toEqual(['a', '<unk>'])
    expect([vocabulary.has('a'), vocabulary.has('c'), vocabulary.has('<unk>')]).toEqual([true, false, false])
  })

  test('limits its size, `<unk>` counted', () => {
    expect(buildVocabulary(lists, { minimumCount: 1, maximumSize: 3 }).tokens).toEqual([
      '<unk>',
      'a',
      '__proto__',
    ])
    expect(buildVocabulary(lists, { maximumSize: 1 }).tokens).toEqual(['<unk>'])
    expect(buildVocabulary([['<unk>', '<unk>']]).tokens).toEqual(['<unk>'])
    expect(() => buildVocabulary(lists, { minimumCount: 0 })).toThrow(
      /minimumCount: expected a positive integer, got 0/,
    )
    expect(() => buildVocabulary(lists, { maximumSize: 1.5 })).toThrow(/maximumSize/)
    expect(() => buildVocabulary(lists).decode([99])).toThrow(
      /decode, position 0: expected an id from 0 to 5, got 99/,
    )
  })

  test('survives JSON and rejects other data', () => {
    const built = buildVocabulary(lists, { minimumCount: 1 })
    expect(Vocabulary.fromJSON(JSON.parse(JSON.stringify(built))).tokens).toEqual(built.tokens)
    expect(() => Vocabulary.fromJSON({})).toThrow(/vocabulary: expected an array of tokens, got object/)
    expect(() => Vocabulary.fromJSON([])).toThrow(/vocabulary\[0\]: expected "<unk>", got nothing/)
    expect(() => Vocabulary.fromJSON(['<unk>', 'a', 'a'])).toThrow(
      /vocabulary\[2\]: expected distinct tokens, got "a" again, after \[1\]/,
    )
    expect(() => Vocabulary.fromJSON(['<unk>', 7])).toThrow(
      new FormatError({ where: 'vocabulary[1]', expected: 'a string', got: '7' }),
    )
  })
})
