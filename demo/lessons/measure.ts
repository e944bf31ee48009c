/**
 * Measures the lessons' models: `node dist/demo/lessons/measure.js MODELS MEASURED.json [--trainings]`.
 * Everything that opens the model files is measured anew; with `--trainings` also what needs further
 * trainings (five minutes), which is otherwise kept as the file has it.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { TextClassifier, writeFileAtomic } from '../../src/node.ts'
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
import { ENGINE, LESSON_CELLS, MODEL_NAMES, RECIPES, SEED } from './models.ts'
import { LECTURE } from './paragraph.ts'
import { rounded } from './spread.ts'

const STORIES = 1000
const TRACED = 200

async function main(folder: string | undefined, path: string | undefined, flag?: string): Promise<void> {
  if (folder === undefined || path === undefined) {
    console.error('node dist/demo/lessons/measure.js MODELS MEASURED.json [--trainings]')
    process.exitCode = 2
    return
  }
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const trainings = flag === '--trainings' ? await measureTrainings() : before.trainings
  const found = {
    about: {
      engine: 'simd',
      precision: 'float32',
      seed: SEED,
      chance: 1 / 6,
      story: STORY,
      lecture: LECTURE,
    },
    models: models(folder),
    facts: await facts(folder),
    paragraph: await paragraph(folder),
    trainings: trainings ?? null,
  }
  const text = new TextEncoder().encode(`${JSON.stringify(rounded(found), null, 1)}\n`)
  await writeFileAtomic(path, text)
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

async function facts(folder: string) {
  const cells: Record<string, unknown> = {}
  for (const cell of LESSON_CELLS) {
    const model = open(folder, `facts-${cell}`)
    const far = oneMoveStories(40, TRACED)
    cells[cell] = {
      accuracy: await accuracyByDistance(model, STORIES),
      influence: { near: cityInfluence(model, oneMoveStories(6, TRACED)), far: cityInfluence(model, far) },
      story: storyInfluence(model),
      gradient: { trained: gradientByLag(model, TRACED, false), initial: gradientByLag(model, TRACED, true) },
      keeps: cell === 'rnn' ? null : keepsAtMove(model, far),
    }
    model.dispose()
  }
  return cells
}

async function paragraph(folder: string) {
  const cells: Record<string, unknown> = {}
  for (const cell of ['lstm', 'gru']) {
    const model = open(folder, `paragraph-${cell}`)
    cells[cell] = {
      accuracy: await paragraphAccuracy(model, STORIES),
      facts: measureKeeps(model, TRACED),
      words: keepsByWord(model),
    }
    model.dispose()
  }
  return cells
}

async function measureTrainings() {
  const say = (line: string): void => console.log(line)
  return {
    ...(await orderAndSeconds(say)),
    bySeedAndRate: await bySeedAndRate(say),
    shortWays: await shortWays(say),
    oneDistance: await oneDistance(say),
  }
}

await main(...(process.argv.slice(2) as [string, string, string]))
