/**
 * The LSTM with any functions f (gates), g (candidate), k (state), peepholes P (Gers & Schmidhuber 2000) and
 * coupled gates; gates i f g o, rows of P i f o. As the ONNX operator has it:
 * i, f see P∘cPrev, o sees P∘c;  c = f∘cPrev + i∘g (coupled: f = 1 − i);  h = o∘k(c).
 */
import type { FloatArray } from '../../engine/arena.ts'
import type { Access } from '../../engine/reference/access.ts'
import type { Activator } from '../../engine/generic/index.ts'
import { readBoolean } from '../../core/validation.ts'
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
import { fastLstm, lstmCell, lstmNames, type GenericLstmOptions } from './lstm.ts'

/** The LSTM in all forms; it is the fast one where a form says no more than that computes. */
export const genericLstmCell: CellDefinition<
  'lstm',
  (typeof lstmNames.gateNames)[number],
  'hidden' | 'cell',
  GenericLstmOptions
> = {
  ...lstmNames,
  options: {
    ...genericOptions,
    gateActivation: readActivation,
    stateActivation: readActivation,
    peepholes: readBoolean,
    coupled: readBoolean,
  },
  create(options, engine) {
    const fast = fastLstm(options)
    if (fast) return fast
    const functions = functionsOf(options)
    const { peepholes, coupled, state } = functions
    const base = lstmCell.create({}, engine)
    return {
      ...base,
      functions,
      generic: true,
      stages: [withGenericKernels(base.stages[0], lstmStage(stepFunctions(engine, functions)), true)],
      savedName: `${state.type}(cell)`,
      extraParameters: peepholes ? [{ name: 'weight_ph', rows: 3 }] : [],
      unitForgetBias: !coupled,
      ...(coupled && {
        derivedGates: { forget: { equation: '1 − input', remedy: 'Set `input` to 1 − the value.' } },
      }),
    }
  },
}

function lstmStage(by: StepFunctions): GenericStage {
  return { forward: (step) => forward(by.access, by, step), backward: backwardOf(by.access, by) }
}

function forward(access: Access, by: StepFunctions, step: Step): void {
  const { clip, coupled, peepholes } = by
  if (peepholes) {
    addPeephole(access, step, 0, 0, step.previousCell)
    if (!coupled) addPeephole(access, step, 1, 1, step.previousCell)
  }
  activateGates(access, step, 0, coupled ? 1 : 2, by.gate, clip)
  activateGates(access, step, 2, 1, by.candidate, clip)
  step.overrideGates?.()
  if (coupled) couple(access, step)
  newCell(access, step)
  if (peepholes) addPeephole(access, step, 3, 2, step.cell)
  activateGates(access, step, 3, 1, by.gate, clip)
  step.overrideGates?.()
  output(access, by.state, step)
}

/** z_gate += P_row∘c. */
function addPeephole({ f, shift }: Access, step: Step, gate: number, parameterRow: number, c: number): void {
  const v = f()
  const { rows, units: H, gateStride, stride, gates, extra } = step
  const p = (extra >>> shift) + parameterRow * H
  for (let row = 0; row < rows; row++) {
    const z = (gates >>> shift) + row * gateStride + gate * H
    const state = (c >>> shift) + row * stride
    for (let j = 0; j < H; j++) v[z + j] += v[p + j] * v[state + j]
  }
}

/** f = 1 − i. */
function couple({ f, shift }: Access, { rows, units: H, gateStride, gates, slopes }: Step): void {
  const v = f()
  for (let row = 0; row < rows; row++) {
    const i = (gates >>> shift) + row * gateStride
    for (let j = 0; j < H; j++) v[i + H + j] = 1 - v[i + j]
    const s = (slopes >>> shift) + row * gateStride + H
    if (slopes) v.fill(0, s, s + H)
  }
}

function newCell({ f, shift }: Access, step: Step): void {
  const v = f()
  const { rows, units: H, gateStride, stride, gates, cell, previousCell } = step
  for (let row = 0; row < rows; row++) {
    const z = (gates >>> shift) + row * gateStride
    const [c, cPrev] = [(cell >>> shift) + row * stride, (previousCell >>> shift) + row * stride]
    // c = f∘cPrev + i∘g
    for (let j = 0; j < H; j++) v[c + j] = v[z + H + j] * v[cPrev + j] + v[z + j] * v[z + 2 * H + j]
  }
}

