/** The simple recurrent step with any function, pointwise part: h = f(z), z clipped where asked for. */
import type { Access } from '../reference/access.ts'
import type { Activator } from './activations.ts'
import { activateGates, type GeneralStage, type GeneralStep } from './step.ts'

export function rnnStage(access: Access, candidate: Activator, clip: number | null): GeneralStage {
  const { f, shift } = access
  return {
    forward(step: GeneralStep) {
      activateGates(access, step, 0, 1, candidate, clip)
      step.hold?.()
      const v = f()
      for (let row = 0; row < step.rows; row++) {
        const z = (step.gates >>> shift) + row * step.gateStride
        v.copyWithin((step.hidden >>> shift) + row * step.stride, z, z + step.units)
      }
    },

    backward({
      rows,
      units,
      gateStride,
      stride,
      outputStride,
      slopes,
      dGates,
      dHidden,
      dOutput,
    }: GeneralStep) {
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
