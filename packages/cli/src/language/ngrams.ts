/** The n-gram models that a language model should beat: unigrams and 5-grams of the same training texts. */
import type { LanguageModel } from 'latch'
import { count } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'

/** Mean nats a token on the held-out texts. */
export interface NgramLosses {
  unigram: number
  fiveGram: number
}

/** Counts are kept in memory. */
const MOST_CHARACTERS = 5_000_000

/** Undefined, with a note, for a corpus that is too large. */
export async function measureNgrams(
  model: LanguageModel,
  training: string | readonly string[],
  heldOut: string | readonly string[],
  output: Output,
): Promise<NgramLosses | undefined> {
  const size = sizeOf(training)
  if (size > MOST_CHARACTERS) {
    output.note(
      `not compared with n-grams: ${count(size)} characters of training texts, more than ${count(MOST_CHARACTERS)}.`,
    )
    return undefined
  }
  const lossOf = async (order: number) => {
    const baseline = await model.baseline(training, { order })
    return baseline.evaluate(typeof heldOut === 'string' ? ([heldOut] as never) : (heldOut as never)).value
  }
  return { unigram: await lossOf(1), fiveGram: await lossOf(5) }
}

function sizeOf(texts: string | readonly string[]): number {
  return typeof texts === 'string' ? texts.length : texts.reduce((sum, text) => sum + text.length, 0)
}
