/**
 * Operators over windows of any number of axes: convolution, and the largest number or the mean of each window. Sums are
 * computed in float64 and rounded once. Source: ONNX operator specification.
 */
import type { OnnxTensor } from '../graph.ts'
import { countElements, isFloat, showShape, type GraphNode, type Operator } from './node.ts'
import { computeStrides } from './strides.ts'

/** Attributes of windows; sizes are known when the operator runs. */
interface WindowAttributes {
  kernel: readonly number[] | null
  strides: readonly number[]
  dilations: readonly number[]
  pads: readonly number[]
  autoPad: string
  ceil: boolean
}

/** Windows over the axes behind batch and channels. */
interface Windows {
  /** Windows along each axis. */
  out: readonly number[]
  /** Numbers of a window. */
  size: number
  /** Calls back for each window, with the offset of each of its numbers, −1 for padding. */
  each(visit: (window: number, offsets: Int32Array) => void): void
}

function readAttributes(node: GraphNode): WindowAttributes {
  const autoPad = node.text('auto_pad', 'NOTSET')
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(autoPad))
    throw node.broken('an auto_pad', autoPad)
  const kernel = node.numbers('kernel_shape', [])
  return {
    kernel: kernel.length > 0 ? kernel : null,
    strides: node.numbers('strides', []),
    dilations: node.numbers('dilations', []),
    pads: node.numbers('pads', []),
    autoPad,
    ceil: false,
  }
}

/** The windows of `kernel` over `sizes`. @throws ShapeError for attributes that do not fit */
function findWindows(
  node: GraphNode,
  sizes: readonly number[],
  kernel: readonly number[],
  { strides, dilations, pads, autoPad, ceil }: WindowAttributes,
): Windows {
  const rank = sizes.length
  const listed = (list: readonly number[], count: number, absent: number) =>
    list.length === 0 ? new Array<number>(count).fill(absent) : list
  const [steps, gaps, given] = [
    listed(strides, rank, 1),
    listed(dilations, rank, 1),
    listed(pads, 2 * rank, 0),
  ]
  const whole = [...kernel, ...steps, ...gaps].every((n) => Number.isInteger(n) && n >= 1)
  const fits =
    kernel.length === rank && steps.length === rank && gaps.length === rank && given.length === 2 * rank
  if (!fits || !whole || rank < 1 || !given.every((n) => Number.isInteger(n) && n >= 0))
    throw node.misshapen(`windows over ${rank} axes`, `${showShape(kernel)}, pads ${showShape(given)}`)
  const axes = sizes.map((size, i) => {
    const extent = (kernel[i] - 1) * gaps[i] + 1
    const same = autoPad.startsWith('SAME')
    if (same) {
      const out = Math.ceil(size / steps[i])
      const all = Math.max(0, (out - 1) * steps[i] + extent - size)
      return { out, before: autoPad === 'SAME_UPPER' ? Math.floor(all / 2) : Math.ceil(all / 2) }
    }
    const [before, after] = autoPad === 'VALID' ? [0, 0] : [given[i], given[i + rank]]
    const spare = (size + before + after - extent) / steps[i]
    let out = (ceil ? Math.ceil(spare) : Math.floor(spare)) + 1
    // No window begins in the padding behind.
    if (ceil && (out - 1) * steps[i] >= size + before) out--
    return { out, before }
  })
  const out = axes.map((axis) => Math.max(0, axis.out))
  const own = computeStrides(sizes)
  const size = countElements(kernel)
  node.work(countElements(out) * size)
  return {
    out,
    size,
    each(visit) {
      const offsets = new Int32Array(size)
      const [window, place] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)]
      for (let w = 0; w < countElements(out); w++) {
        place.fill(0)
        for (let k = 0; k < size; k++) {
          let offset = 0
          for (let i = 0; i < rank && offset >= 0; i++) {
            const at = window[i] * steps[i] - axes[i].before + place[i] * gaps[i]
            offset = at < 0 || at >= sizes[i] ? -1 : offset + at * own[i]
          }
          offsets[k] = offset
          advance(place, kernel)
        }
        visit(w, offsets)
        advance(window, out)
      }
    },
  }
}

