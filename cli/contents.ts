/** What is in a file that is no chain of layers: tensors or operators, so that a part of it can be named. */
import type { ImportedModel, ModelFiles } from '../src/formats/imported.ts'
import { identify } from '../src/formats/identify.ts'
import { decodeOnnx } from '../src/formats/open.ts'
import { readSafetensors, shapeText } from '../src/formats/safetensors.ts'
import { FormatError, UnsupportedError } from '../src/tensor/errors.ts'

/** A table of what a file holds. */
export interface Contents {
  format: ImportedModel['format']
  head: string[]
  rows: string[][]
  /** Why it cannot be opened as it is. */
  why: string
}

/** What lies in a file whose layers could not be read for this reason; throws the reason where nothing can be told. */
export async function contentsOf(files: ModelFiles, reason: unknown): Promise<Contents> {
  if (!(reason instanceof UnsupportedError || reason instanceof FormatError)) throw reason
  const format = identify(files.bytes, files.name)
  const why = reason.message
  try {
    if (format === 'torch') return { format, why, ...tensors(files) }
    if (format === 'onnx') return { format, why, ...(await operators(files)) }
  } catch {
    // A broken file: the reader's own words are better.
  }
  throw reason
}

function tensors({ bytes, name }: ModelFiles): Pick<Contents, 'head' | 'rows'> {
  const all = [...readSafetensors(bytes, name).tensors.values()]
  const rows = all.map((tensor) => [tensor.name, shapeText(tensor.shape), tensor.storedAs ?? tensor.dtype])
  return { head: ['tensor', 'shape', 'type'], rows }
}

async function operators(files: ModelFiles): Promise<Pick<Contents, 'head' | 'rows'>> {
  const { nodes, initializers } = await decodeOnnx(files)
  const rows = nodes.map(({ name, op, inputs }) => {
    const weights = inputs.flatMap((input) => {
      const tensor = initializers.get(input)
      return tensor ? [shapeText(tensor.shape)] : []
    })
    return [name, op, weights.join(' ')]
  })
  return { head: ['node', 'operator', 'weights'], rows }
}
