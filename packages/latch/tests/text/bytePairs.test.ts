/** Byte-pair encoding: every text comes back, merges by count, the same for the same words in any order. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BytePairs, splitPieces } from '../../src/text/bytePairs.ts'
import { ByteDecoder, fromByteCharacters, toByteCharacters } from '../../src/text/bytes.ts'
import { trainBytePairs } from '../../src/text/trainBytePairs.ts'

function countPieces(...texts: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const piece of texts.flatMap(splitPieces)) counts.set(piece, (counts.get(piece) ?? 0) + 1)
  return counts
}

const TEXT = "low lower lowest newer newest wider ähnlich 你好 👍🏽 don’t don't 1234 \n\n  x\t"
const trained = trainBytePairs(countPieces(TEXT.repeat(3)), { maximumSize: 300 })
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  // Lone surrogates too.
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(TEXT, 'low lowest', ' '.repeat(3000), 'ab'.repeat(2000)),
)

describe('every text', () => {
  it('comes back from its tokens', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(trained.decode(trained.encode(text))).toBe(text)
        expect(fromByteCharacters(splitPieces(text).join(''))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  it('arrives letter by letter, whatever the tokens are', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const decoder = new ByteDecoder()
        const pieces = Array.from(toByteCharacters(text), (byte) => decoder.push(byte))
        expect(pieces.join('') + decoder.end()).toBe(text)
        expect(pieces.every((piece) => Array.from(piece).length <= 1)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('has bytes as TextEncoder writes them, and broken ones become U+FFFD', () => {
    const bytes = [...new TextEncoder().encode(TEXT)]
    const characters = Array.from(toByteCharacters(TEXT))
    expect(characters).toHaveLength(bytes.length)
    expect(characters[3]).toBe('Ġ')
    const broken = toByteCharacters('é').slice(0, 1)
    expect(fromByteCharacters(`a${broken}`)).toBe('a\ufffd')
    expect(fromByteCharacters(`${broken}a${toByteCharacters('é').slice(1)}`)).toBe('\ufffda\ufffd')
  })
})

describe('merges', () => {
  it('are those of the paper: the most frequent pair first', () => {
    const words = new Map([
      ['low', 5],
      ['lower', 2],
      ['newest', 6],
      ['widest', 3],
    ])
    const { merges } = trainBytePairs(words, { maximumSize: 256 + 6 })
    expect(merges).toEqual(['e s', 'es t', 'l o', 'lo w', 'e w', 'n ew'])
    expect(new BytePairs(merges).encode('lowest')).toEqual(['low', 'est'])
  })

  it('are the same in any order of the words', () => {
    const counts = [...countPieces(TEXT.repeat(2), 'lower the lowest newest')]
    const { merges } = trainBytePairs(new Map(counts), { maximumSize: 400 })
    expect(trainBytePairs(new Map(counts.toReversed()), { maximumSize: 400 }).merges).toEqual(merges)
    expect(new Set(merges).size).toBe(merges.length)
  })

  it('agree with counting all pairs anew after each merge', () => {
    const words = fc.array(fc.tuple(fc.stringMatching(/^[abc]{1,8}$/), fc.integer({ min: 1, max: 5 })), {
      minLength: 1,
      maxLength: 12,
    })
    fc.assert(
      fc.property(words, (drawn) => {
        const counts = new Map(drawn)
        expect(trainBytePairs(counts, { maximumSize: 270 }).merges).toEqual(plainMerges(counts, 14))
      }),
      { numRuns: 200 },
    )
  })

  it('keep to the size and the count', () => {
    const counts = countPieces(TEXT.repeat(3))
    expect(trainBytePairs(counts, { maximumSize: 260 }).tokens).toHaveLength(260)
    expect(trainBytePairs(counts, { minimumCount: 1000 }).merges).toEqual([])
    expect(() => trainBytePairs(counts, { maximumSize: 0 })).toThrow('maximumSize')
  })

  it('are read from JSON, or named', () => {
    expect(BytePairs.fromJSON([...trained.merges]).encode(TEXT)).toEqual(trained.encode(TEXT))
    expect(() => BytePairs.fromJSON({})).toThrow('merges: expected an array of merges')
    for (const merge of ['ab', 'a b c', 'ab c', 3, 'a \u2603'])
      expect(() => BytePairs.fromJSON(['l o', merge])).toThrow('merges[1]: expected two tokens')
    expect(() => trained.decode(['<unk>', '\u2603'])).toThrow('expected tokens of bytes')
  })
})

/** The definition, word by word. */
function plainMerges(counts: ReadonlyMap<string, number>, most: number): string[] {
  const words = [...counts].map(([word, count]) => ({ tokens: Array.from(word), count }))
  const order = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
  const merges: string[] = []
  while (order.length < 256 + most) {
    const pairs = new Map<string, number>()
    for (const { tokens, count } of words)
      for (let i = 1; i < tokens.length; i++) {
        const pair = `${tokens[i - 1]} ${tokens[i]}`
        pairs.set(pair, (pairs.get(pair) ?? 0) + count)
      }
    const places = (pair: string) => pair.split(' ').map((token) => order.indexOf(token))
    const [best] = [...pairs].sort((a, b) => {
      const [p, q] = [places(a[0]), places(b[0])]
      return b[1] - a[1] || p[0] - q[0] || p[1] - q[1]
    })
    if (!best || best[1] < 2) break
    const [left, right] = best[0].split(' ')
    if (!merges.includes(best[0])) merges.push(best[0])
    if (!order.includes(left + right)) order.push(left + right)
    for (const word of words) {
      const out: string[] = []
      for (let i = 0; i < word.tokens.length; i++) {
        const isPair = word.tokens[i] === left && word.tokens[i + 1] === right
        out.push(isPair ? left + right : word.tokens[i])
        if (isPair) i++
      }
      word.tokens = out
    }
  }
  return merges
}
