/**
 * Writes a Latch model as an ONNX file. The messages of the graph are small and built first. The weights follow one by
 * one, each a TensorProto whose numbers are read from the network while the file is written. Names and field numbers:
 * onnx.proto.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { EMBEDDED_KEY, embeddedText } from '../../latch/embedded.ts'
import type { ExportedFile, ExportSource, ModelWriter } from '../../imported.ts'
import { omitStateful } from '../../omitStateful.ts'
import { exportLayers, type ExportEdge } from './layers.ts'
import type { ExportGraph, ExportTensor } from './graph.ts'
import { GraphSchema, ModelSchema, TensorSchema } from '../proto/schema.ts'

const IR_VERSION = 8n
/** Field numbers of ModelProto.graph, GraphProto.initializer and TensorProto.raw_data. */
const [GRAPH, INITIALIZER, RAW_DATA] = [7, 5, 9]

/** Outputs in addition to the logits, by output activation. */
const ACTIVATED = {
  softmax: { name: 'probabilities', op: 'Softmax', attributes: { axis: -1 } },
  logSoftmax: { name: 'logProbabilities', op: 'LogSoftmax', attributes: { axis: -1 } },
  sigmoid: { name: 'probabilities', op: 'Sigmoid', attributes: {} },
} as const

/**
 * Writes one `.onnx` file. Inputs: `ids` int64 (batch, time) or `features` float32 (batch, time, width), padded with
 * any valid values, and `lengths` int32 (batch). Outputs: `logits` (batch, width) or (batch, time, width), zeros beyond
 * each length, and `probabilities` or `logProbabilities` if the output activation is a softmax, sigmoid or log-softmax.
 * @throws UnsupportedError for layers that ONNX does not support
 */
export const writeOnnx: ModelWriter = async (source) => {
  const { graph, output } = exportLayers(source.network)
  nameOutputs(graph, output, source)
  const model = toBinary(ModelSchema, buildModel(graph, source))
  const rest = toBinary(
    GraphSchema,
    create(GraphSchema, { name: source.name, node: graph.nodes, input: graph.inputs, output: graph.outputs }),
  )
  const file: ExportedFile = {
    name: `${source.name}.onnx`,
    chunks: { [Symbol.iterator]: () => chunksOf(model, rest, graph.tensors) },
    ...omitStateful(source),
  }
  return [file]
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

function buildModel(graph: ExportGraph, source: ExportSource) {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
  const metadata: Record<string, string | null> = {
    labels: json(source.labels),
    vocabulary: json(source.vocabulary),
    tokens: source.tokens,
    [EMBEDDED_KEY]: embeddedText(source),
  }
  return create(ModelSchema, {
    irVersion: IR_VERSION,
    producerName: 'Latch',
    opsetImport: [{ domain: '', version: BigInt(graph.opset) }],
    metadataProps: Object.entries(metadata).flatMap(([key, value]) =>
      value === null ? [] : [{ key, value }],
    ),
  })
}

function* chunksOf(
  model: Uint8Array,
  graph: Uint8Array,
  tensors: readonly ExportTensor[],
): Generator<Uint8Array, void, undefined> {
  const heads = tensors.map(buildHead)
  const size = tensors.reduce((sum, { byteLength }, i) => sum + heads[i].length + byteLength, graph.length)
  yield model
  yield new BinaryWriter().tag(GRAPH, WireType.LengthDelimited).uint32(size).finish()
  yield graph
  for (const [i, tensor] of tensors.entries()) {
    yield heads[i]
    yield* tensor.chunks()
  }
}

/** Encodes an initializer without its numbers: name, type, shape, and the lengths of the message and of the numbers. */
function buildHead({ name, dataType, dims, byteLength }: ExportTensor): Uint8Array {
  const facts = toBinary(TensorSchema, create(TensorSchema, { name, dataType, dims: dims.map(BigInt) }))
  const raw = new BinaryWriter().tag(RAW_DATA, WireType.LengthDelimited).uint32(byteLength).finish()
  const size = facts.length + raw.length + byteLength
  const writer = new BinaryWriter().tag(INITIALIZER, WireType.LengthDelimited).uint32(size)
  return writer.raw(facts).raw(raw).finish()
}
