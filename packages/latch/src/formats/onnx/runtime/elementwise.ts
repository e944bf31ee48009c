/**
 * Element-wise operators: arithmetic, comparisons, selection. Inputs broadcast as in NumPy. Floats are rounded once per
 * operator; integers are exact or an error. Source: ONNX operator specification.
 */
import { DataError } from '../../../core/errors.ts'
import type { OnnxDtype, OnnxTensor } from '../graph.ts'
import { type GraphNode, isFloat, isInteger, type Operator } from './node.ts'
import { broadcast, spread } from './strides.ts'

type Binary = (a: number, b: number) => number

const isNumber = (dtype: OnnxDtype) => dtype !== 'bool'
const isBool = (dtype: OnnxDtype) => dtype === 'bool'
const isAny = () => true

/** Range and sign of integers that wrap around; 64-bit integers are an error if they are not exact. */
const WRAPS: Partial<Record<OnnxDtype, readonly [size: number, signed: boolean]>> = {
  int8: [2 ** 8, true],
  int16: [2 ** 16, true],
  int32: [2 ** 32, true],
  uint8: [2 ** 8, false],
  uint16: [2 ** 16, false],
  uint32: [2 ** 32, false],
}

/** Wraps an integer to its type. @throws DataError if it is not exact */
export function wrapInteger(where: string, dtype: OnnxDtype, value: number): number {
  if (!Number.isSafeInteger(value) && Math.abs(value) !== 2 ** 63)
    throw new DataError({ where, expected: `whole numbers of ${dtype} within ±2^53`, got: String(value) })
  const wrap = WRAPS[dtype]
  if (!wrap) return value
  const [size, signed] = wrap
  const low = ((value % size) + size) % size
  return signed && low >= size / 2 ? low - size : low
}

/** An operator on any number of inputs, combined from left to right. */
function folding(f: Binary, finish?: (value: number, count: number) => number): Operator {
  return (node) => {
    node.expect(1, Infinity)
    return (inputs) => {
      const tensors = inputs as readonly OnnxTensor[]
      const dtype = node.sameType(tensors, isNumber)
      const shape = broadcast(
        node,
        tensors.map((t) => t.shape),
      )
      const out = node.make(dtype, shape)
      const sides = tensors.map((t) => spread(node, t, shape))
      for (let i = 0; i < out.data.length; i++) {
        let value = sides[0][i]
        for (let k = 1; k < sides.length; k++) value = f(value, sides[k][i])
        if (finish) value = finish(value, sides.length)
        out.data[i] = isInteger(dtype) ? wrapInteger(node.where, dtype, value) : value
      }
      return [out]
    }
  }
}

/** An operator on two inputs of one type; `into` is the type of the result if it differs. */
function binary(f: Binary, fits: (dtype: OnnxDtype) => boolean = isNumber, into?: 'bool'): Operator {
  return (node) => {
    node.expect(2, 2)
    return ([a, b]) => [combine(node, a!, b!, node.sameType([a, b], fits), f, into)]
  }
}

function combine(
  node: GraphNode,
  a: OnnxTensor,
  b: OnnxTensor,
  dtype: OnnxDtype,
  f: Binary,
  into?: 'bool',
): OnnxTensor {
  const shape = broadcast(node, [a.shape, b.shape])
  const out = node.make(into ?? dtype, shape)
  const [left, right] = [spread(node, a, shape), spread(node, b, shape)]
  const exact = !into && isInteger(dtype)
  for (let i = 0; i < out.data.length; i++) {
    const value = f(left[i], right[i])
    out.data[i] = exact ? wrapInteger(node.where, dtype, value) : value
  }
  return out
}

function unary(
  f: (x: number) => number,
  fits: (dtype: OnnxDtype) => boolean = isFloat,
  into?: 'bool',
): Operator {
  return (node) => {
    node.expect(1, 1)
    return ([x]) => {
      const dtype = node.sameType([x], fits)
      const out = node.make(into ?? dtype, x!.shape)
      for (let i = 0; i < out.data.length; i++) out.data[i] = f(x!.data[i])
      return [out]
    }
  }
}

