/**
 * ONNX cases made elsewhere, run on the graph runner: ONNX' own backend tests, ONNX Runtime's unit-test vectors,
 * networks exported by PyTorch.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { decodeOnnx, decodeOnnxTensor } from '../../../src/formats/onnx/proto/decode.ts'
import type { OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { OnnxGraph } from '../../../src/formats/onnx/runtime/run.ts'
import { LatchError } from '../../../src/core/errors.ts'
import { type GraphText, modelBytes, tensor, type Value } from '../onnx/onnxFiles.ts'
import type { ConformanceResult } from './result.ts'
import { relativeDifference } from '../../closeTo.ts'

const FOLDER = new URL('../../../../../../shared/conformance/onnx/', import.meta.url)
const VECTORS = new URL('onnxruntime_vectors.json', FOLDER)
const TOLERANCE = 1e-5

/** Whether the cases lie beside the clone. */
export const onnxCasesAreHere = existsSync(FOLDER)

/** Folders with a model and its test data, and the vectors. */
export type OnnxSuite = 'node' | 'pytorch_export' | 'vectors'

const SUITES: Readonly<Record<OnnxSuite, string>> = {
  node: 'ONNX backend tests',
  pytorch_export: 'PyTorch exports',
  vectors: 'ONNX Runtime vectors',
}

interface Vector {
  name: string
  op: string
  attributes: Record<string, number | string | readonly string[] | readonly number[]>
  inputs: Record<string, { shape: number[]; dtype: 'float32' | 'int32'; data: number[] }>
  outputs?: Record<string, { shape: number[]; data: number[] }>
  expect_error?: string
}

let vectors: readonly Vector[] | null = null

function allVectors(): readonly Vector[] {
  vectors ??= (JSON.parse(readFileSync(VECTORS, 'utf8')) as { cases: Vector[] }).cases
  return vectors
}

/** Names of all cases of a suite. */
export function onnxCaseNames(suite: OnnxSuite): string[] {
  if (!onnxCasesAreHere) return []
  if (suite === 'vectors') return allVectors().map(({ name }) => name)
  return readdirSync(new URL(`${suite}/`, FOLDER)).toSorted()
}

/** Whether the source says that a case must be refused. */
export function mustBeRefused(suite: OnnxSuite, name: string): boolean {
  return suite === 'vectors' && allVectors().some((v) => v.name === name && v.expect_error !== undefined)
}

/** Runs one case. */
export async function runOnnxCase(suite: OnnxSuite, name: string): Promise<ConformanceResult> {
  const head = { suite: SUITES[suite], name }
  try {
    const pairs = suite === 'vectors' ? await runVector(name) : await runFolder(suite, name)
    const shapes = pairs.find(([got, wanted]) => `${got.shape}` !== `${wanted.shape}`)
    const worst = shapes
      ? Infinity
      : Math.max(...pairs.map(([got, wanted]) => relativeDifference(got.data, wanted.data)))
    const equal = worst <= TOLERANCE
    const why = shapes ? `shape (${shapes[0].shape}) where (${shapes[1].shape}) is wanted` : ''
    return { ...head, status: equal ? 'equal' : 'different', worst, why }
  } catch (error) {
    if (!(error instanceof LatchError)) throw error
    return { ...head, status: 'refused', worst: null, why: error.message }
  }
}

type Pair = readonly [got: OnnxTensor, wanted: Pick<OnnxTensor, 'shape'> & { data: ArrayLike<number> }]

async function runFolder(suite: OnnxSuite, name: string): Promise<Pair[]> {
  const folder = new URL(`${suite}/${name}/`, FOLDER)
  const data = new URL('test_data_set_0/', folder)
  const tensors = (kind: string) =>
    readdirSync(data)
      .filter((file) => file.startsWith(kind))
      .toSorted((a, b) => parseInt(a.slice(kind.length + 1)) - parseInt(b.slice(kind.length + 1)))
      .map((file) => decodeOnnxTensor(readFileSync(new URL(file, data)), file).tensor)
  const graph = new OnnxGraph(await decodeOnnx(readFileSync(new URL('model.onnx', folder)), name), {
    source: name,
  })
  const inputs = tensors('input')
  const got = graph.run(Object.fromEntries(graph.inputs.map((input, i) => [input.name, inputs[i]])))
  const wanted = tensors('output')
  if (wanted.length !== graph.outputs.length) throw new Error(`${name}: ${wanted.length} outputs stored`)
  return graph.outputs.map((output, i) => [got[output.name], wanted[i]])
}

const INPUTS: Readonly<Record<string, readonly string[]>> = {
  RNN: ['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h'],
  GRU: ['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h'],
  LSTM: ['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h', 'initial_c', 'P'],
}
const WEIGHTS: readonly string[] = ['W', 'R', 'B', 'P']
/** Attributes that are floats though a file of numbers writes them like whole ones. */
const FLOATS: readonly string[] = ['clip']
const LISTS: readonly string[] = ['activation_alpha', 'activation_beta']

async function runVector(name: string): Promise<Pair[]> {
  const vector = allVectors().find((v) => v.name === name)!
  const graph = new OnnxGraph(await decodeOnnx(modelBytes(textOf(vector)), name), { source: name })
  const fed = Object.entries(vector.inputs).filter(([key]) => !WEIGHTS.includes(key))
  const got = graph.run(
    Object.fromEntries(fed.map(([key, { dtype, shape, data }]) => [key, tensor(dtype, shape, data)])),
  )
  return Object.entries(vector.outputs ?? {}).map(([key, wanted]) => [got[key], wanted])
}

/** A vector as a graph of one node; weights are its initializers. */
function textOf({ op, attributes, inputs, outputs }: Vector): GraphText {
  const given = Object.entries(inputs).map(
    ([key, { dtype, shape, data }]) => [key, tensor(dtype, shape, data)] as const,
  )
  const made = Object.keys(outputs ?? { Y: 0 })
  const value = ([key, v]: [string, Vector['attributes'][string]]): [string, Value] => {
    if (FLOATS.includes(key)) return [key, { float: v as number }]
    if (LISTS.includes(key)) return [key, { floats: v as number[] }]
    return [key, v as Value]
  }
  return {
    opset: 7,
    nodes: [
      {
        op,
        inputs: INPUTS[op].map((key) => (key in inputs ? key : '')),
        outputs: ['Y', 'Y_h', ...(op === 'LSTM' ? ['Y_c'] : [])].map((key) =>
          made.includes(key) ? key : '',
        ),
        attributes: Object.fromEntries(Object.entries(attributes).map(value)),
      },
    ],
    inputs: Object.fromEntries(given.filter(([key]) => !WEIGHTS.includes(key))),
    initializers: Object.fromEntries(given.filter(([key]) => WEIGHTS.includes(key))),
    outputs: made,
  }
}
