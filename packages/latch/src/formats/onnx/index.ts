/** Reads an ONNX file as a Latch model: decoded, converted to layers, and checked against the graph itself. */
import type { ModelReader } from '../imported.ts'
import { EMBEDDED_KEY, readEmbedded, withEmbedded } from '../latch/embedded.ts'
import { listNonFinite } from '../nonFinite.ts'
import { decodeOnnx } from './proto/decode.ts'
import { convertOnnx } from './convert/convert.ts'
import { verifyConversion } from './convert/verify.ts'

/**
 * Reads an `.onnx` file. @throws FormatError for a broken file, or one whose layers would not give what its graph
 * gives; UnsupportedError for graphs that are not a chain of layers
 */
export const readOnnx: ModelReader = async ({ name, bytes, sibling }, options) => {
  const model = await decodeOnnx(bytes, name, sibling)
  const converted = convertOnnx(model, name, options)
  // With other weights, graph and layers cannot be compared.
  const note = listNonFinite(converted.weights).length === 0 ? verifyConversion(model, converted, name) : null
  if (note !== null) converted.warnings = [...converted.warnings, note]
  const { places: _, ...imported } = converted
  const embedded = readEmbedded(model.metadata.get(EMBEDDED_KEY), name, options)
  return withEmbedded(imported, embedded, options)
}
