/**
 * The lessons' stories: facts that change, of one person. In changingFacts a sentence about something else
 * always comes first; half of these begin without it, as the lecture's "Riya lives in Delhi" does.
 */
import { changingFacts, type City, type FactOptions, type LabelledText } from 'latch/datasets'
import { Random } from 'latch'

/** Stories of one person, lower-case, words and marks set apart; the label is the city named last. */
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

/** Stories never trained on: another seed. */
export function testStories(distance: number, count: number): LabelledText<City>[] {
  return lessonStories({ count, distance, seed: 7 })
}
