/**
 * Comments in which a negation decides, and only the order of the words tells what it negates.
 * Every comment has a twin of the other label; for most, the twin has the very same words.
 */
import { Random, mixKey } from '../core/random.ts'
import { requireCount } from './counts.ts'
import { append } from '../core/lists.ts'

export interface LabelledText<Label extends string = string> {
  text: string
  label: Label
}

export type Sentiment = 'positive' | 'negative'

export interface NegationOptions {
  /** How many comments; half of them positive (one more, if odd). */
  count: number
  seed: number
  /** True: comments of the test part, none of whose sets of words occurs in the training part. */
  test?: boolean
}

const POSITIVE = 'good great lovely fresh friendly clean quick warm pleasant excellent calm tasty'.split(' ')
const NEGATIVE = 'bad terrible awful stale rude dirty slow cold dull horrible noisy bland'.split(' ')
const SUBJECTS =
  'food service room staff coffee soup place breakfast music hotel waiter garden bus film lesson shop'.split(
    ' ',
  )
const OPENINGS = ['', '', 'honestly , ', 'well , ', 'for the price , ', 'on our visit , ', 'to be fair , ']
const CLOSINGS = ['', '', '', ' , my friend says', ' , if you ask me', ' , that is all', ' , believe me']

interface Words {
  subject: string
  /** An adjective of the wanted sentiment and one of the other. */
  same: string
  other: string
  /** A second adjective of the wanted sentiment, and one of the other. */
  same2: string
  other2: string
}

/** For the other label `same` and `other` change places, which leaves the set of words as it is. */
const ORDERED: readonly ((w: Words) => string)[] = [
  (w) => `the ${w.subject} was not ${w.other} but ${w.same}`,
  (w) => `the ${w.subject} was ${w.same} , not ${w.other}`,
  (w) => `the ${w.subject} was ${w.same} and not ${w.other} at all`,
  (w) => `was the ${w.subject} ${w.other} ? not really , it was ${w.same}`,
  (w) => `${w.other} ? not at all . the ${w.subject} was ${w.same}`,
  (w) => `the ${w.subject} was anything but ${w.other} , it was ${w.same}`,
]

/** At first / in the end: the label is the end's. Twins: the negation moves to the other half. */
const TURNING: readonly ((w: Words, twin: boolean) => string)[] = [
  (w, twin) =>
    twin
      ? `at first the ${w.subject} was ${w.same} , in the end it was not ${w.same2}`
      : `at first the ${w.subject} was not ${w.same} , in the end it was ${w.same2}`,
  (w, twin) =>
    twin
      ? `at first the ${w.subject} was not ${w.other} , in the end it was ${w.other2}`
      : `at first the ${w.subject} was ${w.other} , in the end it was not ${w.other2}`,
]

/** Short comments of one adjective: the twin has the opposite one, negated or not alike. */
const SHORT: readonly ((w: Words) => string)[] = [
  (w) => `the ${w.subject} was ${w.same}`,
  (w) => `the ${w.subject} was not ${w.other} at all`,
  (w) => `the ${w.subject} ? ${w.other} ? not really`,
  (w) => `the ${w.subject} ? really ${w.same}`,
]

const TURNING_SHARE = 0.3
const ORDERED_SHARE = 0.5

/**
 * Comments with negation, lower-case, words and marks set apart by spaces.
 *
 * Order decides: four in five come from a pair such as "not bad but good" / "not good but bad", same
 * words, other label, so that no bag of words can pass 0.5 on them; the rest are short ("not bad at
 * all"), where "not" turns the label. A bag of words that learned everything it can stays near 0.6.
 *
 * @throws UsageError for a count that is not a positive integer.
 */
export function negationComments(options: NegationOptions): LabelledText<Sentiment>[] {
  const { count, seed, test = false } = options
  requireCount('count', count)
  const random = new Random(seed, 'negation comments', test ? 'test' : 'train')
  const rows: LabelledText<Sentiment>[] = []
  while (rows.length < count) {
    const twins = makeTwins(random)
    if (isTestPair(twins) === test) append(rows, twins)
  }
  return random.shuffle(rows.slice(0, count))
}

/** Decided by the words in both twins alone, so that train and test share no set of words. */
function isTestPair(twins: readonly LabelledText[]): boolean {
  const words = twins.flatMap(({ text }) => text.split(' ')).sort()
  return mixKey(words.join(' ')) % 4 === 0
}

function makeTwins(random: Random): [LabelledText<Sentiment>, LabelledText<Sentiment>] {
  const subject = random.pick(SUBJECTS)
  const [good, good2] = pickTwo(random, POSITIVE)
  const [someBad, bad2] = pickTwo(random, NEGATIVE)
  const share = random.uniform()
  // A short comment has one adjective: a fixed opposite makes its twin, and so its part, certain.
  const bad = share < TURNING_SHARE + ORDERED_SHARE ? someBad : NEGATIVE[POSITIVE.indexOf(good)]
  const positive = { subject, same: good, other: bad, same2: good2, other2: bad2 }
  const negative = { subject, same: bad, other: good, same2: bad2, other2: good2 }
  const around = { opening: random.pick(OPENINGS), closing: random.pick(CLOSINGS) }
  const frame = (text: string): string => around.opening + text + around.closing
  if (share < TURNING_SHARE) {
    const make = random.pick(TURNING)
    return labelled(frame(make(positive, false)), frame(make(positive, true)))
  }
  const make = random.pick(share < TURNING_SHARE + ORDERED_SHARE ? ORDERED : SHORT)
  return labelled(frame(make(positive)), frame(make(negative)))
}

function labelled(positive: string, negative: string): [LabelledText<Sentiment>, LabelledText<Sentiment>] {
  return [
    { text: positive, label: 'positive' },
    { text: negative, label: 'negative' },
  ]
}

function pickTwo(random: Random, items: readonly string[]): [string, string] {
  const first = random.integer(items.length)
  const second = (first + 1 + random.integer(items.length - 1)) % items.length
  return [items[first], items[second]]
}
