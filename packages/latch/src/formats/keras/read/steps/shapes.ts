/** Keras' Reshape and Permute → Latch's, of sequences of a fixed number of steps. */
import { readUpTo } from '../../../fixes.ts'
import { UnsupportedError } from '../../../../core/errors.ts'
import { fieldAt, fieldError, readArray, readInteger } from '../../../../core/validation.ts'
import type { KerasLayer, NetworkBuilder } from '../builder.ts'

/** Numbers of a flat input as steps and features, which are given row by row or flat; and rows as other rows. */
export function addReshape(to: NetworkBuilder, layer: KerasLayer): string {
  const target = readArray(fieldAt(layer.config, 'target_shape'), { maxLength: 8 }).map((size) =>
    readInteger(size, { min: -1, max: 2 ** 26 }),
  )
  if (!to.input && to.inputShape?.length !== 1) to.beginFeatures(layer)
  const own = to.input ? (to.per === 'step' ? [to.steps, to.width] : [to.width]) : to.inputShape!
  const known = own.every((size) => size !== null) ? own.reduce<number>((a, b) => a * b!, 1) : null
  const rest = target.reduce((product, size) => (size === -1 ? product : product * size), 1)
  const shape = target.map((size) => (size === -1 ? known && known / rest : size))
  if (shape.join() === own.join()) return ''
  const count = shape.reduce<number>((a, b) => a * b!, 1)
  const fits = known === count && known > 0 && shape.every(Number.isInteger)
  if (!fits || shape.length < 1 || shape.length > 2)
    throw unsupported(
      to,
      layer,
      'a Reshape to as many numbers, as steps and features or as one row',
      `(${own.map((size) => size ?? 'steps').join(', ')}) to (${target.join(', ')})`,
    )
  const [steps, width] = shape as number[]
  if (!to.input) {
    to.inputShape = shape
    to.note(`${layer.name}: the ${known} numbers of an input are read as ${steps} steps of ${width}`)
    return `${steps} steps of ${width}`
  }
  requireUnmasked(to, layer)
  if (shape.length === 1) {
    to.add({ type: 'flatten', steps: to.steps! })
    to.setRows({ per: 'sequence', width: count, steps: null, masked: false })
    return `${count} numbers`
  }
  const below = to.per === 'step' ? to.steps : null
  to.add({ type: 'reshape', steps, width })
  to.setRows({ per: 'step', width, steps, masked: false })
  to.beginTimeline(below)
  return `${steps} steps of ${width}`
}

/** Steps and features in each other's place. */
export function addPermute(to: NetworkBuilder, layer: KerasLayer): string {
  to.beginFeatures(layer)
  const field = fieldAt(layer.config, 'dims')
  const dims = readArray(field, { maxLength: 8 }).map((axis) => readInteger(axis, { min: 1, max: 8 }))
  const axes = to.per === 'step' ? 2 : 1
  if (dims.length !== axes || new Set(dims).size !== axes || dims.some((axis) => axis > axes))
    throw fieldError(field, axes === 2 ? '[2, 1] or [1, 2]' : '[1]', `[${dims.join(', ')}]`)
  if (dims[0] === 1) return ''
  requireUnmasked(to, layer)
  const { steps, width } = to
  if (steps === null)
    throw unsupported(to, layer, 'a fixed number of steps for Permute', 'an input of any length')
  to.add({ type: 'permute', steps })
  to.setRows({ per: 'step', width: steps, steps: width, masked: false })
  to.beginTimeline(steps)
  return `${width} steps of ${steps}`
}

function requireUnmasked(to: NetworkBuilder, layer: KerasLayer): void {
  const isMasked = to.masked || [...to.outputs.values()].some(({ masked }) => masked)
  if (isMasked) throw unsupported(to, layer, 'steps that all count', 'masked steps')
}

function unsupported(
  to: NetworkBuilder,
  { where }: KerasLayer,
  expected: string,
  got: string,
): UnsupportedError {
  const before = [...to.outputs.keys()].pop()
  return new UnsupportedError({ where, expected, got, fix: to.layers.length > 1 ? readUpTo(before) : [] })
}
