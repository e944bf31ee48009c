/**
 * Verifies a converted model against its graph: runs both on the same small batch. A wrong conversion must never be
 * silent.
 */
import { PackedBatch } from '../../../tensors/packedBatch.ts'
import { allLayers } from '../../../model/allLayers.ts'
import { buildNetwork, type Network } from '../../../model/network.ts'
import { leastSteps, outputSteps } from '../../../model/outputBatch.ts'
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import { Random } from '../../../core/random.ts'
import { takesOneLength } from '../../../model/fixedSteps.ts'
import { BudgetError, runBudget } from '../../budget.ts'
import type { OutputActivation } from '../../imported.ts'
import type { OnnxModel, OnnxTensor, OnnxValueInfo } from '../graph.ts'
import type { ConvertedModel } from './convert.ts'
import { OnnxGraph } from '../runtime/run.ts'
import { logSoftmax, sigmoid, softmax } from '../../../core/probabilities.ts'

/** Largest allowed difference, relative to the larger of 1 and the expected magnitude. */
const TOLERANCE = 1e-4
const SEQUENCES = 3
const STEPS = 5
/** Most rows and numbers of a batch, for graphs with fixed axes. */
const MOST_ROWS = 2 ** 15
const MOST_NUMBERS = 2 ** 20

interface TestBatch {
  sequences: number
  steps: number
  lengths: readonly number[]
  /** (batch, time) or (batch, time, width). */
  values: Float32Array
}

/**
 * Runs the graph and the network on a small seeded batch, ragged if the graph reads lengths. Returns a warning if
 * running the graph exceeds the budget.
 * @throws FormatError if the outputs differ by more than 1e-4, with the index of the largest difference
 */
export function verifyConversion(model: OnnxModel, imported: ConvertedModel, source: string): string | null {
  const { network: config, weights } = imported
  const network = buildNetwork(config, allLayers, { threads: 1, weights: ({ name }) => weights.get(name)! })
  try {
    return compare(model, imported, network, source)
  } finally {
    network.dispose()
  }
}

function compare(
  model: OnnxModel,
  imported: ConvertedModel,
  network: Network,
  source: string,
): string | null {
  const batch = drawBatch(model, imported, leastSteps(network), source)
  const above = batchAbove(network, batch)
  const perStep = network.output.per === 'step'
  let expected: Float64Array
  try {
    expected = runGraph(model, imported, batch, perStep ? above : null, source)
  } catch (error) {
    if (!(error instanceof BudgetError)) throw error
    return 'the layers were not compared with the graph, as its fixed axes make that too long'
  }
  const got = runNetwork(imported, network, batch, perStep ? above : null)
  const where = `${source}, the layers of the converted graph`
  if (expected.length !== got.length)
    throw new FormatError({
      where,
      expected: `${expected.length} numbers, as in the graph`,
      got: `${got.length}`,
    })
  let [worst, place] = [0, 0]
  for (let i = 0; i < got.length; i++) {
    if (Object.is(got[i], expected[i])) continue
    const error = Math.abs(got[i] - expected[i]) / Math.max(1, Math.abs(expected[i]))
    if (error <= worst) continue
    worst = Number.isNaN(error) ? Infinity : error
    place = i
  }
  if (worst <= TOLERANCE) return null
  throw new FormatError({
    where,
    expected: `the output of the graph (${expected[place]} at index ${place})`,
    got: `${got[place]}`,
  })
}

const numberOr = (size: number | string | null | undefined, otherwise: number) =>
  typeof size === 'number' ? size : otherwise

function drawBatch(
  model: OnnxModel,
  { places, input, network }: ConvertedModel,
  least: number,
  source: string,
): TestBatch {
  const shape = model.inputs.find(({ name }) => name === places.input)!.shape!
  const [first, second] = shape
  const [batch, time] = places.inputTimeFirst ? [second, first] : [first, second]
  const [sequences, steps] = [
    numberOr(batch, places.sequences ?? SEQUENCES),
    numberOr(time, least - 1 + STEPS),
  ]
  const { kind, width } = input
  const count = sequences * steps * (kind === 'ids' ? 1 : width)
  if (!(count >= 1 && count <= MOST_NUMBERS && sequences * steps <= MOST_ROWS))
    throw new UnsupportedError({
      where: `${source}, input '${places.input}'`,
      expected: `fixed axes of 1 to ${MOST_ROWS.toLocaleString('en')} steps in all`,
      got: `(${shape.join(', ')})`,
    })
  const isFixed = typeof time === 'number' && network.layers.some(takesOneLength)
  const lengths = Array.from({ length: sequences }, (_, b) =>
    places.lengths && !isFixed ? Math.max(least, steps - ((b * 3) % steps)) : steps,
  )
  const random = new Random(1, 'verify')
  const draw = () => (kind === 'ids' ? random.integer(width) : random.between(-1, 1))
  const values = Float32Array.from({ length: count }, draw)
  maskSome(values, network)
  return { sequences, steps, lengths, values }
}

/** Masks every third step, if the network masks steps. */
function maskSome(values: Float32Array, { layers: [first, second] }: ConvertedModel['network']): void {
  const width = first.type === 'features' ? first.width : 1
  const isMasked = second?.type === 'masking' || (first.type === 'embedding' && first.maskZero)
  const value = second?.type === 'masking' ? (second.value ?? 0) : 0
  if (!isMasked) return
  for (let at = width; at < values.length; at += 3 * width) values.fill(value, at, at + width)
}

