/**
 * An ONNX model as plain data: what the decoder makes, and what the runner, the conversion to layers and the
 * writer share. Names follow onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */

/** Element types that Latch computes with or passes through. */
export type OnnxDtype =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'

/**
 * A tensor. int64 values beyond 2⁵³ are read errors, except the limits of int64, which become ±2⁶³.
 * Halves (float16, bfloat16) are widened.
 */
export interface OnnxTensor {
  dtype: OnnxDtype
  /** Row-major; `[]` is a single number. */
  shape: readonly number[]
  /** `getStorage(dtype, count)`: Float64Array for float64 and integers of 32 and 64 bits, else Float32Array; all exact. */
  data: Float32Array | Float64Array
}

/** An attribute's value, by its kind. */
export type OnnxAttribute = number | string | OnnxTensor | readonly number[] | readonly string[]

/** One operator of the graph. */
export interface OnnxNode {
  /** As the file has it, or `LSTM 3` by its place where it has none. */
  name: string
  op: string
  /** '' is ONNX's own. */
  domain: string
  /** '' where an optional one is left out. */
  inputs: readonly string[]
  outputs: readonly string[]
  attributes: ReadonlyMap<string, OnnxAttribute>
  /** Number of the node in the file, from 0. */
  index: number
}

/** A graph's input or output: a number, the name of a dynamic axis, or null where nothing is said. */
export interface OnnxValueInfo {
  name: string
  dtype: OnnxDtype | null
  shape: readonly (number | string | null)[] | null
}

/** A whole model. */
export interface OnnxModel {
  irVersion: number
  /** Of ONNX's own domain. */
  opset: number
  producer: string | null
  graphName: string
  nodes: readonly OnnxNode[]
  initializers: ReadonlyMap<string, OnnxTensor>
  /** Without those that are initializers. */
  inputs: readonly OnnxValueInfo[]
  outputs: readonly OnnxValueInfo[]
  metadata: ReadonlyMap<string, string>
  /** The size of the file and of those beside it. */
  fileBytes: number
}

/** Zeros: storage for `count` numbers of a type. */
export function getStorage(dtype: OnnxDtype, count: number): Float32Array | Float64Array {
  return WIDE.has(dtype) ? new Float64Array(count) : new Float32Array(count)
}

const WIDE: ReadonlySet<OnnxDtype> = new Set(['float64', 'int64', 'int32', 'uint64', 'uint32'])

/** How a node is named in errors: `model.onnx, node 'rnn' (LSTM, number 3; inputs x, W, R)`. */
export function describePlace(source: string, { name, op, index, inputs }: OnnxNode): string {
  const names = inputs.map((input) => input || '-').join(', ')
  return `${source}, node '${name}' (${op}, number ${index}; ${inputs.length ? `inputs ${names}` : 'no inputs'})`
}
