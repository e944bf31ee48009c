/** Values that several branches join in: sums, differences, products, largest and smallest numbers, features side by side. */
import type { MergeOperation } from '../../../../layers/skips/merge.ts'
import { describeAxes, type NodeConverter } from '../context.ts'
import { findPattern } from './gates.ts'
import { getNumber, sameSize, type Axis, type SequenceValue, type Value } from '../values.ts'
import type { IrNode } from '../nodes.ts'
import { withFeaturesLast } from '../turns.ts'

const isSingle = ({ size }: Axis) => getNumber(size) === 1

/** ONNX aligns axes at their end; an axis of size 1 stands for the other's. Null where they do not fit. */
function joinedAxes(all: readonly (readonly Axis[])[]): Axis[] | null {
  const rank = all.reduce((most, axes) => Math.max(most, axes.length), 0)
  const joined: Axis[] = []
  for (let i = 0; i < rank; i++) {
    const here = all.flatMap((axes) => axes[i - (rank - axes.length)] ?? [])
    const long =
      here.find((axis) => !isSingle(axis)) ?? here.find(({ role }) => role === 'feature') ?? here[0]
    const fits = here.every(
      (axis) => isSingle(axis) || (axis.role === long.role && sameSize(axis.size, long.size)),
    )
    if (!fits) return null
    joined.push(long)
  }
  return joined
}

/** Joins values number by number. @throws UnsupportedError for axes that do not line up */
export function mergeFlows(
  at: NodeConverter,
  operation: MergeOperation,
  given: readonly SequenceValue[],
): Value {
  const rows = given.map((_, i) => at.rows(given, i))
  const inPlace =
    joinedAxes(rows.map((sequence) => sequence.axes)) !== null && rows.every(({ axes }) => isRow(axes))
  const flows = inPlace ? rows : rows.map((sequence) => withFeaturesLast(at, sequence))
  const axes = joinedAxes(flows.map((sequence) => sequence.axes))
  const roles = axes?.map(({ role }) => role) ?? []
  // Rows of Latch end on their features; of a single feature the axis may be gone.
  const fits = roles.every(
    (role, i) => role !== 'merged' && role !== 'direction' && (role !== 'feature' || i === roles.length - 1),
  )
  if (!axes || !fits || !flows.every(({ axes: own }) => isRow(own)))
    throw at.unsupported(
      'values whose axes line up',
      flows.map((sequence) => describeAxes(sequence.axes)).join(' and '),
    )
  const tips = flows.map(({ tip }) => tip)
  return { kind: 'sequence', axes, tip: joinedNode(at, { type: 'merge', operation, inputs: tips }) }
}

/** Whether the features come last, or there is a single one. */
function isRow(axes: readonly Axis[]): boolean {
  const feature = axes.findIndex(({ role }) => role === 'feature')
  return feature < 0 || feature === axes.length - 1 || isSingle(axes[feature])
}

/** Attention weights of any scores become a layer of their own. */
export function realised(sequence: SequenceValue): SequenceValue {
  const { tip } = sequence
  if (!findPattern(tip, 'softmax over time')) return sequence
  return { ...sequence, tip: { layer: { type: 'timeSoftmax' }, below: tip.below, node: tip.node } }
}

/** Joins features side by side. */
export function concatTips(at: NodeConverter, tips: readonly IrNode[]): IrNode {
  return joinedNode(at, { type: 'concat', inputs: tips })
}

function joinedNode(
  at: NodeConverter,
  layer: Extract<IrNode['layer'], { inputs: readonly IrNode[] }>,
): IrNode {
  return { layer, below: layer.inputs[layer.inputs.length - 1], node: at.node }
}

/** An operator of any number of inputs. */
export function joining(operation: MergeOperation) {
  return (at: NodeConverter, inputs: readonly Value[]): Value => {
    const flows = inputs.map((_, i) => at.sequence(inputs, i))
    return flows.length === 1 ? flows[0] : mergeFlows(at, operation, flows)
  }
}
