/**
 * Operators along axes: sums, extremes, softmax, normalisation. Sums are computed in float64 and rounded once. Source:
 * ONNX operator specification.
 */
import type { OnnxTensor } from '../graph.ts'
import { countElements, type GraphNode, isFloat, isInteger, type Operator } from './node.ts'
import { wrapInteger } from './elementwise.ts'
import { getSide } from './activation.ts'
import { readAxes } from './shape.ts'
import { around, findPlaces, spread, computeStrides } from './strides.ts'

/** A reduction: its start value, the step for each number, and an optional final step. */
interface Reduction {
  start: number
  step(sum: number, value: number): number
  finish?(sum: number, count: number): number
}

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  ReduceSum: { start: 0, step: (sum, x) => sum + x },
  ReduceMean: { start: 0, step: (sum, x) => sum + x, finish: (sum, count) => sum / count },
  ReduceMax: { start: -Infinity, step: Math.max },
  ReduceMin: { start: Infinity, step: Math.min },
  ReduceProd: { start: 1, step: (product, x) => product * x },
  ReduceL1: { start: 0, step: (sum, x) => sum + Math.abs(x) },
  ReduceL2: { start: 0, step: (sum, x) => sum + x * x, finish: Math.sqrt },
  ReduceSumSquare: { start: 0, step: (sum, x) => sum + x * x },
}

/** One number for the numbers along some axes. */
function reduce(
  node: GraphNode,
  { start, step, finish = (sum: number) => sum }: Reduction,
  x: OnnxTensor,
  axes: readonly number[],
  keep: boolean,
): OnnxTensor {
  const out = node.make(
    node.sameType([x], (t) => t !== 'bool'),
    x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
  )
  const strides = computeStrides(x.shape)
  const stays = x.shape.map((_, i) => i).filter((i) => !axes.includes(i))
  const pick = (list: readonly number[]) =>
    findPlaces(
      list.map((i) => x.shape[i]),
      list.map((i) => strides[i]),
    )
  const [starts, steps] = [pick(stays), pick(axes)]
  starts.forEach((first, i) => {
    let sum = start
    for (const place of steps) sum = step(sum, x.data[first + place])
    const value = finish(sum, steps.length)
    out.data[i] = isInteger(x.dtype) ? wrapInteger(node.where, x.dtype, Math.trunc(value)) : value
  })
  if (keep) return out
  return node.reshape(
    out,
    stays.map((i) => x.shape[i]),
  )
}

function reduction(name: string): Operator {
  return (node) => {
    const since = name === 'ReduceSum' ? 13 : 18
    node.expect(1, node.opset < since ? 1 : 2)
    const keep = node.flag('keepdims', true)
    const noop = node.opset >= since && node.flag('noop_with_empty_axes')
    const axesAt = readAxes(node, 1, since)
    return (inputs) => {
      const x = inputs[0]!
      const given = axesAt(inputs)
      if (!given?.length && noop) return [x]
      const axes = given?.length ? node.axes(given, x.shape.length) : x.shape.map((_, i) => i)
      return [reduce(node, REDUCTIONS[name], x, axes, keep)]
    }
  }
}

/** Over all axes after batch and channels. */
function globalPool(name: string): Operator {
  return (node) => {
    node.expect(1, 1)
    return ([x]) => [reduce(node, REDUCTIONS[name], x!, x!.shape.map((_, i) => i).slice(2), true)]
  }
}

/** The index of the largest or smallest number; of equal numbers the first, or the last with `select_last_index`. */
function extreme(better: (a: number, b: number) => boolean): Operator {
  return (node) => {
    node.expect(1, 1)
    const wanted = node.int('axis', 0)
    const keep = node.flag('keepdims', true)
    const last = node.opset >= 12 && node.flag('select_last_index')
    return ([x]) => {
      const axis = node.axis(wanted, x!.shape.length)
      const [before, size, behind] = around(x!.shape, axis)
      if (size === 0) throw node.misshapen(`numbers along axis ${axis}`, 'none')
      const out = node.make('int64', [...x!.shape.slice(0, axis), 1, ...x!.shape.slice(axis + 1)])
      for (let i = 0; i < before * behind; i++) {
        const first = Math.floor(i / behind) * size * behind + (i % behind)
        let best = 0
        for (let k = 1; k < size; k++) {
          const [a, b] = [x!.data[first + k * behind], x!.data[first + best * behind]]
          if (better(a, b) || (last && a === b)) best = k
        }
        out.data[i] = best
      }
      return [keep ? out : node.reshape(out, [...x!.shape.slice(0, axis), ...x!.shape.slice(axis + 1)])]
    }
  }
}

