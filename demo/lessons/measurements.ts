/**
 * All measurements of the lessons' models, as in packages/studio/src/lessons/measured.json. The model files are measured
 * at every call; measurements that need further trainings are optional.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { LanguageModel, TextClassifier } from 'latch'
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
import { nextWordsOf } from './measureNextWords.ts'
import {
  CLASSIFIER_NAMES,
  ENGINE,
  LANGUAGE_NAMES,
  LANGUAGE_RECIPES,
  RECIPES,
  SEED,
  type LanguageName,
  type LessonCell,
} from './models.ts'
import { LECTURE } from './paragraph.ts'

/** Stories per distance for accuracies, and for measurements of single stories. */
const STORIES = 1000
const TRACED = 200

/** @param trainings earlier results of the trainings, which are not repeated */
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
    nextWords: { rnn: nextWords(folder, 'next-rnn'), lstm: nextWords(folder, 'next-lstm') },
    trainings,
  }
}

export type Trainings = Awaited<ReturnType<typeof measureTrainings>>

/** Takes more than five minutes. */
export async function measureTrainings(log: (line: string) => void) {
  return {
    ...(await orderAndSeconds(log)),
    bySeedAndRate: await bySeedAndRate(log),
    shortWays: await shortWays(log),
    oneDistance: await oneDistance(log),
  }
}

const open = (folder: string, name: string) => {
  const file = `${folder}/${name}.safetensors`
  return TextClassifier.fromBytes(readFileSync(file), name, ENGINE)
}

/** Each model file, its network and its training. */
function models(folder: string) {
  return [
    ...CLASSIFIER_NAMES.map((name) =>
      aboutModel(
        folder,
        name,
        (bytes) => TextClassifier.fromBytes(bytes, name, ENGINE),
        RECIPES[name].training,
      ),
    ),
    ...LANGUAGE_NAMES.map((name) =>
      aboutModel(
        folder,
        name,
        (bytes) => LanguageModel.fromBytes(bytes, name, ENGINE),
        LANGUAGE_RECIPES[name].training,
      ),
    ),
  ]
}

function aboutModel(
  folder: string,
  name: string,
  read: (bytes: Uint8Array) => TextClassifier | LanguageModel,
  training: object,
) {
  const bytes = readFileSync(`${folder}/${name}.safetensors`)
  const model = read(bytes)
  const { units, embedding, dropout } = model.settings
  const { epochs, kept, stopped, trainSize, validationSize } = model.history!
  const about = {
    name,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    parameters: model.parameterCount,
    network: { units, embedding, dropout },
    training,
    trained: { epochs, kept, stopped, trainSize, validationSize },
  }
  model.dispose()
  return about
}

function nextWords(folder: string, name: LanguageName) {
  const model = LanguageModel.fromBytes(readFileSync(`${folder}/${name}.safetensors`), name, ENGINE)
  const found = nextWordsOf(model, STORIES)
  model.dispose()
  return found
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
