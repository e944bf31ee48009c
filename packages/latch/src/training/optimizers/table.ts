/** The optimizers: a new one is a file beside this one and a line in each of the two lists below. */
import { adadelta, type AdadeltaOptions } from './adadelta.ts'
import { adagrad, type AdagradOptions } from './adagrad.ts'
import { adam, adamw, type AdamOptions } from './adam.ts'
import { adamax, type AdamaxOptions } from './adamax.ts'
import type { OptimizerDefinition } from './definition.ts'
import { lion, type LionOptions } from './lion.ts'
import { nadam, type NadamOptions } from './nadam.ts'
import { radam, type RadamOptions } from './radam.ts'
import { rmsprop, type RmspropOptions } from './rmsprop.ts'
import { sgd, type SgdOptions } from './sgd.ts'

/** An optimizer and its hyperparameters. */
export type OptimizerOptions =
  | SgdOptions
  | RmspropOptions
  | AdagradOptions
  | (AdamOptions & { type: 'adam' })
  | (AdamOptions & { type: 'adamw' })
  | AdadeltaOptions
  | AdamaxOptions
  | NadamOptions
  | RadamOptions
  | LionOptions

/** Names of the optimizers. */
export type OptimizerType = OptimizerOptions['type']

export const OPTIMIZERS: {
  readonly [Type in OptimizerType]: OptimizerDefinition<Extract<OptimizerOptions, { type: Type }>>
} = { sgd, rmsprop, adagrad, adam, adamw, adadelta, adamax, nadam, radam, lion }
