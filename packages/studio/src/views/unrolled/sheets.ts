/**
 * All vectors of one row as an image with one column per step and one pixel per unit, made once per trace: drawing a
 * strip is then one copy, whatever the number of units.
 */
import type { Inspection } from '../../worker/protocol.ts'
import type { Scheme } from '../../drawing/palette.ts'
import { putPixel } from '../../parts/cell/strips.ts'

type Vectors = readonly ArrayLike<number>[]

export interface Sheet {
  image: HTMLCanvasElement
  units: number
  /** The value with full colour. */
  scale: number
}

export interface LayerSheets {
  hidden: Sheet
  cell: Sheet | null
}

export interface ForwardSheets {
  input: Sheet | null
  output: Sheet
  layers: LayerSheets[]
}

export interface BackwardSheets {
  /** One scale for all: the largest |∂L/∂h| or |∂L/∂c|. */
  scale: number
  layers: LayerSheets[]
}

/** Number of powers of ten in logarithmic colours. */
export const DECADES = 6

export function forwardSheets({ trace }: Inspection, scheme: Scheme): ForwardSheets {
  const inputs = trace.layers[0]?.steps.map(({ input }) => input) ?? []
  const outputs = trace.steps.map(({ output }) => Object.values<number>(output.probabilities))
  const vectors = trace.layers.map(({ steps }) => ({
    hidden: steps.map((step) => step.hidden),
    cell: steps.flatMap(({ cell }) => (cell ? [cell] : [])),
  }))
  // One scale for all layers; at least 1, as h of most cells lies within ±1.
  const hiddenScale = vectors.reduce((most, { hidden }) => Math.max(most, largest(hidden)), 1)
  const cellScale = vectors.reduce((most, { cell }) => Math.max(most, largest(cell)), 1)
  return {
    input: inputs[0]?.length ? makeSheet(inputs, scheme, largest(inputs) || 1) : null,
    output: makeSheet(outputs, scheme, 1),
    layers: vectors.map(({ hidden, cell }) => ({
      hidden: makeSheet(hidden, scheme, hiddenScale),
      cell: cell.length ? makeSheet(cell, scheme, cellScale) : null,
    })),
  }
}

export function backwardSheets({ trace }: Inspection, scheme: Scheme, logarithmic: boolean): BackwardSheets {
  const vectors = trace.layers.map(({ steps }) => ({
    hidden: steps.map(({ gradient }) => gradient.hiddenVector),
    cell: steps.flatMap(({ gradient }) => (gradient.cellVector ? [gradient.cellVector] : [])),
  }))
  const scale =
    vectors.reduce((most, { hidden, cell }) => Math.max(most, largest(hidden), largest(cell)), 0) || 1
  const layers = vectors.map(({ hidden, cell }) => ({
    hidden: makeSheet(hidden, scheme, scale, logarithmic),
    cell: cell.length ? makeSheet(cell, scheme, scale, logarithmic) : null,
  }))
  return { scale, layers }
}

function largest(vectors: Vectors): number {
  let most = 0
  for (const vector of vectors)
    for (let i = 0; i < vector.length; i++) {
      const size = Math.abs(vector[i])
      if (size > most && Number.isFinite(size)) most = size
    }
  return most
}

function makeSheet(vectors: Vectors, scheme: Scheme, scale: number, logarithmic = false): Sheet {
  const [steps, units] = [vectors.length, vectors[0]?.length ?? 0]
  const image = document.createElement('canvas')
  image.width = Math.max(1, steps)
  image.height = Math.max(1, units)
  const paint = image.getContext('2d')
  if (paint && steps && units) {
    const pixels = paint.createImageData(steps, units)
    for (let t = 0; t < steps; t++)
      for (let u = 0; u < units; u++) {
        const value = vectors[t][u] / scale
        putPixel(pixels, u * steps + t, logarithmic ? stretched(value) : value, scheme)
      }
    paint.putImageData(pixels, 0, 0)
  }
  return { image, units, scale }
}

/** Colours by the power of ten, from the largest down to 10^−DECADES of it. */
function stretched(value: number): number {
  if (!value) return 0
  return Math.sign(value) * Math.max(0, 1 + Math.log10(Math.abs(value)) / DECADES)
}
