/**
 * Comments in which a negation decides, and only the order of the words shows what it negates. Every comment has a
 * counterpart with the other label; most pairs consist of the same words.
 */
import { Random, mixKey } from '../core/random.ts'
import { requireCount } from './counts.ts'
import { append } from '../core/lists.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** A text with its class. */
export interface LabelledText<Label extends string = string> {
  text: string
  label: Label
}

/** The class of a comment. */
export type Sentiment = 'positive' | 'negative'

/** How many comments, and the seed. */
export interface NegationOptions {
  /** How many comments; half of them positive (one more, if odd). */
  count: number
  seed: number
  /** True: comments of the test part, whose sets of words do not occur in the training part. */
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

/** For the other label `same` and `other` are exchanged, which keeps the set of words. */
const ORDERED: readonly ((w: Words) => string)[] = [
  (w) => `the ${w.subject} was not ${w.other} but ${w.same}`,
  (w) => `the ${w.subject} was ${w.same} , not ${w.other}`,
  (w) => `the ${w.subject} was ${w.same} and not ${w.other} at all`,
  (w) => `was the ${w.subject} ${w.other} ? not really , it was ${w.same}`,
  (w) => `${w.other} ? not at all . the ${w.subject} was ${w.same}`,
  (w) => `the ${w.subject} was anything but ${w.other} , it was ${w.same}`,
]

/** At first / in the end: the end decides the label. In the counterpart the negation is in the other half. */
const TURNING: readonly ((w: Words, isCounterpart: boolean) => string)[] = [
  (w, isCounterpart) =>
    isCounterpart
      ? `at first the ${w.subject} was ${w.same} , in the end it was not ${w.same2}`
      : `at first the ${w.subject} was not ${w.same} , in the end it was ${w.same2}`,
  (w, isCounterpart) =>
    isCounterpart
      ? `at first the ${w.subject} was not ${w.other} , in the end it was ${w.other2}`
      : `at first the ${w.subject} was ${w.other} , in the end it was not ${w.other2}`,
]

/** Short comments with one adjective; the counterpart has the opposite adjective and the same negation. */
const SHORT: readonly ((w: Words) => string)[] = [
  (w) => `the ${w.subject} was ${w.same}`,
  (w) => `the ${w.subject} was not ${w.other} at all`,
  (w) => `the ${w.subject} ? ${w.other} ? not really`,
  (w) => `the ${w.subject} ? really ${w.same}`,
]

const TURNING_FRACTION = 0.3
const ORDERED_FRACTION = 0.5

const NAMES: Names<NegationOptions> = { count: 1, seed: 1, test: 1 }

/**
 * Comments with negation, lower case, words and punctuation separated by spaces.
 *
 * Four in five come from a pair such as "not bad but good" / "not good but bad", with the same words and different
 * labels, so that the accuracy of a bag of words on them is at most 0.5; the rest are short ("not bad at all"), where
 * "not" inverts the label. Overall a bag of words reaches about 0.6.
 *
 * @throws UsageError for a count that is not a positive integer
 */
export function negationComments(options: NegationOptions): LabelledText<Sentiment>[] {
  assertKnownOptions('negationComments option', options, NAMES)
  const { count, seed, test = false } = options
  requireCount('count', count)
  const random = new Random(seed, 'negation comments', test ? 'test' : 'train')
  const rows: LabelledText<Sentiment>[] = []
  while (rows.length < count) {
    const pair = makePair(random)
    if (isTestPair(pair) === test) append(rows, pair)
  }
  return random.shuffle(rows.slice(0, count))
}

/** Depends on the words of both comments only, so that train and test have no set of words in common. */
function isTestPair(pair: readonly LabelledText[]): boolean {
  const words = pair.flatMap(({ text }) => text.split(' ')).sort()
  return mixKey(words.join(' ')) % 4 === 0
}

function makePair(random: Random): [LabelledText<Sentiment>, LabelledText<Sentiment>] {
  const subject = random.pick(SUBJECTS)
  const [good, good2] = pickTwo(random, POSITIVE)
  const [someBad, bad2] = pickTwo(random, NEGATIVE)
  const kind = random.uniform()
  // A short comment has one adjective: a fixed opposite determines its counterpart, and so its part.
  const bad = kind < TURNING_FRACTION + ORDERED_FRACTION ? someBad : NEGATIVE[POSITIVE.indexOf(good)]
  const positive = { subject, same: good, other: bad, same2: good2, other2: bad2 }
  const negative = { subject, same: bad, other: good, same2: bad2, other2: good2 }
  const around = { opening: random.pick(OPENINGS), closing: random.pick(CLOSINGS) }
  const frame = (text: string): string => around.opening + text + around.closing
  if (kind < TURNING_FRACTION) {
    const make = random.pick(TURNING)
    return labelled(frame(make(positive, false)), frame(make(positive, true)))
  }
  const make = random.pick(kind < TURNING_FRACTION + ORDERED_FRACTION ? ORDERED : SHORT)
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
