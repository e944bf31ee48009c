/** NaN and infinite numbers: refused in the weights of every format and in inputs, and never a prediction. */
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { DataError, FormatError } from '../../src/core/errors.ts'
import { features, gru, lstm, network, textClassifier } from '../../src/index.ts'
import { filesInMemory, readModel } from '../../src/formats/open.ts'
import { EXPORT_FORMATS, writeModel } from '../../src/formats/write.ts'
import { writeSafetensors } from '../../src/formats/safetensors/safetensors.ts'
import { openModel, openModelFile } from '../../src/tasks/files/openModel.ts'
import { sequenceModel } from '../../src/tasks/sequenceModel/build.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { TextClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { arrayDataset } from '../../src/training.ts'
import { bytesOf } from './exportHelpers.ts'

const regression = () => sequenceModel({ input: { features: 2 }, layers: [lstm(2)], output: { values: 1 } })

/** A model whose dense bias is the value. */
function broken(value: number): SequenceModel {
  const model = regression()
  const parameter = model.network.parameters.find(({ name }) => name === 'dense.0.bias')!
  internalsOf(model.network).store.write(parameter, Float32Array.of(value))
  return model
}

describe.each([NaN, Infinity, -Infinity])('a weight of %s', (value) => {
  it.each(EXPORT_FORMATS)('is refused in a file of %s, or opened with a warning', async (to) => {
    const written = await writeModel(broken(value).exportSource('m'), to)
    const files = new Map(written.map(({ name, chunks }) => [name, bytesOf(chunks)]))
    const [[name, bytes]] = files
    const error = (await openModel({ name, bytes, files }).catch((reason: unknown) => reason)) as FormatError
    expect(error).toBeInstanceOf(FormatError)
    expect(error.where).toMatch(/tensor "dense\.0\.bias", number 0/)
    expect([error.got, error.fixes[0].option]).toEqual([`${value}`, 'allowNonFinite'])
    const model = await openModel({ name, bytes, files }, { allowNonFinite: true })
    expect(model.summary().warnings.join()).toContain(`dense.0.bias[0] is ${value}`)
    expect(() => model.predict('[[1, 2]]')).toThrow(DataError)
    const imported = await readModel(filesInMemory(name, bytes, files), { allowNonFinite: true })
    expect(imported.warnings.join()).toContain('not all finite')
  })

  it('is refused in a Latch model file, or opened with a warning', async () => {
    const bytes = broken(value).toBytes()
    const fromBytes = (...given: Parameters<typeof openModelFile>) => SequenceModel.fromBytes(...given)
    for (const open of [openModelFile, fromBytes])
      expect(() => open(bytes, 'm')).toThrow(
        `m, tensor "dense.0.bias", number 0: expected a finite number, got ${value}`,
      )
    const model = await openModel({ name: 'm', bytes }, { allowNonFinite: true })
    expect(model.summary().warnings).toHaveLength(1)
    const again = await openModel({ name: 'm', bytes: model.toBytes() }, { allowNonFinite: true })
    expect(again.summary().warnings).toHaveLength(1)
    expect(() => model.predict('[[1, 2]]')).toThrow('output 0: expected a finite number')
    expect(() => (model as SequenceModel).stream().push([1, 2])).toThrow('output 0: expected a finite number')
  })
})

it('a state_dict with NaN is refused', async () => {
  const data = Float32Array.of(1, 2, NaN, 4, 5, 6)
  const bytes = writeSafetensors([
    { name: 'rnn.weight_ih_l0', dtype: 'F32', shape: [2, 3], data },
    { name: 'rnn.weight_hh_l0', dtype: 'F32', shape: [2, 2], data: new Float32Array(4) },
  ])
  await expect(openModel({ name: 'm.safetensors', bytes })).rejects.toThrow(
    'tensor "recurrent.0.weight_ih_l0", number 2: expected a finite number, got NaN',
  )
})

it('a text classifier with NaN weights is refused', async () => {
  const model = textClassifier({ units: 2, minimumCount: 1 })
  const rows = Array.from({ length: 20 }, (_, i) => ({
    text: i % 2 ? 'good' : 'bad',
    label: i % 2 ? 'y' : 'n',
  }))
  await model.fit(rows, { text: 'text', label: 'label', epochs: 1, validation: 0 })
  const [parameter] = model.network.parameters
  internalsOf(model.network).store.write(parameter, new Float32Array(parameter.size).fill(NaN))
  expect(() => model.predict('good')).toThrow(DataError)
  expect(() => TextClassifier.fromBytes(model.toBytes())).toThrow(FormatError)
  const opened = await openModel({ name: 'm', bytes: model.toBytes() }, { allowNonFinite: true })
  expect(opened.summary().warnings.join()).toContain('not all finite')
})

describe('a feature beyond float32', () => {
  const far = [
    [1, 2],
    [3, 1e300],
  ]
  const place = 'step 1, feature 1'

  it('is refused in predictions, traces and streams, with its place', () => {
    const model = regression()
    expect(() => model.predict(far)).toThrow(place)
    expect(() => model.predict(JSON.stringify(far))).toThrow(place)
    expect(() => model.trace(far)).toThrow(place)
    expect(() => model.stream().push(far[1])).toThrow('feature 1')
    expect(() => model.predict([[1, 3.4e38]])).not.toThrow()
  })

  it('is refused in datasets and targets', async () => {
    expect(() => arrayDataset({ features: [far], targets: { values: [1] } })).toThrow(DataError)
    expect(() => arrayDataset({ features: [[[1, 2]]], targets: { values: [-1e39] } })).toThrow(DataError)
    await expect(regression().fit([{ input: far, target: 1 }])).rejects.toThrow(place)
    await expect(regression().fit([{ input: [[1, 2]], target: 1e300 }])).rejects.toThrow('a finite')
  })

  it('is refused in streams of a network', () => {
    const stream = network([features(2), gru(2)]).stream()
    expect(() => stream.push([1, 1e300])).toThrow('feature 1')
    expect(stream.steps).toBe(0)
  })
})
