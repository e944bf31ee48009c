/** Steps and features in each other's place, (T, F) → (F, T): Keras' Permute of (2, 1). */
import { assertSteps } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions, readWidth } from '../fields.ts'
import type { Edge } from '../layer.ts'
import { FixedShapeLayer, type Shapes } from './fixedShape.ts'

/** Each feature becomes a step, and each step a feature. */
export interface PermuteOptions {
  type: 'permute'
  /** Steps of the sequences below, and the width above. */
  steps: number
}

/** The exchange of steps and features as data. */
export const permuteLayer: LayerDefinition<PermuteOptions> = {
  type: 'permute',
  read: (field) => readOptions(field, { steps: readWidth }),
  build: (context, name, { steps }, input) =>
    new FixedShapeLayer(context, 'permute', name, input, permuted(name, steps, input)),
}

/** Steps and features of sequences of `steps` steps in each other's place, (T, F) → (F, T): `permute(20)`. */
export function permute(steps: number): LayerSpec<PermuteOptions> {
  return { definition: permuteLayer, options: { type: 'permute', steps } }
}

/** @throws UnsupportedError over one-hot input; ShapeError over one row a sequence */
function permuted(name: string, steps: number, input: Edge): Shapes {
  assertSteps(name, input)
  const { width } = input
  return { below: steps, steps: width, width: steps, sourceOf: (feature, step) => step * width + feature }
}
