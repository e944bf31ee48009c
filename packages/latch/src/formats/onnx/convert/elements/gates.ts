/**
 * Self-gated activations x·f(x) as exporters write them: SiLU, Mish, hard swish, and GELU with the error function or
 * tanh.
 */
import { resolveActivation, type ActivationChoice } from '../../../../cells/activations.ts'
import { activate, near, pathBetween } from '../model.ts'
import type { NodeConverter } from '../context.ts'
import type { IrNode, IrPattern } from '../nodes.ts'
import type { SequenceValue, Value } from '../values.ts'

/** The pattern that a chain ends in, if it is `what`; otherwise null. */
export const findPattern = ({ layer }: IrNode, what: IrPattern['what']): IrPattern | null =>
  layer.type === 'pattern' && layer.what === what ? layer : null

/** Matches x + c·x³, a part of the tanh form of GELU. */
export function matchCubic(x: IrNode, other: IrNode): { base: IrNode; factor: number } | null {
  const { layer, below } = other
  if (layer.type !== 'activation' || layer.activation === 'softmax' || layer.activation === 'logSoftmax')
    return null
  const { type, alpha, beta } = resolveActivation(layer.activation)
  const power = below && findPattern(below, 'power')
  if (type !== 'affine' || beta !== 0 || power?.value !== 3 || power.base !== x) return null
  return { base: x, factor: alpha }
}

/** Matches x times a function of x: SiLU, Mish, hard swish, and both forms of GELU. x may have a constant factor. */
export function gate(at: NodeConverter, x: SequenceValue, y: SequenceValue): Value | null {
  const own = x.tip.layer.type === 'activation' ? x.tip.layer.activation : null
  const factor = typeof own === 'object' && own?.type === 'affine' && own.beta === 0 ? own.alpha! : null
  const bases: (readonly [IrNode, number])[] = [[x.tip, 1]]
  if (factor !== null) bases.push([x.tip.below!, factor])
  for (const [base, alpha] of bases) {
    const path = pathBetween(base, y.tip)
    const found = path?.length ? matchGate(path) : null
    if (!found) continue
    const gated = activate(base, found.activation, at.node)
    return at.over(x, activate(gated, { type: 'affine', alpha: alpha * found.factor, beta: 0 }, at.node))
  }
  return null
}

function matchGate(path: readonly IrNode[]): { activation: ActivationChoice; factor: number } | null {
  const steps = path.map(({ layer }) => {
    if (layer.type === 'pattern') return { type: layer.what, alpha: layer.value, beta: 0 }
    if (layer.type !== 'activation' || layer.activation === 'softmax' || layer.activation === 'logSoftmax')
      return { type: layer.type, alpha: 0, beta: 0 }
    return resolveActivation(layer.activation)
  })
  const names = steps.map(({ type }) => type).join()
  const line = (i: number, alpha: number, beta: number) =>
    near(steps[i].alpha, alpha) && near(steps[i].beta, beta)
  if (names === 'sigmoid') return { activation: 'silu', factor: 1 }
  if (names === 'softplus,tanh') return { activation: 'mish', factor: 1 }
  if (names === 'hardSigmoid' && line(0, 1 / 6, 0.5)) return { activation: 'hardSilu', factor: 1 }
  if (names === 'affine,error function,affine' && line(0, Math.SQRT1_2, 0)) {
    if (line(2, 1, 1)) return { activation: 'gelu', factor: 2 }
    if (line(2, 0.5, 0.5)) return { activation: 'gelu', factor: 1 }
  }
  // The tanh form. The path may begin with the powers of x that x + 0.044715·x³ is made of.
  const tail = names.endsWith('x + c·x³,affine,tanh,affine') ? steps.length - 4 : -1
  if (tail >= 0 && near(steps[tail].alpha, 0.044715) && line(tail + 1, Math.sqrt(2 / Math.PI), 0)) {
    if (line(tail + 3, 1, 1)) return { activation: { type: 'gelu', alpha: 1 }, factor: 2 }
    if (line(tail + 3, 0.5, 0.5)) return { activation: { type: 'gelu', alpha: 1 }, factor: 1 }
  }
  return null
}
