/** Builds chains of layers: adds a layer, takes one step or one direction of a layer's output, joins two directions. */
import { resolveActivation, type ActivationChoice, type ActivationSpec } from '../../../cells/activations.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import type { OnnxNode } from '../graph.ts'
import type { IrNode, IrLayer, IrRecurrent } from './nodes.ts'

/** Adds a layer on top of `below`. */
export function above(below: IrNode, layer: IrLayer, node: OnnxNode): IrNode {
  return { layer, below, node }
}

/** Adds an activation. Two affine functions in a row are merged into one, and the identity is left out. */
export function activate(below: IrNode, activation: ActivationChoice, node: OnnxNode): IrNode {
  const spec = resolveActivation(activation)
  if (spec.type !== 'affine') return above(below, { type: 'activation', activation }, node)
  const { layer } = below
  if (layer.type === 'activation' && isAffine(layer.activation)) {
    const inner = resolveActivation(layer.activation)
    const alpha = spec.alpha * inner.alpha
    return activate(below.below!, { type: 'affine', alpha, beta: spec.alpha * inner.beta + spec.beta }, node)
  }
  if (near(spec.alpha, 1) && spec.beta === 0) return below
  return above(below, { type: 'activation', activation: plainAffine(spec) }, node)
}

function plainAffine({ alpha, beta }: Required<ActivationSpec>): ActivationSpec {
  return { type: 'affine', alpha, beta }
}

function isAffine(activation: ActivationChoice | 'softmax' | 'logSoftmax'): activation is ActivationSpec {
  return typeof activation === 'object' && activation.type === 'affine'
}

/** Whether two numbers are equal within about float32 precision. */
export function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b))
}

/** The nodes that a node reads. */
export function inputsOf({ layer, below }: IrNode): readonly IrNode[] {
  if (layer.type === 'concat' || layer.type === 'merge') return layer.inputs
  return below ? [below] : []
}

/** All nodes up to `tip`, each after those that it reads. */
export function listNodes(tip: IrNode): IrNode[] {
  const listed = new Set<IrNode>()
  // No recursion: a chain may have thousands of nodes.
  const waiting = [tip]
  while (waiting.length > 0) {
    const node = waiting[waiting.length - 1]
    const due = inputsOf(node).find((input) => !listed.has(input))
    if (due) waiting.push(due)
    else {
      listed.add(node)
      waiting.pop()
    }
  }
  return [...listed]
}

/** Whether `irNode` is `other` or lies above it. */
export function reaches(irNode: IrNode, other: IrNode): boolean {
  return listNodes(irNode).includes(other)
}

/** The nodes above `base` up to `tip`, lowest first; null if `tip` is not above `base`. */
export function pathBetween(base: IrNode, tip: IrNode): IrNode[] | null {
  const path: IrNode[] = []
  for (let at: IrNode | null = tip; at; at = at.below) {
    if (at === base) return path.reverse()
    path.push(at)
  }
  return null
}

/** Takes one direction of a recurrent layer, also below a pooling of the first or last step. Null if there is none. */
export function takeDirection(tip: IrNode, direction: number): IrNode | null {
  const { layer, below } = tip
  if (layer.type === 'pool' && (layer.pooling === 'last' || layer.pooling === 'first')) {
    const taken = takeDirection(below!, direction)
    return taken && takeStep(taken, layer.pooling, tip.node!)
  }
  if (layer.type !== 'recurrent' || !layer.directions[direction]) return null
  if (layer.directions.length === 1) return tip
  const { merge: _, backward, ...shared } = layer.options
  const options: RecurrentOptions = {
    ...shared,
    ...(direction === 1 ? backward : {}),
    direction: direction === 0 ? 'forward' : 'reverse',
  }
  return {
    ...tip,
    layer: {
      ...layer,
      options,
      directions: [layer.directions[direction]],
      of: { irNode: tip, direction },
    },
  }
}

/** Takes one step of each sequence. The step that a single direction reads last is its final state. */
export function takeStep(tip: IrNode, over: 'last' | 'first', node: OnnxNode): IrNode {
  const { layer } = tip
  const { type } = layer
  const final = over === 'last' ? 'forward' : 'reverse'
  if (
    type === 'recurrent' &&
    layer.options.returnSequences !== false &&
    (layer.options.direction ?? 'forward') === final
  )
    return { ...tip, layer: { ...layer, options: { ...layer.options, returnSequences: false } } }
  return above(tip, { type: 'pool', pooling: over }, node)
}

/** Joins two directions of one layer again; null if they are not two directions of one layer. */
export function joinDirections(
  first: IrNode,
  second: IrNode,
  merge: NonNullable<RecurrentOptions['merge']>,
): IrNode | null {
  const [a, b] = [first.layer, second.layer]
  if (a.type !== 'recurrent' || b.type !== 'recurrent' || !a.of || !b.of) return null
  if (first.node !== second.node || a.of.direction !== 0 || b.of.direction !== 1) return null
  if (a.options.returnSequences !== b.options.returnSequences) return null
  const { irNode } = a.of
  const whole = irNode.layer as IrRecurrent
  const options = { ...whole.options, returnSequences: a.options.returnSequences, merge }
  return { ...irNode, layer: { ...whole, options } }
}
