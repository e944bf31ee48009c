/** Operators that gather, scatter, slice and join by index. Source: ONNX operator specification. */
import type { OnnxTensor } from '../graph.ts'
import { countElements, type GraphNode, type Inputs, isInteger, type Operator, showShape } from './node.ts'
import { around, findPlaces, reordered, computeStrides } from './strides.ts'

/** Resolves an index along an axis, counted from the end if negative. @throws DataError if it is out of range */
function placeAt(node: GraphNode, place: number, size: number): number {
  const at = place < 0 ? place + size : place
  if (Number.isInteger(at) && at >= 0 && at < size) return at
  throw node.wrong(`places from ${-size} to ${size - 1}`, `${place}`)
}

function places(node: GraphNode, tensor: OnnxTensor): OnnxTensor['data'] {
  if (isInteger(tensor.dtype)) return tensor.data
  throw node.wrong('places as whole numbers', tensor.dtype)
}

const gather: Operator = (node) => {
  node.expect(2, 2)
  const wanted = node.int('axis', 0)
  return ([x, at]) => {
    const axis = node.axis(wanted, x!.shape.length)
    const [before, size, behind] = around(x!.shape, axis)
    const shape = [...x!.shape.slice(0, axis), ...at!.shape, ...x!.shape.slice(axis + 1)]
    const out = node.make(x!.dtype, shape)
    const rows = Array.from(places(node, at!), (place) => placeAt(node, place, size))
    let to = 0
    for (let b = 0; b < before; b++) {
      for (const row of rows) {
        const from = (b * size + row) * behind
        out.data.set(x!.data.subarray(from, from + behind), to)
        to += behind
      }
    }
    return [out]
  }
}

const gatherElements: Operator = (node) => {
  node.expect(2, 2)
  const wanted = node.int('axis', 0)
  return ([x, at]) => {
    const { shape } = at!
    const rank = x!.shape.length
    const axis = node.axis(wanted, rank)
    const fits = shape.length === rank && shape.every((size, i) => i === axis || size <= x!.shape[i])
    if (!fits) throw node.misshapen(`places within ${showShape(x!.shape)}`, showShape(shape))
    const out = node.make(x!.dtype, shape)
    const strides = computeStrides(x!.shape)
    const starts = findPlaces(
      shape,
      strides.map((stride, i) => (i === axis ? 0 : stride)),
    )
    places(node, at!).forEach((place, i) => {
      out.data[i] = x!.data[starts[i] + placeAt(node, place, x!.shape[axis]) * strides[axis]]
    })
    return [out]
  }
}

/** Each row of indices addresses one number or one block. */
const scatterNd: Operator = (node) => {
  node.expect(3, 3)
  const reduction = node.opset >= 16 ? node.text('reduction', 'none') : 'none'
  if (reduction !== 'none') throw node.unsupported("the reduction 'none'", `'${reduction}'`)
  return ([x, at, updates]) => {
    const depth = at!.shape[at!.shape.length - 1]
    if (at!.shape.length === 0 || depth > x!.shape.length)
      throw node.misshapen(`places of at most ${x!.shape.length} axes`, showShape(at!.shape))
    const block = countElements(x!.shape.slice(depth))
    const rows = countElements(at!.shape.slice(0, -1))
    const wanted = [...at!.shape.slice(0, -1), ...x!.shape.slice(depth)]
    if (showShape(wanted) !== showShape(updates!.shape))
      throw node.misshapen(`updates of shape ${showShape(wanted)}`, showShape(updates!.shape))
    const out = node.make(node.sameType([x, updates]), x!.shape)
    out.data.set(x!.data)
    const strides = computeStrides(x!.shape)
    const list = places(node, at!)
    for (let r = 0; r < rows; r++) {
      let to = 0
      for (let k = 0; k < depth; k++) to += placeAt(node, list[r * depth + k], x!.shape[k]) * strides[k]
      out.data.set(updates!.data.subarray(r * block, (r + 1) * block), to)
    }
    return [out]
  }
}

