/** Small ONNX files built in memory by the schema that the reader shares. */
import { create, toBinary } from '@bufbuild/protobuf'
import { type OnnxDtype, type OnnxTensor, getStorage } from '../../../src/formats/onnx/graph.ts'
import {
  ATTRIBUTE_TYPES,
  type AttributeProto,
  AttributeSchema,
  DATA_TYPES,
  type ModelProto,
  ModelSchema,
  NodeSchema,
  type TensorProto,
  TensorSchema,
  type ValueInfoProto,
  ValueInfoSchema,
} from '../../../src/formats/onnx/proto/schema.ts'

/** An attribute's value; a whole number is an int, `{ float }` says otherwise. */
export type Value =
  | number
  | string
  | OnnxTensor
  | { float: number }
  | { floats: readonly number[] }
  | readonly number[]
  | readonly string[]

export interface NodeText {
  op: string
  name?: string
  domain?: string
  inputs: readonly string[]
  outputs: readonly string[]
  attributes?: Readonly<Record<string, Value>>
}

export interface GraphText {
  opset: number
  nodes: readonly NodeText[]
  inputs?: Readonly<Record<string, OnnxTensor | readonly [OnnxDtype, readonly (number | string)[]]>>
  outputs: readonly string[]
  initializers?: Readonly<Record<string, OnnxTensor>>
  metadata?: Readonly<Record<string, string>>
}

export function tensor(dtype: OnnxDtype, shape: readonly number[], numbers: ArrayLike<number>): OnnxTensor {
  const data = getStorage(dtype, numbers.length)
  data.set(numbers)
  return { dtype, shape, data }
}

export const floats = (shape: readonly number[], numbers: ArrayLike<number>): OnnxTensor =>
  tensor('float32', shape, numbers)

export const whole = (...numbers: number[]): OnnxTensor => tensor('int64', [numbers.length], numbers)

const TYPED: Partial<Record<OnnxDtype, 'floatData' | 'doubleData' | 'int64Data' | 'uint64Data'>> = {
  float32: 'floatData',
  float64: 'doubleData',
  int64: 'int64Data',
  uint32: 'uint64Data',
  uint64: 'uint64Data',
}

/** A tensor with its numbers in the typed field (halves as they are: give their bits). */
export function tensorProto(name: string, { dtype, shape, data }: OnnxTensor): TensorProto {
  const field = TYPED[dtype] ?? 'int32Data'
  const big = field === 'int64Data' || field === 'uint64Data'
  const numbers = Array.from(data, (x) => (big ? BigInt(x) : x))
  return create(TensorSchema, {
    name,
    dataType: DATA_TYPES[dtype],
    dims: shape.map(BigInt),
    [field]: numbers,
  })
}

function attribute(name: string, value: Value): AttributeProto {
  const { float, int, string, tensor: ofTensor, floats: list, ints, strings } = ATTRIBUTE_TYPES
  const utf8 = (text: string) => new TextEncoder().encode(text)
  if (typeof value === 'number') return create(AttributeSchema, { name, type: int, i: BigInt(value) })
  if (typeof value === 'string') return create(AttributeSchema, { name, type: string, s: utf8(value) })
  if ('dtype' in value) return create(AttributeSchema, { name, type: ofTensor, t: tensorProto('', value) })
  if ('float' in value) return create(AttributeSchema, { name, type: float, f: value.float })
  if ('floats' in value) return create(AttributeSchema, { name, type: list, floats: [...value.floats] })
  if (typeof value[0] === 'string')
    return create(AttributeSchema, { name, type: strings, strings: (value as string[]).map(utf8) })
  return create(AttributeSchema, { name, type: ints, ints: (value as number[]).map(BigInt) })
}

function valueInfo(name: string, dtype: OnnxDtype, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }))
  const type = { elemType: DATA_TYPES[dtype], shape: { dim } }
  return create(ValueInfoSchema, { name, type: { value: { case: 'tensorType', value: type as never } } })
}

/** The messages of a small model. */
export function modelProto(graph: GraphText): ModelProto {
  const inputs = Object.entries(graph.inputs ?? {}).map(([name, given]) =>
    'dtype' in given ? valueInfo(name, given.dtype, given.shape) : valueInfo(name, given[0], given[1]),
  )
  const nodes = graph.nodes.map(({ op, name, domain, inputs: from, outputs, attributes = {} }) =>
    create(NodeSchema, {
      opType: op,
      input: [...from],
      output: [...outputs],
      attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
      ...(name ? { name } : {}),
      ...(domain ? { domain } : {}),
    }),
  )
  return create(ModelSchema, {
    irVersion: 8n,
    producerName: 'tests',
    opsetImport: [{ domain: '', version: BigInt(graph.opset) }],
    metadataProps: Object.entries(graph.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'small',
      node: nodes,
      input: inputs,
      output: graph.outputs.map((name) => create(ValueInfoSchema, { name })),
      initializer: Object.entries(graph.initializers ?? {}).map(([name, t]) => tensorProto(name, t)),
    },
  })
}

/** The bytes of a small model. */
export const modelBytes = (graph: GraphText): Uint8Array => toBinary(ModelSchema, modelProto(graph))
