/**
 * The time that text inputs take grows with their length, not with its square: each dimension of each input is made 16
 * times as long, and may take 64 times as long (a logarithm and noise), where a square would take 256.
 */
import { gzipSync } from 'node:zlib'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LatchError } from '../../src/core/errors.ts'
import { assertKnownOptions } from '../../src/core/knownNames.ts'
import { parseJson } from '../../src/formats/json.ts'
import { identify } from '../../src/formats/identify.ts'
import { readFileBytes } from '../../src/formats/fileNode.ts'
import { buildVocabulary } from '../../src/text/buildVocabulary.ts'
import { createTextTokenizer } from '../../src/text/textRules.ts'
import { createTokenizer, TOKEN_KINDS } from '../../src/text/tokenizer.ts'
import { parseExamples, readExamples, readLines, readTable, readTexts } from '../../src/tablesNode.ts'

const TIMES = 16
const MOST_GROWTH = 4 * TIMES
/** Times below are noise. */
const LEAST_MS = 3

type Work = () => unknown

async function milliseconds(work: Work): Promise<number> {
  const start = performance.now()
  try {
    await work()
  } catch (error) {
    if (!(error instanceof LatchError)) throw error
  }
  return performance.now() - start
}

/** Fails only if three measurements in a row are too long. */
async function expectLinear(make: (size: number) => Work, size: number): Promise<void> {
  let growth = Infinity
  for (let attempt = 0; attempt < 3 && growth > MOST_GROWTH; attempt++) {
    const [small, large] = [make(size), make(TIMES * size)]
    await milliseconds(small)
    const base = Math.max(LEAST_MS, (await milliseconds(small)) + (await milliseconds(small))) / 2
    growth = Math.min(growth, (await milliseconds(large)) / base)
  }
  expect(growth).toBeLessThan(MOST_GROWTH)
}

const encoder = new TextEncoder()
const FEW = 'good,a\nbad,b\n'

/** Tables by what makes them long: `n` is about their length. */
const TABLES: Readonly<Record<string, (n: number) => string>> = {
  'a long first line': (n) => `${'x'.repeat(n)},a\nhello,b\n`,
  'a long first line of words': (n) => `${'word '.repeat(n / 5)},a\nhello,b\n`,
  'a long first line of signs': (n) => `${'a-'.repeat(n / 2)},a\nhello,b\n`,
  'a long first line of capitals': (n) => `${'aB'.repeat(n / 2)},a\nhello,b\n`,
  'spaces before the first cell': (n) => `${' '.repeat(n)}x,a\nhello,b\n`,
  'spaces before a bracket': (n) => `${' '.repeat(n)}{`,
  'only spaces': (n) => ' '.repeat(n),
  tabs: (n) => `${'\t'.repeat(n)}x\nhello\tb\n`,
  'blank lines': (n) => '\n'.repeat(n) + FEW,
  'blank lines, Windows': (n) => '\r\n'.repeat(n / 2) + FEW,
  'blank lines, old Macs': (n) => '\r'.repeat(n) + FEW,
  'many columns': (n) => `${'c,'.repeat(n / 8)}c\n${FEW}`,
  'many named columns': (n) => `${Array.from({ length: n / 16 }, (_, i) => `c${i}`).join(',')}\n${FEW}`,
  'many rows': (n) => `text,label\n${'a b,c\n'.repeat(n / 6)}`,
  quotes: (n) => `${'"'.repeat(n)},a\nhello,b\n`,
  'letters behind closing quotes': (n) => `${'"a'.repeat(n / 2)},a\nhello,b\n`,
  'quotes before an open one': (n) => `${'a"b'.repeat(n / 3)},"c"d\nhello,b\n`,
  'an open quote': (n) => `a,b\n"${'x\n'.repeat(n / 2)}`,
  'quotes inside cells': (n) => `a,b\n${'x"y,z\n'.repeat(n / 6)}`,
  'a cell of many lines': (n) => `text,label\n"${'a\n'.repeat(n / 2)}",b\n"c\nd",e\n`,
  'tabs, and a late quote': (n) => `${'a\tb\n'.repeat(n / 4)}"x\ty\n`,
  'a long cell': (n) => `text,label\n${'x'.repeat(n)},b\nc,d\n`,
  'a long label': (n) => `text,label\na,${'x'.repeat(n)}\nc,d\n`,
  'a label with spaces inside': (n) => `text,label\na,x${' '.repeat(n)}x\nc,d\n`,
  'a label of combining marks': (n) => `text,label\na,x${'\u0301\u0327'.repeat(n / 8)}\nc,d\n`,
  'JSON Lines with ever new keys': (n) => lines(n / 16, (i) => `{"k${i}":"v"}`),
  'JSON Lines with many keys': (n) => `{${lines(n / 16, (i) => `"k${i}":"v"`, ',')}}\n{"k1":"x"}`,
  'JSON Lines with numbers': (n) => lines(n / 32, (i) => `{"text":"a","label":${i}.50}`),
  'JSON Lines with a long text': (n) => `{"text":"${'x'.repeat(n)}","label":1.0}`,
  'JSON Lines with escapes': (n) => `{"text":"${'\\"'.repeat(n / 2)}","label":1.0}`,
  'JSON Lines, broken': (n) => `{"text":"${'\\\\'.repeat(n / 2)}NaN`,
  'deep JSON Lines': (n) => `{"text":${'['.repeat(n)}`,
  'a JSON array': (n) => `[${lines(n / 32, (i) => `{"text":"a","label":"b${i % 7}"}`, ',')}]`,
  'a JSON array with ever new keys': (n) => `[${lines(n / 16, (i) => `{"k${i}":"v"}`, ',')}]`,
  'a NUL far behind': (n) => `text,label\n${'a,b\n'.repeat(n / 4)}\0,b\n`,
}

