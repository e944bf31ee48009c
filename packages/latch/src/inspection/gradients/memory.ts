/**
 * What memory still holds of each step: the product of the gates that keep, from the step after it on. Of an
 * LSTM that is exactly the factor on a step's own i∘g inside a later c; of a GRU on its (1−z)∘n inside h.
 */
import { cellEquations, cells } from '../../cells/registry.ts'
import { UsageError } from '../../core/errors.ts'
import type { MemoryLayer } from '../interventions/editTypes.ts'

/** A vector of a trace; JSON turns typed arrays into objects with numbers for names. */
type Vector = ArrayLike<number> | Readonly<Record<string, number>>

/** What is read of a step. */
export interface RememberedStep {
  gates: Readonly<Record<string, Vector>>
  hidden: Vector
  /** A masked step keeps all, whatever its gates say. */
  masked?: boolean
}

/** What is read of a layer: `TraceLayer`, or a copy of one. */
export interface RememberedLayer {
  layer: number
  direction: 'forward' | 'backward'
  /** In the order of the text. */
  steps: readonly RememberedStep[]
}

/** What of memory is worked out. */
export interface MemoryOptions {
  /** Default true. Without it `share` is empty, and sequences may be of any length. */
  share?: boolean
}

/** Steps up to which every step is held against every other: 32 MiB a layer. */
export const MOST_SHARED_STEPS = 2048

/**
 * How much of what each step wrote each later step's memory still holds, layer by layer, from plain data: a
 * trace (of a model, a sequence, or a copy of one), or its layers. Directions that read backwards keep what
 * follows in the text. Values are shares 0..1 of a unit's number, means over units where said.
 * @throws UsageError for what has no layers; for more than 2,048 steps unless `share` is false
 */
export function memory(
  trace: { layers: readonly RememberedLayer[] } | readonly RememberedLayer[],
  { share = true }: MemoryOptions = {},
): MemoryLayer[] {
  const layers: readonly RememberedLayer[] = 'layers' in trace ? trace.layers : trace
  if (!Array.isArray(layers) || layers.some((layer) => !layer?.steps?.length)) {
    throw new UsageError({ where: 'memory', expected: 'a trace, or its layers', got: 'no layers with steps' })
  }
  return layers.map((layer) => memoryOf(layer, share))
}

function memoryOf({ layer, direction, steps }: RememberedLayer, wantsShare: boolean): MemoryLayer {
  const T = steps.length
  if (wantsShare && T > MOST_SHARED_STEPS) {
    const remedy = 'Ask with { share: false }, or give layers with fewer steps.'
    throw new UsageError({
      where: 'memory',
      expected: `at most ${MOST_SHARED_STEPS} steps`,
      got: `${T}`,
      remedy,
    })
  }
  const { convention, gates } = keepGates(steps, direction === 'backward')
  const held = heldAtEnd(gates)
  const share = wantsShare ? shares(gates) : []
  if (direction === 'backward') {
    held.reverse()
    share.reverse()
    for (const row of share) row.reverse()
  }
  return { layer, direction, convention, share, held, halfLife: halfLifeOf(gates) }
}

/** The gate that keeps, step by step as they were read (T of H), and how to read it. */
function keepGates(steps: readonly RememberedStep[], backward: boolean) {
  const { name, keepGate } = cellOfGates(Object.keys(steps[0].gates))
  const gates = steps.map(({ gates: own, hidden, masked }) => {
    if (keepGate && !masked) return vectorOf(own[keepGate])
    return new Float64Array(vectorOf(hidden).length).fill(masked ? 1 : 0)
  })
  return { convention: cellEquations[name].memory, gates: backward ? gates.reverse() : gates }
}

/** The cell that has these gates; where no cell has exactly these, one whose keeping gate is among them. */
function cellOfGates(gates: readonly string[]) {
  const exact = cells.find(({ gateNames, candidate }) => {
    const own: readonly string[] = gateNames.filter((name) => name !== candidate)
    return own.length === gates.length && own.every((name) => gates.includes(name))
  })
  const keeping = cells.find(({ keepGate }) => keepGate !== null && gates.includes(keepGate))
  return exact ?? keeping ?? cells.find(({ keepGate }) => keepGate === null)!
}

function vectorOf(values: Vector): Float64Array {
  const isList = Array.isArray(values) || ArrayBuffer.isView(values)
  return Float64Array.from(isList ? (values as ArrayLike<number>) : Object.values(values))
}

/** Of each step's writing, unit by unit, after the last step. */
function heldAtEnd(gates: readonly Float64Array[]): Float64Array[] {
  const held = new Array<Float64Array>(gates.length)
  let product = new Float64Array(gates[0].length).fill(1)
  for (let k = gates.length - 1; k >= 0; k--) {
    held[k] = product
    const keep = gates[k]
    product = product.map((x, j) => x * keep[j])
  }
  return held
}

/** share[t][k]: means over units. */
function shares(gates: readonly Float64Array[]): Float64Array[] {
  const T = gates.length
  const H = gates[0].length
  const share = Array.from({ length: T }, () => new Float64Array(T))
  const product = new Float64Array(H)
  for (let k = 0; k < T; k++) {
    product.fill(1)
    share[k][k] = 1
    for (let t = k + 1; t < T; t++) {
      const keep = gates[t]
      let sum = 0
      for (let j = 0; j < H; j++) sum += product[j] *= keep[j]
      share[t][k] = sum / H
      // Nothing comes back.
      if (sum === 0 && product.every((x) => x === 0)) break
    }
  }
  return share
}

/** From the mean gate of the steps that had something to keep: m^steps = ½. */
function halfLifeOf(gates: readonly Float64Array[]): number | null {
  let [sum, count] = [0, 0]
  for (const keep of gates.slice(1)) {
    for (const value of keep) sum += value
    count += keep.length
  }
  const mean = sum / count
  if (!(mean < 1)) return null
  return mean > 0 ? Math.log(0.5) / Math.log(mean) : 0
}
