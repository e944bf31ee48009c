/** Every optimizer, and every option that adds a state or changes the rule. */
import type { OptimizerOptions } from '../../../src/training/optimizer.ts'

export const everyOptimizer: [string, OptimizerOptions][] = [
  ['sgd', { type: 'sgd', weightDecay: 0.1 }],
  ['sgd with momentum', { type: 'sgd', momentum: 0.9 }],
  ['sgd with nesterov momentum', { type: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.001 }],
  ['sgd with dampening', { type: 'sgd', momentum: 0.9, dampening: 0.5 }],
  ['rmsprop', { type: 'rmsprop' }],
  ['rmsprop with momentum', { type: 'rmsprop', momentum: 0.5 }],
  ['rmsprop, centred', { type: 'rmsprop', centered: true, alpha: 0.9 }],
  ['rmsprop, centred with momentum', { type: 'rmsprop', centered: true, momentum: 0.5, weightDecay: 0.1 }],
  ['adagrad', { type: 'adagrad' }],
  ['adagrad with decay', { type: 'adagrad', lrDecay: 0.2, initialAccumulatorValue: 0.1 }],
  ['adam', { type: 'adam', weightDecay: 0.1 }],
  ['adam with amsgrad', { type: 'adam', amsgrad: true }],
  ['adamw', { type: 'adamw', weightDecay: 0.1 }],
  ['adamw with amsgrad', { type: 'adamw', amsgrad: true }],
  ['adadelta', { type: 'adadelta' }],
  ['adamax', { type: 'adamax', weightDecay: 0.1 }],
  ['nadam', { type: 'nadam' }],
  ['nadam, decoupled', { type: 'nadam', weightDecay: 0.1, decoupledWeightDecay: true }],
  ['radam', { type: 'radam', beta2: 0.9 }],
  ['radam, decoupled', { type: 'radam', weightDecay: 0.1, decoupledWeightDecay: true }],
  ['lion', { type: 'lion', weightDecay: 0.1 }],
]
