/**
 * Which facts does a memory keep? An LSTM and a GRU learn stories in which people move; then one story
 * is followed word by word: how much of the past each step keeps, and what the net would answer there.
 */
import { changingFacts, CITIES, type City } from 'latch/datasets'
import { textClassifier } from 'latch'
import { heading, number, paragraph, percent, runAsProgram, title, type Print } from './page.ts'

const STORY =
  'Riya lives in Delhi . a dog barked . Riya moved to London . the sun came out . where does Riya live ?'
const TRAINED = [0, 6, 12]
const TESTED = [6, 12, 24]
const CELLS = ['lstm', 'gru'] as const

type CellName = (typeof CELLS)[number]

/** One word of the story. */
export interface Moment {
  token: string
  /** Share of the past that this step keeps, the mean over the units. */
  keeps: number
  /** The answer if the story ended here, and how sure. */
  answer: City
  probability: number
}

export interface CellResult {
  parameters: number
  /** Share of right answers on stories never seen, by distance. */
  accuracy: { distance: number; share: number }[]
  answer: City
  moments: Moment[]
  /** Mean share kept at the three words "moved to London", and at all others. */
  keeps: { moving: number; elsewhere: number }
}

export type Result = { [C in CellName]: CellResult }

/** Trains both, prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'Where does Riya live? What an LSTM and a GRU keep, word by word')
  const intro = `Both nets train on made-up stories such as the one below. The right answer is the city that was
    named last, some words before the question: the old city has to go, the new one has to stay.`
  paragraph(print, intro)
  print('')
  paragraph(print, `  ${STORY}`)
  print('')
  const result = { lstm: await learn(print, 'lstm'), gru: await learn(print, 'gru') }
  printAccuracy(print, result)
  printStory(print, result)
  return result
}

const stories = (distance: number, count: number, seed: number) =>
  changingFacts({ count, distance, seed, people: 1 })

async function learn(print: Print, cell: CellName): Promise<CellResult> {
  const model = textClassifier({
    cell,
    units: 32,
    embedding: 32,
    dropout: 0,
    minimumCount: 1,
    labels: CITIES,
  })
  const rows = TRAINED.flatMap((distance) => stories(distance, 1000, 1))
  const columns = { text: 'text', label: 'label' } as const
  const report = { ...columns, epochs: 8, learningRate: 0.01, labelSmoothing: 0, validation: 0, seed: 1 }
  print(`  ${cell.toUpperCase()} on ${rows.length} stories`)
  await model.fit(rows, {
    ...report,
    onEvent(event) {
      if (event.type !== 'epoch' || event.epoch % 2) return
      print(
        `    epoch ${event.epoch}   loss ${number(event.trainLoss)}   right ${percent(event.trainAccuracy!)}`,
      )
    },
  })
  const accuracy: CellResult['accuracy'] = []
  for (const distance of TESTED) {
    const { accuracy: share } = await model.evaluate(stories(distance, 300, 2), columns)
    accuracy.push({ distance, share })
  }
  const { steps, label } = model.trace(STORY)
  const moments = steps.map(({ token, keeps, output }) => ({
    token,
    keeps: keeps ?? 0,
    answer: output.label,
    probability: output.probabilities[output.label],
  }))
  return { parameters: model.parameterCount, accuracy, answer: label, moments, keeps: keepsOf(moments) }
}

function keepsOf(moments: readonly Moment[]): CellResult['keeps'] {
  const moved = moments.findIndex(({ token }) => token === 'moved')
  const mean = (part: readonly Moment[]) => part.reduce((sum, { keeps }) => sum + keeps, 0) / part.length
  const at = (t: number) => t >= moved && t < moved + 3
  return { moving: mean(moments.filter((_, t) => at(t))), elsewhere: mean(moments.filter((_, t) => !at(t))) }
}

function printAccuracy(print: Print, result: Result): void {
  heading(print, 'Right answers on 300 stories never seen')
  print(
    `  words between the last fact and the question    ${TESTED.map((d) => String(d).padStart(9)).join('')}`,
  )
  for (const cell of CELLS) {
    const { accuracy, parameters } = result[cell]
    const shares = accuracy.map(({ share }) => percent(share).padStart(9)).join('')
    print(`  ${`${cell.toUpperCase()}, ${parameters} numbers learned`.padEnd(47)} ${shares}`)
  }
  print(`  (trained with ${TRAINED.join(', ')} words in between)`)
}

function printStory(print: Print, result: Result): void {
  heading(print, 'The story, word by word')
  print(`  ${''.padEnd(8)}  ${'LSTM keeps'.padEnd(16)}says           ${'GRU keeps'.padEnd(16)}says`)
  result.lstm.moments.forEach(({ token }, t) => {
    const sides = CELLS.map((cell) => printSide(result[cell].moments[t]))
    print(`  ${token.padEnd(8)}  ${sides.join('  ').trimEnd()}`)
  })
  print('')
  print(`  The answer: LSTM ${result.lstm.answer}, GRU ${result.gru.answer}.`)
  print('')
  for (const cell of CELLS) {
    const { moving, elsewhere } = result[cell].keeps
    const name = cell.toUpperCase().padEnd(4)
    print(
      `  ${name} keeps ${percent(moving)} at "moved to London", ${percent(elsewhere)} at the other words (mean).`,
    )
  }
  print('')
  const text = `"Keeps" is the mean over 32 units of the LSTM's forget gate f and of the GRU's update gate z (in the
    form in which z keeps the old): 100 % leaves the memory as it was, 0 % replaces all of it. "Says" is
    what the net would answer if the story ended there, and how sure it is. The news of the move clears
    the memory; small talk and the question leave more of it alone. A low share is not yet forgetting:
    the GRU replaces about half of its numbers at each step and still answers right, because its
    candidate can write the same city again.`
  paragraph(print, text)
}

function printSide({ keeps, answer, probability }: Moment): string {
  const bar = '█'.repeat(Math.round(keeps * 8)).padEnd(8, '·')
  return `${percent(keeps).padStart(6)} ${bar}  ${answer.padEnd(6)} ${probability.toFixed(2)}  `
}

runAsProgram(import.meta.url, run)
