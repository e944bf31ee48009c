/**
 * All measurements of the lessons' models, as studio/src/lessons/measured.json keeps them. What the files
 * give is measured at every call; what needs trainings of its own only when asked for.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { TextClassifier } from 'latch'
import {
  accuracyByDistance,
  cityInfluence,
  gradientByLag,
  keepsAtMove,
  oneMoveStories,
  STORY,
  storyInfluence,
} from './measureFacts.ts'
import { keepsByWord, measureKeeps, paragraphAccuracy } from './measureParagraph.ts'
import { bySeedAndRate, oneDistance, orderAndSeconds, shortWays } from './measureTraining.ts'
import { ENGINE, MODEL_NAMES, RECIPES, SEED, type LessonCell } from './models.ts'
import { LECTURE } from './paragraph.ts'

/** Stories a distance for accuracies, and for what is looked into one by one. */
const STORIES = 1000
const TRACED = 200

/** @param trainings those measured before, if they shall not be made again */
export async function measure(folder: string, trainings: Trainings | null) {
  return {
    about: {
      engine: 'simd',
      precision: 'float32',
      seed: SEED,
      chance: 1 / 6,
      story: STORY,
      lecture: LECTURE,
    },
    models: models(folder),
    facts: {
      rnn: await factsOf(folder, 'rnn'),
      lstm: await factsOf(folder, 'lstm'),
      gru: await factsOf(folder, 'gru'),
    },
    paragraph: { lstm: await paragraphOf(folder, 'lstm'), gru: await paragraphOf(folder, 'gru') },
    trainings,
  }
}

export type Trainings = Awaited<ReturnType<typeof measureTrainings>>

/** Five minutes and more. */
export async function measureTrainings(say: (line: string) => void) {
  return {
    ...(await orderAndSeconds(say)),
    bySeedAndRate: await bySeedAndRate(say),
    shortWays: await shortWays(say),
    oneDistance: await oneDistance(say),
  }
}

const open = (folder: string, name: string) => {
  const file = `${folder}/${name}.safetensors`
  return TextClassifier.fromBytes(readFileSync(file), name, ENGINE)
}

/** What each file is and how it came about. */
function models(folder: string) {
  return MODEL_NAMES.map((name) => {
    const bytes = readFileSync(`${folder}/${name}.safetensors`)
    const model = TextClassifier.fromBytes(bytes, name, ENGINE)
    const { units, embedding, dropout } = model.settings
    const { epochs, kept, stopped, trainSize, validationSize } = model.history!
    const about = {
      name,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
      parameters: model.parameterCount,
      network: { units, embedding, dropout },
      training: RECIPES[name].training,
      trained: { epochs, kept, stopped, trainSize, validationSize },
    }
    model.dispose()
    return about
  })
}

async function factsOf(folder: string, cell: LessonCell) {
  const model = open(folder, `facts-${cell}`)
  const far = oneMoveStories(40, TRACED)
  const found = {
    accuracy: await accuracyByDistance(model, STORIES),
    influence: { near: cityInfluence(model, oneMoveStories(6, TRACED)), far: cityInfluence(model, far) },
    story: storyInfluence(model),
    gradient: { trained: gradientByLag(model, TRACED, false), initial: gradientByLag(model, TRACED, true) },
    keeps: cell === 'rnn' ? null : keepsAtMove(model, far),
  }
  model.dispose()
  return found
}

async function paragraphOf(folder: string, cell: 'lstm' | 'gru') {
  const model = open(folder, `paragraph-${cell}`)
  const found = {
    accuracy: await paragraphAccuracy(model, STORIES),
    facts: measureKeeps(model, TRACED),
    words: keepsByWord(model),
  }
  model.dispose()
  return found
}
