/**
 * The ONNX messages that Latch reads and writes, for @bufbuild/protobuf. The descriptors are built from a table of
 * names, numbers and types, so no compiler is needed. Source: onnx.proto
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
import { create, createFileRegistry, type Message } from '@bufbuild/protobuf'
import type { GenMessage } from '@bufbuild/protobuf/codegenv2'
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'

const SCALARS = {
  int32: Type.INT32,
  int64: Type.INT64,
  uint64: Type.UINT64,
  float: Type.FLOAT,
  double: Type.DOUBLE,
  string: Type.STRING,
  bytes: Type.BYTES,
}
type Scalar = keyof typeof SCALARS

/** The number, type and rule of a field; `*` repeated, `*packed` repeated and packed, `?name` member of a oneof. */
type Row = readonly [number: number, kind: string, rule?: string]

// Enumerations are declared as int32, which has the same encoding.
const MESSAGES: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  ModelProto: {
    ir_version: [1, 'int64'],
    producer_name: [2, 'string'],
    producer_version: [3, 'string'],
    domain: [4, 'string'],
    model_version: [5, 'int64'],
    doc_string: [6, 'string'],
    graph: [7, 'GraphProto'],
    opset_import: [8, 'OperatorSetIdProto', '*'],
    metadata_props: [14, 'StringStringEntryProto', '*'],
    functions: [25, 'bytes', '*'], // declared as bytes, not decoded
  },
  OperatorSetIdProto: { domain: [1, 'string'], version: [2, 'int64'] },
  StringStringEntryProto: { key: [1, 'string'], value: [2, 'string'] },
  GraphProto: {
    node: [1, 'NodeProto', '*'],
    name: [2, 'string'],
    initializer: [5, 'TensorProto', '*'],
    doc_string: [10, 'string'],
    input: [11, 'ValueInfoProto', '*'],
    output: [12, 'ValueInfoProto', '*'],
    sparse_initializer: [15, 'bytes', '*'], // declared as bytes, not decoded
  },
  NodeProto: {
    input: [1, 'string', '*'],
    output: [2, 'string', '*'],
    name: [3, 'string'],
    op_type: [4, 'string'],
    attribute: [5, 'AttributeProto', '*'],
    doc_string: [6, 'string'],
    domain: [7, 'string'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'TensorProto'],
    g: [6, 'GraphProto'],
    floats: [7, 'float', '*'],
    ints: [8, 'int64', '*'],
    strings: [9, 'bytes', '*'],
    tensors: [10, 'TensorProto', '*'],
    graphs: [11, 'GraphProto', '*'],
    doc_string: [13, 'string'],
    type: [20, 'int32'],
    ref_attr_name: [21, 'string'],
  },
  TensorProto: {
    dims: [1, 'int64', '*'],
    data_type: [2, 'int32'],
    segment: [3, 'bytes'], // declared as bytes, not decoded
    float_data: [4, 'float', '*packed'],
    int32_data: [5, 'int32', '*packed'],
    string_data: [6, 'bytes', '*'],
    int64_data: [7, 'int64', '*packed'],
    name: [8, 'string'],
    raw_data: [9, 'bytes'],
    double_data: [10, 'double', '*packed'],
    uint64_data: [11, 'uint64', '*packed'],
    doc_string: [12, 'string'],
    external_data: [13, 'StringStringEntryProto', '*'],
    data_location: [14, 'int32'],
  },
  ValueInfoProto: { name: [1, 'string'], type: [2, 'TypeProto'], doc_string: [3, 'string'] },
  TypeProto: { tensor_type: [1, 'TypeProto.Tensor', '?value'], denotation: [6, 'string'] },
  'TypeProto.Tensor': { elem_type: [1, 'int32'], shape: [2, 'TensorShapeProto'] },
  TensorShapeProto: { dim: [1, 'TensorShapeProto.Dimension', '*'] },
  'TensorShapeProto.Dimension': {
    dim_value: [1, 'int64', '?value'],
    dim_param: [2, 'string', '?value'],
    denotation: [3, 'string'],
  },
}

const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase())

function buildField([name, [number, kind, rule = '']]: [string, Row]) {
  const scalar = SCALARS[kind as Scalar] as Type | undefined
  return {
    name,
    number,
    jsonName: camel(name),
    label: rule.startsWith('*') ? Label.REPEATED : Label.OPTIONAL,
    type: scalar ?? Type.MESSAGE,
    ...(scalar ? {} : { typeName: `.onnx.${kind}` }),
    ...(rule === '*packed' ? { options: { packed: true } } : {}),
    ...(rule.startsWith('?') ? { oneofIndex: 0 } : {}),
  }
}

