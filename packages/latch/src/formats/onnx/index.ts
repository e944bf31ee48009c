/** Reads an ONNX file as a Latch model: decoded, converted to layers, and checked against the graph itself. */
import { LatchError, UsageError } from '../../core/errors.ts'
import { BudgetError } from '../budget.ts'
import type { ModelReader } from '../imported.ts'
import { EMBEDDED_KEY, readEmbedded, withEmbedded } from '../latch/embedded.ts'
import { listNonFinite } from '../nonFinite.ts'
import { decodeOnnx } from './proto/decode.ts'
import { convertOnnx } from './convert/convert.ts'
import { withRemedies } from './convert/remedies.ts'
import { verifyConversion } from './convert/verify.ts'

/**
 * Reads an `.onnx` file. @throws FormatError for a broken file, or one whose layers would not give what its graph
 * gives; UnsupportedError for graphs that are not a chain of layers
 */
export const readOnnx: ModelReader = async ({ name, bytes, sibling }, options) => {
  const model = await decodeOnnx(bytes, name, sibling)
  const open = (upTo: string | undefined) => {
    const converted = convertOnnx(model, name, { ...options, upTo })
    // With other weights, graph and layers cannot be compared.
    const note =
      listNonFinite(converted.weights).length === 0 ? verifyConversion(model, converted, name) : null
    if (note !== null) converted.warnings = [...converted.warnings, note]
    return converted
  }
  const { places: _, ...imported } = openOr(
    () => open(options.upTo),
    (error) => withRemedies(error, model, name, open),
  )
  const embedded = readEmbedded(model.metadata.get(EMBEDDED_KEY), name, options)
  return withEmbedded(imported, embedded, options)
}

function openOr<T>(open: () => T, explain: (error: LatchError) => LatchError): T {
  try {
    return open()
  } catch (error) {
    // A node that does not exist is a mistake of the call; a file that costs too much is not tried again.
    const isFinal = error instanceof UsageError || error instanceof BudgetError
    if (error instanceof LatchError && !isFinal) throw explain(error)
    throw error
  }
}
