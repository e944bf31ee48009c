/** Entry point of the writers, each loaded on demand. */
import { UnsupportedError, UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import { layerNames } from '../layers/names.ts'
import type { LayerOptions } from '../model/config.ts'
import { hasZoneout } from '../layers/regularisation/zoneoutRates.ts'
import type { ExportedFile, ExportFormat, ExportSource, ModelWriter } from './imported.ts'

/** The writers, by format: `model.exportTo(exporters.onnx)`. */
export const exporters: { readonly [F in ExportFormat]: ModelWriter } = {
  onnx: writer('ONNX', async (source) => (await import('./onnx/write/write.ts')).writeOnnx(source)),
  torch: writer('PyTorch', async (source) => (await import('./torch/index.ts')).writeTorch(source)),
  keras: writer('Keras', async (source) => (await import('./keras/index.ts')).writeKeras(source)),
  tfjs: writer('TensorFlow.js', async (source) => (await import('./tfjs/index.ts')).writeTfjs(source)),
}

/** Layers that no other format has. */
const LATCH_ONLY: readonly string[] = [
  'crf',
  'wordCharacters',
  'sentenceLabel',
  'encoderDecoder',
  'pairEmbedding',
  'pairFeatures',
]

const COUNTS = 'the counts of words: no other format has them, so the file predicts as the network alone does'

/** Says with the first file that counts are left out. */
function omitCounts({ countsWords }: ExportSource, files: readonly ExportedFile[]): readonly ExportedFile[] {
  if (!countsWords) return files
  const [first, ...others] = files
  return [{ ...first, omitted: [...(first.omitted ?? []), COUNTS] }, ...others]
}

/** A writer that refuses them. */
function writer(format: string, write: ModelWriter): ModelWriter {
  return async (source) => {
    const { layers } = source.network.config
    const names = layerNames(layers)
    const zoned = layers.findIndex((layer) => layer.type === 'recurrent' && hasZoneout(layer))
    if (zoned >= 0) throwZoneout(format, names[zoned])
    const normed = layers.findIndex((layer) => layer.type === 'recurrent' && layer.layerNorm)
    if (normed >= 0) throwLayerNorm(format, names[normed])
    const isPair = format === 'ONNX' && isEncoderDecoder(layers)
    const own = layers.findIndex(({ type }, i) => LATCH_ONLY.includes(type) && !(isPair && i === 0))
    if (own < 0) return omitCounts(source, await write(source))
    throw new UnsupportedError({
      where: `export to ${format}, ${names[own]}`,
      expected: `a layer of ${format}`,
      got: `${layers[own].type}, which only a Latch file holds`,
    })
  }
}

/** An encoder and a decoder as a sequence-to-sequence model has them: ONNX has a graph for each. */
function isEncoderDecoder([first, ...above]: readonly LayerOptions[]): boolean {
  const last = above.filter(({ type }) => type !== 'dropout')
  const [dense] = last
  return (
    first.type === 'encoderDecoder' &&
    last.length === 1 &&
    dense.type === 'dense' &&
    dense.bias !== false &&
    (dense.activation ?? 'linear') === 'linear'
  )
}

/** No other format mixes the states of inference. @throws UnsupportedError, always */
function throwZoneout(format: string, name: string): never {
  throw new UnsupportedError({
    where: `export to ${format}, ${name}`,
    expected: `a layer of ${format}`,
    got: 'zoneout, whose inference mixes each state with the one before',
    remedy: 'Train without zoneout to export; weight dropout and locked dropout change training alone.',
  })
}

/** No other format normalises inside a cell. @throws UnsupportedError, always */
function throwLayerNorm(format: string, name: string): never {
  throw new UnsupportedError({
    where: `export to ${format}, ${name}`,
    expected: `a layer of ${format}`,
    got: 'layerNorm inside a cell',
    remedy: 'Train without it to export, or with layers `layerNorm` between the recurrent ones.',
  })
}

/** The export formats. */
export const EXPORT_FORMATS = Object.keys(exporters) as readonly ExportFormat[]

/**
 * A model in a format: its files. Chunks are made one by one as they are read.
 * @throws UnsupportedError naming the layer that the format does not support; UsageError for an unknown format
 */
export async function writeModel(source: ExportSource, to: ExportFormat): Promise<readonly ExportedFile[]> {
  if (!Object.hasOwn(exporters, to)) {
    const expected = `one of ${EXPORT_FORMATS.join(', ')}`
    throw new UsageError({ where: 'export format', expected, got: describe(to) })
  }
  return exporters[to](source)
}
