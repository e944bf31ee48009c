/**
 * Jacobians of a layer's steps, row by row: backpropagated through the layer's own kernels from unit vectors, or
 * from a few random directions if there are too many units (Pascanu, Mikolov & Bengio 2013, eq. 5).
 */
import { backwardFrom } from '../../model/backwardFrom.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import type { JacobianNorms } from './flowTypes.ts'
import { cloneBatch, writeInitial, type ReadSteps } from './layerClone.ts'
import { frobeniusNorm, orthonormalProbes, spectralNorm, unitProbes, type Matrix } from './matrixNorms.ts'

/** Norms of one step's Jacobian: of h alone, and of the whole state. */
export interface StepJacobian {
  hidden: JacobianNorms
  state: JacobianNorms
}

const MOST_EXACT_UNITS = 128
/** Most numbers of all chain products together. */
const MOST_KEPT = 2 ** 23
const PROBES = 32
const LEAST_PROBES = 4
/** Approximate number of multiplications that probes may cost; beyond it there are fewer probes. */
const PROBE_WORK = 2 ** 34
const ROWS_AT_ONCE = 4096
const GATES_AT_ONCE = 2 ** 24
const PASS = { training: false, record: false, key: 0 }

/** Whether all rows of the Jacobians are computed: at most 128 units, and T·H² numbers that fit. */
export function isExact(units: number, steps: number): boolean {
  return units <= MOST_EXACT_UNITS && steps * units * units <= MOST_KEPT
}

/** Probe vectors for a space of `size` numbers: all unit vectors, or some random orthonormal ones. */
function probesFor(clone: Network, steps: number, size: number, key: string): Matrix {
  const { units, cell, input } = internalsOf(clone).recurrent[0]
  if (isExact(units, steps)) return unitProbes(size)
  const work = steps * cell.gateNames.length * units * (units + (input.ids ? 1 : input.width))
  const affordable = Math.floor(Math.min(PROBE_WORK / work, MOST_KEPT / (steps * units)))
  return orthonormalProbes(Math.min(size, PROBES, Math.max(LEAST_PROBES, affordable)), size, key)
}

/** Number of sequences of `steps` steps in one batch of a clone. */
function sequencesAtOnce(clone: Network, steps: number): number {
  const { units, cell } = internalsOf(clone).recurrent[0]
  const rows = Math.min(ROWS_AT_ONCE, GATES_AT_ONCE / (units * cell.gateNames.length))
  return Math.max(1, Math.floor(rows / steps))
}

/** Jacobians of steps 1 … T−1 (in reading order) by the state before each; entry 0 is null. */
export function stepJacobians(clone: Network, steps: ReadSteps): (StepJacobian | null)[] {
  const T = steps.hidden.length
  const H = internalsOf(clone).recurrent[0].units
  const probes = probesFor(clone, T, steps.cell ? 2 * H : H, 'step probes')
  const ownProbes = isExact(H, T) || !steps.cell ? null : probesFor(clone, T, H, 'hidden probes')
  // k orthonormal directions of n see k/n of the sum of squares; all of them see all.
  const stretch = Math.sqrt(probes.columns / probes.rows)
  const ownStretch = ownProbes ? Math.sqrt(H / ownProbes.rows) : stretch
  const found: (StepJacobian | null)[] = [null]
  const atOnce = Math.max(1, Math.floor(sequencesAtOnce(clone, 1) / probes.rows))
  for (let from = 1; from < T; from += atOnce) {
    const list = Array.from({ length: Math.min(atOnce, T - from) }, (_, i) => from + i)
    const states = productsOf(clone, steps, list, probes)
    const hiddens = ownProbes ? productsOf(clone, steps, list, padded(ownProbes, 2 * H)) : states
    states.forEach((product, i) => {
      const hidden = normsOf(corner(hiddens[i], H), ownStretch)
      found.push({ hidden, state: normsOf(product, stretch) })
    })
  }
  return found
}

