/** Networks of every kind that exports have to carry, with ragged inputs and Latch's own answers. */
import { internalsOf } from '../../src/model/network.ts'
import type { ExportSource } from '../../src/formats/imported.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { configuredNetwork } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
/** A network to export, and what it answers. */
export interface ExportCase {
  source: ExportSource
  ids: number[][] | null
  /** (B, T, F), zeros beyond each length. */
  features: number[][][] | null
  lengths: readonly number[]
  output: Float64Array
}

/** A network with seeded weights, biases among them, and its answers on sequences of these lengths. */
export function exportCase(
  name: string,
  layers: readonly LayerOptions[],
  about: Partial<ExportSource> = {},
  lengths: readonly number[] = [5, 2, 7, 1],
): ExportCase {
  const network = configuredNetwork({ layers })
  const random = new Random(3, 'export', name)
  for (const parameter of network.parameters) {
    const least = parameter.name.endsWith('running_var') ? 0 : 0.5
    const values = Float32Array.from({ length: parameter.size }, () => random.uniform() - least)
    internalsOf(network).store.write(parameter, values)
  }
  const [first] = layers
  const width = first.type === 'features' ? first.width : 'vocabulary' in first ? first.vocabulary : 0
  const kind = first.type === 'features' ? 'features' : 'ids'
  const T = Math.max(...lengths)
  const value = () => (kind === 'ids' ? Math.floor(random.uniform() * width) : random.uniform() * 4 - 2)
  const rows = lengths.map((length) =>
    Array.from({ length }, () => Array.from({ length: kind === 'ids' ? 1 : width }, value)),
  )
  const batch =
    kind === 'ids'
      ? PackedBatch.ofIds(rows.map((row) => row.map(([id]) => id)))
      : PackedBatch.ofFeatures(
          rows.flatMap((row) => padded(row, T, width)).flat(),
          [lengths.length, T, width],
          lengths,
        )
  network.forward(batch)
  const input = { kind, width, steps: null } as const
  return {
    source: {
      network,
      outputActivation: 'linear',
      input,
      labels: null,
      vocabulary: null,
      tokens: null,
      document: null,
      name,
      ...about,
    },
    ids: kind === 'ids' ? rows.map((row) => padded(row, T, 1).map(([id]) => id)) : null,
    features: kind === 'features' ? rows.map((row) => padded(row, T, width)) : null,
    lengths,
    output: network.readOutput(batch),
  }
}

function padded(rows: number[][], steps: number, width: number): number[][] {
  return [...rows, ...Array.from({ length: steps - rows.length }, () => new Array<number>(width).fill(0))]
}

/** A file's chunks as one. */
export function bytesOf(chunks: Iterable<Uint8Array>): Uint8Array {
  const parts = [...chunks].map((chunk) => Uint8Array.from(chunk))
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
