/** Strided access to tensors: strides, broadcasting as in NumPy, and the copy that implements both. */
import type { OnnxTensor } from '../graph.ts'
import { type GraphNode, showShape } from './node.ts'
import { maximum } from '../../../core/lists.ts'

/** The stride of each axis of a row-major shape. */
export function computeStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride
    stride *= shape[i]
  }
  return strides
}

/** The shape to which all shapes broadcast. @throws ShapeError */
export function broadcast(node: GraphNode, shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = maximum(
    shapes.map((shape) => shape.length),
    0,
  )
  const out = new Array<number>(rank).fill(1)
  for (const shape of shapes) {
    shape.forEach((size, i) => {
      const at = rank - shape.length + i
      if (size !== out[at] && size !== 1 && out[at] !== 1)
        throw node.misshapen('shapes that broadcast', shapes.map(showShape).join(' and '))
      if (out[at] === 1) out[at] = size
    })
  }
  return out
}

/** The strides of a shape broadcast to a larger one: 0 along repeated axes. */
export function broadcastStrides(shape: readonly number[], out: readonly number[]): readonly number[] {
  const own = computeStrides(shape)
  const skip = out.length - shape.length
  return out.map((_, i) => (i < skip || shape[i - skip] === 1 ? 0 : own[i - skip]))
}

/** The offsets of all elements of `shape` in row-major order, with stride `strides[i]` along axis i. */
export function findPlaces(shape: readonly number[], strides: readonly number[], first = 0): Int32Array {
  if (shape.includes(0)) return new Int32Array(0)
  let places = Int32Array.of(first)
  shape.forEach((size, axis) => {
    const stride = strides[axis]
    const next = new Int32Array(places.length * size)
    let at = 0
    for (const place of places) for (let k = 0; k < size; k++) next[at++] = place + k * stride
    places = next
  })
  return places
}

/** Copies a tensor with other strides. */
export function reordered(
  node: GraphNode,
  tensor: OnnxTensor,
  shape: readonly number[],
  strides: readonly number[],
  first = 0,
): OnnxTensor {
  const out = node.make(tensor.dtype, shape)
  const places = findPlaces(shape, strides, first)
  for (let i = 0; i < places.length; i++) out.data[i] = tensor.data[places[i]]
  return out
}

/** The numbers of a tensor broadcast to a shape; the same array if it already has that shape. */
export function spread(node: GraphNode, tensor: OnnxTensor, shape: readonly number[]): OnnxTensor['data'] {
  if (sameShape(tensor.shape, shape)) return tensor.data
  return reordered(node, tensor, shape, broadcastStrides(tensor.shape, shape)).data
}

/** Whether two shapes are the same, except for leading axes of size 1. */
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  const skip = b.length - a.length
  return b.every((size, i) => (i < skip ? size === 1 : size === a[i - skip]))
}

/** The number of elements before, along and after an axis of a shape. */
export function around(shape: readonly number[], axis: number): readonly [number, number, number] {
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1)
  return [product(shape.slice(0, axis)), shape[axis], product(shape.slice(axis + 1))]
}