const divide: Operator = (node) => {
  node.expect(2, 2)
  return ([a, b]) => {
    const dtype = node.sameType([a, b], isNumber)
    const whole = (x: number, y: number) => {
      if (y === 0) throw node.wrong('integers not divided by zero', `${x} / 0`)
      return Math.trunc(x / y)
    }
    return [combine(node, a!, b!, dtype, isInteger(dtype) ? whole : (x, y) => x / y)]
  }
}

/** The result has the base's type. */
const power: Operator = (node) => {
  node.expect(2, 2)
  return ([base, exponent]) => [combine(node, base!, exponent!, node.sameType([base], isNumber), Math.pow)]
}

/** The remainder, with the sign of the divisor or, with `fmod`, of the dividend. */
const modulo: Operator = (node) => {
  node.expect(2, 2)
  const fmod = node.flag('fmod')
  return ([a, b]) => {
    const dtype = node.sameType([a, b], isNumber)
    if (!fmod && isFloat(dtype)) throw node.wrong('whole numbers without fmod', dtype)
    const f: Binary = (x, y) => {
      if (y === 0 && isInteger(dtype)) throw node.wrong('integers not divided by zero', `${x} mod 0`)
      const rest = x % y
      return fmod || rest === 0 || rest < 0 === y < 0 ? rest : rest + y
    }
    return [combine(node, a!, b!, dtype, f)]
  }
}

/** Before opset 11, the limits are attributes. */
const clip: Operator = (node) => {
  const old = node.opset < 11
  node.expect(1, old ? 1 : 3)
  const low = old ? node.float('min', -3.4028234663852886e38) : -Infinity
  const high = old ? node.float('max', 3.4028234663852886e38) : Infinity
  return ([x, min, max]) => {
    const dtype = node.sameType([x, min, max], isNumber)
    const from = min ? node.single(min, 'the lower limit') : low
    const to = max ? node.single(max, 'the upper limit') : high
    const out = node.make(dtype, x!.shape)
    for (let i = 0; i < out.data.length; i++) out.data[i] = Math.min(to, Math.max(from, x!.data[i]))
    return [out]
  }
}

const where: Operator = (node) => {
  node.expect(3, 3)
  return ([condition, x, y]) => {
    if (condition!.dtype !== 'bool') throw node.wrong('a condition of bool', condition!.dtype)
    const shape = broadcast(node, [condition!.shape, x!.shape, y!.shape])
    const out = node.make(node.sameType([x, y]), shape)
    const [chosen, left, right] = [condition!, x!, y!].map((t) => spread(node, t, shape))
    for (let i = 0; i < out.data.length; i++) out.data[i] = chosen[i] ? left[i] : right[i]
    return [out]
  }
}

/** Rounds to the nearest integer, halves to even. */
function roundEven(x: number): number {
  const low = Math.floor(x)
  const rest = x - low
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1
  return low % 2 === 0 ? low : low + 1
}

const yes = (value: boolean) => (value ? 1 : 0)

/** Element-wise operators by name. */
export const ELEMENTWISE: Readonly<Record<string, Operator>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: divide,
  Pow: power,
  Mod: modulo,
  Min: folding(Math.min),
  Max: folding(Math.max),
  Sum: folding((a, b) => a + b),
  Mean: folding(
    (a, b) => a + b,
    (sum, count) => sum / count,
  ),
  Equal: binary((a, b) => yes(a === b), isAny, 'bool'),
  Less: binary((a, b) => yes(a < b), isNumber, 'bool'),
  LessOrEqual: binary((a, b) => yes(a <= b), isNumber, 'bool'),
  Greater: binary((a, b) => yes(a > b), isNumber, 'bool'),
  GreaterOrEqual: binary((a, b) => yes(a >= b), isNumber, 'bool'),
  And: binary((a, b) => a * b, isBool, 'bool'),
  Or: binary((a, b) => yes(a + b > 0), isBool, 'bool'),
  Xor: binary((a, b) => yes(a !== b), isBool, 'bool'),
  Not: unary((x) => 1 - x, isBool, 'bool'),
  Neg: unary((x) => -x, isNumber),
  Abs: unary(Math.abs, isNumber),
  Sign: unary(Math.sign, isNumber),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Reciprocal: unary((x) => 1 / x),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundEven),
  IsNaN: unary((x) => yes(Number.isNaN(x)), isFloat, 'bool'),
  Clip: clip,
  Where: where,
}
