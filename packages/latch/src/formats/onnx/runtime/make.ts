/** Operators that create tensors, or change their type. Source: ONNX operator specification. */
import { type OnnxDtype, type OnnxTensor, getStorage } from '../graph.ts'
import { type GraphNode, isFloat, isInteger, type Operator, showShape } from './node.ts'
import { wrapInteger } from './elementwise.ts'
import { around } from './strides.ts'
import { getDtype } from '../proto/tensorProto.ts'

/** The value of a Constant, from whichever attribute holds it. */
export function makeConstant(node: GraphNode): OnnxTensor {
  node.expect(0, 0)
  const kinds = [
    'value',
    'value_float',
    'value_floats',
    'value_int',
    'value_ints',
    'value_string',
    'value_strings',
  ]
  const given = kinds.filter((kind) => node.has(kind))
  if (given.length !== 1) throw node.broken(`one of ${kinds.join(', ')}`, given.join(' and ') || 'none')
  const [kind] = given
  if (kind === 'value') return node.tensor(kind)
  if (kind.startsWith('value_string')) throw node.unsupported('a constant of numbers', `'${kind}'`)
  const dtype = kind.startsWith('value_int') ? 'int64' : 'float32'
  if (!kind.endsWith('s')) return { dtype, shape: [], data: filled(dtype, [node.float(kind)]) }
  const numbers = node.numbers(kind)
  return { dtype, shape: [numbers.length], data: filled(dtype, numbers) }
}

function filled(dtype: OnnxDtype, numbers: readonly number[]): OnnxTensor['data'] {
  const data = getStorage(dtype, numbers.length)
  data.set(numbers)
  return data
}

const constant: Operator = (node) => {
  const value = makeConstant(node)
  return () => [value]
}

const constantOfShape: Operator = (node) => {
  node.expect(1, 1)
  const zero: OnnxTensor = { dtype: 'float32', shape: [1], data: new Float32Array(1) }
  const value = node.tensor('value', zero)
  const number = node.single(value, 'value')
  return ([wanted]) => {
    const out = node.make(value.dtype, node.whole(wanted!, 'a shape'))
    out.data.fill(number)
    return [out]
  }
}

/** PyTorch exports this experimental operator instead of ConstantOfShape with opsets 7 and 8. */
const constantFill: Operator = (node) => {
  node.expect(1, 1)
  const value = node.float('value', 0)
  const dtype = getDtype(node.int('dtype', 1))
  if (!dtype || !node.flag('input_as_shape'))
    throw node.unsupported('a shape as input and numbers of a known type', 'another form')
  return ([wanted]) => {
    const out = node.make(dtype, node.whole(wanted!, 'a shape'))
    out.data.fill(value)
    return [out]
  }
}

const range: Operator = (node) => {
  node.expect(3, 3)
  return ([start, limit, delta]) => {
    const dtype = node.sameType([start, limit, delta], (type) => type !== 'bool')
    const first = node.single(start!, 'start')
    const step = node.single(delta!, 'delta')
    if (step === 0) throw node.wrong('a step other than 0', '0')
    const count = Math.max(0, Math.ceil((node.single(limit!, 'limit') - first) / step))
    const out = node.make(dtype, [count])
    for (let i = 0; i < count; i++) out.data[i] = first + i * step
    return [out]
  }
}

/** Casts a tensor. Floats are truncated to integers, and any number but 0 becomes true. */
export function cast(node: GraphNode, x: OnnxTensor, dtype: OnnxDtype): OnnxTensor {
  if (dtype === x.dtype) return x
  const out = node.make(dtype, x.shape)
  const convert = conversionTo(node, dtype, isFloat(x.dtype))
  for (let i = 0; i < out.data.length; i++) out.data[i] = convert(x.data[i])
  return out
}

function conversionTo(node: GraphNode, dtype: OnnxDtype, fromFloat: boolean): (value: number) => number {
  if (dtype === 'bool') return (value) => (value === 0 ? 0 : 1)
  if (dtype === 'float16') return (value) => roundTo(value, 11, -14, 65504)
  if (dtype === 'bfloat16') return (value) => roundTo(Math.fround(value), 8, -126, 3.3895313892515355e38)
  if (!isInteger(dtype)) return (value) => value
  if (!fromFloat) return (value) => wrapInteger(node.where, dtype, value)
  return (value) => wrapInteger(node.where, dtype, Math.trunc(value))
}

/**
 * Rounds to `bits` significant bits, halves to even. `lowest` is the smallest normal exponent, `largest` the largest
 * finite number.
 */
function roundTo(value: number, bits: number, lowest: number, largest: number): number {
  if (!Number.isFinite(value) || value === 0) return value
  const exponent = Math.max(lowest, Math.floor(Math.log2(Math.abs(value))))
  const unit = 2 ** (exponent - bits + 1)
  const scaled = value / unit
  const low = Math.floor(scaled)
  const rest = scaled - low
  const up = rest > 0.5 || (rest === 0.5 && low % 2 !== 0)
  const rounded = (low + (up ? 1 : 0)) * unit
  return Math.abs(rounded) > largest ? Math.sign(value) * Infinity : rounded
}

const castTo: Operator = (node) => {
  node.expect(1, 1)
  const number = node.int('to')
  const dtype = getDtype(number)
  if (!dtype) throw node.unsupported('a cast to numbers', `type ${number}`)
  node.ignore('saturate') // applies to 8-bit floats only
  return ([x]) => [cast(node, x!, dtype)]
}

const castLike: Operator = (node) => {
  node.expect(2, 2)
  node.ignore('saturate')
  return ([x, like]) => [cast(node, x!, like!.dtype)]
}

/** An index outside the depth gives a row of `off`. */
const oneHot: Operator = (node) => {
  node.expect(3, 3)
  const wanted = node.int('axis', -1)
  return ([at, depth, values]) => {
    const size = Math.trunc(node.single(depth!, 'the depth'))
    if (values!.data.length !== 2) throw node.misshapen('two values, off and on', showShape(values!.shape))
    if (size < 1) throw node.wrong('a depth from 1', `${size}`)
    const axis = node.axis(wanted, at!.shape.length, 1)
    const shape = [...at!.shape.slice(0, axis), size, ...at!.shape.slice(axis)]
    const out = node.make(values!.dtype, shape)
    const [off, on] = values!.data
    out.data.fill(off)
    const [, , behind] = around(shape, axis)
    at!.data.forEach((given, i) => {
      const place = given < 0 ? given + size : given
      if (!(Number.isInteger(place) && place >= 0 && place < size)) return
      const [before, rest] = [Math.floor(i / behind), i % behind]
      out.data[(before * size + place) * behind + rest] = on
    })
    return [out]
  }
}

/** Operators that create tensors, by name. */
export const MAKERS: Readonly<Record<string, Operator>> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  ConstantFill: constantFill,
  Range: range,
  Cast: castTo,
  CastLike: castLike,
  OneHot: oneHot,
}
