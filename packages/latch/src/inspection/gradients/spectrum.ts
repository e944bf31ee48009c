/**
 * Spectral radius: the largest |eigenvalue| of a recurrent matrix, by which a state's own product grows or
 * shrinks from step to step (Pascanu, Mikolov & Bengio 2013; echo states: Jaeger 2001).
 */
import type { RecurrentLayer } from '../../layers/recurrent/recurrent.ts'
import type { ParameterStore } from '../../tensors/parameters.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import { ShapeError, UsageError } from '../../core/errors.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'

/** ‖A^m‖^(1/m) at m = 2³⁴: what a constant C in ‖A^m‖ ≤ C·ρ^m leaves is ln C / 2³⁴. */
const SQUARINGS = 34
/** B² = ±‖B²‖·B to this tolerance: the powers have converged, every further one is the same. */
const CONVERGED = 1e-14

/**
 * Largest |eigenvalue| of a real n×n matrix, row-major, complex pairs included: Gelfand's formula
 * ρ = lim ‖A^m‖^(1/m) by repeated squaring, each power scaled to norm 1 (Gelfand 1941; Horn & Johnson,
 * Matrix Analysis, 5.6.14). In float64, relative error below 1e-8 unless eigenvalues are ill-conditioned; n³
 * operations a squaring: milliseconds for 64, seconds for 512.
 * @throws ShapeError unless there are n·n finite numbers
 */
export function spectralRadius(matrix: ArrayLike<number>, n: number): number {
  const where = 'spectralRadius'
  if (!(Number.isInteger(n) && n > 0) || matrix.length !== n * n) {
    throw new ShapeError({ where, expected: `n·n numbers (n = ${n})`, got: `${matrix.length}` })
  }
  let power = Float64Array.from(matrix)
  if (!power.every(Number.isFinite)) {
    throw new ShapeError({ where, expected: 'finite numbers', got: 'others among them' })
  }
  let logarithm = Math.log(scaleToOne(power))
  let next = new Float64Array(n * n)
  for (let k = 1; k <= SQUARINGS && logarithm !== -Infinity; k++) {
    square(next, power, n)
    const norm = scaleToOne(next)
    if (converged(next, power)) return Math.exp(logarithm + Math.log(norm) / 2 ** (k - 1))
    logarithm += Math.log(norm) / 2 ** k
    ;[power, next] = [next, power]
  }
  return Math.exp(logarithm)
}

/** Divides by the Frobenius norm and gives it. The largest element is brought to 1 first, so that no square overflows. */
function scaleToOne(matrix: Float64Array): number {
  const most = matrix.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
  if (most === 0) return 0
  let sum = 0
  for (let i = 0; i < matrix.length; i++) sum += (matrix[i] /= most) ** 2
  const norm = Math.sqrt(sum)
  for (let i = 0; i < matrix.length; i++) matrix[i] /= norm
  return most * norm
}

function square(into: Float64Array, a: Float64Array, n: number): void {
  into.fill(0)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k]
      if (factor === 0) continue
      for (let j = 0; j < n; j++) into[i * n + j] += factor * a[k * n + j]
    }
  }
}

function converged(next: Float64Array, before: Float64Array): boolean {
  let [same, turned] = [0, 0]
  for (let i = 0; i < next.length; i++) {
    same = Math.max(same, Math.abs(next[i] - before[i]))
    turned = Math.max(turned, Math.abs(next[i] + before[i]))
  }
  return Math.min(same, turned) < CONVERGED
}

/** Which recurrent weights. */
export interface SpectrumPlace {
  /** 0 is the lowest. Default: every layer. */
  layer?: number
  /** Default: every direction. */
  direction?: 'forward' | 'backward'
}

const PLACE: Names<SpectrumPlace> = { layer: 1, direction: 1 }

/** The radius of one gate's block of weight_hh (H, H). */
export interface GateRadius {
  layer: number
  direction: 'forward' | 'backward'
  gate: string
  radius: number
}

/** The spectral radius of each gate's block of weight_hh. @throws UsageError for a layer or direction that is not there */
export function spectralRadii(network: Network, place: SpectrumPlace = {}): GateRadius[] {
  return blocksOf('spectralRadii', network, place).map(({ block, units, name: _, at: __, ...gate }) => ({
    ...gate,
    radius: spectralRadius(block, units),
  }))
}

/**
 * Scales recurrent weights so that each gate's block of weight_hh (H, H) has this spectral radius (in float32
 * to about 1e-6), and gives the radii there were. Weights change, nothing else: train on, or trace.
 * @throws UsageError for a radius below 0, a layer or direction that is not there, a block whose radius is 0, and while a training is under way
 */
export function setSpectralRadius(network: Network, radius: number, place: SpectrumPlace = {}): GateRadius[] {
  const where = 'setSpectralRadius'
  if (!(radius >= 0 && Number.isFinite(radius))) {
    throw new UsageError({ where, expected: 'a radius from 0', got: String(radius) })
  }
  internalsOf(network).runs.begin(where)()
  const blocks = blocksOf(where, network, place)
  const before = spectralRadii(network, place)
  before.forEach(({ gate, layer, radius: own }) => {
    if (own > 0) return
    const got = `a block of radius 0 (${gate}, layer ${layer})`
    throw new UsageError({ where, expected: 'recurrent weights that can be scaled', got })
  })
  blocks.forEach(({ name, at, block }, i) => {
    const values = network.readParameter(name)
    block.forEach((weight, j) => (values[at + j] = weight * (radius / before[i].radius)))
    network.writeParameter(name, values)
  })
  return before
}

/** Every gate's block, a copy, with the parameter it is in and its first element there. */
function blocksOf(where: string, network: Network, place: SpectrumPlace) {
  const { recurrent, store } = internalsOf(network)
  assertKnownOptions(`${where} place`, place, PLACE)
  const { layer: recurrentLayer, direction } = place
  if (recurrent.length === 0 || (recurrentLayer !== undefined && !recurrent[recurrentLayer])) {
    const expected = recurrent.length
      ? `a recurrent layer from 0 to ${recurrent.length - 1}`
      : 'a recurrent layer'
    throw new UsageError({
      where,
      expected,
      got: recurrent.length ? String(recurrentLayer) : 'none in the network',
    })
  }
  const found = recurrent.flatMap((layer, l) => {
    if (recurrentLayer !== undefined && l !== recurrentLayer) return []
    return layer.loops.flatMap(({ reversed }, d) => {
      const named = reversed ? ('backward' as const) : ('forward' as const)
      return direction === undefined || direction === named ? blocksOfLoop(store, layer, l, d, named) : []
    })
  })
  if (found.length > 0) return found
  throw new UsageError({ where, expected: 'a direction that the layer reads', got: String(direction) })
}

function blocksOfLoop(
  store: ParameterStore,
  { cell, loops, units }: RecurrentLayer,
  layer: number,
  d: number,
  direction: 'forward' | 'backward',
) {
  const { weightHidden } = loops[d].parameters
  const values = store.read(weightHidden) // (G·H, H)
  return cell.gateNames.map((gate, g) => {
    const at = g * units * units
    const block = values.slice(at, at + units * units)
    return { layer, direction, gate, name: weightHidden.name, at, units, block }
  })
}
