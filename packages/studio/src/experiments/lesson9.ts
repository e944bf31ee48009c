/** Lesson 9: what a language model expects next, with a clue nearby or far away. */
import type { WorkerMethods } from '../rpc/remote.ts'
import { openLanguageModelAt } from './models.ts'

export interface NextWord {
  token: string
  /** With this temperature. */
  probability: number
}

export interface NextWords {
  /** The likeliest first. */
  words: NextWord[]
  /** Words of the text that the model does not know. */
  unknown: string[]
}

export interface NextWordsRequest {
  text: string
  temperature: number
  /** Words that are listed. */
  count: number
}

const MAX_TOKENS = 400

/** What may come next. */
async function next(address: string, { text, temperature, count }: NextWordsRequest): Promise<NextWords> {
  const model = await openLanguageModelAt(address)
  const { tokens, known } = model.encode(text)
  if (tokens.length > MAX_TOKENS)
    throw new Error(`The text has ${tokens.length} words. The maximum is ${MAX_TOKENS}.`)
  const unknown = [...new Set(tokens.filter((_, t) => !known[t]))]
  if (unknown.length > 0) return { words: [], unknown }
  const alternatives = model.generate({ prime: text, temperature }).begin().alternatives(0, count)
  return {
    words: alternatives.map(({ token, chance }) => ({ token, probability: chance })),
    unknown,
  }
}

/** The probability of one word as the next, after each of several texts. */
async function probability(address: string, texts: readonly string[], word: string): Promise<number[]> {
  const model = await openLanguageModelAt(address)
  return texts.map((text) => {
    const found = model.next(text, model.labels.length).find(({ token }) => token === word)
    return found?.probability ?? 0
  })
}

/** A text that the model writes after a beginning, up to a full stop. */
async function write(address: string, prime: string, temperature: number, seed: number): Promise<string> {
  const model = await openLanguageModelAt(address)
  return model.generate({ prime, temperature, seed, length: 60 }).text()
}

export const lesson9: WorkerMethods = {
  'lesson9.next': (_, address: string, request: NextWordsRequest) => next(address, request),
  'lesson9.probability': (_, address: string, texts: readonly string[], word: string) =>
    probability(address, texts, word),
  'lesson9.write': (_, address: string, prime: string, temperature: number, seed: number) =>
    write(address, prime, temperature, seed),
}
