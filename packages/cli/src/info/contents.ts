/** What is in a file that does not open as layers: layers, tensors or operators, so that a part of it can be named. */
import {
  describeFile,
  type FileArray,
  type FileContents,
  type FileLayer,
  type FormatName,
  type ImportOptions,
  type ModelFiles,
  identify,
} from 'latch/formats'
import { FormatError, LatchError, UnsupportedError, UsageError } from 'latch'

/** What stands in a table: `weights` are shapes, null is nothing to say. */
export type Cell = string | number | boolean | null

/** A table of what a file holds. */
export interface Contents {
  format: FormatName
  producer: string | null
  /** Of all that is in it. */
  parameters: number
  /** Of a graph: its operators with their numbers, the most frequent first. */
  operators?: Record<string, number>
  head: string[]
  rows: Cell[][]
  /** Why it cannot be opened as it is. */
  why: LatchError
}

/** The contents of a file whose layers could not be read. @throws the reason where nothing can be listed */
export async function contentsOf(
  files: ModelFiles,
  options: ImportOptions,
  reason: unknown,
): Promise<Contents> {
  const format = identify(files.bytes, files.name)
  // A file of weights only asks for its configuration; other mistakes of the call are to be mended first.
  const asks = reason instanceof UsageError && format === 'keras' && options.config === undefined
  if (isAboutUpTo(reason, options)) throw reason
  if (!(asks || reason instanceof UnsupportedError || reason instanceof FormatError)) throw reason
  let found: FileContents | null = null
  try {
    found = await describeFile(files, { ...options, error: reason })
  } catch (error) {
    // A broken file: the error of its reader says more.
    if (!(error instanceof LatchError)) throw error
  }
  if (!found || found.layers.length + found.arrays.length === 0) throw reason
  // Layers are known, so it was something else that the call lacked.
  if (reason instanceof UsageError && found.layers.length > 0) throw reason
  return { ...tableOf(found), why: reason }
}

/** The layer of `--up-to` does not exist: the error lists the layers. */
function isAboutUpTo(reason: unknown, { upTo }: ImportOptions): boolean {
  if (upTo === undefined || !(reason instanceof LatchError)) return false
  return reason instanceof UsageError && reason.fixes.some(({ option }) => option === 'upTo')
}

/** As one table: layers with the arrays of none of them below, operators, or arrays alone. */
function tableOf({ format, producer, parameters, layers, arrays }: FileContents): Omit<Contents, 'why'> {
  const facts = { format, producer, parameters }
  if (layers.length === 0) return { ...facts, ...tableOfArrays(arrays, format) }
  const shapes = ({ weights }: FileLayer) => weights.map(shapeText).join(' ')
  const rows = [
    ...layers.map((layer): Cell[] => [layer.name, layer.type, shapes(layer), layer.parameters, layer.opens]),
    ...arrays.map(({ name, shape, parameters: own }): Cell[] => [name, null, shapeText(shape), own, false]),
  ]
  if (format !== 'onnx') return { ...facts, head: ['layer', 'type', 'weights', 'parameters', 'opens'], rows }
  const head = ['node', 'operator', 'weights', 'parameters', 'runs']
  return { ...facts, operators: countOperators(layers), head, rows }
}

function countOperators(layers: readonly FileLayer[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { type } of layers) counts.set(type, (counts.get(type) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))
}

function tableOfArrays(arrays: readonly FileArray[], format: string): Pick<Contents, 'head' | 'rows'> {
  if (format === 'torch') {
    const rows = arrays.map(({ name, shape, dtype }): Cell[] => [name, shapeText(shape), dtype])
    return { head: ['tensor', 'shape', 'type'], rows }
  }
  const byLayer = arrays.some(({ layer }) => layer !== '')
  const rows = arrays.map(({ layer, name, shape, parameters }): Cell[] => {
    return [...(byLayer ? [layer || null] : []), name, shapeText(shape), parameters]
  })
  return { head: [...(byLayer ? ['layer'] : []), 'array', 'shape', 'parameters'], rows }
}

/** `(8, 3)`; a number alone is `()`. */
function shapeText(shape: readonly number[]): string {
  return `(${shape.join(', ')})`
}
