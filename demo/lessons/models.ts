/**
 * The models of the studio's lessons and their training: small, one seed, and with the reproducible engine, so that every
 * machine gets the same files.
 */
import { CITIES, type LabelledText } from 'latch/datasets'
import {
  textClassifier,
  type CellName,
  type ClassifierFitOptions,
  type ClassifierOptions,
  type ModelFitReport,
  type TextClassifier,
} from 'latch'
import { lessonComments } from './comments.ts'
import { paragraphs } from './paragraph.ts'
import { lessonStories } from './stories.ts'

/** One seed for data, initial weights and order. */
export const SEED = 1

/** Longest distance between fact and question in the training stories. */
export const LONGEST = 40

/** The recipe of a model: its rows, its network, its training. */
export interface Recipe {
  network: ClassifierOptions
  training: Omit<ClassifierFitOptions<LabelledText>, 'text' | 'label' | 'onEvent'>
  rows: () => LabelledText[]
}

export const LESSON_CELLS = ['rnn', 'lstm', 'gru'] as const satisfies readonly CellName[]

export type LessonCell = (typeof LESSON_CELLS)[number]
export type ModelName = `${'facts' | 'comments'}-${LessonCell}` | 'paragraph-lstm' | 'paragraph-gru'

export const columns = { text: 'text', label: 'label' } as const

/** One thread gives the same bits as several, and leaves cores free on a shared machine. */
export const ENGINE = { reproducible: true, threads: 1 } as const

/** Small enough for a page to fetch. */
const NARROW = { units: 32, embedding: 32 } as const

const EPOCHS = 24

/**
 * The recipe of docs/defaults.md for changing facts. With all defaults the GRU learns these stories too; the LSTM stops on
 * a plateau of 81 %.
 */
export const COSINE = {
  epochs: EPOCHS,
  schedule: { type: 'cosine', tMax: EPOCHS },
  labelSmoothing: 0,
  patience: null,
} as const

/** A simple RNN performs badly at the gated cells' learning rate (docs/lessons.md), so it uses its own default. */
export const RATE: { readonly [C in LessonCell]: number } = { rnn: 0.001, lstm: 0.006, gru: 0.006 }

/** Changes of the facts recipe, to measure their effect. */
export interface FactsChange {
  distance?: number | readonly [number, number]
  count?: number
  rate?: number
  seed?: number
}

/** Stories of every distance from 0 to 40, 32 units, no dropout. */
export function factsRecipe(cell: LessonCell, change: FactsChange = {}): Recipe {
  const { distance = [0, LONGEST], count = 8000, rate = RATE[cell], seed = SEED } = change
  return {
    network: { cell, ...NARROW, dropout: 0, labels: CITIES, ...ENGINE },
    training: { ...COSINE, learningRate: rate, seed },
    rows: () => lessonStories({ count, distance, seed: SEED }),
  }
}

/** Paragraphs like the lecture's, with questions about each of their facts. */
export function paragraphRecipe(cell: LessonCell): Recipe {
  return {
    network: { cell, ...NARROW, dropout: 0, ...ENGINE },
    training: { ...COSINE, learningRate: RATE[cell], seed: SEED },
    rows: () => paragraphs({ count: 10_000, seed: SEED }),
  }
}

/**
 * The defaults with 32 units, and enough epochs for a simple RNN, which needs more than thirty for the short comments.
 * `ann` and `bag` are for comparison.
 */
export function commentsRecipe(cell: ClassifierOptions['cell']): Recipe {
  return {
    network: { cell, ...NARROW, ...ENGINE },
    training: { epochs: 90, seed: SEED },
    rows: () => lessonComments('train'),
  }
}

export const RECIPES: { readonly [N in ModelName]: Recipe } = {
  'facts-rnn': factsRecipe('rnn'),
  'facts-lstm': factsRecipe('lstm'),
  'facts-gru': factsRecipe('gru'),
  'paragraph-lstm': paragraphRecipe('lstm'),
  'paragraph-gru': paragraphRecipe('gru'),
  'comments-rnn': commentsRecipe('rnn'),
  'comments-lstm': commentsRecipe('lstm'),
  'comments-gru': commentsRecipe('gru'),
}

export const MODEL_NAMES = Object.keys(RECIPES) as ModelName[]

/** Trains by a recipe. @param log called with one line per epoch */
export async function trainBy(
  { network, training, rows }: Recipe,
  log?: (line: string) => void,
): Promise<{ model: TextClassifier; report: ModelFitReport }> {
  const model = textClassifier({ ...network, counts: false })
  const report = await model.fit(rows(), {
    ...columns,
    ...training,
    onEvent(event) {
      if (event.type !== 'epoch') return
      const { epoch, trainLoss, trainAccuracy, seconds } = event
      log?.(
        `  epoch ${epoch}  loss ${trainLoss.toFixed(4)}  right ${trainAccuracy!.toFixed(4)}  ${seconds.toFixed(1)} s`,
      )
    },
  })
  return { model: model as TextClassifier, report }
}
