/**
 * One model, four formats: a small LSTM leaves for ONNX, Keras, PyTorch and TensorFlow.js and comes back from each,
 * with the same numbers. What a format has no word for is refused; a graph is run node by node beside it.
 */
import { negationComments } from 'latch/datasets'
import {
  EXPORT_FORMATS,
  exporters,
  filesInMemory,
  openModel,
  openOnnxGraph,
  torchSnippet,
  type ExportFormat,
} from 'latch/formats'
import { textClassifier, type TextClassifier } from 'latch'
import { heading, paragraph, runAsProgram, title, type Print } from './page.ts'

const TEXTS = ['the soup was not stale but fresh', 'a rude waiter', 'well , it was pleasant']

/** A model that went out and came back. */
export interface Journey {
  format: ExportFormat
  files: { name: string; bytes: number }[]
  /** Largest difference between its probabilities before and after. */
  difference: number
}

export interface Result {
  journeys: Journey[]
  /** Inputs of the exported graph, and how far its probability is from the model's. */
  graph: { inputs: string[]; difference: number }
  /** What TensorFlow.js says of a GRU with its reset gate after the product. */
  refusal: string
}

/** Prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'In and out: one model in four formats')
  const intro = `A model should outlive the program that made it. This one is trained here, written as other programs
    write theirs, and read back from what was written: from the bytes alone.`
  paragraph(print, intro)
  const model = textClassifier({ cell: 'lstm', units: 16, embedding: 12, dropout: 0 })
  const columns = { text: 'text', label: 'label' } as const
  await model.fit(negationComments({ count: 600, seed: 1 }), {
    ...columns,
    epochs: 3,
    validation: 0,
    seed: 1,
  })
  heading(print, 'Out and back')
  const journeys: Journey[] = []
  for (const format of EXPORT_FORMATS) {
    const journey = await there(model, format)
    journeys.push(journey)
    const files = journey.files.map(({ name, bytes }) => `${name} ${(bytes / 1000).toFixed(1)} kB`)
    print(`  ${format.padEnd(6)} ${files.join(', ')}`)
    print(`         read back: ${same(journey.difference)}`)
  }
  const graph = await asGraph(model, print)
  const refusal = await refused(print)
  heading(print, 'Python that loads the PyTorch file (its end)')
  const python = (await torchSnippet(model, 'reviews.safetensors')).trimEnd().split('\n')
  const short = python.filter((line) => line.length <= 76)
  for (const line of short.slice(-6)) print(`  ${line}`)
  return { journeys, graph, refusal }
}

function same(difference: number): string {
  return difference <= 1e-6
    ? `the same probabilities (largest difference ${difference.toExponential(1)})`
    : `NOT THE SAME, ${difference}`
}

/** The model in a format, and read from what was written: first file, and the others beside it by name. */
async function there(model: TextClassifier, format: ExportFormat): Promise<Journey> {
  const written = await model.exportTo(exporters[format], 'reviews')
  const files = written.map(({ name, chunks }) => ({ name, bytes: Buffer.concat([...chunks]) }))
  const main = files.find(({ name }) => name.endsWith('model.json')) ?? files[0]
  const beside = new Map(files.filter((file) => file !== main).map(({ name, bytes }) => [name, bytes]))
  // What Latch wrote carries the task along: it comes back as the classifier that it was.
  const back = (await openModel({ ...main, files: beside })) as TextClassifier
  const differences = TEXTS.map((text) => {
    const [before, after] = [model.predict(text), back.predict(text)].map(({ probabilities }) =>
      Object.values<number>(probabilities),
    )
    return Math.max(...before.map((p, i) => Math.abs(p - after[i])))
  })
  const sizes = files.map(({ name, bytes }) => ({ name, bytes: bytes.length }))
  return { format, files: sizes, difference: Math.max(...differences) }
}

/** The exported graph itself, as any runtime runs it: inputs and outputs by name. */
async function asGraph(model: TextClassifier, print: Print): Promise<Result['graph']> {
  heading(print, 'The ONNX graph, node by node')
  const [{ name, chunks }] = await model.exportTo(exporters.onnx, 'reviews')
  const graph = await openOnnxGraph(filesInMemory(name, Buffer.concat([...chunks]), new Map()))
  const { ids } = model.encode(TEXTS[0])
  const found = graph.run({
    ids: { dtype: 'int64', shape: [1, ids.length], data: Float64Array.from(ids) },
    lengths: { dtype: 'int32', shape: [1], data: Float64Array.of(ids.length) },
  })
  for (const { name: input, shape } of graph.inputs)
    print(`  in   ${input.padEnd(14)} (${shape?.join(', ')})`)
  for (const { name: output } of graph.outputs)
    print(`  out  ${output.padEnd(14)} (${found[output].shape.join(', ')})`)
  // Two classes are one logit, the second class's.
  const said = model.predict(TEXTS[0]).probabilities[model.labels[1]]
  const difference = Math.abs(said - found.probabilities.data[0])
  print(`  “${TEXTS[0]}”:`)
  print(`  ${same(difference)}`)
  return { inputs: graph.inputs.map(({ name: input }) => input), difference }
}

/** Not every format has a word for everything, and none of them is bent to make it fit. */
async function refused(print: Print): Promise<string> {
  heading(print, 'What a format cannot say')
  const gru = textClassifier({ cell: 'gru', units: 4, embedding: 4 })
  const rows = negationComments({ count: 20, seed: 1 })
  await gru.fit(rows, { text: 'text', label: 'label', epochs: 1, validation: 0, seed: 1 })
  try {
    await gru.exportTo(exporters.tfjs)
    return ''
  } catch (error) {
    const { message } = error as Error
    paragraph(print, message)
    return message
  }
}

runAsProgram(import.meta.url, run)
