/** Measurements of the language models: how often the likeliest next word is right, with a clue nearby and far away. */
import type { LanguageModel } from 'latch'
import { farTexts, nearTexts } from './nextWords.ts'
import { shareOf, type Share } from './spread.ts'

/** Words between "i grew up in …" and "i speak fluent". */
export const FAR = [0, 5, 10, 20, 30, 40, 60, 80]

/** The lecture's sentences, and the words that follow. */
export const SAYINGS = [
  { text: 'the clouds are in the', answer: 'sky' },
  { text: 'i grew up in france . i speak fluent', answer: 'french' },
] as const

/** How often the likeliest next word is the right one. */
export function rightNext(model: LanguageModel, texts: readonly { text: string; answer: string }[]): Share {
  const right = texts.filter(({ text, answer }) => model.next(text, 1)[0].token === answer)
  return shareOf(right.length, texts.length)
}

/** @param count texts for each number */
export function nextWordsOf(model: LanguageModel, count: number, distances = FAR) {
  return {
    near: rightNext(model, nearTexts(count)),
    far: distances.map((distance) => ({ distance, ...rightNext(model, farTexts(distance, count)) })),
    sayings: SAYINGS.map(({ text, answer }) => {
      const [best] = model.next(text, 1)
      const { probability } = model.next(text, 1000).find(({ token }) => token === answer)!
      return { text, answer, says: best.token, probability }
    }),
  }
}
