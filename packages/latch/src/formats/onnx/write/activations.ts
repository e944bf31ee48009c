/**
 * Activations as ONNX operators, and by their names in ONNX's recurrent operators. An activation for which ONNX has no
 * operator, or only in later opsets, is written as its definition.
 */
import { exportAs } from '../../fixes.ts'
import { resolveActivation, type ActivationChoice, type ActivationName } from '../../../cells/activations.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import type { ExportGraph } from './graph.ts'

type Emit = (graph: ExportGraph, x: string, alpha: number, beta: number) => string

const plain =
  (op: string): Emit =>
  (graph, x) =>
    graph.node(op, [x])
const withAlpha =
  (op: string): Emit =>
  (graph, x, alpha) =>
    graph.node(op, [x], { alpha: { float: alpha } })

function scaled(graph: ExportGraph, x: string, factor: number): string {
  return factor === 1 ? x : graph.node('Mul', [x, graph.floats(factor)])
}

/** x·Φ(x), with Φ computed by the error function or approximated with tanh (Hendrycks & Gimpel 2016). */
function gelu(graph: ExportGraph, x: string, alpha: number): string {
  let inner: string
  if (alpha === 1) {
    const cube = graph.node('Mul', [graph.node('Mul', [x, x]), x])
    const sum = graph.node('Add', [x, graph.node('Mul', [cube, graph.floats(0.044715)])])
    inner = graph.node('Tanh', [graph.node('Mul', [sum, graph.floats(Math.sqrt(2 / Math.PI))])])
  } else inner = graph.node('Erf', [graph.node('Mul', [x, graph.floats(Math.SQRT1_2)])])
  const product = graph.node('Mul', [x, graph.node('Add', [inner, graph.floats(1)])])
  return graph.node('Mul', [product, graph.floats(0.5)])
}

const EMITTERS: Readonly<Record<ActivationName, Emit>> = {
  linear: (_, x) => x,
  relu: plain('Relu'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  softplus: plain('Softplus'),
  softsign: plain('Softsign'),
  exponential: plain('Exp'),
  elu: withAlpha('Elu'),
  leakyRelu: withAlpha('LeakyRelu'),
  thresholdedRelu: withAlpha('ThresholdedRelu'),
  selu: plain('Selu'),
  hardSigmoid: (graph, x, alpha, beta) =>
    graph.node('HardSigmoid', [x], { alpha: { float: alpha }, beta: { float: beta } }),
  scaledTanh: (graph, x, alpha, beta) => scaled(graph, graph.node('Tanh', [scaled(graph, x, beta)]), alpha),
  affine: (graph, x, alpha, beta) => {
    const product = scaled(graph, x, alpha)
    return beta === 0 ? product : graph.node('Add', [product, graph.floats(beta)])
  },
  relu6: (graph, x) => graph.node('Clip', [x, graph.floats(0), graph.floats(6)]),
  hardTanh: (graph, x, alpha, beta) => graph.node('Clip', [x, graph.floats(alpha), graph.floats(beta)]),
  gelu,
  silu: (graph, x) => graph.node('Mul', [x, graph.node('Sigmoid', [x])]),
  mish: (graph, x) => graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]),
  hardSilu: (graph, x) => {
    const gate = graph.node('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })
    return graph.node('Mul', [x, gate])
  },
}

/** Adds an element-wise activation to the graph. */
export function emitActivation(graph: ExportGraph, x: string, choice: ActivationChoice): string {
  const { type, alpha, beta } = resolveActivation(choice)
  return EMITTERS[type](graph, x, alpha, beta)
}

/** Names in recurrent operators, and how many of alpha and beta they take there. */
const IN_CELLS: Readonly<Partial<Record<ActivationName, readonly [name: string, takes: number]>>> = {
  linear: ['Affine', 2],
  relu: ['Relu', 0],
  tanh: ['Tanh', 0],
  sigmoid: ['Sigmoid', 0],
  affine: ['Affine', 2],
  leakyRelu: ['LeakyRelu', 1],
  thresholdedRelu: ['ThresholdedRelu', 1],
  scaledTanh: ['ScaledTanh', 2],
  hardSigmoid: ['HardSigmoid', 2],
  elu: ['Elu', 1],
  softsign: ['Softsign', 0],
  softplus: ['Softplus', 0],
}

/**
 * The attributes for a cell's activations, in ONNX's order.
 * @throws UnsupportedError for activations that ONNX's cells do not have
 */
export function cellActivations(
  choices: readonly ActivationChoice[],
  where: string,
): {
  activations: string[]
  activation_alpha?: { floats: number[] }
  activation_beta?: { floats: number[] }
} {
  const activations: string[] = []
  const alphas: number[] = []
  const betas: number[] = []
  for (const choice of choices) {
    const { type, alpha, beta } = resolveActivation(choice)
    const known = IN_CELLS[type]
    if (!known) {
      throw new UnsupportedError({
        where: `export to ONNX, ${where}`,
        expected: `an activation of ONNX' recurrent operators: ${Object.keys(IN_CELLS).join(', ')}`,
        got: type,
        fix: exportAs('keras'),
      })
    }
    activations.push(known[0])
    if (known[1] >= 1) alphas.push(type === 'linear' ? 1 : alpha)
    if (known[1] === 2) betas.push(beta)
  }
  return {
    activations,
    ...(alphas.length ? { activation_alpha: { floats: alphas } } : {}),
    ...(betas.length ? { activation_beta: { floats: betas } } : {}),
  }
}
