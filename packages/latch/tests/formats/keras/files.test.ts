/** Real Keras files: equal to their goldens, refused by name, or weights with a configuration beside them. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { importKerasConfig } from '../../../src/formats/keras/read/model.ts'
import { readKeras } from '../../../src/formats/keras/index.ts'
import type { ImportedModel, ImportOptions } from '../../../src/formats/imported.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { configuredNetwork } from '../../networks.ts'
import { filesOf, modelFile } from '../conformance/files.ts'
import { textgenrnnConfig } from '../conformance/kerasModels.ts'
import { relativeDifference } from '../../closeTo.ts'

const MODELS = new URL('../../../../../../shared/conformance/models/', import.meta.url)
const here = existsSync(MODELS)

interface Golden {
  x: { shape: [number, number, number]; data: number[] }
  expected: { data: number[] }
}

const golden = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, MODELS), 'utf8')) as T
const open = (name: string, options: ImportOptions = {}) =>
  readKeras(modelFile(new URL(name, MODELS)), options)

function run(model: ImportedModel, batch: PackedBatch): Float64Array {
  const network = configuredNetwork(model.network, { weights: ({ name }) => model.weights.get(name)! })
  network.forward(batch)
  const output = network.readOutput(batch)
  network.dispose()
  return output
}

describe.skipIf(!here)('Keras 2.10 models', () => {
  it('model_gru.h5 equals its golden', async () => {
    const model = await open('keras210_qoe/model_gru.h5')
    const { x, expected } = golden<Golden>('keras210_qoe/model_gru.golden.json')
    expect(
      relativeDifference(run(model, PackedBatch.ofFeatures(x.data, x.shape)), expected.data),
    ).toBeLessThan(1e-5)
    expect(model).toMatchObject({
      producer: 'Keras 2.10.0',
      outputActivation: 'linear',
      input: { kind: 'features', width: 36, steps: 24 },
      stateful: false,
    })
    expect(model.layers.map(({ type }) => type)).toEqual([
      'InputLayer',
      'GRU',
      'GRU',
      'GRU',
      'GRU',
      'GlobalAveragePooling1D',
      'Dense',
      'Dense',
    ])
    expect(model.layers[1]).toMatchObject({ parameters: 38592, output: '(batch, 24, 96)' })
    expect(model.layers[1].conventions).toContain('reset after')
    expect(model.omitted).toContain('optimizer state')
  })

  it('lstm_basic.h5 is refused by the name of its custom layer', async () => {
    await expect(open('keras210_qoe/lstm_basic.h5')).rejects.toThrow(
      /self_attention.*SelfAttention.*upTo: "lstm_1"/s,
    )
  })

  it('lstm_basic.h5 until lstm_1 equals its golden', async () => {
    const model = await open('keras210_qoe/lstm_basic.h5', { upTo: 'lstm_1' })
    const { x, expected } = golden<Golden>('keras210_qoe/lstm_basic.golden.json')
    expect(
      relativeDifference(run(model, PackedBatch.ofFeatures(x.data, x.shape)), expected.data),
    ).toBeLessThan(1e-5)
    expect(model.omitted).toContain('layer self_attention')
  })

  it('names the layers where until is none of them', async () => {
    await expect(open('keras210_qoe/lstm_basic.h5', { upTo: 'lstm_9' })).rejects.toThrow(/lstm_1.*lstm_9/s)
  })
})

interface TextgenrnnGolden {
  cases: { ids_left_padded_to_40_with_0: number[]; probabilities: number[] }[]
}

describe.skipIf(!here)('textgenrnn, weights only', () => {
  it('equals its golden with a configuration', async () => {
    const model = await open('textgenrnn/textgenrnn_weights.hdf5', { config: textgenrnnConfig() })
    expect(model.outputActivation).toBe('softmax')
    expect(model.input).toEqual({ kind: 'ids', width: 465, steps: 40 })
    for (const { ids_left_padded_to_40_with_0: ids, probabilities } of golden<TextgenrnnGolden>(
      'textgenrnn/golden.json',
    ).cases) {
      const padded = [...new Array<number>(40 - ids.length).fill(0), ...ids]
      const logits = run(model, PackedBatch.ofIds([padded]))
      const powers = logits.map(Math.exp)
      const sum = powers.reduce((a, b) => a + b, 0)
      expect(
        relativeDifference(
          powers.map((p) => p / sum),
          probabilities,
        ),
      ).toBeLessThan(1e-4)
    }
  })

  it('asks for a configuration where none is given', async () => {
    await expect(open('textgenrnn/textgenrnn_weights.hdf5')).rejects.toThrow(/only weights.*model.to_json/s)
  })

  it('names layer, expected and got where a shape does not fit', async () => {
    const config = JSON.parse(
      JSON.stringify(textgenrnnConfig()).replaceAll('"units":128', '"units":64'),
    ) as unknown
    await expect(open('textgenrnn/textgenrnn_weights.hdf5', { config })).rejects.toThrow(
      /layer rnn_1: expected kernel \(100, 256\), got rnn_1\/kernel:0 \(100, 512\)/,
    )
  })
})

describe('the reader', () => {
  it('refuses other bytes', async () => {
    await expect(readKeras(filesOf({ 'model.h5': new Uint8Array(100) }), {})).rejects.toThrow(/model\.h5/)
  })

  it('refuses layers that it does not know, and says up to where it reads', () => {
    const layers = [
      { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 5, 2] } },
      { class_name: 'Dropout', config: { name: 'drop', rate: 0.5 } },
      { class_name: 'Lambda', config: { name: 'evil', function: 'import os' } },
    ]
    const about = { source: 'm.keras', format: 'keras' as const, producer: 'Keras 3.1.0', options: {} }
    const call = () => importKerasConfig({ class_name: 'Sequential', config: { layers } }, () => [], about)
    expect(call).toThrow(/m\.keras, layer evil: expected a supported layer, got Lambda.*upTo: "drop"/s)
  })
})
