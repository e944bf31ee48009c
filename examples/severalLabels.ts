/** Complaints with several labels, and their price: one text, any number of labels; one text, one number. */
import {
  multiLabelClassifier,
  Random,
  textRegressor,
  type MultiLabelEvaluation,
  type MultiLabelPrediction,
  type ValueEvaluation,
} from 'latch'
import { heading, number, paragraph, percent, runAsProgram, title, type Print } from './page.ts'

/** What guests say of each fault, and what the hotel pays back for it. */
const FAULTS = {
  cold: { said: ['the heating failed', 'we froze all night', 'no warm water'], paid: 40 },
  late: { said: ['breakfast came late', 'we waited an hour', 'the keys were not ready'], paid: 10 },
  loud: { said: ['the street was noisy', 'music until three', 'thin walls'], paid: 20 },
}
const OTHERS = ['the view is lovely', 'a central place', 'we came by train', 'the staff is kind']
type Fault = keyof typeof FAULTS

interface Complaint {
  text: string
  faults: Fault[]
  paid: number
}

export interface Result {
  labels: MultiLabelEvaluation
  baseline: number
  prediction: MultiLabelPrediction
  numbers: ValueEvaluation
  value: number
}

/** A complaint with any number of faults; the last one tried is 5 more or less. */
function write(random: Random): Complaint {
  const faults = (Object.keys(FAULTS) as Fault[]).filter(() => random.integer(5) < 2)
  const said = faults.map((fault) => FAULTS[fault].said[random.integer(3)])
  said.splice(random.integer(said.length + 1), 0, OTHERS[random.integer(OTHERS.length)])
  const paid = faults.reduce((sum, fault) => sum + FAULTS[fault].paid, 0) + random.integer(5) - 2
  return { text: said.join(', '), faults, paid }
}

const QUESTION = 'a central place, thin walls, no warm water'

/** Prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'Several labels for a text, and a number')
  paragraph(
    print,
    'Guests name any number of faults in one text. A sigmoid for each fault says whether it is there; the threshold is ' +
      'chosen on rows that are held out. A second network reads the same texts and says what the hotel pays back.',
  )
  const random = new Random(1, 'complaints')
  const train = Array.from({ length: 300 }, () => write(random))
  const test = Array.from({ length: 100 }, () => write(random))
  const options = { units: 16, embedding: 16, pooling: 'max', dropout: 0.1 } as const
  const training = { epochs: 12, learningRate: 0.01, batchSize: 16 }

  heading(print, 'Which faults?')
  paragraph(print, 'A complaint of the training, and the faults that it has:')
  print(`  "${train[0].text}": ${train[0].faults.join(', ') || 'none'}`)
  const columns = { text: 'text', label: 'faults' } as const
  const model = multiLabelClassifier(options)
  await model.fit(train, { ...columns, ...training })
  const labels = await model.evaluate(test, columns)
  const baseline = (await model.baseline(train, columns)).evaluate(test).value
  print(
    `micro F1 ${percent(labels.microF1)}, macro F1 ${percent(labels.macroF1)}; naive Bayes ${percent(baseline)}`,
  )
  print(`threshold ${percent(model.threshold)}`)
  const prediction = model.predict(QUESTION)
  print(`"${QUESTION}"`)
  for (const [fault, probability] of Object.entries(prediction.probabilities))
    print(`  ${fault}  ${percent(probability)}${prediction.labels.includes(fault) ? '  yes' : ''}`)

  heading(print, 'How much is paid back?')
  paragraph(print, 'The number is standardised for training, and the answer is in its own units again.')
  const target = { text: 'text', label: 'paid' } as const
  const regressor = textRegressor(options)
  await regressor.fit(train, { ...target, ...training })
  const numbers = await regressor.evaluate(test, target)
  print(`mean absolute error ${number(numbers.meanAbsoluteError)}, R² ${number(numbers.rSquared!)}`)
  const { value } = regressor.predict(QUESTION)
  print(`"${QUESTION}"`)
  print(`  ${number(value)} (cold 40 and loud 20)`)
  for (const each of [model, regressor]) each.dispose()
  return { labels, baseline, prediction, numbers, value }
}

runAsProgram(import.meta.url, run)
