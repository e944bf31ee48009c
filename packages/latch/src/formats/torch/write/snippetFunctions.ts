/** Activations as Python expressions in `x`. */
import { resolveActivation, type ActivationName } from '../../../cells/activations.ts'
import type { ActivationOptions } from '../../../layers/activation.ts'

type Expression = (alpha: number, beta: number) => string

const EXPRESSIONS: Readonly<Record<ActivationName, Expression>> = {
  linear: () => 'x',
  relu: () => 'x.relu()',
  tanh: () => 'x.tanh()',
  sigmoid: () => 'x.sigmoid()',
  hardSigmoid: (a, b) => `(${a} * x + ${b}).clamp(0, 1)`,
  softplus: () => 'nn.functional.softplus(x)',
  softsign: () => 'nn.functional.softsign(x)',
  elu: (a) => `nn.functional.elu(x, ${a})`,
  selu: () => 'nn.functional.selu(x)',
  leakyRelu: (a) => `nn.functional.leaky_relu(x, ${a})`,
  thresholdedRelu: (a) => `x * (x > ${a})`,
  scaledTanh: (a, b) => `${a} * (${b} * x).tanh()`,
  affine: (a, b) => `${a} * x + ${b}`,
  exponential: () => 'x.exp()',
  relu6: () => 'nn.functional.relu6(x)',
  hardTanh: (a, b) => `nn.functional.hardtanh(x, ${a}, ${b})`,
  gelu: (a) => `nn.functional.gelu(x${a === 1 ? ', approximate="tanh"' : ''})`,
  silu: () => 'nn.functional.silu(x)',
  mish: () => 'nn.functional.mish(x)',
  hardSilu: () => 'nn.functional.hardswish(x)',
}

/** `x.relu()`; null for the identity. */
export function writeExpression(choice: ActivationOptions['activation']): string | null {
  if (choice === 'softmax') return 'x.softmax(-1)'
  if (choice === 'logSoftmax') return 'x.log_softmax(-1)'
  const { type, alpha, beta } = resolveActivation(choice)
  return type === 'linear' ? null : EXPRESSIONS[type](alpha, beta)
}
