/** The contents of a model file, whether or not its layers can be imported. */
import type { FormatName, LayerFacts } from './imported.ts'

/** A layer, or an operator of a graph. */
export interface FileLayer extends LayerFacts {
  /** Shapes of its arrays, in the order of the file. */
  weights: readonly (readonly number[])[]
  /** Whether Latch reads it; null if that depends on more than the layer. */
  opens: boolean | null
}

/** A stored array. */
export interface FileArray {
  /** The layer that it belongs to; empty if the file does not name it. */
  layer: string
  name: string
  shape: readonly number[]
  /** `F32`, `BF16`; null if the format has only one type. */
  dtype: string | null
  /** Number of parameters; 0 for integers. */
  parameters: number
}

/** The contents of a file. */
export interface FileContents {
  format: FormatName
  producer: string | null
  /** Number of parameters of all layers and arrays. */
  parameters: number
  layers: readonly FileLayer[]
  /** Arrays that belong to no layer; all arrays if the file names no layers. */
  arrays: readonly FileArray[]
}

/** The listing of a reader. */
export type Listing = Pick<FileContents, 'producer' | 'layers' | 'arrays'>

/** A layer that a file lists only by its arrays. */
export function fileLayer(
  name: string,
  type: string,
  weights: FileLayer['weights'],
  opens: boolean | null,
): FileLayer {
  const parameters = weights.reduce((sum, shape) => sum + countNumbers(shape), 0)
  return { name, type, output: null, conventions: '', weights, parameters, opens }
}

export function fileArray(
  layer: string,
  name: string,
  shape: readonly number[],
  dtype: string | null = null,
): FileArray {
  const learned = dtype === null || dtype.includes('F')
  return { layer, name, shape, dtype, parameters: learned ? countNumbers(shape) : 0 }
}

function countNumbers(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}
