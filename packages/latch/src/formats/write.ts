/** Entry point of the writers, each loaded on demand. */
import { UnsupportedError, UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import { layerNames } from '../layers/names.ts'
import { hasZoneout } from '../layers/regularisation/zoneoutRates.ts'
import type { ExportedFile, ExportFormat, ExportSource, ModelWriter } from './imported.ts'

/** The writers, by format: `model.exportTo(exporters.onnx)`. */
export const exporters: { readonly [F in ExportFormat]: ModelWriter } = {
  onnx: async (source) => (await import('./onnx/write/write.ts')).writeOnnx(withoutZoneout(source)),
  torch: async (source) => (await import('./torch/index.ts')).writeTorch(withoutZoneout(source)),
  keras: async (source) => (await import('./keras/index.ts')).writeKeras(withoutZoneout(source)),
  tfjs: async (source) => (await import('./tfjs/index.ts')).writeTfjs(withoutZoneout(source)),
}

/** @throws UnsupportedError for a layer whose states no other format mixes */
function withoutZoneout(source: ExportSource): ExportSource {
  const { layers } = source.network.config
  const at = layers.findIndex((layer) => layer.type === 'recurrent' && hasZoneout(layer))
  if (at < 0) return source
  throw new UnsupportedError({
    where: `export, ${layerNames(layers)[at]}`,
    expected: 'states that other formats compute',
    got: 'zoneout, whose inference mixes each state with the one before',
    remedy: 'Train without zoneout to export; weight dropout and locked dropout change training alone.',
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