/** The next place of a shape, row-major. */
function advance(place: number[], shape: readonly number[]): void {
  for (let i = place.length - 1; i >= 0; i--) {
    if (++place[i] < shape[i]) return
    place[i] = 0
  }
}

const convolution: Operator = (node) => {
  node.expect(2, 3)
  const attributes = readAttributes(node)
  const groups = node.int('group', 1)
  return ([x, weight, bias]) => {
    const dtype = node.sameType([x, weight, bias], isFloat)
    const [batch, channels, ...sizes] = x!.shape
    const [filters, inputs, ...kernel] = weight!.shape
    const fits =
      x!.shape.length === weight!.shape.length &&
      groups >= 1 &&
      channels === inputs * groups &&
      filters % groups === 0 &&
      (attributes.kernel ?? kernel).join() === kernel.join() &&
      (!bias || bias.data.length === filters)
    if (!fits)
      throw node.misshapen(
        `a kernel for ${showShape(x!.shape)} in ${groups} groups`,
        showShape(weight!.shape),
      )
    const windows = findWindows(node, sizes, kernel, attributes)
    const [each, made] = [countElements(sizes), countElements(windows.out)]
    node.work(batch * filters * inputs * windows.size * made)
    const out = node.make(dtype, [batch, filters, ...windows.out])
    windows.each((w, offsets) => {
      for (let n = 0; n < batch * filters; n++) {
        const m = n % filters
        const group = Math.floor(m / (filters / groups))
        const first = Math.floor(n / filters) * channels + group * inputs
        let sum = bias ? bias.data[m] : 0
        for (let c = 0; c < inputs; c++) {
          const [from, factor] = [(first + c) * each, (m * inputs + c) * windows.size]
          for (let k = 0; k < windows.size; k++)
            if (offsets[k] >= 0) sum += x!.data[from + offsets[k]] * weight!.data[factor + k]
        }
        out.data[n * made + w] = sum
      }
    })
    return [out]
  }
}

/** `of` makes one number of those of a window, where −1 stands for padding. */
function pooling(
  read: (node: GraphNode) => (data: OnnxTensor['data'], from: number, offsets: Int32Array) => number,
): Operator {
  return (node) => {
    node.expect(1, 1, 2)
    if (node.node.outputs[1]) throw node.unsupported('one output', 'the indices too')
    const of = read(node)
    const attributes = { ...readAttributes(node), ceil: node.flag('ceil_mode') }
    return ([x]) => {
      const [batch, channels, ...sizes] = x!.shape
      const windows = findWindows(node, sizes, attributes.kernel ?? [], attributes)
      const [each, made] = [countElements(sizes), countElements(windows.out)]
      node.work(batch * channels * windows.size * made)
      const out = node.make(node.sameType([x], isFloat), [batch, channels, ...windows.out])
      windows.each((w, offsets) => {
        for (let n = 0; n < batch * channels; n++) out.data[n * made + w] = of(x!.data, n * each, offsets)
      })
      return [out]
    }
  }
}

const largest = pooling((node) => {
  node.ignore('storage_order')
  return (data, from, offsets) => {
    let most = -Infinity
    for (const offset of offsets) if (offset >= 0) most = Math.max(most, data[from + offset])
    return most
  }
})

const mean = pooling((node) => {
  const counts = node.flag('count_include_pad')
  if (counts && node.flag('ceil_mode')) throw node.unsupported('count_include_pad or ceil_mode', 'both')
  return (data, from, offsets) => {
    let [sum, numbers] = [0, 0]
    for (const offset of offsets) {
      if (offset < 0) continue
      sum += data[from + offset]
      numbers++
    }
    return sum / (counts ? offsets.length : numbers)
  }
})

/** Operators by name. */
export const WINDOWS: Readonly<Record<string, Operator>> = {
  Conv: convolution,
  MaxPool: largest,
  AveragePool: mean,
}
