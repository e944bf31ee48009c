/** Do two sentences name the same date? Only the relation between both decides, so a bag of words can but guess. */
import { Random, textPairClassifier, type ClassEvaluation, type TextPair } from 'latch'
import { heading, paragraph, percent, runAsProgram, title, type Print } from './page.ts'

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
)
const DAYS = 20

export interface Result {
  evaluation: ClassEvaluation
  baseline: number
  /** Whether both orders of every pair of the test get the same probabilities. */
  bothOrders: boolean
  answers: string[]
}

interface Row extends TextPair {
  label: 'same' | 'another'
}

/** A sentence with a date, in one of four forms. */
function say(random: Random, day: number, month: number): string {
  const [name, short] = [MONTHS[month], MONTHS[month].slice(0, 3)]
  const ending = ['th', 'st', 'nd', 'rd'][day > 3 && day < 20 ? 0 : day % 10] ?? 'th'
  const forms = [
    `we meet on the ${day}${ending} of ${name}`,
    `${name} ${day} is the day`,
    `the train leaves on ${short} ${day}`,
    `on ${day} ${short} we start`,
  ]
  return forms[random.integer(forms.length)]
}

/** Every other pair has the same date; in the others, the day or the month is another one. */
function write(random: Random, same: boolean): Row {
  const [day, month] = [1 + random.integer(DAYS), random.integer(12)]
  let [otherDay, otherMonth] = [day, month]
  if (!same && random.integer(2) === 0) otherDay = 1 + ((day + random.integer(DAYS - 1)) % DAYS)
  else if (!same) otherMonth = (month + 1 + random.integer(11)) % 12
  return {
    a: say(random, day, month),
    b: say(random, otherDay, otherMonth),
    label: same ? 'same' : 'another',
  }
}

const QUESTIONS: readonly TextPair[] = [
  { a: 'we meet on the 3rd of May', b: 'the train leaves on May 3' },
  { a: 'we meet on the 3rd of May', b: 'the train leaves on May 13' },
  { a: 'August 12 is the day', b: 'on 12 Aug we start' },
  { a: 'August 12 is the day', b: 'on 12 Apr we start' },
]

/** Prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'The same date?')
  paragraph(
    print,
    'One encoder reads both sentences, word by word. Of its two encodings u and v the output sees how far they are ' +
      'apart, |u − v|, and their product: both are the same whichever sentence comes first.',
  )
  const random = new Random(1, 'same date')
  const train = Array.from({ length: 2400 }, (_, i) => write(random, i % 2 === 0))
  const test = Array.from({ length: 400 }, (_, i) => write(random, i % 2 === 0))
  for (const { a, b, label } of train.slice(0, 4)) print(`  ${label.padEnd(8)} "${a}" / "${b}"`)

  heading(print, 'What it learns')
  const model = textPairClassifier({
    cell: 'gru',
    units: 32,
    embedding: 32,
    bidirectional: true,
    pooling: 'max',
    dropout: 0,
    combine: 'symmetric',
  })
  await model.fit(train, { epochs: 16, learningRate: 0.005, seed: 1 })
  const evaluation = await model.evaluate(test)
  const baseline = (await model.baseline(train)).evaluate(test).value
  print(`accuracy on new pairs     ${percent(evaluation.accuracy)}`)
  print(`naive Bayes on the words  ${percent(baseline)}`)
  paragraph(print, 'Each date occurs as often in pairs of either kind, so single words say nothing.')

  heading(print, 'Its answers')
  const predictions = model.predict(QUESTIONS)
  predictions.forEach(({ label, probabilities }, i) => {
    print(`  "${QUESTIONS[i].a}"`)
    print(`  "${QUESTIONS[i].b}": ${label}, ${percent(probabilities[label])}`)
  })
  const exchanged = model.predict(test.map(({ a, b }) => ({ a: b, b: a })))
  const bothOrders = JSON.stringify(exchanged) === JSON.stringify(model.predict(test))
  paragraph(
    print,
    `Exchanged, every pair of the test gets ${bothOrders ? 'the same' : 'NOT THE SAME'} answer.`,
  )
  model.dispose()
  return { evaluation, baseline, bothOrders, answers: predictions.map(({ label }) => label) }
}

runAsProgram(import.meta.url, run)
