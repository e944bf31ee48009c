/**
 * An ONNX model as plain data: the decoder's result, which the runner and the conversion to layers read. Names follow
 * onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
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
 * A tensor. int64 values beyond ±2⁵³ are errors, except the limits of int64, which are read as ±2⁶³. float16 and
 * bfloat16 are widened to float32.
 */
export interface OnnxTensor {
  dtype: OnnxDtype
  /** Row-major; `[]` is a scalar. */
  shape: readonly number[]
  /** Float64Array for float64 and for integers of 32 and 64 bits, otherwise Float32Array. All values are exact. */
  data: Float32Array | Float64Array
}

/** The value of an attribute. */
export type OnnxAttribute = number | string | OnnxTensor | readonly number[] | readonly string[]

/** One operator of the graph. */
export interface OnnxNode {
  /** The name in the file, or operator and index (`LSTM 3`) if it has none. */
  name: string
  op: string
  /** '' is ONNX's own domain. */
  domain: string
  /** Names of values; '' for an optional input that is left out. */
  inputs: readonly string[]
  outputs: readonly string[]
  attributes: ReadonlyMap<string, OnnxAttribute>
  /** Index of the node in the file, from 0. */
  index: number
}

/** An input or output of the graph. Each axis is a size, the name of a dynamic axis, or null if unknown. */
export interface OnnxValueInfo {
  name: string
  dtype: OnnxDtype | null
  shape: readonly (number | string | null)[] | null
}

/** A whole model. */
export interface OnnxModel {
  irVersion: number
  /** The opset of ONNX's own domain. */
  opset: number
  producer: string | null
  graphName: string
  nodes: readonly OnnxNode[]
  initializers: ReadonlyMap<string, OnnxTensor>
  /** Inputs that are not initializers. */
  inputs: readonly OnnxValueInfo[]
  outputs: readonly OnnxValueInfo[]
  metadata: ReadonlyMap<string, string>
  /** Bytes of the file and of the external data that was read. */
  fileBytes: number
  /** Names of weights whose element type Latch does not have, and which nothing reads. */
  unread?: readonly string[]
}

/** Allocates zeros for `count` numbers of a type. */
export function getStorage(dtype: OnnxDtype, count: number): Float32Array | Float64Array {
  return WIDE.has(dtype) ? new Float64Array(count) : new Float32Array(count)
}

const WIDE: ReadonlySet<OnnxDtype> = new Set(['float64', 'int64', 'int32', 'uint64', 'uint32'])

/** Describes a node in errors: `model.onnx, node 'rnn' (LSTM, number 3; inputs x, W, R)`. */
export function describePlace(source: string, { name, op, index, inputs }: OnnxNode): string {
  const names = inputs.map((input) => input || '-').join(', ')
  return `${source}, node '${name}' (${op}, number ${index}; ${inputs.length ? `inputs ${names}` : 'no inputs'})`
}
