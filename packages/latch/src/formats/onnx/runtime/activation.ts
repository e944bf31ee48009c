/** Activation operators, with the formulas that layers and cells use (engine/generic). Defaults are those of ONNX. */
import type { ActivationName, ActivationSpec } from '../../../cells/activations.ts'
import { normalCdf } from '../../../engine/generic/erf.ts'
import { VALUES } from '../../../engine/generic/values.ts'
import type { FloatArray } from '../../../engine/arena.ts'
import type { OnnxTensor } from '../graph.ts'
import { type GraphNode, isFloat, type Operator } from './node.ts'
import { broadcast, spread } from './strides.ts'

/** Reads an activation and its parameters from a node. */
type Reading = (node: GraphNode) => ActivationSpec

function activation(read: Reading | ActivationName): Operator {
  return (node) => {
    node.expect(1, 1)
    const { type, alpha = 0, beta = 0 } = typeof read === 'string' ? { type: read } : read(node)
    return ([x]) => {
      const out = node.make(node.sameType([x], isFloat), x!.shape)
      out.data.set(x!.data)
      VALUES[type](out.data as FloatArray, 0, 0, out.data.length, alpha, beta)
      return [out]
    }
  }
}

/** Selu with the alpha and gamma of the node. */
const selu: Operator = (node) => {
  node.expect(1, 1)
  const [alpha, gamma] = [node.float('alpha', 1.6732631921768188), node.float('gamma', 1.0507010221481323)]
  return ([x]) => {
    const out = node.make(node.sameType([x], isFloat), x!.shape)
    x!.data.forEach((value, i) => (out.data[i] = gamma * (value < 0 ? alpha * Math.expm1(value) : value)))
    return [out]
  }
}

function computeGelu(node: GraphNode): ActivationSpec {
  const approximate = node.text('approximate', 'none')
  if (approximate !== 'none' && approximate !== 'tanh')
    throw node.broken("'none' or 'tanh' for 'approximate'", `'${approximate}'`)
  return { type: 'gelu', alpha: approximate === 'tanh' ? 1 : 0 }
}

const erf: Operator = (node) => {
  node.expect(1, 1)
  return ([x]) => {
    const out = node.make(node.sameType([x], isFloat), x!.shape)
    x!.data.forEach((value, i) => (out.data[i] = 2 * normalCdf(value * Math.SQRT2) - 1))
    return [out]
  }
}

/** Multiplies negative numbers by a slope that broadcasts to x. */
const prelu: Operator = (node) => {
  node.expect(2, 2)
  return ([x, slope]) => {
    const out = node.make(node.sameType([x, slope], isFloat), x!.shape)
    const slopes = spread(node, slope!, getSide(node, x!, slope!))
    x!.data.forEach((value, i) => (out.data[i] = value < 0 ? slopes[i] * value : value))
    return [out]
  }
}

/** The shape of `x`. @throws ShapeError if `other` does not broadcast to it */
export function getSide(node: GraphNode, x: OnnxTensor, other: OnnxTensor): readonly number[] {
  const shape = broadcast(node, [x.shape, other.shape])
  if (shape.length === x.shape.length && shape.every((size, i) => size === x.shape[i])) return shape
  throw node.misshapen(`a shape that broadcasts to (${x.shape.join(', ')})`, `(${other.shape.join(', ')})`)
}

/** Activation operators by name. */
export const ACTIVATIONS: Readonly<Record<string, Operator>> = {
  Relu: activation('relu'),
  Tanh: activation('tanh'),
  Sigmoid: activation('sigmoid'),
  Softplus: activation('softplus'),
  Softsign: activation('softsign'),
  Mish: activation('mish'),
  HardSigmoid: activation((node) => ({
    type: 'hardSigmoid',
    alpha: node.float('alpha', 0.2),
    beta: node.float('beta', 0.5),
  })),
  HardSwish: activation('hardSilu'),
  Elu: activation((node) => ({ type: 'elu', alpha: node.float('alpha', 1) })),
  LeakyRelu: activation((node) => ({ type: 'leakyRelu', alpha: node.float('alpha', 0.01) })),
  ThresholdedRelu: activation((node) => ({ type: 'thresholdedRelu', alpha: node.float('alpha', 1) })),
  Gelu: activation(computeGelu),
  Selu: selu,
  PRelu: prelu,
  Erf: erf,
}
