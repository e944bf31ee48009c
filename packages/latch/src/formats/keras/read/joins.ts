/** Keras' layers of several inputs: Concatenate and the merging layers (Add, Multiply, …). */
import { UnsupportedError } from '../../../core/errors.ts'
import { fieldAt, readInteger, readOptional } from '../../../core/validation.ts'
import { mergeOf } from '../merges.ts'
import type { KerasLayer, KerasPlace, NetworkBuilder } from './builder.ts'
import type { TensorRef } from './heads.ts'

/** Whether layers of that class read several others. */
export function isJoin(type: string): boolean {
  return type === 'Concatenate' || mergeOf(type) !== null
}

/** Adds such a layer and returns its conventions. @throws UnsupportedError for inputs that do not fit */
export function addJoin(to: NetworkBuilder, layer: KerasLayer, inputs: readonly TensorRef[]): string {
  const places = inputs.map(({ name }) => to.placeOf(name, layer))
  places.forEach(({ zeros }) => to.assertNoZeros(layer.where, layer.type, zeros))
  const operation = mergeOf(layer.type)
  const steps = places.find(({ per }) => per === 'step') ?? places[0]
  assertSteps(layer, places)
  places.forEach((place, i) => to.assertTimeline(inputs[i].name, place, layer))
  const widths = places.map(({ width }) => width)
  const rows = { ...steps, masked: places.some(({ masked }) => masked) }
  if (operation) {
    const width = widths.reduce((a, b) => Math.max(a, b))
    assertWidths(layer, widths, width)
    const repeated = inputs.flatMap(({ name }) => to.repeated.get(name) ?? [])
    if (repeated.some((count) => count !== width))
      throw unsupported(layer, `attention weights repeated for ${width} features`, repeated.join(', '))
    to.add({ type: 'merge', operation, inputs: places.map(({ last }) => last) })
    to.setRows({ ...rows, width })
  } else {
    const field = fieldAt(layer.config, 'axis')
    const axis = readOptional(field, (x) => readInteger(x, { min: -1, max: 8 }), -1)
    if (axis !== -1 && axis !== (steps.per === 'step' ? 2 : 1))
      throw unsupported(layer, 'concatenation of features, axis -1', `axis ${axis}`)
    to.add({ type: 'concat', inputs: places.map(({ last }) => last) })
    to.setRows({ ...rows, width: widths.reduce((a, b) => a + b) })
  }
  return `of ${inputs.map(({ name }) => name).join(', ')}`
}

/** Rows of whole sequences may meet those of steps in a merging layer only. */
function assertSteps(layer: KerasLayer, places: readonly KerasPlace[]): void {
  const mixed = new Set(places.map(({ per }) => per)).size > 1
  if (mixed && mergeOf(layer.type) === null)
    throw unsupported(layer, 'all inputs by step or all by sequence', 'some of both')
  const masked = places.filter((place) => place.masked && place.per === 'step')
  // Of one input without a mask, Keras 3 makes rows that all count; Keras 2 and TensorFlow.js concatenate the others' mask.
  const keepsMask = layer.type === 'Concatenate' && layer.dialect.major < 3
  if (masked.length > 0 && masked.length < places.length && !keepsMask)
    throw unsupported(layer, 'inputs with one mask', 'some with masked steps and some without')
  const known = new Set(places.flatMap(({ per, steps }) => (per === 'step' && steps !== null ? [steps] : [])))
  if (known.size > 1) throw unsupported(layer, 'inputs of as many steps', [...known].join(' and '))
}

function assertWidths(layer: KerasLayer, widths: readonly number[], width: number): void {
  if (widths.some((own) => own !== width && own !== 1))
    throw unsupported(layer, 'inputs of one width', widths.join(', '))
}

function unsupported({ where }: KerasLayer, expected: string, got: string): UnsupportedError {
  return new UnsupportedError({ where, expected, got })
}
