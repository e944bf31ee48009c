/** What is in a file that does not open as layers: layers, tensors or operators, so that a part of it can be named. */
import { type ImportedModel, type ImportOptions, type ModelFiles, identify, decodeOnnx } from 'latch/formats'
import { type StoredArray, type StoredContents, shapeText } from 'latch/internal'
import { readSafetensors, FormatError, LatchError, UnsupportedError, UsageError } from 'latch'

/** What stands in a table: `weights` are shapes, null is nothing to say. */
export type Cell = string | number | boolean | null

/** A table of what a file holds. */
export interface Contents {
  format: ImportedModel['format']
  producer: string | null
  /** Of all that is in it. */
  parameters: number
  head: string[]
  rows: Cell[][]
  /** Why it cannot be opened as it is. */
  why: LatchError
}

type Listed = Omit<Contents, 'format' | 'why'>

/** What lies in a file whose layers could not be read for this reason; throws the reason where nothing can be told. */
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
  let listed: Listed | null = null
  try {
    listed = await listedIn(format, files, options, reason)
  } catch (error) {
    // A broken file: the reader's own words are better.
    if (!(error instanceof LatchError)) throw error
  }
  if (!listed || listed.rows.length === 0) throw reason
  return { format, why: reason, ...listed }
}

/** A layer that is not there was asked for: the error lists those that are. */
function isAboutUpTo(reason: unknown, { upTo }: ImportOptions): boolean {
  if (upTo === undefined || !(reason instanceof LatchError)) return false
  return reason instanceof UsageError && reason.fixes.some(({ option }) => option === 'upTo')
}

async function listedIn(
  format: Contents['format'],
  files: ModelFiles,
  options: ImportOptions,
  reason: UnsupportedError | FormatError | UsageError,
): Promise<Listed | null> {
  if (format === 'torch') return tensors(files)
  if (format === 'onnx') return operators(files)
  if (format === 'tfjs') {
    const { tfjsContents } = await import('latch/internal')
    return stored(await tfjsContents(files, reason.where))
  }
  if (format === 'tensorflow1' && reason instanceof UnsupportedError) {
    const { readManifest } = await import('latch/internal')
    const all = [...readManifest(files).values()]
    const arrays = all.map(({ name, shape, size }) => ({ layer: '', name, shape, parameters: size }))
    return stored({ producer: 'TensorFlow 1', layers: [], arrays })
  }
  if (format !== 'keras') return null
  const { kerasContents } = await import('latch/internal')
  const contents = kerasContents(files, options, reason.where)
  // Layers are known, so it was something else that the call lacked.
  return reason instanceof UsageError && contents.layers.length > 0 ? null : stored(contents)
}

function tensors({ bytes, name }: ModelFiles): Listed {
  const { tensors: found, metadata } = readSafetensors(bytes, name)
  const all = [...found.values()]
  return {
    producer: Object.hasOwn(metadata, 'latch') ? 'Latch' : null,
    parameters: sumOf(all.map(({ shape, dtype }) => (dtype.startsWith('F') ? sizeOf(shape) : 0))),
    head: ['tensor', 'shape', 'type'],
    rows: all.map((tensor) => [tensor.name, shapeText(tensor.shape), tensor.storedAs ?? tensor.dtype]),
  }
}

async function operators(files: ModelFiles): Promise<Listed> {
  const { nodes, initializers, producer } = await decodeOnnx(files)
  const rows = nodes.map(({ name, op, inputs }) => {
    const weights = inputs.flatMap((input) => {
      const tensor = initializers.get(input)
      return tensor ? [shapeText(tensor.shape)] : []
    })
    return [name, op, weights.join(' ')]
  })
  // Whole numbers are indices and shapes.
  const weights = [...initializers.values()].filter(({ dtype }) => dtype.includes('float'))
  const parameters = sumOf(weights.map(({ shape }) => sizeOf(shape)))
  return { producer, parameters, head: ['node', 'operator', 'weights'], rows }
}

/** Layers with what belongs to none of them below, or arrays alone. */
function stored({ producer, layers, arrays }: StoredContents): Listed {
  const parameters = sumOf([...layers, ...arrays].map((one) => one.parameters))
  if (layers.length === 0) return { producer, parameters, ...arrayRows(arrays) }
  const rows = [
    ...layers.map(({ name, type, weights, parameters: own, opens }): Cell[] => {
      return [name, type, weights.map(shapeText).join(' '), own, opens]
    }),
    ...arrays.map(({ name, shape, parameters: own }): Cell[] => [name, null, shapeText(shape), own, false]),
  ]
  return { producer, parameters, head: ['layer', 'type', 'weights', 'parameters', 'opens'], rows }
}

function arrayRows(arrays: readonly StoredArray[]): Pick<Listed, 'head' | 'rows'> {
  const byLayer = arrays.some(({ layer }) => layer !== '')
  const rows = arrays.map(({ layer, name, shape, parameters }): Cell[] => {
    return [...(byLayer ? [layer || null] : []), name, shapeText(shape), parameters]
  })
  return { head: [...(byLayer ? ['layer'] : []), 'array', 'shape', 'parameters'], rows }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
