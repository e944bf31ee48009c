/**
 * The GRU with any functions; gates r z n, z keeps the old state. Reset after the product
 * (one stage) and before it (two stages; Cho et al. 2014).
 */
import type { FloatArray } from '../../engine/arena.ts'
import type { Access } from '../../engine/reference/access.ts'
import { readActivation } from '../activations.ts'
import type { CellDefinition, Step } from '../cell.ts'
import {
  activateGates,
  functionsOf,
  genericOptions,
  stepFunctions,
  withGenericKernels,
  type GenericStage,
  type StepFunctions,
} from '../generic.ts'
import { fastGru, gruCell, gruForm, gruNames, type GenericGruOptions } from './gru.ts'

/** The GRU in all forms; it is the fast one where a form says no more than that computes. */
export const genericGruCell: CellDefinition<
  'gru',
  (typeof gruNames.gateNames)[number],
  'hidden',
  GenericGruOptions
> = {
  ...gruNames,
  options: { ...genericOptions, reset: gruCell.options.reset, gateActivation: readActivation },
  create(options, engine) {
    const fast = fastGru(options)
    if (fast) return fast
    const functions = functionsOf(options)
    const by = stepFunctions(engine, functions)
    const base = gruForm(options)
    const kernels = base.stages.length === 1 ? [gruStage(by)] : [gruResetStage(by), gruCandidateStage(by)]
    // These kernels record ∂L/∂h_t themselves.
    const stages = base.stages.map((stage, s) => withGenericKernels(stage, kernels[s], false))
    return { ...base, functions, generic: true, stages }
  },
}

/** Reset after the product: n = g(zx_n + r∘hn), hn kept as `saved`. */
function gruStage({ access, gate, candidate, clip }: StepFunctions): GenericStage {
  return {
    forward(step: Step) {
      addRecurrent(access, step)
      activateGates(access, step, 0, 2, gate, clip)
      step.overrideGates?.()
      addResetCandidate(access, step)
      activateGates(access, step, 2, 1, candidate, clip)
      step.overrideGates?.()
      mix(access, step)
    },
    backward(step: Step) {
      mixBack(access, step)
      recurrentBack(access, step)
    },
  }
}

/** Reset before it, first stage: r and z active, `saved` = r∘hPrev. */
function gruResetStage({ access, gate, clip }: StepFunctions): GenericStage {
  const { f, shift } = access
  return {
    forward(step: Step) {
      activateGates(access, step, 0, 2, gate, clip)
      step.overrideGates?.()
      const v = f()
      const { rows, units: H, gateStride, stride, gates, saved, previousHidden } = step
      for (let row = 0; row < rows; row++) {
        const r = (gates >>> shift) + row * gateStride
        const [rh, hPrev] = [(saved >>> shift) + row * stride, (previousHidden >>> shift) + row * stride]
        for (let j = 0; j < H; j++) v[rh + j] = v[r + j] * v[hPrev + j]
      }
    },
    backward(step: Step) {
      const v = f()
      const { rows, units: H, gateStride, stride } = step
      for (let row = 0; row < rows; row++) {
        const [own, at] = [row * gateStride, row * stride]
        const [r, s] = [(step.gates >>> shift) + own, (step.slopes >>> shift) + own]
        const [dz, dh] = [(step.dGates >>> shift) + own, (step.dHidden >>> shift) + at]
        const [drh, hPrev] = [(step.dOperand >>> shift) + at, (step.previousHidden >>> shift) + at]
        for (let j = 0; j < H; j++) {
          // dz_r = drh∘hPrev∘f′  dh += drh∘r
          v[dz + j] = v[drh + j] * v[hPrev + j] * v[s + j]
          v[dh + j] += v[drh + j] * v[r + j]
        }
      }
    },
  }
}

/** Second stage, after z_n += (r∘hPrev)·Wh_n. */
function gruCandidateStage({ access, candidate, clip }: StepFunctions): GenericStage {
  return {
    forward(step: Step) {
      activateGates(access, step, 2, 1, candidate, clip)
      step.overrideGates?.()
      mix(access, step)
    },
    backward: (step: Step) => mixBack(access, step),
  }
}

