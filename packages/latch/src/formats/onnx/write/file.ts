/** A graph as an ONNX file: the messages are built first, the weights follow one by one as they are read. */
import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { ExportedFile } from '../../imported.ts'
import type { ExportGraph, ExportTensor } from './graph.ts'
import { GraphSchema, ModelSchema, TensorSchema } from '../proto/schema.ts'

const IR_VERSION = 8n
/** Field numbers of ModelProto.graph, GraphProto.initializer and TensorProto.raw_data. */
const [GRAPH, INITIALIZER, RAW_DATA] = [7, 5, 9]

/** @param name of the graph; @param metadata what is null is left out */
export function writeGraph(
  file: string,
  name: string,
  { nodes, inputs, outputs, opset, tensors }: ExportGraph,
  metadata: Readonly<Record<string, string | null>>,
): ExportedFile {
  const model = toBinary(
    ModelSchema,
    create(ModelSchema, {
      irVersion: IR_VERSION,
      producerName: 'Latch',
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      metadataProps: Object.entries(metadata).flatMap(([key, value]) =>
        value === null ? [] : [{ key, value }],
      ),
    }),
  )
  const graph = toBinary(
    GraphSchema,
    create(GraphSchema, { name, node: nodes, input: inputs, output: outputs }),
  )
  return { name: file, chunks: { [Symbol.iterator]: () => chunksOf(model, graph, tensors) } }
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
