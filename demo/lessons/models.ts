/**
 * The models of the studio's lessons and their training: small, one seed, and with the reproducible engine, so that every
 * machine gets the same files.
 */
import { CITIES, type LabelledText } from 'latch/datasets'
import {
  languageModel,
  textClassifier,
  type CellName,
  type ClassifierFitOptions,
  type ClassifierOptions,
  type FitOptions,
  type LanguageModel,
  type LanguageModelOptions,
  type ModelFitEvent,
  type ModelFitReport,
  type TextClassifier,
} from 'latch'
import { lessonComments } from './comments.ts'
import { nextWordTexts } from './nextWords.ts'
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

/** The recipe of a language model. */
export interface LanguageRecipe {
  network: LanguageModelOptions
  training: Omit<FitOptions, 'onEvent'>
  texts: () => string[]
}

/** Epochs and rates of the language models; docs/lessons.md has what else was tried. */
const NEXT_EPOCHS = 48
const NEXT_RATE = { rnn: 0.004, lstm: 0.01 } as const

/**
 * Texts of nearby and of far clues; as wide as the other models. Many short parts, because only a part begins with an empty
 * memory, as the texts of the page do.
 */
export function nextWordRecipe(cell: keyof typeof NEXT_RATE, seed = SEED): LanguageRecipe {
  return {
    network: {
      cell,
      ...NARROW,
      dropout: 0,
      tokens: 'words',
      lowercase: true,
      minimumCount: 1,
      steps: 32,
      resetStates: false,
      ...ENGINE,
    },
    training: {
      epochs: NEXT_EPOCHS,
      schedule: { type: 'cosine', tMax: NEXT_EPOCHS },
      patience: null,
      batchSize: 32,
      learningRate: NEXT_RATE[cell],
      seed,
    },
    texts: () => nextWordTexts(4000, SEED),
  }
}

export const LANGUAGE_RECIPES = {
  'next-rnn': nextWordRecipe('rnn'),
  'next-lstm': nextWordRecipe('lstm'),
} as const satisfies Record<string, LanguageRecipe>

export type LanguageName = keyof typeof LANGUAGE_RECIPES

export const CLASSIFIER_NAMES = Object.keys(RECIPES) as ModelName[]
export const LANGUAGE_NAMES = Object.keys(LANGUAGE_RECIPES) as LanguageName[]
export const MODEL_NAMES = [...CLASSIFIER_NAMES, ...LANGUAGE_NAMES]

type Log = (line: string) => void

/** Trains a model by its name. @param log called with one line per epoch */
export async function trainNamed(
  name: ModelName | LanguageName,
  log?: Log,
): Promise<{ model: TextClassifier | LanguageModel; report: ModelFitReport }> {
  if (name in RECIPES) return trainBy(RECIPES[name as ModelName], log)
  return trainLanguage(LANGUAGE_RECIPES[name as LanguageName], log)
}

/** Trains a language model by a recipe. @param log called with one line per epoch */
export async function trainLanguage(
  { network, training, texts }: LanguageRecipe,
  log?: Log,
): Promise<{ model: LanguageModel; report: ModelFitReport }> {
  const model = languageModel(network)
  const report = await model.fit(texts(), { ...training, onEvent: lineByEpoch(log) })
  return { model, report }
}

/** Trains by a recipe. @param log called with one line per epoch */
export async function trainBy(
  { network, training, rows }: Recipe,
  log?: Log,
): Promise<{ model: TextClassifier; report: ModelFitReport }> {
  const model = textClassifier({ ...network, counts: false })
  const report = await model.fit(rows(), { ...columns, ...training, onEvent: lineByEpoch(log) })
  return { model: model as TextClassifier, report }
}

function lineByEpoch(log?: Log) {
  return (event: ModelFitEvent): void => {
    if (event.type !== 'epoch') return
    const { epoch, trainLoss, trainAccuracy, seconds } = event
    const right = trainAccuracy === null ? '' : `  right ${trainAccuracy.toFixed(4)}`
    log?.(`  epoch ${epoch}  loss ${trainLoss.toFixed(4)}${right}  ${seconds.toFixed(1)} s`)
  }
}
