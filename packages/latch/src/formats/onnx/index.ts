/** Reads an ONNX file as a Latch model: decoded, lifted to layers, and checked against the graph itself. */
import type { ModelReader } from '../imported.ts'
import { EMBEDDED_KEY, readEmbedded, withEmbedded } from '../latch/embedded.ts'
import { decodeOnnx } from './proto/decode.ts'
import { liftOnnx } from './convert/convert.ts'
import { verifyLift } from './convert/verify.ts'

/**
 * Reads an `.onnx` file. @throws FormatError for a broken file, or one whose layers would not give what its graph
 * gives; UnsupportedError for graphs that are no chain of layers
 */
export const readOnnx: ModelReader = async ({ name, bytes, sibling }, options) => {
  const model = await decodeOnnx(bytes, name, sibling)
  const lifted = liftOnnx(model, name, options)
  verifyLift(model, lifted, name)
  const { places: _, ...imported } = lifted
  const embedded = readEmbedded(model.metadata.get(EMBEDDED_KEY), name, options)
  return withEmbedded(imported, embedded, options)
}
