/**
 * An ONNX graph under construction: nodes, inputs and outputs are messages; weights are computed one by one while the
 * file is written. Names begin with the layer that they belong to: `recurrent.0/LSTM`.
 */
import { create } from '@bufbuild/protobuf'
import {
  ATTRIBUTE_TYPES,
  AttributeSchema,
  DATA_TYPES,
  NodeSchema,
  ValueInfoSchema,
  type AttributeProto,
  type NodeProto,
  type ValueInfoProto,
} from '../proto/schema.ts'

/** An attribute's value; a bare number is an ONNX int. */
export type AttributeValue =
  | number
  | string
  | readonly string[]
  | { floats: readonly number[] }
  | { ints: readonly number[] }
  | { float: number }

/** A part of a weight, computed when it is written: `length` numbers, in one or more arrays. */
export interface WeightPart {
  length: number
  make: () => readonly Float32Array[]
}

/** A weight of the file: the concatenation of its parts. */
export interface ExportTensor {
  name: string
  dataType: number
  dims: readonly number[]
  byteLength: number
  chunks: () => Iterable<Uint8Array>
}

type InputType = 'float32' | 'int64' | 'int32'

/** Collects a graph; nodes are in the order of the calls. */
export class ExportGraph {
  readonly nodes: NodeProto[] = []
  readonly tensors: ExportTensor[] = []
  readonly inputs: ValueInfoProto[] = []
  readonly outputs: ValueInfoProto[] = []
  /** The lowest opset that has all operators of the graph. */
  opset = 13
  /** The layer whose nodes are being added. */
  scope = ''
  readonly #names = new Map<string, number>()
  readonly #constants = new Map<string, string>()

  /** Adds an operator with one output and returns the name of that value. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
  ): string {
    return this.operator(op, inputs, attributes, 1)[0]
  }

  /** Adds an operator; outputs for which `used` returns false are left out. */
  operator(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue | undefined>>,
    count: number,
    used: (output: number) => boolean = () => true,
  ): string[] {
    const name = this.#unique(this.scope ? `${this.scope}/${op}` : op)
    const outputs = Array.from({ length: count }, (_, i) =>
      used(i) ? (count > 1 ? `${name}:${i}` : name) : '',
    )
    this.#push(name, op, inputs, outputs, attributes)
    return outputs
  }

  /** Makes a value an output of the graph under a public name. */
  output(
    value: string,
    name: string,
    type: InputType,
    shape: readonly (number | string)[],
    op = 'Identity',
    attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
  ): string {
    this.#push(this.#unique(`${op} to ${name}`), op, [value], [name], attributes)
    this.outputs.push(valueInfo(name, type, shape))
    return name
  }

  input(name: string, type: InputType, shape: readonly (number | string)[]): string {
    this.inputs.push(valueInfo(name, type, shape))
    return name
  }

  /** Adds a float32 weight, once however many layers use it, and returns its name. */
  weight(name: string, dims: readonly number[], parts: readonly WeightPart[]): string {
    if (this.tensors.some((tensor) => tensor.name === name)) return name
    const byteLength = 4 * parts.reduce((sum, part) => sum + part.length, 0)
    this.tensors.push({
      name,
      dataType: DATA_TYPES.float32,
      dims,
      byteLength,
      *chunks() {
        for (const part of parts) for (const piece of part.make()) yield toBytes(piece)
      },
    })
    return name
  }

  /** int64 numbers: an array for a list, a scalar for a single number. */
  ints(values: readonly number[] | number): string {
    const list = typeof values === 'number' ? [values] : values
    const bytes = toBytes(BigInt64Array.from(list, BigInt))
    return this.#constant('int64', typeof values === 'number' ? [] : [list.length], bytes, list.join(' '))
  }

  /** An int32 scalar. */
  int32(value: number): string {
    return this.#constant('int32', [], toBytes(Int32Array.of(value)), `${value}`)
  }

  /** float32 numbers: an array for a list, a scalar for a single number. */
  floats(values: readonly number[] | number): string {
    const list = typeof values === 'number' ? [values] : values
    return this.#constant(
      'float32',
      typeof values === 'number' ? [] : [list.length],
      toBytes(Float32Array.from(list)),
      list.join(' '),
    )
  }

  #constant(type: keyof typeof DATA_TYPES, dims: readonly number[], bytes: Uint8Array, text: string): string {
    const key = `${type}${dims.length ? '[]' : ''} ${text}`
    const known = this.#constants.get(key)
    if (known) return known
    const name = `constant ${key}`
    this.tensors.push({
      name,
      dataType: DATA_TYPES[type],
      dims,
      byteLength: bytes.length,
      chunks: () => [bytes],
    })
    this.#constants.set(key, name)
    return name
  }

  #push(
    name: string,
    opType: string,
    input: readonly string[],
    output: readonly string[],
    attributes: Readonly<Record<string, AttributeValue | undefined>>,
  ): void {
    const attribute = Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [buildAttribute(key, value)],
    )
    this.nodes.push(create(NodeSchema, { name, opType, input: [...input], output: [...output], attribute }))
  }

  #unique(name: string): string {
    const count = this.#names.get(name) ?? 0
    this.#names.set(name, count + 1)
    return count ? `${name} ${count + 1}` : name
  }
}

/** The bytes of an array. Every JavaScript host in use is little-endian, like the file. */
function toBytes(array: Float32Array | Int32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** Weights as float32; a copy only if they are float64. */
export function float32(values: Float32Array | Float64Array): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values)
}

function buildAttribute(name: string, value: AttributeValue): AttributeProto {
  const text = new TextEncoder()
  const make = (fields: Partial<Omit<AttributeProto, '$typeName' | '$unknown'>>) =>
    create(AttributeSchema, { name, ...fields })
  if (typeof value === 'number') return make({ type: ATTRIBUTE_TYPES.int, i: BigInt(value) })
  if (typeof value === 'string') return make({ type: ATTRIBUTE_TYPES.string, s: text.encode(value) })
  if ('float' in value) return make({ type: ATTRIBUTE_TYPES.float, f: value.float })
  if ('floats' in value) return make({ type: ATTRIBUTE_TYPES.floats, floats: [...value.floats] })
  if ('ints' in value) return make({ type: ATTRIBUTE_TYPES.ints, ints: value.ints.map(BigInt) })
  return make({ type: ATTRIBUTE_TYPES.strings, strings: value.map((item) => text.encode(item)) })
}

function valueInfo(name: string, type: InputType, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'number'
        ? ({ case: 'dimValue', value: BigInt(size) } as const)
        : ({ case: 'dimParam', value: size } as const),
  }))
  return create(ValueInfoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: DATA_TYPES[type], shape: { dim } } } },
  })
}
