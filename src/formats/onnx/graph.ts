/**
 * An ONNX model as plain data: what the decoder makes, and what the runner, the lifting to layers and the
 * writer share. Names follow onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */

/** Element types that Latch computes with or passes through. */
export type OnnxDtype =
  | 'float32' | 'float64' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'bool' // prettier-ignore

/** A tensor: numbers as float64-safe lists. int64 values beyond 2⁵³ are refused where they are read. */
export interface OnnxTensor {
  dtype: OnnxDtype
  /** Row-major; `[]` is a single number. */
  shape: readonly number[]
  /** Floats as Float32Array (Float64Array for float64); integers and booleans as Float64Array of whole numbers. */
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
}
