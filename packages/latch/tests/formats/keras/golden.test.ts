/**
 * packages/latch/tests/golden/formats/sequence.keras: the bytes that the writer gives for one network of many layers, so that a
 * change of the format is seen. `GOLDEN=write npx vitest run packages/latch/tests/formats/keras/golden.test.ts` writes it anew.
 */
import { internalsOf } from '../../../src/model/network.ts'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readKeras, writeKeras } from '../../../src/formats/keras/index.ts'
import { ZipFile } from '../../../src/formats/keras/read/zip.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { configuredNetwork } from '../../networks.ts'
import { filesOf } from '../conformance/files.ts'

const GOLDEN = new URL('../../golden/formats/sequence.keras', import.meta.url)

const layers: LayerOptions[] = [
  { type: 'embedding', vocabulary: 12, size: 4, maskZero: true },
  { type: 'recurrent', cell: 'lstm', units: 3, direction: 'bidirectional' },
  { type: 'zeroMasked' },
  { type: 'layerNorm', epsilon: 1e-3 },
  { type: 'dropout', rate: 0.25 },
  { type: 'recurrent', cell: 'gru', units: 5, returnSequences: false },
  { type: 'dense', units: 3 },
]

/** Numbers that are the same on every machine: multiples of 1/64. */
function written(): Promise<Uint8Array> {
  const network = configuredNetwork({ layers })
  network.parameters.forEach((parameter, n) => {
    const values = Float32Array.from(
      { length: parameter.size },
      (_, i) => (((i * 37 + n * 11) % 101) - 50) / 64,
    )
    internalsOf(network).store.write(parameter, values)
  })
  const about = {
    input: { kind: 'ids' as const, width: 12, steps: null },
    labels: ['a', 'b', 'c'],
    vocabulary: null,
  }
  const source = {
    network,
    outputActivation: 'softmax' as const,
    tokens: null,
    document: null,
    name: 'sequence',
    ...about,
  }
  return writeKeras(source).then(([{ chunks }]) =>
    Uint8Array.from([...chunks].flatMap((chunk) => [...chunk])),
  )
}

it('the writer gives the golden bytes', async () => {
  const bytes = await written()
  if (process.env.GOLDEN === 'write') writeFileSync(GOLDEN, bytes)
  expect(existsSync(GOLDEN)).toBe(true)
  expect(bytes).toEqual(new Uint8Array(readFileSync(GOLDEN)))
})

it('what the file says is what Keras 3 looks for', () => {
  const zip = new ZipFile(new Uint8Array(readFileSync(GOLDEN)), 'sequence.keras')
  expect(zip.names).toEqual(['metadata.json', 'config.json', 'model.weights.h5'])
  const config = JSON.parse(new TextDecoder().decode(zip.read('config.json')!)) as {
    config: { layers: unknown[] }
  }
  expect(config).toMatchObject({ module: 'keras', class_name: 'Sequential', registered_name: null })
  expect(config.config.layers).toMatchObject([
    {
      module: 'keras.layers',
      class_name: 'InputLayer',
      config: { batch_shape: [null, null], dtype: 'int32' },
    },
    { class_name: 'Embedding', config: { name: 'embedding', input_dim: 12, output_dim: 4, mask_zero: true } },
    {
      class_name: 'Bidirectional',
      config: {
        merge_mode: 'concat',
        layer: { class_name: 'LSTM', config: { units: 3, return_sequences: true, go_backwards: false } },
        backward_layer: { class_name: 'LSTM', config: { go_backwards: true } },
      },
    },
    { class_name: 'LayerNormalization', config: { axis: [-1], epsilon: 1e-3, center: true, scale: true } },
    { class_name: 'Dropout', config: { rate: 0.25 } },
    { class_name: 'GRU', config: { units: 5, reset_after: true, return_sequences: false } },
    { class_name: 'Dense', config: { units: 3, activation: 'softmax' } },
  ])
})

it('reads back with labels, output activation and layers', async () => {
  const model = await readKeras(filesOf({ 'sequence.keras': new Uint8Array(readFileSync(GOLDEN)) }), {})
  expect(model).toMatchObject({
    producer: 'Keras 3.0.0',
    outputActivation: 'softmax',
    labels: ['a', 'b', 'c'],
  })
  expect(model.network.layers.map(({ type }) => type)).toEqual(layers.map(({ type }) => type))
})
