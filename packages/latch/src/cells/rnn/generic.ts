/** The simple recurrent cell with any function: h = f(z), z clipped where the form says so. */
import type { CellDefinition, GenericOptions, Step } from '../cell.ts'
import {
  activateGates,
  functionsOf,
  genericOptions,
  stepFunctions,
  withGenericKernels,
  type GenericStage,
  type StepFunctions,
} from '../generic.ts'
import { fastRnn, rnnCell, rnnNames } from './rnn.ts'

/** The simple RNN with any activation; it is the fast one where a form says no more than that computes. */
export const genericRnnCell: CellDefinition<'rnn', 'candidate', 'hidden', GenericOptions> = {
  ...rnnNames,
  options: genericOptions,
  create(options, engine) {
    const fast = fastRnn(options)
    if (fast) return fast
    const functions = functionsOf(options)
    const kernels = rnnStage(stepFunctions(engine, functions))
    const base = rnnCell.create({}, engine)
    const stages = [withGenericKernels(base.stages[0], kernels, true)]
    return { ...base, functions, generic: true, stages }
  },
}

function rnnStage({ access, candidate, clip }: StepFunctions): GenericStage {
  const { f, shift } = access
  return {
    forward(step: Step) {
      activateGates(access, step, 0, 1, candidate, clip)
      step.overrideGates?.()
      const v = f()
      for (let row = 0; row < step.rows; row++) {
        const z = (step.gates >>> shift) + row * step.gateStride
        v.copyWithin((step.hidden >>> shift) + row * step.stride, z, z + step.units)
      }
    },

    backward({ rows, units, gateStride, stride, outputStride, slopes, dGates, dHidden, dOutput }: Step) {
      const v = f()
      for (let row = 0; row < rows; row++) {
        const dh = (dHidden >>> shift) + row * stride
        const dout = (dOutput >>> shift) + row * outputStride
        const [s, dz] = [(slopes >>> shift) + row * gateStride, (dGates >>> shift) + row * gateStride]
        for (let j = 0; j < units; j++) {
          // dh_t = dh + dout  dz = dh_t∘f′
          const dht = v[dh + j] + (dOutput ? v[dout + j] : 0)
          v[dh + j] = dht
          v[dz + j] = dht * v[s + j]
        }
      }
    },
  }
}
