/** Answers for texts: one that cannot be read does not keep the others from theirs. */
import { LatchError, type TextPair } from 'latch'

/** A text to predict. */
export interface Item {
  /** As it is printed. */
  text: string
  /** What is predicted in its place. */
  pair?: TextPair
  /** Why the text could not be read at all. */
  error?: LatchError
}

/** A model's answers. */
export interface Answers<Answer> {
  one(item: Item): Answer
  /** An error has its `row` among the items. */
  many(items: readonly Item[]): Answer[]
}

/** An answer or an error for each item. */
export function answerAll<Answer>(answers: Answers<Answer>, items: readonly Item[]): (Answer | LatchError)[] {
  const found: (Answer | LatchError)[] = items.map(({ error }) => error!)
  let rows = items.map((_, i) => i).filter((i) => !found[i])
  while (rows.length > 0) {
    try {
      answers.many(rows.map((i) => items[i])).forEach((one, i) => (found[rows[i]] = one))
      return found
    } catch (error) {
      if (!(error instanceof LatchError) || error.row === undefined) throw error
      const { row } = error
      found[rows[row]] = error
      rows = rows.filter((_, i) => i !== row)
    }
  }
  return found
}