function output({ f, shift }: Access, state: Activator, step: Step): void {
  const v = f()
  const { rows, units: H, gateStride, stride, gates, cell, saved, hidden } = step
  for (let row = 0; row < rows; row++) {
    const offset = row * stride
    const o = (gates >>> shift) + row * gateStride + 3 * H
    const [h, kc] = [(hidden >>> shift) + offset, (saved >>> shift) + offset]
    state.applyTo(v, kc, (cell >>> shift) + offset, H)
    // h = o∘k(c)
    for (let j = 0; j < H; j++) v[h + j] = v[o + j] * v[kc + j]
  }
}

function backwardOf({ f, shift }: Access, { state, peepholes, coupled }: StepFunctions) {
  // c as it was computed (the tape's may have been set since), and the slope of k there.
  let c: FloatArray = new Float32Array(0)
  let slope: FloatArray = c
  return (step: Step) => {
    const v = f()
    const { rows, units: H, gateStride, stride, outputStride } = step
    if (c.length < H || c.constructor !== v.constructor)
      [c, slope] =
        v instanceof Float32Array
          ? [new Float32Array(H), new Float32Array(H)]
          : [new Float64Array(H), new Float64Array(H)]
    for (let row = 0; row < rows; row++) {
      const [gate, at] = [row * gateStride, row * stride]
      const z = (step.gates >>> shift) + gate
      const cPrev = (step.previousCell >>> shift) + at
      slope.fill(1)
      if (peepholes || !state.slopeByOutput)
        for (let j = 0; j < H; j++) c[j] = v[z + H + j] * v[cPrev + j] + v[z + j] * v[z + 2 * H + j]
      if (state.slopeByOutput) state.multiplySlopes(slope, 0, v, (step.saved >>> shift) + at, H)
      else state.multiplySlopes(slope, 0, c, 0, H)
      backwardRow(v, H, slope, peepholes ? c : null, coupled, {
        z,
        cPrev,
        s: (step.slopes >>> shift) + gate,
        dz: (step.dGates >>> shift) + gate,
        kc: (step.saved >>> shift) + at,
        dh: (step.dHidden >>> shift) + at,
        dc: (step.dCell >>> shift) + at,
        dcTotal: step.dCellTotal ? (step.dCellTotal >>> shift) + at : -1,
        dout: step.dOutput ? (step.dOutput >>> shift) + row * outputStride : -1,
        p: step.extra >>> shift,
        dp: step.dExtra >>> shift,
      })
    }
  }
}

/** Places of a row's parts, in elements; −1: none. */
interface RowPlaces {
  z: number
  s: number
  dz: number
  cPrev: number
  kc: number
  dh: number
  dc: number
  dcTotal: number
  dout: number
  p: number
  dp: number
}

/** `c`: with peepholes only. */
function backwardRow(
  v: FloatArray,
  H: number,
  slope: FloatArray,
  c: FloatArray | null,
  coupled: boolean,
  { z, s, dz, cPrev, kc, dh, dc, dcTotal, dout, p, dp }: RowPlaces,
): void {
  for (let j = 0; j < H; j++) {
    const [iAt, fAt, gAt, oAt] = [j, H + j, 2 * H + j, 3 * H + j]
    const o = v[z + oAt]
    const before = v[cPrev + j]
    // dh_t = dh + dout  dz_o = dh_t∘k(c)∘f′
    const dht = v[dh + j] + (dout < 0 ? 0 : v[dout + j])
    v[dh + j] = dht
    const dzo = dht * v[kc + j] * v[s + oAt]
    // dc_t = dc + dh_t∘o∘k′(c) + dz_o∘P_o
    let dct = v[dc + j] + dht * o * slope[j]
    if (c) dct += dzo * v[p + 2 * H + j]
    if (dcTotal >= 0) v[dcTotal + j] = dct
    // dz_i = dc_t∘g∘f′ (coupled: dc_t∘(g − cPrev)∘f′)  dz_f = dc_t∘cPrev∘f′  dz_g = dc_t∘i∘g′
    const dzi = dct * (coupled ? v[z + gAt] - before : v[z + gAt]) * v[s + iAt]
    const dzf = coupled ? 0 : dct * before * v[s + fAt]
    v[dz + iAt] = dzi
    v[dz + fAt] = dzf
    v[dz + gAt] = dct * v[z + iAt] * v[s + gAt]
    v[dz + oAt] = dzo
    // dcPrev = dc_t∘f + dz_i∘P_i + dz_f∘P_f  dP_i += dz_i∘cPrev  dP_f += dz_f∘cPrev  dP_o += dz_o∘c
    let carry = dct * v[z + fAt]
    if (c) {
      carry += dzi * v[p + j] + dzf * v[p + H + j]
      v[dp + j] += dzi * before
      v[dp + H + j] += dzf * before
      v[dp + 2 * H + j] += dzo * c[j]
    }
    v[dc + j] = carry
  }
}
