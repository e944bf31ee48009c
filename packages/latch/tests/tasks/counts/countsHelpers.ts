/** Texts of words that are rare and speak for a label, so that counting them helps a small network. */
import { Random } from '../../../src/core/random.ts'
import { textClassifier, type TextClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { ClassifierFitOptions } from '../../../src/tasks/textClassifier/learned.ts'
import type { ModelFitReport } from '../../../src/tasks/fit/fitOptions.ts'
import type { ClassifierOptions } from '../../../src/tasks/textClassifier/options.ts'

export interface Row {
  text: string
  label: string
}

/** Each word belongs to one label, and three of four words of a text to its own. */
export function topics(count: number, seed: number, labels: readonly string[] = ['sea', 'land']): Row[] {
  const random = new Random(seed, 'topics')
  return Array.from({ length: count }, (_, i) => {
    const label = labels[i % labels.length]
    const words = Array.from({ length: 3 + random.integer(5) }, () => {
      const of = random.integer(4) > 0 ? label : random.pick(labels)
      return `${of}${random.integer(120)}`
    })
    return { text: words.join(' '), label }
  })
}

export const COLUMNS = { text: 'text', label: 'label' } as const
export const THREE = ['sea', 'land', 'sky'] as const
export const small = { units: 6, embedding: 6, reproducible: true } satisfies ClassifierOptions
export const quick = { ...COLUMNS, epochs: 3, learningRate: 0.01 } satisfies ClassifierFitOptions

/** A model with counts, and the report of its training. */
export async function counted(
  options: ClassifierOptions = {},
  fitOptions: Partial<ClassifierFitOptions<Row>> = {},
  rows: readonly Row[] = topics(400, 1),
): Promise<{ model: TextClassifier; report: ModelFitReport }> {
  const model = textClassifier({ ...small, ...options }) as TextClassifier
  const report = await model.fit(rows, { ...quick, ...fitOptions })
  return { model, report }
}
