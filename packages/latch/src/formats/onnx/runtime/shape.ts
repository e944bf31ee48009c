/** Operators that change a tensor's shape or read it. Source: ONNX operator specification. */
import type { OnnxTensor } from '../graph.ts'
import { countElements, type GraphNode, type Inputs, type Operator, showShape } from './node.ts'
import { broadcast, broadcastStrides, computeStrides, findPlaces, reordered } from './strides.ts'

/** Reads axes, which are an attribute before opset `since` and an input from then on; undefined if there are none. */
export function readAxes(
  node: GraphNode,
  input: number,
  since: number,
): (inputs: Inputs) => readonly number[] | undefined {
  if (node.opset < since || node.has('axes')) {
    const axes = node.has('axes') ? node.numbers('axes') : undefined
    if (node.opset >= since) throw node.broken('axes as an input since this opset', "an attribute 'axes'")
    node.ignore('axes')
    return () => axes
  }
  return (inputs) => inputs[input] && node.whole(inputs[input], 'axes')
}

const squeeze: Operator = (node) => {
  node.expect(1, node.opset < 13 ? 1 : 2)
  const axesAt = readAxes(node, 1, 13)
  return (inputs) => {
    const x = inputs[0]!
    const given = axesAt(inputs)
    const axes = given && node.axes(given, x.shape.length)
    for (const axis of axes ?? [])
      if (x.shape[axis] !== 1) throw node.misshapen(`a size of 1 at axis ${axis}`, showShape(x.shape))
    const leaves = (size: number, i: number) => (axes ? !axes.includes(i) : size !== 1)
    return [node.reshape(x, x.shape.filter(leaves))]
  }
}

const unsqueeze: Operator = (node) => {
  node.expect(node.opset < 13 ? 1 : 2, node.opset < 13 ? 1 : 2)
  const axesAt = readAxes(node, 1, 13)
  if (node.opset < 13) node.numbers('axes')
  return (inputs) => {
    const x = inputs[0]!
    const given = axesAt(inputs)!
    const rank = x.shape.length + given.length
    const shape = [...x.shape]
    for (const axis of node.axes(given, rank)) shape.splice(axis, 0, 1)
    return [node.reshape(x, shape)]
  }
}

const transpose: Operator = (node) => {
  node.expect(1, 1)
  const given = node.has('perm') ? node.numbers('perm') : undefined
  node.ignore('perm')
  return ([x]) => {
    const rank = x!.shape.length
    const order = given ?? Array.from({ length: rank }, (_, i) => rank - 1 - i)
    if (order.length !== rank || node.axes(order, rank).length !== rank)
      throw node.misshapen(`an order of ${rank} axes`, showShape(order))
    const strides = computeStrides(x!.shape)
    const axes = order.map((axis) => node.axis(axis, rank))
    return [
      reordered(
        node,
        x!,
        axes.map((axis) => x!.shape[axis]),
        axes.map((axis) => strides[axis]),
      ),
    ]
  }
}

/** 0 keeps a size unless `allowzero` is set; −1 is inferred. */
const reshape: Operator = (node) => {
  node.expect(2, 2)
  const zeros = node.opset >= 14 && node.flag('allowzero')
  return ([x, wanted]) => {
    const sizes = node.whole(wanted!, 'a shape')
    const shape = sizes.map((size, i) => {
      if (size !== 0 || zeros) return size
      if (i < x!.shape.length) return x!.shape[i]
      throw node.misshapen('a size to keep', `0 at axis ${i} of ${showShape(x!.shape)}`)
    })
    const open = shape.indexOf(-1)
    if (open >= 0) {
      const rest = countElements(shape.filter((_, i) => i !== open))
      shape[open] = rest === 0 ? 0 : x!.data.length / rest
    }
    const fits = shape.every((size) => Number.isInteger(size) && size >= 0)
    if (!fits || countElements(shape) !== x!.data.length)
      throw node.misshapen(`a shape for ${x!.data.length} numbers`, showShape(sizes))
    return [node.reshape(x!, shape)]
  }
}

const flatten: Operator = (node) => {
  node.expect(1, 1)
  const axis = node.int('axis', 1)
  if (axis < 0 && node.opset < 11) throw node.broken('an axis from 0', `${axis}`)
  return ([x]) => {
    const at = node.axis(axis, x!.shape.length, axis < 0 ? 0 : 1)
    return [node.reshape(x!, [countElements(x!.shape.slice(0, at)), countElements(x!.shape.slice(at))])]
  }
}

const readShape: Operator = (node) => {
  node.expect(1, 1)
  const start = node.opset >= 15 ? node.int('start', 0) : 0
  const end = node.opset >= 15 && node.has('end') ? node.int('end') : undefined
  if (node.opset >= 15) node.ignore('end')
  return ([x]) => {
    const rank = x!.shape.length
    const at = (place: number) => Math.min(rank, Math.max(0, place < 0 ? place + rank : place))
    return [readList(node, x!.shape.slice(at(start), at(end ?? rank)))]
  }
}