const scatterElements: Operator = (node) => {
  node.expect(3, 3)
  const wanted = node.int('axis', 0)
  const reduction = node.opset >= 16 ? node.text('reduction', 'none') : 'none'
  if (reduction !== 'none') throw node.unsupported("the reduction 'none'", `'${reduction}'`)
  return ([x, at, updates]) => {
    const { shape } = at!
    const rank = x!.shape.length
    const axis = node.axis(wanted, rank)
    const fits = shape.length === rank && shape.every((size, i) => i === axis || size <= x!.shape[i])
    if (!fits) throw node.misshapen(`places within ${showShape(x!.shape)}`, showShape(shape))
    if (showShape(updates!.shape) !== showShape(shape))
      throw node.misshapen(`updates of shape ${showShape(shape)}`, showShape(updates!.shape))
    const out = node.make(node.sameType([x, updates]), x!.shape)
    out.data.set(x!.data)
    const strides = computeStrides(x!.shape)
    const starts = findPlaces(
      shape,
      strides.map((stride, i) => (i === axis ? 0 : stride)),
    )
    places(node, at!).forEach((place, i) => {
      out.data[starts[i] + placeAt(node, place, x!.shape[axis]) * strides[axis]] = updates!.data[i]
    })
    return [out]
  }
}

const concat: Operator = (node) => {
  node.expect(1, Infinity)
  const wanted = node.int('axis')
  return (inputs) => {
    const tensors = inputs as readonly OnnxTensor[]
    const [first] = tensors
    const axis = node.axis(wanted, first.shape.length)
    const odd = tensors.find(
      ({ shape }) =>
        shape.length !== first.shape.length || shape.some((n, i) => i !== axis && n !== first.shape[i]),
    )
    if (odd)
      throw node.misshapen(`shapes like ${showShape(first.shape)} but for axis ${axis}`, showShape(odd.shape))
    const shape = [...first.shape]
    shape[axis] = tensors.reduce((sum, t) => sum + t.shape[axis], 0)
    const out = node.make(node.sameType(tensors), shape)
    const [before] = around(shape, axis)
    let to = 0
    for (let b = 0; b < before; b++) {
      for (const { data } of tensors) {
        const block = data.length / before
        out.data.set(data.subarray(b * block, (b + 1) * block), to)
        to += block
      }
    }
    return [out]
  }
}

/** Splits into equal parts; from opset 18 on, the last one may be smaller. */
const split: Operator = (node) => {
  const count = node.node.outputs.length
  node.expect(1, node.opset < 13 ? 1 : 2, Infinity)
  const wanted = node.int('axis', 0)
  const fixed = node.opset < 13 && node.has('split') ? node.numbers('split') : undefined
  if (node.opset < 13) node.ignore('split')
  if (node.opset >= 18 && node.int('num_outputs', count) !== count)
    throw node.broken(`num_outputs of ${count}`, `${node.int('num_outputs')}`)
  return ([x, given]) => {
    const axis = node.axis(wanted, x!.shape.length)
    const size = x!.shape[axis]
    const each = Math.ceil(size / count)
    const even = () => Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, size - i * each)))
    const sizes = fixed ?? (given ? node.whole(given, 'sizes') : even())
    const whole = sizes.every((n) => n >= 0) && sizes.reduce((a, b) => a + b, 0) === size
    const uneven = !fixed && !given && node.opset < 18 && size % count !== 0
    if (sizes.length !== count || !whole || uneven)
      throw node.misshapen(`${count} parts of ${size} in all`, showShape(sizes))
    const strides = computeStrides(x!.shape)
    let first = 0
    return sizes.map((part) => {
      const shape = x!.shape.map((n, i) => (i === axis ? part : n))
      const out = reordered(node, x!, shape, strides, first * strides[axis])
      first += part
      return out
    })
  }
}

/** The start, step and size of a slice along an axis. */
interface Cut {
  start: number
  step: number
  count: number
}

function readCut(node: GraphNode, start: number, end: number, step: number, size: number): Cut {
  if (step === 0) throw node.wrong('steps other than 0', '0')
  const from = (place: number) => (place < 0 ? place + size : place)
  const clamp = (place: number, low: number, high: number) => Math.min(high, Math.max(low, from(place)))
  const forward = step > 0
  const first = forward ? clamp(start, 0, size) : clamp(start, 0, size - 1)
  // A backward slice whose end lies before the axis includes index 0.
  const last = forward ? clamp(end, 0, size) : clamp(end, -1, size - 1)
  const count = size === 0 ? 0 : Math.max(0, Math.ceil((last - first) / step))
  return { start: count ? first : 0, step: count ? step : 1, count }
}

