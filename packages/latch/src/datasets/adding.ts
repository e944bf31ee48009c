/**
 * The adding problem (Hochreiter & Schmidhuber 1997, experiment 4; here with values in [0, 1) and
 * the plain sum as target, as in later work): two numbers, far apart, must be remembered and added.
 */
import { Random } from '../core/random.ts'
import { requireCount } from './counts.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** How many sequences of how many steps, and the seed. */
export interface AddingOptions {
  count: number
  /** Steps per sequence, at least 2. */
  steps: number
  seed: number
}

/** The sequences: features (count, steps, 2), a number and a mark, and their sums (count). */
export interface AddingProblem {
  /** (count, steps, 2): a value in [0, 1), and 1 if the value is marked, else 0. */
  features: Float32Array
  /** (count): the sum of the two marked values, from 0 to 2. */
  targets: Float32Array
  steps: number
}

const NAMES: Names<AddingOptions> = { count: 1, steps: 1, seed: 1 }

/**
 * Sequences with two marked values, one in each half; the target is their sum. Always predicting 1 has a mean squared
 * error of 1/6 ≈ 0.1667; a network below that has remembered something.
 *
 * @throws UsageError for a count below 1 or fewer than 2 steps
 */
export function addingProblem(options: AddingOptions): AddingProblem {
  assertKnownOptions('addingProblem option', options, NAMES)
  const { count, steps, seed } = options
  requireCount('count', count)
  requireCount('steps', steps, 2)
  const random = new Random(seed, 'adding problem', steps)
  const features = new Float32Array(count * steps * 2)
  const targets = new Float32Array(count)
  const half = Math.floor(steps / 2)
  for (let row = 0; row < count; row++) {
    const start = row * steps
    for (let step = 0; step < steps; step++) features[(start + step) * 2] = random.uniform()
    const first = start + random.integer(half)
    const second = start + half + random.integer(steps - half)
    features[first * 2 + 1] = 1
    features[second * 2 + 1] = 1
    targets[row] = features[first * 2] + features[second * 2]
  }
  return { features, targets, steps }
}
