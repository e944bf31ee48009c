/**
 * TensorFlow 1 dumps as ml5's charRNN ships them: manifest.json, a raw file a variable, vocab.json. BasicLSTMCell
 * has one kernel ([x, h], 4H) with gates i j f o, and adds 1 to the forget gate while it runs.
 * Source: tensorflow/python/ops/rnn_cell_impl.py, BasicLSTMCell.
 */
import type { LayerOptions } from '../../model/config.ts'
import { DataError, FormatError, UnsupportedError } from '../../core/errors.ts'
import { readInteger, readRecord, rootField } from '../../core/validation.ts'
import { parseJsonBytes } from '../json.ts'
import type { ImportedModel, ImportOptions, LayerFacts, ModelFiles } from '../imported.ts'
import { shapeText } from '../safetensors/safetensors.ts'
import { quoted } from '../safetensors/header.ts'
import { resolveOutputActivation } from '../outputActivation.ts'
import { tokensByOptions } from '../text/tokensById.ts'
import { tokensOfIds } from '../text/tokensOfIds.ts'
import { cellOfClass, classNames, columnsToNative, transposed } from '../gateOrders.ts'
import { ReadBudget } from '../budget.ts'
import { readCompanion } from '../companions.ts'
import { readManifest, readVariableFile, type Variable } from './manifest.ts'
import { layerName } from '../../layers/names.ts'

const [CLASS] = classNames('tensorflow1')
const CELL = cellOfClass('tensorflow1', CLASS)!

const KERNEL = /(?:^|\/)(?:basic_)?lstm_cell\/(?:weights|kernel)$/i
const FORGET_BIAS = 1

/** The variables of a charRNN by their part in it. */
interface Parts {
  embedding: Variable
  /** From the lowest layer. */
  layers: { kernel: Variable; bias: Variable; units: number; input: number }[]
  weight: Variable // (H, V)
  bias: Variable // (V)
  omitted: string[]
}

/**
 * Reads a dump: `files` is its manifest.json with the files of the variables.
 * @throws FormatError naming variable or file; UnsupportedError for other models than a charRNN
 */
export async function readTensorflow1(
  files: ModelFiles,
  options: ImportOptions = {},
): Promise<ImportedModel> {
  const parts = findParts(readManifest(files), files.name)
  const budget = new ReadBudget(files.bytes.length)
  const weights = await readWeights(files, parts, budget)
  const vocabulary = await vocabularyBeside(files, budget)
  const size = parts.embedding.shape[0]
  const tokens = tokensByOptions(options, files.name, fittingVocabulary(vocabulary, size))
  return {
    format: 'tensorflow1',
    producer: 'TensorFlow 1',
    network: { layers: buildLayers(parts), loss: { type: 'softmaxCrossEntropy' } },
    weights,
    outputActivation: resolveOutputActivation(
      'softmax',
      buildLayers(parts),
      parts.bias.size,
      options.outputActivation,
    ),
    input: { kind: 'ids', width: size, steps: null },
    labels: options.labels ?? (parts.bias.size === size ? tokens.vocabulary : null),
    ...tokens,
    layers: describeLayers(parts),
    warnings: [
      'gates i j f o were reordered to i f g o',
      `forget bias ${FORGET_BIAS}, which ${CLASS} adds at run time, was added to the bias`,
      ...(vocabulary && vocabulary.length !== size
        ? [`vocab.json has ${vocabulary.length} tokens for ${size} rows and was not used`]
        : []),
    ],
    omitted: parts.omitted.map((name) => `variable ${name}`),
    stateful: false,
    document: null,
  }
}

function findParts(variables: ReadonlyMap<string, Variable>, source: string): Parts {
  const names = [...variables.keys()]
  const find = (what: string, pattern: RegExp, rank: number): Variable => {
    const name = names.find((n) => pattern.test(n))
    if (name === undefined) {
      const got = names.slice(0, 8).map(quoted).join(', ')
      const expected = `a charRNN: embedding, basic_lstm_cell, softmax_w and softmax_b; no ${what}`
      throw new UnsupportedError({ where: source, expected, got })
    }
    return ranked(variables.get(name)!, rank, source)
  }
  const embedding = find('embedding', /(?:^|\/)embedding(?:\/|$)/i, 2)
  const weight = find('softmax_w', /(?:^|\/)softmax_w$/i, 2)
  const bias = find('softmax_b', /(?:^|\/)softmax_b$/i, 1)
  find('basic_lstm_cell', KERNEL, 2)
  const kernels = names.filter((name) => KERNEL.test(name)).toSorted(byCell)
  const layers = kernels.map((name) => findLayer(variables, name, source))
  const used = [embedding, weight, bias, ...layers.flatMap((layer) => [layer.kernel, layer.bias])]
  checkWidths(embedding, layers, weight, bias, source)
  const omitted = names.filter((name) => !used.includes(variables.get(name)!))
  return { embedding, layers, weight, bias, omitted }
}

/** `cell_2` before `cell_10`. */
function byCell(a: string, b: string): number {
  const number = (name: string) => Number(/cell_(\d+)/.exec(name)?.[1] ?? 0)
  return number(a) - number(b)
}

