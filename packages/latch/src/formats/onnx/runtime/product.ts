/** Matrix products, summed in float64 and rounded once. Source: ONNX operator specification. */
import type { OnnxTensor } from '../graph.ts'
import { countElements, type GraphNode, isInteger, type Operator, showShape } from './node.ts'
import { wrapInteger } from './elementwise.ts'
import { broadcast, broadcastStrides, findPlaces, spread, computeStrides } from './strides.ts'

/** A matrix within an array: its offset, and the strides of its rows and columns. */
interface Matrix {
  data: OnnxTensor['data']
  first: number
  row: number
  column: number
}

/** sums (M, N) = a (M, K) · b (K, N). */
function multiply(
  sums: Float64Array,
  a: Matrix,
  b: Matrix,
  [m, k, n]: readonly [number, number, number],
): void {
  sums.fill(0)
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = a.data[a.first + i * a.row + p * a.column]
      const from = b.first + p * b.row
      for (let j = 0; j < n; j++) sums[i * n + j] += factor * b.data[from + j * b.column]
    }
  }
}

function store(node: GraphNode, out: OnnxTensor, at: number, sums: Float64Array): void {
  const { dtype, data } = out
  if (isInteger(dtype)) sums.forEach((sum, i) => (sums[i] = wrapInteger(node.where, dtype, sum)))
  data.set(sums, at)
}

/** As in NumPy: a vector is a row on the left and a column on the right; leading axes broadcast. */
const matMul: Operator = (node) => {
  node.expect(2, 2)
  return ([a, b]) => {
    const dtype = node.sameType([a, b], (type) => type !== 'bool')
    if (!a!.shape.length || !b!.shape.length) throw node.misshapen('matrices', 'a single number')
    const left = a!.shape.length === 1 ? [1, ...a!.shape] : a!.shape
    const right = b!.shape.length === 1 ? [...b!.shape, 1] : b!.shape
    const [m, k] = left.slice(-2)
    const [rows, n] = right.slice(-2)
    if (k !== rows)
      throw node.misshapen('inner sizes that agree', `${showShape(a!.shape)} and ${showShape(b!.shape)}`)
    const heads = [left.slice(0, -2), right.slice(0, -2)]
    const head = broadcast(node, heads)
    const out = node.make(dtype, [
      ...head,
      ...(a!.shape.length === 1 ? [] : [m]),
      ...(b!.shape.length === 1 ? [] : [n]),
    ])
    const [lefts, rights] = heads.map((shape) => findPlaces(head, broadcastStrides(shape, head)))
    if (!out.data.length) return [out]
    node.work(countElements(head) * m * k * n)
    const sums = new Float64Array(m * n)
    for (let i = 0; i < countElements(head); i++) {
      const one = { data: a!.data, first: lefts[i] * m * k, row: k, column: 1 }
      const two = { data: b!.data, first: rights[i] * k * n, row: n, column: 1 }
      multiply(sums, one, two, [m, k, n])
      store(node, out, i * m * n, sums)
    }
    return [out]
  }
}

/** alpha·A′·B′ + beta·C, with A′ and B′ transposed if `transA` or `transB` is set. */
const gemm: Operator = (node) => {
  node.expect(node.opset < 11 ? 3 : 2, 3)
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)]
  const [turnA, turnB] = [node.flag('transA'), node.flag('transB')]
  return ([a, b, c]) => {
    const dtype = node.sameType([a, b, c], (type) => type !== 'bool')
    const [m, k] = getSizes(node, a!, turnA)
    const [rows, n] = getSizes(node, b!, turnB)
    if (k !== rows)
      throw node.misshapen('inner sizes that agree', `${showShape(a!.shape)} and ${showShape(b!.shape)}`)
    const out = node.make(dtype, [m, n])
    node.work(m * k * n)
    const sums = new Float64Array(m * n)
    multiply(sums, turned(a!, turnA), turned(b!, turnB), [m, k, n])
    if (
      c &&
      (c.shape.length > 2 || showShape(broadcast(node, [c.shape, out.shape])) !== showShape(out.shape))
    )
      throw node.misshapen(`C that broadcasts to ${showShape(out.shape)}`, showShape(c.shape))
    const summand = c && spread(node, c, out.shape)
    sums.forEach((sum, i) => (sums[i] = alpha * sum + (summand ? beta * summand[i] : 0)))
    store(node, out, 0, sums)
    return [out]
  }
}

function getSizes(node: GraphNode, { shape }: OnnxTensor, turn: boolean): readonly number[] {
  if (shape.length !== 2) throw node.misshapen('a matrix', showShape(shape))
  return turn ? [shape[1], shape[0]] : shape
}

function turned({ data, shape }: OnnxTensor, turn: boolean): Matrix {
  const [row, column] = computeStrides(shape)
  return { data, first: 0, row: turn ? column : row, column: turn ? row : column }
}

/** Products by name. */
export const PRODUCTS: Readonly<Record<string, Operator>> = { MatMul: matMul, Gemm: gemm }
