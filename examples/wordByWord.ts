/**
 * A text that is still being written: a stream reads each word once, as it comes, and carries the memory on.
 * Two writers take turns; one of them is put away in the middle as JSON, and taken out again.
 */
import { negationComments } from 'latch/datasets'
import { textClassifier, type TextClassifier } from 'latch'
import { heading, number, paragraph, percent, runAsProgram, title, type Print } from './page.ts'

const WRITERS = [
  'at first the soup was stale , in the end it was not stale',
  'the waiter was anything but rude , it was pleasant',
].map((text) => text.split(' '))

/** What the model says after a word. */
export interface Moment {
  word: string
  /** Of the label `positive`, by the stream, and by `predict` of the text so far. */
  stream: number
  predict: number
}

export interface Result {
  /** Share of right answers on comments never seen. */
  accuracy: number
  writers: Moment[][]
  /** Largest difference between stream and predict. */
  difference: number
  /** Characters of a state as JSON. */
  saved: number
  /** Words that reading each text anew after every word would have read, and those that streams read. */
  words: { anew: number; streamed: number }
}

/** Trains, prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'Word by word: what a text says while it is being written')
  const intro = `A recurrent network keeps everything it has read in one state. So a stream need not start again at
    every word: it takes one word at a time, at a cost that does not grow with the text.`
  paragraph(print, intro)
  const model = textClassifier({ cell: 'gru', units: 32, embedding: 24, dropout: 0 })
  const columns = { text: 'text', label: 'label' } as const
  const options = { epochs: 6, learningRate: 0.01, labelSmoothing: 0, validation: 0, seed: 1 }
  await model.fit(negationComments({ count: 3000, seed: 1 }), { ...columns, ...options })
  const { accuracy } = await model.evaluate(negationComments({ count: 400, seed: 1, test: true }), columns)
  print('')
  print(`  a GRU of 32 units is right on ${percent(accuracy)} of comments it has never seen`)
  const { writers, saved } = readAlong(model)
  const difference = Math.max(...writers.flat().map((moment) => Math.abs(moment.stream - moment.predict)))
  writers.forEach((moments, i) => printWriter(print, `Writer ${i + 1}`, moments))
  const lengths = WRITERS.map((words) => words.length)
  const words = {
    anew: lengths.reduce((sum, n) => sum + (n * (n + 1)) / 2, 0),
    streamed: lengths.reduce((sum, n) => sum + n, 0),
  }
  printCost(print, words, saved, difference)
  return { accuracy, writers, difference, saved, words }
}

/** Both texts, a word in turn; the first writer's stream goes through JSON half way. */
function readAlong(model: TextClassifier): { writers: Moment[][]; saved: number } {
  const streams = WRITERS.map(() => model.stream())
  const writers: Moment[][] = WRITERS.map(() => [])
  const half = Math.floor(WRITERS[0].length / 2)
  const most = Math.max(...WRITERS.map((words) => words.length))
  let saved = 0
  for (let t = 0; t < most; t++) {
    if (t === half) {
      const json = JSON.stringify(streams[0].save())
      saved = json.length
      streams[0] = model.stream()
      streams[0].restore(JSON.parse(json))
    }
    WRITERS.forEach((words, i) => {
      if (t >= words.length) return
      const stream = streams[i].push(words[t]).probabilities.positive
      const predict = model.predict(words.slice(0, t + 1).join(' ')).probabilities.positive
      writers[i].push({ word: words[t], stream, predict })
    })
  }
  return { writers, saved }
}

function printWriter(print: Print, name: string, moments: readonly Moment[]): void {
  heading(print, name)
  print('  word          positive')
  for (const { word, stream } of moments) {
    print(`  ${word.padEnd(12)} ${number(stream, 3)}  ${'█'.repeat(Math.round(40 * stream))}`)
  }
}

function printCost(print: Print, words: Result['words'], saved: number, difference: number): void {
  heading(print, 'What it cost')
  const text = `Reading each text anew after every word would have read ${words.anew} words; the streams read
    ${words.streamed}. Writer 1's memory was put away half way as ${saved} characters of JSON and taken out
    again in another stream; writer 2 wrote in between. The answers are the model's answers to the text so far,
    to the last bit:`
  paragraph(print, text)
  print(`  largest difference to predict(text so far): ${difference}`)
}

runAsProgram(import.meta.url, run)