/** Before opset 10, starts, ends and axes are attributes. */
const slice: Operator = (node) => {
  const old = node.opset < 10
  node.expect(old ? 1 : 3, old ? 1 : 5)
  const read = old ? readAttributes(node) : readInputs(node)
  return (inputs) => {
    const x = inputs[0]!
    const rank = x.shape.length
    const { starts, ends, axes: given, steps: pace } = read(inputs)
    const axes = (given ?? starts.map((_, i) => i)).map((axis) => node.axis(axis, rank))
    const steps = pace ?? starts.map(() => 1)
    if (
      [ends, axes, steps].some((list) => list.length !== starts.length) ||
      new Set(axes).size !== axes.length
    )
      throw node.misshapen(
        `as many ends, axes and steps as the ${starts.length} starts, each axis once`,
        'others',
      )
    const strides = [...computeStrides(x.shape)]
    const shape = [...x.shape]
    let first = 0
    axes.forEach((axis, i) => {
      const cut = readCut(node, starts[i], ends[i], steps[i], x.shape[axis])
      first += cut.start * strides[axis]
      strides[axis] *= cut.step
      shape[axis] = cut.count
    })
    return [reordered(node, x, shape, strides, first)]
  }
}

interface Bounds {
  starts: readonly number[]
  ends: readonly number[]
  axes: readonly number[] | undefined
  steps: readonly number[] | undefined
}

function readAttributes(node: GraphNode): (inputs: Inputs) => Bounds {
  const axes = node.has('axes') ? node.numbers('axes') : undefined
  node.ignore('axes')
  const bounds = { starts: node.numbers('starts'), ends: node.numbers('ends'), axes, steps: undefined }
  return () => bounds
}

function readInputs(node: GraphNode): (inputs: Inputs) => Bounds {
  return ([, starts, ends, axes, steps]) => ({
    starts: node.whole(starts!, 'starts'),
    ends: node.whole(ends!, 'ends'),
    axes: axes && node.whole(axes, 'axes'),
    steps: steps && node.whole(steps, 'steps'),
  })
}

/** Reverses the first `lengths[b]` steps of each sequence and copies the others. */
const reverseSequence: Operator = (node) => {
  node.expect(2, 2)
  const [batchAxis, timeAxis] = [node.int('batch_axis', 1), node.int('time_axis', 0)]
  if (batchAxis + timeAxis !== 1 || batchAxis * timeAxis !== 0)
    throw node.broken('batch and time as axes 0 and 1', `${batchAxis} and ${timeAxis}`)
  return ([x, given]) => {
    if (x!.shape.length < 2) throw node.misshapen('two axes or more', showShape(x!.shape))
    const [batch, steps] = [x!.shape[batchAxis], x!.shape[timeAxis]]
    const lengths = node.whole(given!, 'lengths')
    if (lengths.length !== batch || lengths.some((n) => n < 0 || n > steps))
      throw node.misshapen(`${batch} lengths from 0 to ${steps}`, showShape(lengths))
    const out = node.make(x!.dtype, x!.shape)
    const strides = computeStrides(x!.shape)
    const block = countElements(x!.shape.slice(2))
    for (let b = 0; b < batch; b++) {
      for (let t = 0; t < steps; t++) {
        const back = t < lengths[b] ? lengths[b] - 1 - t : t
        const from = b * strides[batchAxis] + back * strides[timeAxis]
        out.data.set(x!.data.subarray(from, from + block), b * strides[batchAxis] + t * strides[timeAxis])
      }
    }
    return [out]
  }
}

/** Indexing operators by name. */
export const PLACES: Readonly<Record<string, Operator>> = {
  Gather: gather,
  GatherElements: gatherElements,
  ScatterND: scatterNd,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  Concat: concat,
  Split: split,
  Slice: slice,
  ReverseSequence: reverseSequence,
}
