/** The largest or smallest numbers along an axis, with their indices. Source: ONNX operator specification. */
import { type Operator, showShape } from './node.ts'
import { around } from './strides.ts'

const topK: Operator = (node) => {
  const asInput = node.opset >= 10
  node.expect(asInput ? 2 : 1, asInput ? 2 : 1, 2)
  const wanted = node.int('axis', -1)
  const largest = node.opset < 11 || node.flag('largest', true)
  // Without `sorted` any order is allowed, so the output is always sorted.
  if (node.opset >= 11) node.ignore('sorted')
  const fixed = asInput ? null : node.int('k')
  return ([x, count]) => {
    const { shape, data } = x!
    const axis = node.axis(wanted, shape.length)
    const k = fixed ?? node.whole(count!, 'k')[0]
    const [before, size, behind] = around(shape, axis)
    if (!(Number.isInteger(k) && k >= 0 && k <= size))
      throw node.misshapen(`k from 0 to ${size} for ${showShape(shape)}`, `${k}`)
    const sizes = shape.map((n, i) => (i === axis ? k : n))
    const [values, places] = [node.make(x!.dtype, sizes), node.make('int64', sizes)]
    const sign = largest ? -1 : 1
    for (let b = 0; b < before; b++) {
      for (let j = 0; j < behind; j++) {
        const at = (i: number) => data[(b * size + i) * behind + j]
        // The sort is stable: of equal numbers, the first comes first.
        const order = Array.from({ length: size }, (_, i) => i).sort((p, q) => sign * (at(p) - at(q)))
        for (let i = 0; i < k; i++) {
          const to = (b * k + i) * behind + j
          values.data[to] = at(order[i])
          places.data[to] = order[i]
        }
      }
    }
    return [values, places]
  }
}

/** Operators by name. */
export const TOP_K: Readonly<Record<string, Operator>> = { TopK: topK }
