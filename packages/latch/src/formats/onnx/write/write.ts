/** Writes a Latch model as an ONNX file. Names and field numbers: onnx.proto. */
import { EMBEDDED_KEY, embeddedText } from '../../latch/embedded.ts'
import type { ExportSource, ModelWriter } from '../../imported.ts'
import { omitStateful } from '../../omitStateful.ts'
import { writeEncoderDecoder } from './encoderDecoder.ts'
import { writeGraph } from './file.ts'
import type { ExportGraph } from './graph.ts'
import { exportLayers, type ExportEdge } from './layers.ts'

/** Outputs in addition to the logits, by output activation. */
const ACTIVATED = {
  softmax: { name: 'probabilities', op: 'Softmax', attributes: { axis: -1 } },
  logSoftmax: { name: 'logProbabilities', op: 'LogSoftmax', attributes: { axis: -1 } },
  sigmoid: { name: 'probabilities', op: 'Sigmoid', attributes: {} },
} as const

/**
 * Writes one `.onnx` file; of an encoder and a decoder two (encoderDecoder.ts). Inputs: `ids` int64 (batch, time) or `features` float32 (batch, time, width), padded with
 * any valid values, and `lengths` int32 (batch). Outputs: `logits` (batch, width) or (batch, time, width), zeros beyond
 * each length, and `probabilities` or `logProbabilities` if the output activation is a softmax, sigmoid or log-softmax.
 * @throws UnsupportedError for layers that ONNX does not support
 */
export const writeOnnx: ModelWriter = async (source) => {
  const [first] = source.network.config.layers
  if (first.type === 'encoderDecoder') return writeEncoderDecoder(source, first)
  const { graph, output } = exportLayers(source.network)
  nameOutputs(graph, output, source)
  const file = writeGraph(`${source.name}.onnx`, source.name, graph, metadataOf(source))
  return [{ ...file, ...omitStateful(source) }]
}

function metadataOf(source: ExportSource): Record<string, string | null> {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
  return {
    labels: json(source.labels),
    vocabulary: json(source.vocabulary),
    tokens: source.tokens,
    [EMBEDDED_KEY]: embeddedText(source),
  }
}

function nameOutputs(
  graph: ExportGraph,
  { value, per, width }: ExportEdge,
  { outputActivation }: ExportSource,
): void {
  const shape = per === 'step' ? ['batch', 'time', width] : ['batch', width]
  const logits = graph.output(value, 'logits', 'float32', shape)
  if (outputActivation === 'linear' || outputActivation === 'probabilities') return
  const { name, op, attributes } = ACTIVATED[outputActivation]
  graph.output(logits, name, 'float32', shape, op, attributes)
}
