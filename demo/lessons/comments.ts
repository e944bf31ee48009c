/**
 * Comments for the studio's lessons: negation comments about food and hotels, and short ones about persons ("you are not
 * good"). The five comments that the lessons show are not in the training data.
 */
import { negationComments, type LabelledText, type Sentiment } from 'latch/datasets'
import { Random } from 'latch'

/** The comments on the lessons' pages. */
export const SHOWN: readonly LabelledText<Sentiment>[] = [
  { text: 'you are good', label: 'positive' },
  { text: 'you are bad', label: 'negative' },
  { text: 'you are not good', label: 'negative' },
  { text: 'you are not bad', label: 'positive' },
  { text: 'you are very good', label: 'positive' },
]

const SUBJECTS = 'you are|he is|she is|we are|they are|you were|he was|she was|they were'.split('|')
const POSITIVE = 'good great lovely friendly warm pleasant excellent calm kind clever'.split(' ')
const NEGATIVE = 'bad terrible awful rude cold horrible dull noisy mean lazy'.split(' ')
/** The words before the adjective, and whether they reverse the label. */
const WAYS: readonly (readonly [words: string, turns: boolean])[] = [
  ['', false],
  ['very ', false],
  ['really ', false],
  ['not ', true],
  ['not very ', true],
  ['not at all ', true],
]

/** All short comments about persons: subjects, verbs and adjectives combined; half of each label. */
function personComments(): LabelledText<Sentiment>[] {
  return SUBJECTS.flatMap((subject) =>
    WAYS.flatMap(([words, turns]) =>
      [...POSITIVE, ...NEGATIVE].map((adjective): LabelledText<Sentiment> => {
        const positive = POSITIVE.includes(adjective) !== turns
        return { text: `${subject} ${words}${adjective}`, label: positive ? 'positive' : 'negative' }
      }),
    ),
  )
}

const shown = new Set(SHOWN.map(({ text }) => text))

/** Test comments: one in five by its words, and those shown. */
const isTest = ({ text }: LabelledText) => shown.has(text) || Random.hash(text) % 5 === 0

/** Training comments (4,000 about things, about 870 about persons), or test comments (1,000 and about 210). */
export function lessonComments(part: 'train' | 'test'): LabelledText<Sentiment>[] {
  const test = part === 'test'
  const things = negationComments({ count: test ? 1000 : 4000, seed: test ? 2 : 1, test })
  const persons = personComments().filter((row) => isTest(row) === test)
  return new Random(1, 'lesson comments', part).shuffle([...things, ...persons])
}

/** The same comments with shuffled words; a comment of one word does not change. */
export function shuffledWords(
  rows: readonly LabelledText<Sentiment>[],
  seed: number,
): LabelledText<Sentiment>[] {
  const random = new Random(seed, 'shuffled words')
  return rows.map(({ text, label }) => ({ text: random.shuffle(text.split(' ')).join(' '), label }))
}