/** Integers as an int64 tensor. */
function readList(node: GraphNode, numbers: readonly number[]): OnnxTensor {
  const out = node.make('int64', [numbers.length])
  out.data.set(numbers)
  return out
}

const size: Operator = (node) => {
  node.expect(1, 1)
  return ([x]) => {
    const out = node.make('int64', [])
    out.data[0] = x!.data.length
    return [out]
  }
}

/** Broadcasts both ways: sizes of 1 in the given shape keep the tensor's own. */
const expand: Operator = (node) => {
  node.expect(2, 2)
  return ([x, wanted]) => {
    const shape = broadcast(node, [x!.shape, node.whole(wanted!, 'a shape')])
    return [reordered(node, x!, shape, broadcastStrides(x!.shape, shape))]
  }
}

/** Repeats each axis: inserts an axis of repeats before each axis, then merges the two. */
const tile: Operator = (node) => {
  node.expect(2, 2)
  return ([x, repeats]) => {
    const times = node.whole(repeats!, 'repeats')
    if (times.length !== x!.shape.length || times.some((n) => n < 0))
      throw node.misshapen(`${x!.shape.length} repeats from 0`, showShape(times))
    const strides = computeStrides(x!.shape)
    const shape = x!.shape.flatMap((n, i) => [times[i], n])
    const copy = reordered(
      node,
      x!,
      shape,
      strides.flatMap((stride) => [0, stride]),
    )
    return [
      node.reshape(
        copy,
        x!.shape.map((n, i) => n * times[i]),
      ),
    ]
  }
}

/** Adds rows of one number around the axes; a negative count cuts rows off. */
const pad: Operator = (node) => {
  const mode = node.text('mode', 'constant')
  if (mode !== 'constant') throw node.unsupported("the mode 'constant'", `'${mode}'`)
  const early = node.opset < 11
  node.expect(early ? 1 : 2, early ? 1 : node.opset < 18 ? 3 : 4)
  const pads = early ? node.numbers('pads') : null
  const value = early ? node.float('value', 0) : 0
  return ([x, counts, number, axes]) => {
    const rank = x!.shape.length
    const given = pads ?? node.whole(counts!, 'pads')
    const own = axes
      ? node.whole(axes, 'axes').map((axis) => node.axis(axis, rank))
      : x!.shape.map((_, i) => i)
    if (given.length !== 2 * own.length)
      throw node.misshapen(`${2 * own.length} pads`, `${given.length} of ${showShape(x!.shape)}`)
    const before = x!.shape.map((_, i) => (own.includes(i) ? given[own.indexOf(i)] : 0))
    const after = x!.shape.map((_, i) => (own.includes(i) ? given[own.length + own.indexOf(i)] : 0))
    const shape = x!.shape.map((n, i) => n + before[i] + after[i])
    if (shape.some((n) => n < 0)) throw node.misshapen('pads that leave a size from 0', showShape(shape))
    const out = node.make(x!.dtype, shape)
    out.data.fill(number ? number.data[0] : value)
    const strides = computeStrides(shape)
    const origins = x!.shape.map((_, i) => Math.max(0, -before[i]))
    const sizes = x!.shape.map((n, i) => Math.max(0, n - origins[i] - Math.max(0, -after[i])))
    const start = (from: readonly number[], by: readonly number[]) =>
      from.reduce((sum, place, i) => sum + place * by[i], 0)
    const inner = computeStrides(x!.shape)
    const from = findPlaces(sizes, inner, start(origins, inner))
    const to = findPlaces(
      sizes,
      strides,
      start(
        before.map((count) => Math.max(0, count)),
        strides,
      ),
    )
    for (let i = 0; i < from.length; i++) out.data[to[i]] = x!.data[from[i]]
    return [out]
  }
}

const identity: Operator = (node) => {
  node.expect(1, 1)
  return ([x]) => [x!]
}

/** Inference: returns the input unchanged, and a mask of ones. */
const dropout: Operator = (node) => {
  node.expect(1, node.opset < 12 ? 1 : 3, 2)
  if (node.opset < 12) node.float('ratio', 0.5)
  else node.ignore('seed')
  const unsupported = () => node.unsupported('dropout at inference', 'training_mode')
  const constant = node.constant(2)
  if (constant && constant.data[0]) throw unsupported()
  return ([x, , training]) => {
    if (training?.data[0]) throw unsupported()
    const mask = node.make(node.opset < 10 ? x!.dtype : 'bool', x!.shape)
    return [x!, { ...mask, data: mask.data.fill(1) }]
  }
}

/** Operators on shapes by name. */
export const SHAPES: Readonly<Record<string, Operator>> = {
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Reshape: reshape,
  Flatten: flatten,
  Shape: readShape,
  Size: size,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  Identity: identity,
  Dropout: dropout,
}