function findLayer(
  variables: ReadonlyMap<string, Variable>,
  name: string,
  source: string,
): Parts['layers'][number] {
  const biasName = name.replace(/weights$/, 'biases').replace(/kernel$/, 'bias')
  const found = variables.get(biasName)
  if (!found)
    throw new FormatError({ where: source, expected: `a variable ${quoted(biasName)}`, got: 'none' })
  const kernel = ranked(variables.get(name)!, 2, source)
  const bias = ranked(found, 1, source)
  const units = kernel.shape[1] / 4
  const input = kernel.shape[0] - units
  if (!Number.isInteger(units) || input < 1 || bias.size !== 4 * units) {
    const expected = '(input + units, 4·units) with a bias (4·units)'
    const got = `${shapeText(kernel.shape)} with ${shapeText(bias.shape)}`
    throw new FormatError({ where: `${source}, variable ${quoted(name)}`, expected, got })
  }
  return { kernel, bias, units, input }
}

function ranked(variable: Variable, rank: number, source: string): Variable {
  if (variable.shape.length === rank) return variable
  const expected = rank === 1 ? 'a vector' : 'a matrix'
  const where = `${source}, variable ${quoted(variable.name)}`
  throw new FormatError({ where, expected, got: `shape ${shapeText(variable.shape)}` })
}

/** What comes out of one part fits into the next. */
function checkWidths(
  embedding: Variable,
  layers: Parts['layers'],
  weight: Variable,
  bias: Variable,
  source: string,
): void {
  let [, width] = embedding.shape
  const need = (name: string, got: number) => {
    if (got === width) return
    const where = `${source}, variable ${quoted(name)}`
    throw new FormatError({ where, expected: `an input of ${width}`, got: `${got}` })
  }
  for (const { kernel, units, input } of layers) {
    need(kernel.name, input)
    width = units
  }
  need(weight.name, weight.shape[0])
  width = weight.shape[1]
  need(bias.name, bias.size)
}

function buildLayers({ embedding, layers, weight }: Parts): LayerOptions[] {
  const [vocabulary, size] = embedding.shape
  return [
    { type: 'embedding', vocabulary, size },
    ...layers.map(({ units }) => ({ type: 'recurrent', cell: CELL, units, bias: 'single' }) as const),
    { type: 'dense', units: weight.shape[1] },
  ]
}

async function readWeights(
  files: ModelFiles,
  parts: Parts,
  budget: ReadBudget,
): Promise<Map<string, Float32Array>> {
  const read = (variable: Variable) => readVariableFile(files, variable, budget)
  const { embedding, layers, weight, bias } = parts
  const weights = new Map([['embedding.0.weight', await read(embedding)]])
  for (const [l, { kernel, bias: b, units, input }] of layers.entries()) {
    const columns = await read(kernel)
    const x = columns.subarray(0, input * 4 * units)
    const h = columns.subarray(input * 4 * units)
    const gates = columnsToNative(await read(b), 'tensorflow1', CELL, 1)
    for (let j = units; j < 2 * units; j++) gates[j] += FORGET_BIAS
    const name = layerName('recurrent', l)
    weights.set(`${name}.weight_ih_l0`, columnsToNative(x, 'tensorflow1', CELL, input))
    weights.set(`${name}.weight_hh_l0`, columnsToNative(h, 'tensorflow1', CELL, units))
    weights.set(`${name}.bias_ih_l0`, gates)
  }
  const [H, V] = weight.shape
  weights.set('dense.0.weight', transposed(await read(weight), H, V))
  return weights.set('dense.0.bias', await read(bias))
}

/** Tokens of the vocab.json beside the manifest; null where there is none. */
async function vocabularyBeside(files: ModelFiles, budget: ReadBudget): Promise<readonly string[] | null> {
  let bytes: Uint8Array
  try {
    bytes = await readCompanion(files, 'vocab.json', files.name, budget)
  } catch (error) {
    if (error instanceof DataError) return null
    throw error
  }
  const root = rootField(parseJsonBytes(bytes, 'vocab.json'), 'vocabulary', 'vocab.json')
  return tokensOfIds(
    readRecord(root, (id) => readInteger(id)),
    'vocab.json',
  )
}

function fittingVocabulary(vocabulary: readonly string[] | null, size: number): readonly string[] | null {
  return vocabulary?.length === size ? vocabulary : null
}

function describeLayers({ embedding, layers, weight, bias }: Parts): LayerFacts[] {
  const steps = (width: number) => `(batch, steps, ${width})`
  return [
    {
      name: embedding.name,
      type: 'embedding',
      output: steps(embedding.shape[1]),
      parameters: embedding.size,
      conventions: '',
    },
    ...layers.map(({ kernel, bias: b, units }) => ({
      name: kernel.name.replace(/\/[^/]*$/, ''),
      type: CLASS,
      output: steps(units),
      parameters: kernel.size + b.size,
      conventions: `gates i j f o, forget bias ${FORGET_BIAS} added at run time`,
    })),
    {
      name: weight.name,
      type: 'softmax',
      output: steps(bias.size),
      parameters: weight.size + bias.size,
      conventions: '',
    },
  ]
}
