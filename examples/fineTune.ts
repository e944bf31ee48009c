/**
 * Fine-tunes a model of another program: it is imported from an ONNX file, trained on new rows, streamed step
 * by step, and saved.
 */
import {
  exporters,
  openModel,
  modelFromImported,
  readModel,
  filesInMemory,
  type SequenceModel,
} from 'latch/formats'
import { negationComments } from 'latch/datasets'
import { textClassifier } from 'latch'
import { heading, paragraph, percent, runAsProgram, title, type Print } from './page.ts'

export interface Result {
  /** Share of right answers on rows never seen, before and after. */
  accuracy: { before: number; after: number }
  /** Mean loss of each epoch. */
  losses: number[]
  /** Probability of `positive` after each word, by the stream. */
  stream: number[]
  /** How far the stream's last word is from `predict` of the whole. */
  streamDifference: number
  /** How far a saved and opened model is from it. */
  savedDifference: number
}

/** Prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'Fine-tuning a model that came as ONNX')
  const intro = `The file contains a GRU that another program exported before its training ended. An imported model
    has ordinary layers and weights, so it can be fine-tuned, streamed and saved like any other.`
  paragraph(print, intro)
  const model = await fromElsewhere()
  print('')
  print(
    `  ${model.network.config.layers.map(({ type }) => type).join(' → ')}, answers ${model.outputActivation}`,
  )
  print(`  ${model.parameterCount} parameters, from ${model.source.format}`)
  const test = negationComments({ count: 300, seed: 2, test: true })
  const before = share(model, test)
  heading(print, 'Learning on: rows of { input, target }')
  const losses: number[] = []
  const rows = negationComments({ count: 2000, seed: 2 }).map(({ text, label }) => ({
    input: text,
    target: label,
  }))
  await model.fit(rows, {
    epochs: 6,
    learningRate: 0.01,
    seed: 1,
    onEvent(event) {
      if (event.type !== 'epoch') return
      losses.push(event.trainLoss)
      print(`  epoch ${event.epoch}   loss ${event.trainLoss.toFixed(4)}`)
    },
  })
  const after = share(model, test)
  print(`  right on rows never seen: ${percent(before)} before, ${percent(after)} after`)
  const { said, difference } = readAlong(model, print)
  const opened = await openModel({ name: 'tuned.safetensors', bytes: model.toBytes() })
  const savedDifference = distance(model, opened as SequenceModel, test[0].text)
  print('')
  print(`  saved and opened again: the same to ${savedDifference.toExponential(0)}`)
  return { accuracy: { before, after }, losses, stream: said, streamDifference: difference, savedDifference }
}

/**
 * A model as another program would leave it: an ONNX file without the note that Latch adds to its own. Real ones
 * come by `importFile('model.onnx')`.
 */
async function fromElsewhere(): Promise<SequenceModel> {
  const trained = textClassifier({ cell: 'gru', units: 24, embedding: 16, dropout: 0 })
  const rows = negationComments({ count: 300, seed: 1 })
  await trained.fit(rows, { text: 'text', label: 'label', epochs: 1, validation: 0, seed: 1 })
  const [{ name, chunks }] = await trained.exportTo(exporters.onnx)
  const imported = await readModel(filesInMemory(name, Buffer.concat([...chunks]), new Map()))
  return modelFromImported({ ...imported, document: null }, name) as SequenceModel
}

function share(model: SequenceModel, rows: readonly { text: string; label: string }[]): number {
  const said = model.predict(rows.map(({ text }) => text))
  return said.filter(({ label }, i) => label === rows[i].label).length / rows.length
}

/** The answer after every word, from the state that the word before left. */
function readAlong(model: SequenceModel, print: Print): { said: number[]; difference: number } {
  heading(print, 'Word by word')
  const words = 'the soup was not stale but fresh'.split(' ')
  const stream = model.stream()
  const said = words.map((word) => {
    const positive = stream.push(word).probabilities!.positive
    print(`  ${word.padEnd(8)} positive ${percent(positive)}`)
    return positive
  })
  const whole = model.predict(words.join(' ')).probabilities!.positive
  return { said, difference: Math.abs(said[said.length - 1] - whole) }
}

function distance(a: SequenceModel, b: SequenceModel, text: string): number {
  const [x, y] = [a.predict(text).output, b.predict(text).output]
  return Math.max(...x.map((value, i) => Math.abs(value - y[i])))
}

runAsProgram(import.meta.url, run)
