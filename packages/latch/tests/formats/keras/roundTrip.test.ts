/** Latch → .keras → Latch: the same numbers for every cell and option; the HDF5 library agrees with what was written. */
import type { Dataset } from 'h5wasm'
import { ready, File as H5File, Group } from 'h5wasm'
import { describe, expect, it } from 'vitest'
import type { OutputActivation, ExportSource, ImportedModel } from '../../../src/formats/imported.ts'
import { readKeras, writeKeras } from '../../../src/formats/keras/index.ts'
import { openHdf5 } from '../../../src/formats/keras/hdf5/file.ts'
import { hdf5Chunks } from '../../../src/formats/keras/hdf5/write.ts'
import { ZipFile } from '../../../src/formats/keras/read/zip.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { RecurrentOptions } from '../../../src/layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { internalsOf, type Network } from '../../../src/model/network.ts'
import { configuredNetwork } from '../../networks.ts'
import { Random } from '../../../src/core/random.ts'
import { filesOf } from '../conformance/files.ts'
import { relativeDifference } from '../../closeTo.ts'
function joined(chunks: Iterable<Uint8Array>): Uint8Array {
  const parts = [...chunks].map((chunk) => chunk.slice())
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function sourceOf(
  layers: readonly LayerOptions[],
  outputActivation: OutputActivation = 'linear',
): ExportSource {
  const network = configuredNetwork({ layers })
  const random = new Random(7, 'weights')
  for (const p of network.parameters)
    internalsOf(network).store.write(
      p,
      Float32Array.from({ length: p.size }, () => random.uniform() - 0.5),
    )
  const [first] = layers
  const input =
    first.type === 'features'
      ? { kind: 'features' as const, width: first.width, steps: null }
      : { kind: 'ids' as const, width: (first as { vocabulary: number }).vocabulary, steps: null }
  return {
    network,
    outputActivation,
    input,
    labels: null,
    vocabulary: null,
    tokens: null,
    document: null,
    name: 'trip',
  }
}

async function trip(source: ExportSource): Promise<{ model: ImportedModel; bytes: Uint8Array }> {
  const [file] = await writeKeras(source)
  const bytes = joined(file.chunks)
  return { model: await readKeras(filesOf({ [file.name]: bytes }), {}), bytes }
}

function outputOf(network: Network, batch: PackedBatch): Float64Array {
  network.forward(batch)
  return network.readOutput(batch)
}

function batchFor(layers: readonly LayerOptions[]): () => PackedBatch {
  const random = new Random(3, 'batch')
  const [first] = layers
  const lengths = layers.some(({ type }) => type === 'flatten') ? [4, 4, 4] : [4, 2, 3]
  if (first.type === 'features') {
    const x = Float32Array.from({ length: 3 * 4 * first.width }, () => random.uniform() - 0.5)
    if (layers[1].type === 'masking') x.fill(0, first.width, 2 * first.width)
    return () => PackedBatch.ofFeatures(x, [3, 4, first.width], lengths)
  }
  const { vocabulary } = first as { vocabulary: number }
  const ids = lengths.map((length) => Array.from({ length }, () => Math.floor(random.uniform() * vocabulary)))
  return () => PackedBatch.ofIds(ids)
}

async function expectSameBack(
  layers: readonly LayerOptions[],
  outputActivation: OutputActivation = 'linear',
): Promise<ImportedModel> {
  const source = sourceOf(layers, outputActivation)
  const { model } = await trip(source)
  const again = configuredNetwork(model.network, { weights: ({ name }) => model.weights.get(name)! })
  const batch = batchFor(layers)
  expect(relativeDifference(outputOf(again, batch()), outputOf(source.network, batch()))).toBeLessThan(1e-6)
  expect(model.outputActivation).toBe(outputActivation)
  return model
}

const features: LayerOptions = { type: 'features', width: 3 }
const dense: LayerOptions = { type: 'dense', units: 2 }
const layer = (options: Partial<RecurrentOptions>): RecurrentOptions => ({
  type: 'recurrent',
  cell: 'lstm',
  units: 5,
  ...options,
})

describe('every cell and option', () => {
  const cells: Partial<RecurrentOptions>[] = [
    { cell: 'rnn' },
    { cell: 'lstm' },
    { cell: 'gru' },
    { cell: 'gru', reset: 'before' },
    { cell: 'rnn', activation: 'relu' },
    { cell: 'rnn', activation: 'softplus' },
    { cell: 'lstm', gateActivation: { type: 'hardSigmoid', alpha: 1 / 6, beta: 0.5 } },
    { cell: 'gru', activation: 'softsign' },
    { cell: 'lstm', activation: 'relu' },
  ]
  for (const cell of cells) {
    for (const bias of [true, 'single', false] as const) {
      for (const returnSequences of [true, false]) {
        const options = { ...cell, bias, returnSequences }
        it(JSON.stringify(options), async () => {
          await expectSameBack([features, layer(options), dense])
        })
        const two = { ...options, direction: 'bidirectional' as const }
        it(JSON.stringify(two), async () => {
          await expectSameBack([features, layer(two), dense])
        })
      }
    }
  }
  for (const merge of ['concat', 'sum', 'multiply', 'average'] as const)
    it(`merge ${merge}`, async () => {
      await expectSameBack([
        features,
        layer({ direction: 'bidirectional', merge }),
        layer({ direction: 'bidirectional', merge, returnSequences: false, cell: 'gru' }),
        dense,
      ])
    })
  it('reverse', async () => {
    await expectSameBack([
      features,
      layer({ direction: 'reverse' }),
      { type: 'reverse' },
      layer({ direction: 'reverse', returnSequences: false }),
      dense,
    ])
  })
  it('another function backwards', async () => {
    await expectSameBack([
      features,
      layer({ cell: 'rnn', direction: 'bidirectional', backward: { activation: 'relu' } }),
      dense,
    ])
  })
})

describe('other layers', () => {
  const gru = layer({ cell: 'gru', returnSequences: false })
  const cases: [string, LayerOptions[], OutputActivation?][] = [
    ['embedding', [{ type: 'embedding', vocabulary: 11, size: 4 }, gru, dense], 'softmax'],
    [
      'embedding that masks',
      [{ type: 'embedding', vocabulary: 5, size: 4, maskZero: true }, layer({ cell: 'gru' }), gru, dense],
      'sigmoid',
    ],
    ['masking', [features, { type: 'masking' }, layer({}), { type: 'pool', pooling: 'mean' }, dense]],
    [
      'zeros at masked steps',
      [features, { type: 'masking', value: 0 }, layer({}), { type: 'zeroMasked' }, dense],
    ],
    [
      'two directions that mask',
      [features, { type: 'masking' }, layer({ direction: 'bidirectional' }), { type: 'zeroMasked' }, dense],
    ],
    [
      'pooling',
      [features, layer({}), { type: 'pool', pooling: 'max' }, { type: 'dropout', rate: 0.25 }, dense],
      'logSoftmax',
    ],
    ['last step', [features, layer({}), { type: 'pool', pooling: 'last' }, dense]],
    [
      'layer normalisation',
      [
        features,
        layer({}),
        { type: 'layerNorm' },
        { type: 'layerNorm', epsilon: 1e-3, scale: false },
        { type: 'layerNorm', centre: false },
        dense,
      ],
    ],
    ['flatten', [features, layer({ cell: 'rnn' }), { type: 'flatten', steps: 4 }, dense]],
    [
      'activations',
      [
        features,
        { type: 'activation', activation: { type: 'leakyRelu', alpha: 0.05 } },
        { type: 'dense', units: 4, activation: { type: 'elu', alpha: 0.5 }, bias: false },
        gru,
        { type: 'activation', activation: { type: 'thresholdedRelu', alpha: 0.1 } },
        { type: 'dense', units: 3, activation: 'gelu' },
      ],
    ],
    [
      'skip connections',
      [
        { type: 'embedding', vocabulary: 9, size: 4 },
        layer({}),
        { type: 'dropout', rate: 0.1 },
        layer({ cell: 'gru' }),
        { type: 'concat', inputs: ['embedding.0', 'dropout.0', 'recurrent.1'] },
        layer({ returnSequences: false }),
        dense,
      ],
      'softmax',
    ],
    [
      'features beside what was made of them',
      [
        features,
        layer({}),
        { type: 'concat', inputs: ['features.0', 'recurrent.0'] },
        { type: 'pool', pooling: 'mean' },
        dense,
      ],
    ],
    ['activation last', [features, gru], 'softmax'],
  ]
  for (const [name, layers, outputActivation] of cases)
    it(name, async () => {
      await expectSameBack(layers, outputActivation)
    })

  it('one-hot input comes back as such', async () => {
    const model = await expectSameBack([{ type: 'oneHot', vocabulary: 7 }, gru, dense], 'softmax')
    expect(model.network.layers[0]).toEqual({ type: 'oneHot', vocabulary: 7 })
  })

  it('more than twenty layers of one kind', async () => {
    await expectSameBack([features, ...Array.from({ length: 23 }, () => dense), gru, dense])
  })

  it('labels, tokens and the document come back', async () => {
    const source = {
      ...sourceOf([{ type: 'oneHot', vocabulary: 2 }, gru, dense], 'softmax'),
      labels: ['no', 'yes'],
      vocabulary: ['a', 'ß'],
      tokens: 'chars' as const,
      document: { format: 'latch', version: 1, task: 'x' } as const,
    }
    const { model } = await trip(source)
    expect(model).toMatchObject({
      labels: ['no', 'yes'],
      vocabulary: ['a', 'ß'],
      tokens: 'chars',
      document: { format: 'latch', version: 1, task: 'x' } as const,
    })
  })

  it('the same model gives the same bytes', async () => {
    const source = sourceOf([features, gru, dense])
    expect((await trip(source)).bytes).toEqual((await trip(source)).bytes)
  })
})

describe('what Keras cannot say is an error', () => {
  const cases: [LayerOptions[], RegExp][] = [
    [[features, layer({ peepholes: true }), dense], /recurrent\.0.*peepholes/],
    [[features, layer({ clip: 3 }), dense], /clipped to 3/],
    [[features, layer({ coupled: true }), dense], /coupled/],
    [[features, layer({ gateActivation: 'hardSigmoid' }), dense], /hardSigmoid with alpha 0\.2/],
    [[features, layer({ direction: 'reverse' }), dense], /recurrent\.0.*a reverse layer/],
    [[features, layer({}), { type: 'pool', pooling: 'attention' }, dense], /pool\.0.*attention/],
    [
      [
        features,
        layer({ direction: 'reverse' }),
        { type: 'reverse' },
        { type: 'concat', inputs: ['recurrent.0', 'reverse.0'] },
        dense,
      ],
      /concat\.0.*recurrent\.0, which Keras computes together/,
    ],
  ]
  for (const [layers, words] of cases)
    it(String(words), async () => {
      await expect(writeKeras(sourceOf(layers))).rejects.toThrow(words)
    })
})

describe('weights only, with the layers as Latch writes them', () => {
  it('or with Keras’ JSON, as text, as an object, as the bare list of layers', async () => {
    const layers: LayerOptions[] = [features, layer({ returnSequences: false }), dense]
    const source = sourceOf(layers)
    const { bytes } = await trip(source)
    const json = new TextDecoder().decode(new ZipFile(bytes, 'm').read('config.json')!)
    const weights = new ZipFile(bytes, 'm').read('model.weights.h5')!
    const parsed = JSON.parse(json) as { config: { layers: unknown[] } }
    const batch = batchFor(layers)
    for (const config of [json, parsed, parsed.config.layers, { model_config: parsed }]) {
      const model = await readKeras(filesOf({ 'm.weights.h5': weights }), { config })
      const again = configuredNetwork(model.network, { weights: ({ name }) => model.weights.get(name)! })
      expect(relativeDifference(outputOf(again, batch()), outputOf(source.network, batch()))).toBeLessThan(
        1e-6,
      )
    }
  })

  it('read by the layers’ order', async () => {
    const layers: LayerOptions[] = [features, layer({ cell: 'gru', returnSequences: false }), dense]
    const source = sourceOf(layers)
    const { bytes } = await trip(source)
    // The member stands stored in the archive; cut out, it is what save_weights writes.
    const at = indexOf(bytes, [0x89, 0x48, 0x44, 0x46])
    const model = await readKeras(filesOf({ 'm.weights.h5': bytes.slice(at) }), { config: layers })
    const again = configuredNetwork(model.network, { weights: ({ name }) => model.weights.get(name)! })
    const batch = batchFor(layers)
    expect(relativeDifference(outputOf(again, batch()), outputOf(source.network, batch()))).toBeLessThan(1e-6)
  })
})

function indexOf(bytes: Uint8Array, wanted: readonly number[]): number {
  return bytes.findIndex((_, i) => wanted.every((byte, j) => bytes[i + j] === byte))
}

describe('HDF5', () => {
  it('written files are the HDF5 library’s too', async () => {
    const { FS } = await ready
    const names = Array.from({ length: 40 }, (_, i) => `group/name_${i}`)
    const values = (i: number) => Float32Array.from({ length: 6 }, (_, j) => i * 10 + j + 0.5)
    const datasets = names.map((path, i) => ({ path, shape: [2, 3], values: () => values(i) }))
    const bytes = joined(hdf5Chunks(datasets, ['empty/vars']))
    FS!.writeFile('/written.h5', bytes)
    const file = new H5File('/written.h5', 'r')
    expect(file.get('empty/vars')).toBeInstanceOf(Group)
    names.forEach((path, i) => {
      const dataset = file.get(path) as Dataset
      expect(dataset.shape).toEqual([2, 3])
      expect(dataset.value).toEqual(values(i))
    })
    file.close()
  })

  it('reads what the HDF5 library writes: types, chunks, gzip, shuffle, texts', async () => {
    const { FS } = await ready
    const file = new H5File('/other.h5', 'w')
    file.create_attribute('model_config', '{"long": "ünï"}')
    file.create_attribute('layer_names', ['a', 'bcd'])
    const floats = Float32Array.from({ length: 70 }, (_, i) => i / 3)
    file.create_dataset({ name: 'f32', data: floats, shape: [7, 10] })
    file.create_dataset({ name: 'f64', data: Float64Array.from(floats), shape: [70], dtype: '<d' })
    file.create_dataset({ name: 'i32', data: Int32Array.from([1, -2, 3]) })
    file.create_dataset({
      name: 'gzip',
      data: floats,
      shape: [7, 10],
      chunks: [3, 4],
      compression: 'gzip',
      compression_opts: 6,
    })
    file.create_group('g').create_dataset({ name: 'x', data: floats })
    file.close()
    const root = openHdf5(FS!.readFile('/other.h5'), 'other.h5')
    expect(root.text('model_config')).toBe('{"long": "ünï"}')
    expect(root.texts('layer_names')).toEqual(['a', 'bcd'])
    expect(root.at('f32')!.read()).toEqual({ shape: [7, 10], data: floats })
    expect(root.at('f64')!.read().data).toEqual(floats)
    expect([...root.at('i32')!.read().data]).toEqual([1, -2, 3])
    expect(root.at('gzip')!.read().data).toEqual(floats)
    expect(root.at('g/x')!.read().data).toEqual(floats)
    expect(root.at('g/y')).toBeNull()
  })
})