/** Before opset 13, all axes from `axis` on form one row. */
function softmax(log: boolean): Operator {
  return (node) => {
    node.expect(1, 1)
    const old = node.opset < 13
    const wanted = node.int('axis', old ? 1 : -1)
    return ([x]) => {
      const { shape, data } = x!
      const axis = node.axis(wanted, shape.length, old && wanted >= 0 ? 1 : 0)
      const out = node.make(node.sameType([x], isFloat), shape)
      const [before, size, behind] = old
        ? [countElements(shape.slice(0, axis)), countElements(shape.slice(axis)), 1]
        : around(shape, axis)
      for (let i = 0; i < before * behind; i++) {
        const first = Math.floor(i / behind) * size * behind + (i % behind)
        let largest = -Infinity
        for (let k = 0; k < size; k++) largest = Math.max(largest, data[first + k * behind])
        let sum = 0
        for (let k = 0; k < size; k++) sum += Math.exp(data[first + k * behind] - largest)
        for (let k = 0; k < size; k++) {
          const value = data[first + k * behind] - largest
          out.data[first + k * behind] = log ? value - Math.log(sum) : Math.exp(value) / sum
        }
      }
      return [out]
    }
  }
}

/**
 * Normalises each block of the axes from `axis` on to mean 0 and variance 1. Further outputs are the mean and
 * 1/deviation.
 */
const layerNormalization: Operator = (node) => {
  node.expect(2, 3, 3)
  const wanted = node.int('axis', -1)
  const epsilon = node.float('epsilon', 1e-5)
  node.ignore('stash_type') // everything is computed in float64
  return ([x, scale, bias]) => {
    const dtype = node.sameType([x, scale, bias], isFloat)
    const { shape, data } = x!
    const axis = node.axis(wanted, shape.length)
    const [rows, width] = [countElements(shape.slice(0, axis)), countElements(shape.slice(axis))]
    const [factor, summand] = [scale, bias].map((t) => t && spread(node, t, getSide(node, x!, t)))
    const out = node.make(dtype, shape)
    const ones = shape.map((size, i) => (i < axis ? size : 1))
    const [means, inverses] = [node.make(dtype, ones), node.make(dtype, ones)]
    for (let r = 0; r < rows; r++) {
      const [from, to] = [r * width, (r + 1) * width]
      let [mean, variance] = [0, 0]
      for (let i = from; i < to; i++) mean += data[i] / width
      for (let i = from; i < to; i++) variance += (data[i] - mean) ** 2 / width
      const inverse = 1 / Math.sqrt(variance + epsilon)
      for (let i = from; i < to; i++)
        out.data[i] = (data[i] - mean) * inverse * factor![i] + (summand ? summand[i] : 0)
      means.data[r] = mean
      inverses.data[r] = inverse
    }
    return [out, means, inverses]
  }
}

/** Normalises by the running mean and variance, as in inference. */
const batchNormalization: Operator = (node) => {
  node.expect(5, 5, 5)
  const epsilon = node.float('epsilon', 1e-5)
  node.ignore('momentum')
  if (node.opset >= 14 && node.flag('training_mode'))
    throw node.unsupported('normalisation at inference', 'training_mode')
  if (node.opset < 9 && !node.flag('spatial', true)) throw node.unsupported('one mean a channel', 'spatial 0')
  if (node.node.outputs.slice(1).some((name) => name !== ''))
    throw node.unsupported('normalisation at inference, one output', 'outputs of training')
  return ([x, ...four]) => {
    const { shape, data } = x!
    const [before, channels, behind] = shape.length < 2 ? around([...shape, 1], 1) : around(shape, 1)
    const [scale, bias, mean, variance] = four.map((t) => countChannels(node, t!, channels))
    const out = node.make(node.sameType([x], isFloat), shape)
    for (let i = 0; i < before * channels; i++) {
      const c = i % channels
      const factor = scale[c] / Math.sqrt(variance[c] + epsilon)
      for (let k = i * behind; k < (i + 1) * behind; k++) out.data[k] = (data[k] - mean[c]) * factor + bias[c]
    }
    return [out]
  }
}

function countChannels(node: GraphNode, { shape, data }: OnnxTensor, channels: number): OnnxTensor['data'] {
  if (shape.length === 1 && shape[0] === channels) return data
  throw node.misshapen(`${channels} numbers, one a channel`, `(${shape.join(', ')})`)
}

/** Operators along axes by name. */
export const REDUCERS: Readonly<Record<string, Operator>> = {
  GlobalAveragePool: globalPool('ReduceMean'),
  GlobalMaxPool: globalPool('ReduceMax'),
  ...Object.fromEntries(Object.keys(REDUCTIONS).map((name) => [name, reduction(name)])),
  ArgMax: extreme((a, b) => a > b),
  ArgMin: extreme((a, b) => a < b),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  LayerNormalization: layerNormalization,
  BatchNormalization: batchNormalization,
}
