/**
 * The lecture's paragraph about Riya, and similar paragraphs with other people, places and professions, each with a
 * question about one of its facts. To answer any question, a network must keep all facts.
 */
import { CITIES, type LabelledText } from 'latch/datasets'
import { Random } from 'latch'

/** The lecture's words. */
export const LECTURE =
  'Riya is a doctor. She lives in Delhi. She works at a hospital. Last year, Riya moved to London. Now she works at a research lab.'

/** The lecture's forget value of each fact, and the word that introduces the fact. */
export const LECTURE_KEEPS = [
  { fact: 'Gender', word: 'she', lecture: 0.99 },
  { fact: 'Profession', word: 'doctor', lecture: 0.95 },
  { fact: 'Delhi', word: 'delhi', lecture: 0.1 },
  { fact: 'Hospital', word: 'hospital', lecture: 0.85 },
  { fact: 'London', word: 'london', lecture: 0.9 },
] as const

export const QUESTIONS = {
  city: (name: string) => `where does ${name} live ?`,
  work: (name: string) => `where does ${name} work ?`,
  profession: (name: string) => `what is ${name} ?`,
  pronoun: (name: string) => `is ${name} he or she ?`,
} as const

export type Question = keyof typeof QUESTIONS

export interface Paragraph extends LabelledText {
  question: Question
  /** Whether the person moves and has a new place of work. */
  moved: boolean
  changed: boolean
}

const NAMES = 'riya omar lena kofi mei ana'.split(' ')
const PROFESSIONS = 'doctor teacher engineer lawyer painter cook'.split(' ')
const PLACES = ['hospital', 'school', 'bank', 'research lab', 'museum', 'factory']
const ASKED = Object.keys(QUESTIONS) as Question[]

/** Two in three persons move; two in three change their place of work. */
const CHANGE = 2 / 3

/** Paragraphs of 26 to 43 tokens with 20 labels; pronouns do not depend on the name. */
export function paragraphs({ count, seed }: { count: number; seed: number }): Paragraph[] {
  const random = new Random(seed, 'paragraphs')
  return Array.from({ length: count }, () => makeParagraph(random))
}

function makeParagraph(random: Random): Paragraph {
  const name = random.pick(NAMES)
  const pronoun = random.pick(['he', 'she'])
  const profession = random.pick(PROFESSIONS)
  const [home, newHome] = random.shuffle([...CITIES])
  const [place, newPlace] = random.shuffle([...PLACES])
  const moved = random.uniform() < CHANGE
  const changed = random.uniform() < CHANGE
  const question = random.pick(ASKED)
  const sentences = [
    `${name} is a ${profession} .`,
    `${pronoun} lives in ${home} .`,
    `${pronoun} works at a ${place} .`,
    ...(moved ? [`last year , ${name} moved to ${newHome} .`] : []),
    ...(changed ? [`now ${pronoun} works at a ${newPlace} .`] : []),
    QUESTIONS[question](name),
  ]
  const city = moved ? newHome : home
  const work = changed ? newPlace : place
  const label = { city, work, profession, pronoun }[question]
  return { text: sentences.join(' '), label, question, moved, changed }
}
