/**
 * How much the memory retains of each step: the product of the keep gates of all later steps. For an LSTM that is
 * exactly the factor of a step's own i∘g in a later c; for a GRU that of its (1−z)∘n in h.
 */
import { cellEquations, cells } from '../../cells/registry.ts'
import { UsageError } from '../../core/errors.ts'
import type { MemoryLayer } from '../interventions/editTypes.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'

/** A vector of a trace; JSON turns typed arrays into objects with numeric keys. */
type Vector = ArrayLike<number> | Readonly<Record<string, number>>

/** The part of a step that `memory` reads. */
export interface RememberedStep {
  gates: Readonly<Record<string, Vector>>
  hidden: Vector
  /** A masked step keeps everything, whatever its gates are. */
  masked?: boolean
}

/** The part of a layer that `memory` reads: a `TraceLayer`, or a copy of one. */
export interface RememberedLayer {
  layer: number
  direction: 'forward' | 'backward'
  /** In the order of the text. */
  steps: readonly RememberedStep[]
}

/** Options of `memory`. */
export interface MemoryOptions {
  /** Compute the retention matrix. If false, `retention` is empty, and sequences may have any length. Default true. */
  retention?: boolean
}

const NAMES: Names<MemoryOptions> = { retention: 1 }

/** Most steps of a retention matrix: 32 MiB per layer. */
export const MAX_RETENTION_STEPS = 2048

/**
 * How much of what each step wrote the memory retains at each later step, layer by layer. Reads plain data: a trace
 * (of a model, a sequence, or a copy of one), or its layers. The backward direction retains what follows in the text.
 * Values are fractions 0..1.
 * @throws UsageError for an object without layers; for more than 2,048 steps unless `retention` is false
 */
export function memory(
  trace: { layers: readonly RememberedLayer[] } | readonly RememberedLayer[],
  options: MemoryOptions = {},
): MemoryLayer[] {
  assertKnownOptions('memory option', options, NAMES)
  const { retention = true } = options
  const layers: readonly RememberedLayer[] = 'layers' in trace ? trace.layers : trace
  if (!Array.isArray(layers) || layers.some((layer) => !layer?.steps?.length)) {
    throw new UsageError({ where: 'memory', expected: 'a trace, or its layers', got: 'no layers with steps' })
  }
  return layers.map((layer) => memoryOf(layer, retention))
}

function memoryOf({ layer, direction, steps }: RememberedLayer, wantsMatrix: boolean): MemoryLayer {
  const T = steps.length
  if (wantsMatrix && T > MAX_RETENTION_STEPS) {
    const remedy = 'Pass `retention: false`, or layers with fewer steps.'
    throw new UsageError({
      where: 'memory',
      expected: `at most ${MAX_RETENTION_STEPS} steps`,
      got: `${T}`,
      remedy,
    })
  }
  const { convention, gates } = keepGates(steps, direction === 'backward')
  const unitRetention = retentionAtEnd(gates)
  const retention = wantsMatrix ? retentionMatrix(gates) : []
  if (direction === 'backward') {
    unitRetention.reverse()
    retention.reverse()
    for (const row of retention) row.reverse()
  }
  return { layer, direction, convention, retention, unitRetention, halfLife: halfLifeOf(gates) }
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

/** Retention of each step after the last step, by unit. */
function retentionAtEnd(gates: readonly Float64Array[]): Float64Array[] {
  const found = new Array<Float64Array>(gates.length)
  let product = new Float64Array(gates[0].length).fill(1)
  for (let k = gates.length - 1; k >= 0; k--) {
    found[k] = product
    const keep = gates[k]
    product = product.map((x, j) => x * keep[j])
  }
  return found
}

/** retention[t][k]: means over units. */
function retentionMatrix(gates: readonly Float64Array[]): Float64Array[] {
  const T = gates.length
  const H = gates[0].length
  const retention = Array.from({ length: T }, () => new Float64Array(T))
  const product = new Float64Array(H)
  for (let k = 0; k < T; k++) {
    product.fill(1)
    retention[k][k] = 1
    for (let t = k + 1; t < T; t++) {
      const keep = gates[t]
      let sum = 0
      for (let j = 0; j < H; j++) sum += product[j] *= keep[j]
      retention[t][k] = sum / H
      // Nothing comes back.
      if (sum === 0 && product.every((x) => x === 0)) break
    }
  }
  return retention
}

/** From the mean keep gate of all steps but the first: m^steps = ½. */
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
