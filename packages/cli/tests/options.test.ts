/** Parsers of options: lists of names with commas, and how tables are read. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageError } from 'latch'
import { fixesAsFlags } from '../src/options/fixes.ts'
import { formatNames, namesList, numbersByName, shellOption, shellWord } from '../src/options/options.ts'
import {
  delimiterOption,
  encodingOption,
  headerOption,
  noteAsFlags,
  tableWords,
} from '../src/options/tableFlags.ts'

describe('14: names that hold commas', () => {
  const names = namesList('--labels')
  test.each([
    ['a,b', ['a', 'b']],
    [' a , b c ', ['a', 'b c']],
    ['"yes, please",no', ['yes, please', 'no']],
    ['no, "yes, please"', ['no', 'yes, please']],
    ['"say ""yes"", please",no', ['say "yes", please', 'no']],
    ['["yes, please","no"]', ['yes, please', 'no']],
    ['"a\nb",c', ['a\nb', 'c']],
    ['a=b,c', ['a=b', 'c']],
  ])('%j', (text, wanted) => expect(names(text)).toEqual(wanted))

  test.each(['', 'a,,b', 'a,', '"a', '"a"b"', '["a", 1]', '[', '[]'])('refused: %j', (text) => {
    expect(() => names(text)).toThrow(UsageError)
  })

  test('any names come back from how they are written', () => {
    const name = fc
      .string({ unit: fc.constantFrom('a', 'é', '"', ',', '[', '=', ' ') })
      .map((text) => `x${text}x`)
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (list) => {
        expect(names(formatNames(list))).toEqual(list)
        expect(names(JSON.stringify(list))).toEqual(list)
      }),
    )
  })

  const weights = numbersByName('--class-weights', { least: 0 })
  test.each([
    ['a=1,b=2.5', { a: 1, b: 2.5 }],
    ['"yes, please"=2,no=1', { 'yes, please': 2, no: 1 }],
    ['a=b=2', { 'a=b': 2 }],
    ['{"yes, please": 2, "no": 0.5}', { 'yes, please': 2, no: 0.5 }],
    ['__proto__=2', JSON.parse('{"__proto__":2}') as object],
  ])('%j', (text, wanted) => expect(weights(text)).toEqual(wanted))

  test('the remedy shows the quotes', () => {
    expect(() => weights('yes, please=2')).toThrow(
      `Quote a name that holds a comma, as in '"yes, please"=2,no=1'`,
    )
  })
})

describe('how tables are read', () => {
  test.each([
    [';', ';'],
    ['tab', '\t'],
    ['\\t', '\t'],
    ['\t', '\t'],
    ['pipe', '|'],
    ['^', '^'],
  ])('--delimiter %j', (text, wanted) => expect(delimiterOption[2](text)).toBe(wanted))

  test.each([
    () => delimiterOption[2]('ab'),
    () => delimiterOption[2](''),
    () => delimiterOption[2]('"'),
    () => headerOption[2]('maybe'),
    () => encodingOption[2](' '),
  ])('refused: %s', (read) => expect(read).toThrow(UsageError))

  test('--header', () => expect(['yes', 'no'].map(headerOption[2])).toEqual([true, false]))

  test('options in notes are named as flags', () => {
    expect(noteAsFlags('a; `header: false` or `delimiter`; `quotes: true`, `other: 1`.')).toBe(
      'a; `--header no` or `--delimiter`; `--quotes yes`, `other: 1`.',
    )
  })

  test('as words of a command', () => {
    expect(
      tableWords({ format: 'csv', header: false, encoding: 'gbk', delimiter: '\t', quotes: true }),
    ).toEqual('--format csv --header no --encoding gbk --delimiter tab --quotes yes'.split(' '))
    expect(tableWords({})).toEqual([])
  })

  test('fixes of errors as flags', () => {
    const flags = new Map([
      [
        'train',
        new Map([
          ['--header', 'YES|NO'],
          ['--delimiter', 'CHARACTER'],
          ['--text', 'COLUMN'],
          ['--labels', 'A,B'],
        ]),
      ],
    ])
    const say = (option: string, value?: unknown) =>
      fixesAsFlags([{ option, value }], { command: 'train', flags })
    expect(say('header', false)).toEqual(['Use `--header no`.'])
    expect(say('delimiter')).toEqual(['Use `--delimiter CHARACTER`.'])
    expect(say('delimiter', '\t')).toEqual(['Use `--delimiter tab`.'])
    expect(say('text', '-a b')).toEqual(["Use `'--text=-a b'`."])
    expect(say('labels', ['yes, please', 'no'])).toEqual([`Use \`--labels '"yes, please",no'\`.`])
  })

  test('words of a shell', () => {
    expect([shellWord('a=b'), shellWord('=b'), shellWord("it's")]).toEqual(['a=b', "'=b'", `'it'\\''s'`])
    expect([shellOption('--text', '-x'), shellOption('--text', 'a b')]).toEqual(['--text=-x', "--text 'a b'"])
  })
})
