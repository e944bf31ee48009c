/**
 * Attention as Keras' users write it: Dense(1) → Flatten → softmax → RepeatVector(width) → Permute((2, 1)) → Multiply. Between
 * Flatten and Multiply there is one number a step, which Latch keeps as such: a softmax over the steps, for sequences of any length.
 */
import { fieldAt, type Field } from '../../../core/validation.ts'
import type { KerasNode } from './heads.ts'

/** What a layer of the recipe does here: nothing, or a softmax over the steps. */
export type AttentionPart = 'through' | 'softmax'

/** The layers of such recipes by name. */
export function findAttention(nodes: readonly KerasNode[]): ReadonlyMap<string, AttentionPart> {
  const parts = new Map<string, AttentionPart>()
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const readers = (of: KerasNode) => nodes.filter(({ inputs }) => inputs.some(({ name }) => name === of.name))
  const below = (node: KerasNode | undefined) =>
    node?.inputs.length === 1 ? byName.get(node.inputs[0].name) : undefined
  for (const permute of nodes) {
    const repeat = isPermute(permute) ? below(permute) : undefined
    const softmax = repeat?.type === 'RepeatVector' ? below(repeat) : undefined
    const flatten = softmax && isSoftmax(softmax) ? below(softmax) : undefined
    const scores = flatten?.type === 'Flatten' || isFlat(flatten) ? below(flatten) : undefined
    if (!repeat || !softmax || !flatten || !isOneNumber(scores, below)) continue
    const alone = [flatten, softmax, repeat].every((node) => readers(node).length === 1)
    const ends = readers(permute)
    if (!alone || ends.length === 0 || !ends.every(({ type }) => type === 'Multiply')) continue
    for (const { name } of [flatten, repeat, permute]) parts.set(name, 'through')
    parts.set(softmax.name, 'softmax')
  }
  return parts
}

const isPermute = ({ type, config }: KerasNode) => type === 'Permute' && listed(config, 'dims') === '2,1'

/** A Reshape to one row. */
function isFlat(node: KerasNode | undefined): boolean {
  return node?.type === 'Reshape' && /^-?\d+$/.test(listed(node.config, 'target_shape'))
}

function listed(config: Field, name: string): string {
  const { value } = fieldAt(config, name)
  return Array.isArray(value) ? value.join() : ''
}

function isSoftmax({ type, config }: KerasNode): boolean {
  if (type === 'Softmax') return [undefined, -1, 1].includes(fieldAt(config, 'axis').value as number)
  return type === 'Activation' && fieldAt(config, 'activation').value === 'softmax'
}

/** Whether a layer leaves one number a step: a dense layer of one unit, or its activation or dropout. */
function isOneNumber(
  node: KerasNode | undefined,
  below: (node: KerasNode) => KerasNode | undefined,
): boolean {
  let at = node
  while (at && ['Activation', 'Dropout', 'LeakyReLU', 'ReLU', 'BatchNormalization'].includes(at.type))
    at = below(at)
  if (at?.type === 'TimeDistributed') {
    const within = fieldAt(at.config, 'layer')
    return (
      fieldAt(within, 'class_name').value === 'Dense' &&
      fieldAt(fieldAt(within, 'config'), 'units').value === 1
    )
  }
  return at?.type === 'Dense' && fieldAt(at.config, 'units').value === 1
}
