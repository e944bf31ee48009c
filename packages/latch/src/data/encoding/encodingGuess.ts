/**
 * Which encoding bytes are probably in that are not UTF-8: chardet's candidates, kept where they decode without a fault,
 * and ordered by how plausible the text is. A guess is offered to the user with a sample, never applied.
 */
import { analyse } from 'chardet'
import { decodeBytes } from './decoders.ts'

export interface EncodingGuess {
  /** A label that `encoding` takes. */
  encoding: string
  /** The line that could not be read, as this encoding reads it. */
  sample: string
}

/** Names of chardet → labels; a code page of Windows holds all letters of its ISO relative. */
const LABELS: Readonly<Record<string, string>> = {
  'ISO-8859-1': 'windows-1252',
  'ISO-8859-7': 'windows-1253',
  'ISO-8859-8': 'windows-1255',
  'ISO-8859-9': 'windows-1254',
  GB18030: 'gbk',
}
const LATIN = new Set(
  'windows-1250 windows-1252 windows-1254 windows-1257 windows-1258 iso-8859-2'.split(' '),
)

/** Whether a pair of bytes is a frequent character of an East Asian encoding. */
const FREQUENT: Readonly<Record<string, (lead: number, trail: number) => boolean>> = {
  gbk: (lead, trail) => trail >= 0xa1 && (isWithin(lead, 0xb0, 0xd7) || isWithin(lead, 0xa1, 0xa3)),
  big5: (lead) => isWithin(lead, 0xa4, 0xc6) || isWithin(lead, 0xa1, 0xa2),
  shift_jis: (lead, trail) => isShiftJisKana(lead, trail) || lead === 0x81 || isWithin(lead, 0x88, 0x97),
  'euc-jp': (lead) => isWithin(lead, 0xa1, 0xa5) || isWithin(lead, 0xb0, 0xcf),
  'euc-kr': (lead, trail) => trail >= 0xa1 && (isWithin(lead, 0xb0, 0xc8) || isWithin(lead, 0xa1, 0xa3)),
}

/** An alternative is named if it is nearly as plausible. */
const LEAST_OF_BEST = 0.4

/** Share of frequent characters from which a text counts as one of that language. */
const FREQUENT_SHARE = 0.85

/**
 * The most plausible encodings, the best first, at most two; they read the bytes differently.
 * @param bytes where the text stopped to be UTF-8, with what surrounds it
 * @param line the bytes of the line at fault
 */
export function guessEncodings(bytes: Uint8Array, line: Uint8Array): EncodingGuess[] {
  const runs = averageRun(bytes)
  const scores = new Map<string, number>()
  for (const label of Object.keys(FREQUENT)) scores.set(label, frequentScore(label, bytes))
  for (const { name, confidence } of analyse(bytes)) {
    const label = LABELS[name] ?? name.toLowerCase()
    if (!scores.has(label)) scores.set(label, confidence * singleByteWeight(label, bytes, runs))
  }
  const texts = new Set<string>()
  const isNew = (label: string): boolean => {
    const text = decodeBytes(bytes, label)
    if (text === undefined || texts.has(text)) return false
    texts.add(text)
    return true
  }
  const possible = [...scores]
    .sort(([, a], [, b]) => b - a)
    .filter(([label, score]) => score > 0 && isNew(label))
  return possible
    .filter(([, score]) => score >= possible[0][1] * LEAST_OF_BEST)
    .slice(0, 2)
    .map(([encoding]) => ({ encoding, sample: sampleOf(decodeBytes(line, encoding) ?? '') }))
}

/** 100 and more where nearly all pairs are frequent characters that follow each other; 1 where they merely could be. */
function frequentScore(label: string, bytes: Uint8Array): number {
  const isFrequent = FREQUENT[label]
  let [pairs, frequent, runs, kana] = [0, 0, 0, 0]
  let last = -1
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] < 0x80) continue
    const [lead, trail = 0] = [bytes[at], bytes[at + 1]]
    if (last !== at) runs++
    pairs++
    if (isFrequent(lead, trail)) frequent++
    if (label === 'euc-jp' ? isWithin(lead, 0xa4, 0xa5) : isShiftJisKana(lead, trail)) kana++
    last = at + 2
    at++
  }
  if (pairs === 0 || pairs / runs < 1.5) return pairs === 0 ? 0 : 1
  const share = frequent / pairs
  if (share < FREQUENT_SHARE) return 1
  // Nearly every Korean text is also possible in the Chinese encoding; the opposite is rare. Japanese has kana.
  if (label === 'euc-kr') return share > 0.98 ? 130 : 1
  if (label === 'euc-jp' || label === 'shift_jis') return kana / pairs > 0.15 ? 120 : 1
  return 100 + share
}

/** How far a text in a code page of one byte is plausible: letters of one script follow each other or are parts of words. */
function singleByteWeight(label: string, bytes: Uint8Array, runs: number): number {
  const text = decodeBytes(bytes, label)
  if (text === undefined || /[\u0080-\u009f\ufffd]/.test(text)) return 0
  const isLatin = LATIN.has(label)
  if (isLatin ? runs > 2.5 : runs < 1.8) return 0.1
  // Turkish letters are the Icelandic ones of the western code page.
  if (label === 'windows-1254') return /[ğşıİŞĞ]/.test(text) && !/[æáíúó]/i.test(text) ? 5 : 0.5
  const others = text.match(/[^\0-\x7f]/g)?.length ?? 1
  const symbols = text.match(/(?<=\p{L})[^\0-\x7f\p{L}\p{M}‘’“”´·–—…«»„‚](?=\p{L})/gu)?.length ?? 0
  return 1 - symbols / others
}

/** The average length of runs of bytes beyond ASCII. */
function averageRun(bytes: Uint8Array): number {
  let [high, runs] = [0, 0]
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] < 0x80) continue
    high++
    if (at === 0 || bytes[at - 1] < 0x80) runs++
  }
  return high / Math.max(1, runs)
}

function isShiftJisKana(lead: number, trail: number): boolean {
  return (lead === 0x82 && isWithin(trail, 0x9f, 0xf1)) || (lead === 0x83 && isWithin(trail, 0x40, 0x96))
}

function isWithin(byte: number, least: number, most: number): boolean {
  return byte >= least && byte <= most
}

/** About forty characters around the first one beyond ASCII. */
function sampleOf(line: string): string {
  const characters = Array.from(line.trim())
  const first = characters.findIndex((character) => character > '\x7f')
  const from = Math.max(0, first - 20)
  return `${from > 0 ? '…' : ''}${characters.slice(from, from + 40).join('')}${characters.length > from + 40 ? '…' : ''}`
}
