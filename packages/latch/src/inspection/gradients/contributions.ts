/**
 * The contribution of each step to the gradient of a layer's weights: ∂L/∂W is a sum over steps of dz_t ⊗ operand_t,
 * so norms and fractions come from vectors, without building any step's matrix.
 */
import type { Cell } from '../../cells/cell.ts'
import type { GradientContribution } from './flowTypes.ts'
import { recurrentParts } from '../trace/recurrentParts.ts'
import { linkOf } from '../trace/traceOrigin.ts'
import type { SequenceTrace, TraceLayer } from '../trace/traceTypes.ts'
import { assertKnownOptions } from '../../core/knownNames.ts'

/** One block of rows of one step's matrix: dz ⊗ operand. Without an operand it is a one-hot column. */
interface Outer {
  dz: Float64Array
  operand: Float64Array | null
  column: number
}

const TILE = 8

/** Which weight of a layer. */
export type ContributionWeight = 'input' | 'hidden'

/**
 * Contributions of every step (in the order of the text) to ∂L/∂weight_ih or ∂L/∂weight_hh.
 */
export function computeContributions(
  cell: Cell,
  layer: TraceLayer,
  weight: ContributionWeight,
): GradientContribution[] {
  const steps = layer.steps.map((_, t) => outersOf(cell, layer, t, weight))
  const own = steps.map((outers) =>
    Math.sqrt(sum(outers, (o) => square(o.dz) * (o.operand ? square(o.operand) : 1))),
  )
  const along = new Float64Array(steps.length)
  let total = 0
  for (let block = 0; block < (steps[0]?.length ?? 0); block++) {
    const list = steps.map((outers) => outers[block])
    const found = projections(list)
    found.along.forEach((x, t) => (along[t] += x))
    total += found.total
  }
  return own.map((norm, t) => ({ norm, fraction: total > 0 ? along[t] / total : 0 }))
}

/**
 * One step's term of the gradient of a weight, in PyTorch's layout: (G·H, K) row-major, K the layer's
 * input width (a one-hot layer's vocabulary) or its units. Summed over all steps it is ∂L/∂weight.
 * @param place layer (0 the lowest), direction, step in the order of the text, and which weight
 * @throws UsageError for a trace that is a copy, or whose weights have changed
 */
export function contributionMatrix(
  trace: SequenceTrace,
  place: { layer: number; direction: 'forward' | 'backward'; step: number; weight: ContributionWeight },
): Float64Array {
  assertKnownOptions('contributionMatrix place', place, { layer: 1, direction: 1, step: 1, weight: 1 })
  const { network } = linkOf('contributionMatrix', trace)
  const layer = trace.layers.find((l) => l.layer === place.layer && l.direction === place.direction)!
  const { cell, units, input } = recurrentParts(network)[place.layer].layer
  const columns = place.weight === 'hidden' ? units : input.width
  const out = new Float64Array(cell.gateNames.length * units * columns)
  let row = 0
  for (const { dz, operand, column } of outersOf(cell, layer, place.step, place.weight)) {
    for (const d of dz) {
      if (operand) operand.forEach((x, k) => (out[row * columns + k] = d * x))
      else out[row * columns + column] = d
      row++
    }
  }
  return out
}

/** The blocks of a step's matrix: one for the input, one a stage for the state. */
function outersOf(
  cell: Cell,
  { steps, direction, initial }: TraceLayer,
  t: number,
  weight: ContributionWeight,
): Outer[] {
  const { gradient, input, inputId, saved, hidden } = steps[t]
  if (weight === 'input') {
    const operand = input.length > 0 ? input : null
    return [
      { dz: concatenated(cell.gateNames.map((name) => gradient.gates[name])), operand, column: inputId ?? 0 },
    ]
  }
  const before =
    steps[direction === 'forward' ? t - 1 : t + 1]?.hidden ??
    initial?.hidden ??
    new Float64Array(hidden.length)
  return cell.stages.map((stage) => {
    const names = cell.gateNames.slice(stage.firstGate, stage.firstGate + stage.gateCount)
    const dz = names.map((name) => (name === cell.candidate && gradient.recurrent) || gradient.gates[name])
    return { dz: concatenated(dz), operand: stage.operand === 'saved' ? saved : before, column: 0 }
  })
}

/** ⟨own, total⟩ of each step, and ‖total‖². */
function projections(list: readonly Outer[]): { along: Float64Array; total: number } {
  if (!list[0].operand) return byColumn(list)
  const [T, rows, columns] = [list.length, list[0].dz.length, list[0].operand.length]
  return T * (rows + columns) < 2 * rows * columns ? byPairs(list) : bySum(list)
}

/** One-hot: steps of the same token have the same column. */
function byColumn(list: readonly Outer[]): { along: Float64Array; total: number } {
  const columns = new Map<number, Float64Array>()
  for (const { dz, column } of list) {
    const have = columns.get(column) ?? new Float64Array(dz.length)
    dz.forEach((x, i) => (have[i] += x))
    columns.set(column, have)
  }
  const along = Float64Array.from(list, ({ dz, column }) => dot(dz, columns.get(column)!))
  return { along, total: sum([...columns.values()], square) }
}

/** Few steps: ⟨a⊗x, b⊗y⟩ = ⟨a, b⟩⟨x, y⟩. */
function byPairs(list: readonly Outer[]): { along: Float64Array; total: number } {
  const along = new Float64Array(list.length)
  // In tiles, so that long vectors are read from the cache.
  for (let from = 0; from < list.length; from += TILE) {
    for (let t = from; t < list.length; t++) {
      for (let u = from; u < Math.min(from + TILE, t + 1); u++) {
        const product = dot(list[t].dz, list[u].dz) * dot(list[t].operand!, list[u].operand!)
        along[t] += product
        if (u < t) along[u] += product
      }
    }
  }
  return { along, total: along.reduce((a, b) => a + b, 0) }
}

/** Many steps: the sum itself is made once. */
function bySum(list: readonly Outer[]): { along: Float64Array; total: number } {
  const K = list[0].operand!.length
  const all = new Float64Array(list[0].dz.length * K)
  for (const { dz, operand } of list) {
    dz.forEach((d, i) => {
      for (let k = 0; k < K; k++) all[i * K + k] += d * operand![k]
    })
  }
  const along = Float64Array.from(list, ({ dz, operand }) => {
    let found = 0
    dz.forEach((d, i) => (found += d * dot(operand!, all.subarray(i * K, (i + 1) * K))))
    return found
  })
  return { along, total: square(all) }
}

function concatenated(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0]
  const out = new Float64Array(sum(parts, (part) => part.length))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function dot(a: Float64Array, b: Float64Array): number {
  let found = 0
  for (let i = 0; i < a.length; i++) found += a[i] * b[i]
  return found
}

const square = (a: Float64Array): number => dot(a, a)

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0)
}
