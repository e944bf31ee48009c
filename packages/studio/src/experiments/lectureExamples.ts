/** The lecture's examples of lessons 1 to 4 as plain data, for the page and the experiments. */
import type { CellChoice } from 'latch'

/** Lesson 1. */
export const SENTENCES = ['I love Sherylans', 'Sherylans provide quality content', 'I hate Sherylans']
export const OPINIONS = ['the food was not bad but good', 'the food was not good but bad']
export const NETWORKS: readonly CellChoice[] = ['ann', 'bag', 'rnn', 'lstm']
/** Numbers of words added before each comment. */
export const SHIFTS = [0, 1, 2, 3, 4, 6, 8, 12, 16]

/** Lessons 2 and 3. */
export const COMMENTS = [
  { text: 'you are good', sentiment: '1' },
  { text: 'You are Bad', sentiment: '0' },
  { text: 'you are not good', sentiment: '0' },
]
export const COMMENT_WORDS = ['you', 'are', 'good', 'bad', 'not']

/** Lesson 4. */
export const SCHOOL_WORDS = ['Sheryians', 'coding', 'School', 'AI', 'cyber']
export const SCHOOLS = [
  { text: 'Sheryians coding School', label: 1 },
  { text: 'Sheryians AI School', label: 1 },
  { text: 'Sheryians cyber School', label: 0 },
]