/** zx_r, zx_z += zh_r, zh_z;  hn = zh_n. */
function addRecurrent({ f, shift }: Access, step: Step): void {
  const v = f()
  const { rows, units: H, gateStride, stride, gates, recurrent, saved } = step
  for (let row = 0; row < rows; row++) {
    const [zx, zh] = [(gates >>> shift) + row * gateStride, (recurrent >>> shift) + row * gateStride]
    for (let j = 0; j < 2 * H; j++) v[zx + j] += v[zh + j]
    v.copyWithin((saved >>> shift) + row * stride, zh + 2 * H, zh + 3 * H)
  }
}

/** zx_n += r∘hn. */
function addResetCandidate({ f, shift }: Access, step: Step): void {
  const v = f()
  const { rows, units: H, gateStride, stride, gates, saved } = step
  for (let row = 0; row < rows; row++) {
    const [r, hn] = [(gates >>> shift) + row * gateStride, (saved >>> shift) + row * stride]
    for (let j = 0; j < H; j++) v[r + 2 * H + j] += v[r + j] * v[hn + j]
  }
}

/** h = z∘hPrev + (1−z)∘n. */
function mix({ f, shift }: Access, step: Step): void {
  const v = f()
  const { rows, units: H, gateStride, stride, gates, hidden, previousHidden } = step
  for (let row = 0; row < rows; row++) {
    const z = (gates >>> shift) + row * gateStride + H
    const [h, hPrev] = [(hidden >>> shift) + row * stride, (previousHidden >>> shift) + row * stride]
    for (let j = 0; j < H; j++) v[h + j] = v[z + j] * v[hPrev + j] + (1 - v[z + j]) * v[z + H + j]
  }
}

/** dz_z and dz_n; dh leaves as the direct path dh_t∘z. */
function mixBack({ f, shift }: Access, step: Step): void {
  const v = f()
  const { rows, units: H, gateStride, stride, outputStride, dOutput, dHiddenTotal } = step
  for (let row = 0; row < rows; row++) {
    const [gate, at] = [row * gateStride, row * stride]
    const z = (step.gates >>> shift) + gate + H
    const [s, dz] = [(step.slopes >>> shift) + gate + H, (step.dGates >>> shift) + gate + H]
    const [dh, hPrev] = [(step.dHidden >>> shift) + at, (step.previousHidden >>> shift) + at]
    const [dout, total] = [(dOutput >>> shift) + row * outputStride, (dHiddenTotal >>> shift) + at]
    for (let j = 0; j < H; j++) {
      const [zt, n] = [v[z + j], v[z + H + j]]
      // dh_t = dh + dout  dz_z = dh_t∘(hPrev−n)∘f′  dz_n = dh_t∘(1−z)∘g′  dhPrev = dh_t∘z
      const dht = v[dh + j] + (dOutput ? v[dout + j] : 0)
      if (dHiddenTotal) v[total + j] = dht
      v[dz + j] = dht * (v[hPrev + j] - n) * v[s + j]
      v[dz + H + j] = dht * (1 - zt) * v[s + H + j]
      v[dh + j] = dht * zt
    }
  }
}

/** Reset after the product: dz_r = dn∘hn∘f′; the h-side has dr, dz and dn∘r. */
function recurrentBack({ f, shift }: Access, step: Step): void {
  const v = f()
  const { rows, units: H, gateStride, stride } = step
  for (let row = 0; row < rows; row++) {
    const gate = row * gateStride
    const [r, s] = [(step.gates >>> shift) + gate, (step.slopes >>> shift) + gate]
    const [dzx, dzh] = [(step.dGates >>> shift) + gate, (step.dRecurrent >>> shift) + gate]
    const hn = (step.saved >>> shift) + row * stride
    resetRow(v, H, r, s, dzx, dzh, hn)
  }
}

function resetRow(
  v: FloatArray,
  H: number,
  r: number,
  s: number,
  dzx: number,
  dzh: number,
  hn: number,
): void {
  for (let j = 0; j < H; j++) {
    const dn = v[dzx + 2 * H + j]
    const dr = dn * v[hn + j] * v[s + j]
    v[dzx + j] = dr
    v[dzh + j] = dr
    v[dzh + H + j] = v[dzx + H + j]
    v[dzh + 2 * H + j] = dn * v[r + j]
  }
}
