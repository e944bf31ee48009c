/**
 * The models that the studio's lessons open, and how each is trained: small, one seed, and on the build
 * whose bits are the same everywhere, so that anybody gets these files again.
 */
import { changingFacts, CITIES, type LabelledText } from '../../src/datasets/index.ts'
import {
  textClassifier,
  type CellName,
  type ClassifierFitOptions,
  type ClassifierOptions,
  type ClassifierReport,
  type TextClassifier,
} from '../../src/node.ts'
import { lessonComments } from './comments.ts'

/** One seed for data, initial weights and order. */
export const SEED = 1

/** Longest way between fact and question among the stories trained on. */
export const LONGEST = 40

/** What makes a model: its rows, its network, its training. */
export interface Recipe {
  network: ClassifierOptions
  training: Omit<ClassifierFitOptions<LabelledText>, 'text' | 'label' | 'onEvent'>
  rows: () => LabelledText[]
}

export const LESSON_CELLS = ['rnn', 'lstm', 'gru'] as const satisfies readonly CellName[]

export type LessonCell = (typeof LESSON_CELLS)[number]
export type ModelName = `${'facts' | 'comments'}-${LessonCell}`

export const columns = { text: 'text', label: 'label' } as const

/** One thread changes no bit; it leaves a shared machine alone. */
export const ENGINE = { reproducible: true, threads: 1 } as const

/** Stories never trained on: another seed. */
export const testStories = (distance: number, count: number) =>
  changingFacts({ count, distance, seed: 7, people: 2 })

const FACTS_EPOCHS = 24

/** The recipe of docs/defaults.md for facts that change, at 32 units instead of 64. */
export function factsRecipe(cell: LessonCell): Recipe {
  return {
    network: { cell, units: 32, embedding: 32, dropout: 0, minimumCount: 1, labels: CITIES, ...ENGINE },
    training: {
      epochs: FACTS_EPOCHS,
      learningRate: 0.006,
      schedule: { type: 'cosine', length: FACTS_EPOCHS },
      labelSmoothing: 0,
      patience: null,
      seed: SEED,
    },
    rows: () => changingFacts({ count: 10_000, distance: [0, LONGEST], seed: SEED, people: 2 }),
  }
}

/** Nothing but units, embedding and the least count of a word is chosen; the rest are the defaults. */
export function commentsRecipe(cell: ClassifierOptions['cell']): Recipe {
  return {
    network: { cell, units: 32, embedding: 32, minimumCount: 1, ...ENGINE },
    training: { seed: SEED },
    rows: () => lessonComments('train'),
  }
}

export const RECIPES: { readonly [N in ModelName]: Recipe } = {
  'facts-rnn': factsRecipe('rnn'),
  'facts-lstm': factsRecipe('lstm'),
  'facts-gru': factsRecipe('gru'),
  'comments-rnn': commentsRecipe('rnn'),
  'comments-lstm': commentsRecipe('lstm'),
  'comments-gru': commentsRecipe('gru'),
}

export const MODEL_NAMES = Object.keys(RECIPES) as ModelName[]

/** Trains by a recipe. @param say called with a line an epoch */
export async function trainBy(
  { network, training, rows }: Recipe,
  say?: (line: string) => void,
): Promise<{ model: TextClassifier; report: ClassifierReport }> {
  const model = textClassifier(network)
  const report = await model.fit(rows(), {
    ...columns,
    ...training,
    onEvent(event) {
      if (event.event !== 'epoch') return
      const { epoch, loss, accuracy, seconds } = event
      say?.(
        `  epoch ${epoch}  loss ${loss.toFixed(4)}  right ${accuracy.toFixed(4)}  ${seconds.toFixed(1)} s`,
      )
    },
  })
  return { model: model as TextClassifier, report }
}