function buildMessage(name: string): object {
  const rows = Object.entries(MESSAGES[name])
  const nested = Object.keys(MESSAGES).filter((other) => other.startsWith(`${name}.`))
  return {
    name: name.slice(name.lastIndexOf('.') + 1),
    field: rows.map(buildField),
    nestedType: nested.map(buildMessage),
    oneofDecl: rows.some(([, row]) => row[2] === '?value') ? [{ name: 'value' }] : [],
  }
}

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: 'onnx.proto',
    package: 'onnx',
    syntax: 'proto2', // absent numbers are not written, zeros are
    messageType: Object.keys(MESSAGES)
      .filter((name) => !name.includes('.'))
      .map(buildMessage),
  }),
  () => undefined,
)

function buildSchema<M extends Message>(name: string): GenMessage<M> {
  return registry.getMessage(`onnx.${name}`) as unknown as GenMessage<M>
}

/** A key-value pair of the metadata or of external data. */
export type StringStringEntryProto = Message<'onnx.StringStringEntryProto'> & { key: string; value: string }

/** The version of a domain's operators. */
export type OperatorSetIdProto = Message<'onnx.OperatorSetIdProto'> & { domain: string; version: bigint }

/** A whole model. */
export type ModelProto = Message<'onnx.ModelProto'> & {
  irVersion: bigint
  producerName: string
  producerVersion: string
  domain: string
  modelVersion: bigint
  docString: string
  graph?: GraphProto
  opsetImport: OperatorSetIdProto[]
  metadataProps: StringStringEntryProto[]
  functions: Uint8Array[]
}

/** Operators, weights, inputs and outputs. */
export type GraphProto = Message<'onnx.GraphProto'> & {
  node: NodeProto[]
  name: string
  initializer: TensorProto[]
  docString: string
  input: ValueInfoProto[]
  output: ValueInfoProto[]
  sparseInitializer: Uint8Array[]
}

/** One operator. */
export type NodeProto = Message<'onnx.NodeProto'> & {
  input: string[]
  output: string[]
  name: string
  opType: string
  attribute: AttributeProto[]
  docString: string
  domain: string
}

/** An attribute of an operator; `type` says which field holds the value. */
export type AttributeProto = Message<'onnx.AttributeProto'> & {
  name: string
  f: number
  i: bigint
  s: Uint8Array
  t?: TensorProto
  g?: GraphProto
  floats: number[]
  ints: bigint[]
  strings: Uint8Array[]
  tensors: TensorProto[]
  graphs: GraphProto[]
  docString: string
  type: number
  refAttrName: string
}

/** Numbers with a shape. */
export type TensorProto = Message<'onnx.TensorProto'> & {
  dims: bigint[]
  dataType: number
  segment: Uint8Array
  floatData: number[]
  int32Data: number[]
  stringData: Uint8Array[]
  int64Data: bigint[]
  name: string
  rawData: Uint8Array
  doubleData: number[]
  uint64Data: bigint[]
  docString: string
  externalData: StringStringEntryProto[]
  dataLocation: number
}

/** A value's name and type. */
export type ValueInfoProto = Message<'onnx.ValueInfoProto'> & {
  name: string
  type?: TypeProto
  docString: string
}

/** A type. Only tensors are supported. */
export type TypeProto = Message<'onnx.TypeProto'> & {
  value: { case: 'tensorType'; value: TensorTypeProto } | { case: undefined; value?: undefined }
  denotation: string
}

/** Element type and shape. */
export type TensorTypeProto = Message<'onnx.TypeProto.Tensor'> & {
  elemType: number
  shape?: TensorShapeProto
}

/** Axes, outermost first. */
export type TensorShapeProto = Message<'onnx.TensorShapeProto'> & { dim: DimensionProto[] }

/** The size of an axis, or the name of a dynamic axis. */
export type DimensionProto = Message<'onnx.TensorShapeProto.Dimension'> & {
  value:
    | { case: 'dimValue'; value: bigint }
    | { case: 'dimParam'; value: string }
    | { case: undefined; value?: undefined }
  denotation: string
}

export const ModelSchema = buildSchema<ModelProto>('ModelProto')
export const GraphSchema = buildSchema<GraphProto>('GraphProto')
export const NodeSchema = buildSchema<NodeProto>('NodeProto')
export const AttributeSchema = buildSchema<AttributeProto>('AttributeProto')
export const TensorSchema = buildSchema<TensorProto>('TensorProto')
export const ValueInfoSchema = buildSchema<ValueInfoProto>('ValueInfoProto')
export const TypeSchema = buildSchema<TypeProto>('TypeProto')
export const TensorTypeSchema = buildSchema<TensorTypeProto>('TypeProto.Tensor')
export const TensorShapeSchema = buildSchema<TensorShapeProto>('TensorShapeProto')
export const DimensionSchema = buildSchema<DimensionProto>('TensorShapeProto.Dimension')
export const OperatorSetSchema = buildSchema<OperatorSetIdProto>('OperatorSetIdProto')
export const EntrySchema = buildSchema<StringStringEntryProto>('StringStringEntryProto')

/** `TensorProto.data_type` of each element type. */
export const DATA_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
} as const

/** `AttributeProto.type` of each kind of attribute. */
export const ATTRIBUTE_TYPES = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparseTensor: 11,
  sparseTensors: 12,
  type: 13,
  types: 14,
} as const
