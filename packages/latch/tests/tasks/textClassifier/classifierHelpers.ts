/** Small texts for classifier tests: two labels determined by one word, three by another, in seeded sentences. */
import { Random } from '../../../src/core/random.ts'
import { textClassifier, type TextClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { ClassifierFitOptions } from '../../../src/tasks/textClassifier/learned.ts'
import type { CellChoice, ClassifierOptions } from '../../../src/tasks/textClassifier/options.ts'

export interface Row {
  text: string
  label: string
}

const WORDS = {
  good: ['great', 'lovely', 'fresh'],
  bad: ['awful', 'stale', 'rude'],
  odd: ['strange', 'curious', 'unusual'],
} as const
const FILLERS = 'the soup was we had coffee and a room with some view today , .'.split(' ')

/** `count` rows of 2 to 8 words, labels in turn. */
export function comments(
  count: number,
  seed: number,
  labels: readonly (keyof typeof WORDS)[] = ['good', 'bad'],
): Row[] {
  const random = new Random(seed, 'comments')
  return Array.from({ length: count }, (_, i) => {
    const label = labels[i % labels.length]
    const words = Array.from({ length: 1 + random.integer(7) }, () => random.pick(FILLERS))
    words.splice(random.integer(words.length + 1), 0, random.pick(WORDS[label]))
    return { text: words.join(' '), label }
  })
}

export const THREE = ['good', 'bad', 'odd'] as const

/** Small, without dropout, so that it learns in a few steps. */
export const tiny = { units: 8, embedding: 6, dropout: 0 } satisfies ClassifierOptions
export const quick = {
  text: 'text',
  label: 'label',
  epochs: 8,
  batchSize: 8,
  learningRate: 0.03,
  validation: 0,
  labelSmoothing: 0,
} as const satisfies ClassifierFitOptions

/** A classifier trained on a few comments. */
export async function trained<C extends CellChoice = 'lstm', L extends string = string>(
  options: ClassifierOptions<C, L> = {},
  fitOptions: Partial<ClassifierFitOptions<Row>> = {},
  rows: readonly Row[] = comments(48, 1),
): Promise<TextClassifier<C, L>> {
  const model = textClassifier<C, L>({ ...tiny, ...options })
  await model.fit(rows, { ...quick, ...fitOptions })
  return model
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** What a promise or a function throws. */
export async function thrown(action: () => unknown): Promise<Error> {
  try {
    await action()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
