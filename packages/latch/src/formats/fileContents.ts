/** What is in a model file, whether or not its layers open: for people who look for the part that does. */
import type { FormatName, LayerFacts } from './imported.ts'

/** A layer, or an operator of a graph. */
export interface FileLayer extends LayerFacts {
  /** Shapes of its arrays, in the order of the file. */
  weights: readonly (readonly number[])[]
  /** Whether Latch reads it; null where a layer alone does not tell. */
  opens: boolean | null
}

/** A stored array. */
export interface FileArray {
  /** The layer that it belongs to; empty where the file does not say. */
  layer: string
  name: string
  shape: readonly number[]
  /** `F32`, `BF16`; null where the format has one type only. */
  dtype: string | null
  /** How many numbers are learned; 0 for whole numbers. */
  parameters: number
}

/** What a file holds. */
export interface FileContents {
  format: FormatName
  producer: string | null
  /** Of all layers and arrays. */
  parameters: number
  layers: readonly FileLayer[]
  /** Arrays of no layer; all of them, where the file names no layers. */
  arrays: readonly FileArray[]
}

/** What a reader lists. */
export type Listing = Pick<FileContents, 'producer' | 'layers' | 'arrays'>

/** A layer that a file lists with its arrays alone. */
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
