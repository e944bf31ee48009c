/**
 * The lecture says that a memory reading "Riya is a doctor …" forgets Delhi (0.10) and keeps gender, profession, hospital
 * and London (0.85 to 0.99). Measures what a trained network keeps of each, and what it answers.
 */
import { influence } from 'latch/inspection'
import type { TextClassifier } from 'latch'
import { keepGateOf } from './measureFacts.ts'
import { columns } from './models.ts'
import { LECTURE, LECTURE_KEEPS, paragraphs, QUESTIONS, type Question } from './paragraph.ts'
import { meanOf, shareOf } from './spread.ts'

/** The question about each fact, and the answer in the lecture's paragraph. */
const ASKS: readonly (readonly [fact: string, question: Question, answer: string])[] = [
  ['Gender', 'pronoun', 'she'],
  ['Profession', 'profession', 'doctor'],
  ['Delhi', 'city', 'delhi'],
  ['Hospital', 'work', 'hospital'],
  ['London', 'city', 'london'],
]

/** Accuracy on new paragraphs by question. */
export async function paragraphAccuracy(model: TextClassifier, count: number) {
  const rows = paragraphs({ count, seed: 7 })
  const found: Record<string, ReturnType<typeof shareOf>> = {}
  for (const question of Object.keys(QUESTIONS)) {
    const matching = rows.filter((row) => row.question === question)
    const { accuracy } = await model.evaluate(matching, columns)
    found[question] = shareOf(Math.round(accuracy * matching.length), matching.length)
  }
  return found
}

/** How much of what the word of a fact wrote is kept by later steps. */
export interface FactKeeps {
  /** Mean of the keep gate at the step of the word. */
  gate: number
  /** Fraction of what the word wrote that is kept after "last year , … moved to … ."; null if the word comes later. */
  overMove: number | null
  /** The same after the paragraph's last word. */
  toEnd: number
  /** The lecture's measure: the mean of all units at the end, whatever the word wrote to them. */
  toEndMean: number
}

/** Steps of the words of the facts: first pronoun, profession, old home, first place of work, new home. */
function factSteps(tokens: readonly string[]): number[] {
  const after = (word: string, by: number) => tokens.indexOf(word) + by
  return [after('lives', -1), 3, after('lives', 2), after('works', 3), after('moved', 2)]
}

function factKeeps(model: TextClassifier, text: string): FactKeeps[] {
  const [{ steps }] = model.trace(text).layers
  const { tokens } = model.encode(text)
  const gates = steps.map((step) => keepGateOf(step.gates))
  const end = tokens.length - 1
  const moveEnds = tokens.indexOf('.', tokens.indexOf('moved'))
  return factSteps(tokens).map((k) => {
    const step = steps[k]
    const named = step.gates as { input?: Float64Array; update?: Float64Array }
    const written = Array.from(step.candidate, (n, j) =>
      Math.abs(n * (named.input ? named.input[j] : 1 - named.update![j])),
    )
    const held = (from: number, to: number) =>
      written.map((_, j) => {
        let product = 1
        for (let t = from; t <= to; t++) product *= gates[t][j]
        return product
      })
    const weighted = (shares: number[]) => dot(shares, written) / written.reduce((sum, w) => sum + w, 0)
    const start = tokens.indexOf('last')
    const whole = held(k + 1, end)
    return {
      gate: meanOf(Array.from(gates[k])).mean,
      overMove: k < start ? weighted(held(start, moveEnds)) : null,
      toEnd: weighted(whole),
      toEndMean: meanOf(whole).mean,
    }
  })
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0)
}

/** The lecture's paragraph fact by fact, and the means over `count` paragraphs with a move and a new place of work. */
export function measureKeeps(model: TextClassifier, count: number) {
  const own = factKeeps(model, LECTURE)
  const like = paragraphs({ count: count * 4, seed: 7 }).filter(({ moved, changed }) => moved && changed)
  const bodies = like.slice(0, count).map(({ text }) => text.slice(0, text.lastIndexOf(' . ') + 2))
  const all = bodies.map((text) => factKeeps(model, text))
  return LECTURE_KEEPS.map(({ fact, word, lecture }, i) => {
    const [, question, answer] = ASKS[i]
    const text = `${LECTURE} ${QUESTIONS[question]('riya')}`
    const overMove = all.map((facts) => facts[i].overMove).filter((x) => x !== null)
    const step = factSteps(model.encode(LECTURE).tokens)[i]
    return {
      fact,
      word,
      lecture,
      paragraph: own[i],
      mean: {
        gate: meanOf(all.map((facts) => facts[i].gate)),
        overMove: overMove.length ? meanOf(overMove) : null,
        toEnd: meanOf(all.map((facts) => facts[i].toEnd)),
        toEndMean: meanOf(all.map((facts) => facts[i].toEndMean)),
      },
      question: QUESTIONS[question]('riya'),
      says: model.predict(text).label,
      probability: model.predict(text).probabilities[answer],
      influence: influence(model, text).tokens[step].leaveOneOut!,
    }
  })
}

/** Mean keep gate at each word of the lecture's paragraph. */
export function keepsByWord(model: TextClassifier) {
  const { tokens } = model.encode(LECTURE)
  const [{ steps }] = model.trace(LECTURE).layers
  return tokens.map((token, t) => ({ token, keeps: meanOf(Array.from(keepGateOf(steps[t].gates))).mean }))
}
