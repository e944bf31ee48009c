/**
 * The lessons' stories: changing facts about one person. Stories of changingFacts always start with an unrelated
 * sentence; half of these start without it, like the lecture's "Riya lives in Delhi".
 */
import { changingFacts, type City, type FactOptions, type LabelledText } from 'latch/datasets'
import { Random } from 'latch'

/** Stories about one person in lower case, with spaces around punctuation; the label is the last city. */
export function lessonStories(options: Omit<FactOptions, 'people'>): LabelledText<City>[] {
  const random = new Random(options.seed, 'beginnings of stories')
  return changingFacts({ ...options, people: 1 }).map(({ text, label }) => ({
    text: random.uniform() < 0.5 ? text : withoutFirst(text),
    label,
  }))
}

function withoutFirst(text: string): string {
  return text.slice(text.indexOf(' . ') + 3)
}

/** Test stories: another seed. */
export function testStories(distance: number, count: number): LabelledText<City>[] {
  return lessonStories({ count, distance, seed: 7 })
}