/** probes·∂s_t/∂s_{t−1} of each step of a list: (probes, S). */
function productsOf(clone: Network, steps: ReadSteps, list: readonly number[], probes: Matrix): Matrix[] {
  const [layer] = internalsOf(clone).recurrent
  const [H, S, N] = [layer.units, probes.columns, list.length * probes.rows]
  const rows = list.flatMap((t) => new Array<number>(probes.rows).fill(t))
  const batch = cloneBatch(
    steps,
    rows.map((t) => [t]),
  )
  const before = (states: readonly Float64Array[]) => {
    const values = new Float64Array(N * H)
    rows.forEach((t, b) => values.set(states[t - 1], b * H))
    return values
  }
  const ends = (from: number) => {
    const values = new Float64Array(N * H)
    for (let b = 0; b < N; b++) {
      const at = (b % probes.rows) * S + from
      values.set(probes.values.subarray(at, at + H), b * H)
    }
    return values
  }
  clone.writeInitialState(batch, before(steps.hidden))
  if (steps.cell) clone.writeInitialState(batch, before(steps.cell), { state: 'cell' })
  clone.forward(batch, PASS)
  if (steps.cell) layer.writeFinalGradient(batch, 'cell', 0, ends(H))
  backwardFrom(clone, batch, ends(0), PASS)
  const parts = [layer.readInitialGradient(batch, 'hidden', 0)]
  if (steps.cell) parts.push(layer.readInitialGradient(batch, 'cell', 0))
  return list.map((_, i) => {
    const values = new Float64Array(probes.rows * S)
    for (let r = 0; r < probes.rows; r++) {
      const at = (i * probes.rows + r) * H
      parts.forEach((part, p) => values.set(part.subarray(at, at + H), r * S + p * H))
    }
    return { rows: probes.rows, columns: S, values }
  })
}

/** Norms of ∂h_T/∂h_t for every step t read, T the last one; 1 at T itself. */
export function chainNorms(clone: Network, steps: ReadSteps): number[] {
  const [layer] = internalsOf(clone).recurrent
  const [T, H] = [steps.hidden.length, layer.units]
  if (T === 1) return [1]
  const probes = probesFor(clone, T, H, 'chain probes')
  const Kind = clone.engine.precision === 'float32' ? Float32Array : Float64Array
  const products = Array.from({ length: T - 1 }, () => new Kind(probes.rows * H))
  const all = Array.from({ length: T }, (_, t) => t)
  const atOnce = sequencesAtOnce(clone, T)
  const pass = { ...PASS, record: true }
  for (let from = 0; from < probes.rows; from += atOnce) {
    const copies = Math.min(atOnce, probes.rows - from)
    const batch = cloneBatch(steps, new Array<number[]>(copies).fill(all))
    writeInitial(clone, batch, steps)
    clone.forward(batch, pass)
    backwardFrom(clone, batch, probes.values.subarray(from * H, (from + copies) * H), pass)
    const { tape, stride } = layer.loops[0]
    const record = internalsOf(clone).engine.memory.viewFloats(tape.dHidden, batch.rows * stride)
    products.forEach((values, t) => {
      for (let b = 0; b < copies; b++) {
        const at = (batch.offsets[t] + b) * stride
        values.set(record.subarray(at, at + H), (from + b) * H)
      }
    })
  }
  return [...products.map((values) => spectralNorm({ rows: probes.rows, columns: H, values })), 1]
}

/** The first `size` rows (of exact ones) and columns: h by h. */
function corner({ rows, columns, values }: Matrix, size: number): Matrix {
  if (columns === size) return { rows, columns, values }
  const kept = Math.min(rows, size)
  const out = new Float64Array(kept * size)
  for (let r = 0; r < kept; r++) out.set(values.subarray(r * columns, r * columns + size), r * size)
  return { rows: kept, columns: size, values: out }
}

/** Probes of h as probes of (h, c). */
function padded({ rows, columns, values }: Matrix, width: number): Matrix {
  const out = new Float64Array(rows * width)
  for (let r = 0; r < rows; r++) out.set(values.subarray(r * columns, (r + 1) * columns), r * width)
  return { rows, columns: width, values: out }
}

/** The spectral norm is a lower bound unless all rows are present. */
function normsOf(product: Matrix, stretch: number): JacobianNorms {
  return { spectral: spectralNorm(product), frobenius: frobeniusNorm(product) * stretch }
}