function lines(count: number, line: (i: number) => string, joint = '\n'): string {
  return Array.from({ length: count }, (_, i) => line(i)).join(joint)
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096)
}

/** One after the other: each fails or returns. */
async function each(...works: readonly Work[]): Promise<void> {
  for (const work of works) await milliseconds(work)
}

describe('the time to read a table grows with its length', () => {
  test.each(Object.entries(TABLES))('%s', async (_, table) => {
    const make = (size: number) => {
      const text = table(size)
      const bytes = encoder.encode(text)
      return () =>
        each(
          () => parseExamples(text),
          () => readTable(inPieces(bytes)),
          () => readExamples(bytes, { text: 'text', label: 'label' }),
          () => readTexts(bytes, { text: '0' }),
          () => drain(readLines(inPieces(bytes), { onFault: () => undefined })),
        )
    }
    await expectLinear(make, 2 ** 13)
  })

  test.each(['\n', ' ', '\t'])('gzip of %j', async (sign) => {
    const make = (size: number) => {
      const bytes = gzipSync(sign.repeat(16 * size) + FEW)
      return () =>
        each(
          () => readTable(bytes),
          () => readTexts(bytes, { text: '0' }),
        )
    }
    await expectLinear(make, 2 ** 12)
  })
})

const TEXTS: Readonly<Record<string, (n: number) => string>> = {
  'a long word': (n) => 'x'.repeat(n),
  apostrophes: (n) => "'".repeat(n),
  'words joined by apostrophes': (n) => 'a\u2019'.repeat(n / 2),
  'invisible joiners': (n) => 'a\u200d'.repeat(n / 2),
  'combining marks': (n) => `a${'\u0301\u0327'.repeat(n / 2)}`,
  'signs with marks': (n) => '.\u0301'.repeat(n / 2),
  'Chinese letters': (n) => '\u6f22'.repeat(n),
  'Chinese with marks': (n) => `\u6f22${'\u0301'.repeat(n)}`,
  'Korean letters in parts': (n) => '\u1100\u1161\u11a8'.repeat(n / 3),
  spaces: (n) => ' '.repeat(n),
  'final sigmas': (n) => "\u03a3'".repeat(n / 2),
  'lone surrogates': (n) => '\ud800'.repeat(n),
  'short words': (n) => 'ab '.repeat(n / 3),
}

describe('the time to tokenize grows with the text', () => {
  test.each(Object.entries(TEXTS))('%s', async (_, text) => {
    const keras = { rules: 'keras', lowercase: true, filters: '!.', split: ' ' } as const
    const make = (size: number) => {
      const given = text(size)
      return () => {
        for (const kind of TOKEN_KINDS) {
          buildVocabulary([createTokenizer({ kind, lowercase: true }).tokenize(given)])
          createTextTokenizer(kind, keras).tokenize(given)
        }
      }
    }
    await expectLinear(make, 2 ** 13)
  })
})

describe('the time to say what is wrong grows with the names', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latch-names-'))
    for (let i = 0; i < 2000; i++) writeFileSync(join(folder, `${'checkpoint-'.repeat(15)}${i}`), '')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('a misspelt path among many long names', async () => {
    const wrong = join(folder, `${'chekpoint-'.repeat(15)}7`)
    expect(await milliseconds(() => readFileBytes(wrong))).toBeLessThan(2000)
  })

  test('a long unknown option', async () => {
    await expectLinear(
      (size) => () => assertKnownOptions('x', { ['epoch'.repeat(size)]: 1 }, { epochs: 1 }),
      2 ** 12,
    )
  })

  test('JSON of a model file, deep or of many names', async () => {
    const texts = [(n: number) => '['.repeat(n), (n: number) => `{"a":"${'\\'.repeat(n)}`]
    for (const text of texts) {
      await expectLinear((size) => {
        const bytes = encoder.encode(text(size))
        return () =>
          each(
            () => parseJson(text(size), 'x'),
            () => identify(bytes, 'x.json'),
          )
      }, 2 ** 15)
    }
  })
})
