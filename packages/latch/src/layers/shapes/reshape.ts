/** The numbers of a sequence, row by row, as other steps and features: Keras' and NumPy's reshape. */
import { ShapeError } from '../../core/errors.ts'
import { assertValues } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions, readWidth } from '../fields.ts'
import type { Edge } from '../layer.ts'
import { FixedShapeLayer, type Shapes } from './fixedShape.ts'

/** `steps` steps of `width` numbers, of sequences (or one row each) with as many numbers. */
export interface ReshapeOptions {
  type: 'reshape'
  /** Steps above. */
  steps: number
  /** Features of each of them. */
  width: number
}

/** Reshaping as data. */
export const reshapeLayer: LayerDefinition<ReshapeOptions> = {
  type: 'reshape',
  read: (field) => readOptions(field, { steps: readWidth, width: readWidth }),
  build: (context, name, options, input) =>
    new FixedShapeLayer(context, 'reshape', name, input, reshaped(name, options, input)),
}

/** The numbers of a sequence or of its one row, in their order, as `steps` steps of `width`: `reshape(4, 6)`. */
export function reshape(steps: number, width: number): LayerSpec<ReshapeOptions> {
  return { definition: reshapeLayer, options: { type: 'reshape', steps, width } }
}

/** @throws UnsupportedError over one-hot input; ShapeError for rows that do not hold as many numbers */
function reshaped(name: string, { steps, width }: ReshapeOptions, input: Edge): Shapes {
  assertValues(name, input)
  const below = (steps * width) / input.width
  const isRow = input.per === 'sequence'
  if (isRow ? below !== 1 : !Number.isInteger(below))
    throw new ShapeError({
      where: name,
      expected: `${isRow ? 'a row' : 'steps'} of ${steps}·${width} = ${steps * width} numbers`,
      got: `${isRow ? 'one' : 'steps'} of ${input.width}`,
    })
  return {
    below: isRow ? null : below,
    steps,
    width,
    sourceOf: (step, column) => step * width + column,
  }
}