function runGraph(
  model: OnnxModel,
  imported: ConvertedModel,
  batch: TestBatch,
  above: TestBatch | null,
  source: string,
): Float64Array {
  const { places } = imported
  const part = upTo(model, places.output)
  const budget = runBudget(model)
  const graph = new OnnxGraph(part, { source, engine: { threads: 1 }, budget })
  const { sequences } = batch
  const feedOf = (info: OnnxValueInfo): OnnxTensor => {
    if (info.name === places.input) return inputTensor(info, imported, batch)
    if (info.name !== places.lengths) return zerosFor(info, model, imported, batch)
    const data = Float64Array.from(batch.lengths)
    return { dtype: info.dtype ?? 'int64', shape: [sequences], data }
  }
  // Not by assignment: an input may be called `__proto__`.
  const feeds = Object.fromEntries(part.inputs.map((info) => [info.name, feedOf(info)]))
  const { data } = graph.run(feeds)[places.output]
  if (!above) return Float64Array.from(data)
  const { steps } = above
  const row = data.length / sequences / steps
  return eachStep(above, row, (b, t) => (places.outputTimeFirst ? t * sequences + b : b * steps + t), data)
}

/** The batch as the output has it. */
function batchAbove(network: Network, batch: TestBatch): TestBatch {
  const lengths = batch.lengths.map((length) => outputSteps(network, length))
  return { ...batch, steps: outputSteps(network, batch.steps), lengths }
}

/** Rows of the steps within each length, sequence by sequence. */
function eachStep(
  { sequences, lengths }: TestBatch,
  row: number,
  at: (sequence: number, step: number) => number,
  data: ArrayLike<number>,
): Float64Array {
  const out: number[] = []
  for (let b = 0; b < sequences; b++) {
    for (let t = 0; t < lengths[b]; t++) {
      for (let j = 0; j < row; j++) out.push(data[at(b, t) * row + j])
    }
  }
  return Float64Array.from(out)
}

/** The batch as an input tensor, with the axes in the file's order. */
function inputTensor(
  { dtype, shape }: OnnxValueInfo,
  { places, input }: ConvertedModel,
  { values, sequences, steps }: TestBatch,
): OnnxTensor {
  const ids = input.kind === 'ids'
  const width = ids ? 1 : input.width
  const data = ids ? new Float64Array(values.length) : new Float32Array(values.length)
  for (let b = 0; b < sequences; b++) {
    for (let t = 0; t < steps; t++) {
      const to = places.inputTimeFirst ? t * sequences + b : b * steps + t
      for (let j = 0; j < width; j++) data[to * width + j] = values[(b * steps + t) * width + j]
    }
  }
  const axes = shape?.length
  const size = places.inputTimeFirst ? [steps, sequences] : [sequences, steps]
  const isFloat = dtype === 'float32' || dtype === null
  return {
    dtype: dtype ?? 'float32',
    shape: ids || axes === 2 ? size : [...size, width],
    data: isFloat ? Float32Array.from(data) : Float64Array.from(data),
  }
}

/** Zeros for initial states and for inputs that this output does not depend on. */
function zerosFor(
  info: OnnxValueInfo,
  model: OnnxModel,
  imported: ConvertedModel,
  { sequences, steps }: TestBatch,
): OnnxTensor {
  const { places } = imported
  const shape = model.inputs.find(({ name }) => name === places.input)!.shape!
  const timeName = shape[places.inputTimeFirst ? 0 : 1]
  const sizes = (info.shape ?? []).map((size) =>
    typeof size === 'number' ? size : size !== null && size === timeName ? steps : sequences,
  )
  const count = sizes.reduce((a, b) => a * b, 1)
  const dtype = info.dtype ?? 'float32'
  return {
    dtype,
    shape: sizes,
    data: dtype === 'float32' ? new Float32Array(count) : new Float64Array(count),
  }
}

/** The part of the graph that computes a value. */
function upTo(model: OnnxModel, output: string): OnnxModel {
  const needed = new Set([output])
  const nodes = [...model.nodes].reverse().filter(({ inputs, outputs }) => {
    if (!outputs.some((name) => needed.has(name))) return false
    for (const name of inputs) needed.add(name)
    return true
  })
  return { ...model, nodes: nodes.reverse(), outputs: [{ name: output, dtype: null, shape: null }] }
}

function runNetwork(
  imported: ConvertedModel,
  network: Network,
  batch: TestBatch,
  above: TestBatch | null,
): Float64Array {
  const { input, outputActivation, places } = imported
  const { sequences, steps, lengths, values } = batch
  const packed =
    input.kind === 'ids'
      ? PackedBatch.ofIds(lengths.map((length, b) => values.subarray(b * steps, b * steps + length)))
      : PackedBatch.ofFeatures(values, [sequences, steps, input.width], lengths)
  network.forward(packed)
  const logits = network.readOutput(packed)
  const { width } = network.output
  const rows = places.answered ? answered(logits, width, outputActivation) : logits
  if (!above) return rows
  return eachStep(above, width, (b, t) => b * above.steps + t, rows)
}

/** Applies the output activation to each row. */
function answered(logits: Float64Array, width: number, outputActivation: OutputActivation): Float64Array {
  if (outputActivation === 'linear') return logits
  if (outputActivation === 'sigmoid') return logits.map(sigmoid)
  const out = new Float64Array(logits.length)
  for (let at = 0; at < logits.length; at += width) {
    const row = logits.subarray(at, at + width)
    out.set(outputActivation === 'logSoftmax' ? logSoftmax(row) : softmax(row), at)
  }
  return out
}
