/** Reads an ONNX file as a Latch model: decodes it, converts it to layers, and checks these against the graph. */
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
 * Reads an `.onnx` file.
 * @throws FormatError for a broken file, or if the layers do not compute what the graph computes; UnsupportedError for
 * a graph that is not a chain of layers
 */
export const readOnnx: ModelReader = async ({ name, bytes, sibling }, options) => {
  const model = await decodeOnnx(bytes, name, sibling)
  const open = (upTo: string | undefined) => {
    const converted = convertOnnx(model, name, { ...options, upTo })
    // Layers with non-finite weights cannot be compared with the graph.
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
    // A UsageError is a mistake in the call, and a file that exceeds its budget is not tried again.
    const isFinal = error instanceof UsageError || error instanceof BudgetError
    if (error instanceof LatchError && !isFinal) throw explain(error)
    throw error
  }
}
