/** A network as a TensorFlow.js layers model: model.json and weights.bin, one array made at a time. */
import { EMBEDDED_KEY, embeddedText } from '../../latch/embedded.ts'
import type { ExportedFile, ExportSource } from '../../imported.ts'
import { omitTied } from '../../omitStateful.ts'
import { TfjsExport, type PlacedLayer } from './layers.ts'

const WEIGHTS = 'weights.bin'

/**
 * Writes model.json and weights.bin, which tf.loadLayersModel opens; the output activation is its last layer.
 * One-hot input is written as an input of one-hot rows. TensorFlow.js pads where Latch packs: sequences of a batch
 * must be equally long, or every padded step counts, unless the network masks it (maskZero, masking).
 *
 * @throws UnsupportedError for what TensorFlow.js does not have, a GRU that resets after its product among it
 */
export async function writeTfjs(source: ExportSource): Promise<readonly ExportedFile[]> {
  const { placed, arrays, last } = new TfjsExport(source.network, source.outputActivation, source.stateful)
  const modelNaming = (file: string) => ({
    format: 'layers-model',
    generatedBy: 'Latch',
    convertedBy: null,
    modelTopology: {
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
      model_config: buildTopology(source.name, placed, last),
    },
    weightsManifest: [
      {
        paths: [file],
        weights: arrays.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
    userDefinedMetadata: {
      labels: source.labels,
      vocabulary: source.vocabulary,
      tokens: source.tokens,
      [EMBEDDED_KEY]: embeddedText(source),
    },
  })
  const chunksNaming = (names: ReadonlyMap<string, string>) => [
    new TextEncoder().encode(JSON.stringify(modelNaming(names.get(WEIGHTS) ?? WEIGHTS))),
  ]
  const weights = {
    *[Symbol.iterator]() {
      for (const { read } of arrays) {
        const { buffer, byteOffset, byteLength } = read()
        yield new Uint8Array(buffer, byteOffset, byteLength)
      }
    },
  }
  return [
    { name: 'model.json', chunks: chunksNaming(new Map()), chunksNaming, ...omitTied(source) },
    { name: WEIGHTS, chunks: weights },
  ]
}

/** Sequential, or functional where a layer takes more than the one below it. */
function buildTopology(name: string, placed: readonly PlacedLayer[], last: string): object {
  const plain = placed.every(
    ({ from }, i) => i === 0 || (from.length === 1 && from[0] === placed[i - 1].config.name),
  )
  const layers = placed.map(({ class_name, config }) => ({ class_name, config }))
  if (plain) return { class_name: 'Sequential', config: { name, layers } }
  const wired = placed.map(({ class_name, config, from }) => ({
    name: config.name,
    class_name,
    config,
    inbound_nodes: from.length > 0 ? [from.map((below) => [below, 0, 0, {}])] : [],
  }))
  const config = { name, layers: wired, input_layers: [['input', 0, 0]], output_layers: [[last, 0, 0]] }
  return { class_name: 'Model', config }
}
