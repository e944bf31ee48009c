/** Counts of words in files, checkpoints, a second training and exports. */
import { describe, expect, it } from 'vitest'
import {
  describeFile,
  exporters,
  filesInMemory,
  modelFromImported,
  openModel,
  readModel,
} from '../../../src/formats.ts'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import type { NamedTensor } from '../../../src/formats/safetensors/safetensors.ts'
import { openModelFile } from '../../../src/tasks/files/openModel.ts'
import { TextClassifier, textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { counted, quick, small, topics, type Row } from './countsHelpers.ts'

const rows = topics(400, 1)
const texts = topics(20, 7).map(({ text }) => text)

/** The bytes of a model with another tensor or section. */
function changed(
  bytes: Uint8Array,
  change: (tensor: NamedTensor, section: number[]) => NamedTensor | null,
  name = 'counts',
) {
  const { document, tensors } = decodeModel(bytes)
  const section = [...(document.counts as number[])]
  const all = [...tensors.values()].map((tensor) => (tensor.name === name ? change(tensor, section) : tensor))
  const kept = all.filter((tensor) => tensor !== null)
  return encodeModel({ ...document, counts: section }, kept)
}

describe('a model file', () => {
  it('is as it was for a model without counts', async () => {
    const { model } = await counted({ counts: false })
    const { document, tensors } = decodeModel(model.toBytes())
    expect(document.counts).toBeUndefined()
    expect(document.settings).not.toHaveProperty('counts')
    expect(tensors.has('counts')).toBe(false)
  })

  it('holds one row of whole numbers for each word and pair', async () => {
    const { model, report } = await counted()
    const { data, shape } = decodeModel(model.toBytes()).tensors.get('counts')!
    expect(shape).toEqual([report.counts!.terms, 3])
    expect(data).toBeInstanceOf(Uint32Array)
    const scores = decodeModel(model.toBytes()).tensors.get('countScores')!
    expect(scores.shape).toEqual([report.counts!.terms, 2])
    expect(scores.data).toBeInstanceOf(Float32Array)
  })

  it('opens as any model, and its contents are listed without it', async () => {
    const { model } = await counted()
    const files = filesInMemory('counts.safetensors', model.toBytes(), new Map())
    const opened = await openModel(files, { engine: { reproducible: true } })
    expect(opened.predict(texts)).toEqual(model.predict(texts))
    const imported = modelFromImported(await readModel(files), 'counts.safetensors', { reproducible: true })
    expect(imported.predict(texts)).toEqual(model.predict(texts))
    const { parameters } = await describeFile(files)
    expect(parameters).toBe(model.parameterCount)
  })

  it.each<[string, Parameters<typeof changed>[1]]>([
    ['none', () => null],
    [
      'too few',
      (tensor) => ({
        ...tensor,
        shape: [tensor.shape[0] - 1, 2],
        data: tensor.data.slice(2) as Float32Array,
      }),
    ],
    ['whole numbers', (tensor) => ({ ...tensor, dtype: 'U32', data: new Uint32Array(tensor.data.length) })],
  ])('is refused with scores that are %s', async (_, change) => {
    const { model } = await counted()
    expect(() => openModelFile(changed(model.toBytes(), change, 'countScores'))).toThrow(
      'a tensor countScores of 2 columns',
    )
  })

  it('is refused with scores that are no numbers', async () => {
    const { model } = await counted()
    const bytes = changed(
      model.toBytes(),
      (tensor) => ({ ...tensor, data: new Float32Array(tensor.data.length).fill(NaN) }),
      'countScores',
    )
    expect(() => openModelFile(bytes)).toThrow('tensor "countScores", number 0: expected a finite number')
    const files = filesInMemory('counts.safetensors', bytes, new Map())
    await expect(openModel(files, { engine: { reproducible: true } })).rejects.toThrow('countScores')
  })

  it.each<[string, Parameters<typeof changed>[1], string]>([
    ['no table', () => null, 'a tensor counts of 3 columns with ascending keys'],
    [
      'keys in another order',
      (tensor) => ({ ...tensor, data: (tensor.data as Uint32Array).slice().reverse() }),
      'a tensor counts of 3 columns with ascending keys',
    ],
    [
      'another number of classes',
      (tensor) => ({ ...tensor, shape: [tensor.shape[0] * 3, 1] }),
      'a tensor counts of 3 columns with ascending keys',
    ],
    [
      'floats',
      (tensor) => ({ ...tensor, dtype: 'F32', data: Float32Array.from(tensor.data as Uint32Array) }),
      'a tensor counts of 3 columns with ascending keys',
    ],
    [
      'a section of another length',
      (tensor, section) => {
        section.pop()
        return tensor
      },
      '4 items',
    ],
    [
      'a bias that is not a number',
      (tensor, section) => {
        section[2] = 'much' as never
        return tensor
      },
      'a number',
    ],
  ])('is refused with %s', async (_, change, expected) => {
    const { model } = await counted()
    expect(() => openModelFile(changed(model.toBytes(), change))).toThrow(expected)
  })
})

describe('training', () => {
  it('gives the same bytes on any number of threads', async () => {
    const bytes = await Promise.all(
      [1, 2, 3].map(async (threads) => (await counted({ threads })).model.toBytes()),
    )
    expect(bytes[1]).toEqual(bytes[0])
    expect(bytes[2]).toEqual(bytes[0])
  })

  it('gives nearly the same answers on every engine', async () => {
    const [simd, reference] = await Promise.all(
      (['simd', 'reference'] as const).map(
        async (engine) => (await counted({ engine, reproducible: undefined })).model,
      ),
    )
    const [a, b] = [simd, reference].map((model) => model.predict(texts).map(({ output }) => output[0]))
    a.forEach((p, i) => expect(p).toBeCloseTo(b[i], 2))
  })

  it('resumes from a checkpoint to the same bytes', async () => {
    const checkpoints: Uint8Array[] = []
    const checkpoint = { everySteps: 5, write: (bytes: Uint8Array) => void checkpoints.push(bytes.slice()) }
    const { model } = await counted({}, { checkpoint })
    const start = await TextClassifier.fromCheckpoint(checkpoints[1])
    await start.model.fit<object>(rows, { ...start.fitOptions, resume: checkpoints[1] } as never)
    expect(start.model.toBytes()).toEqual(model.toBytes())
  })

  it('of a second time adds the new rows, and resumes to the same bytes', async () => {
    const more = topics(300, 4)
    const { model, report } = await counted()
    const saved = model.toBytes()
    const checkpoints: Uint8Array[] = []
    const checkpoint = { everySteps: 5, write: (bytes: Uint8Array) => void checkpoints.push(bytes.slice()) }
    const second = await model.fit(more, { ...quick, checkpoint })
    expect(second.counts!.terms).toBeGreaterThan(report.counts!.terms)
    const table = (bytes: Uint8Array) => decodeModel(bytes).tensors.get('counts')!.data as Uint32Array
    const total = (bytes: Uint8Array) => table(bytes).reduce((sum, x, i) => sum + (i % 3 ? x : 0), 0)
    const alone = await counted({}, {}, more)
    expect(total(model.toBytes())).toBe(total(saved) + total(alone.model.toBytes()))
    const again = TextClassifier.fromBytes(saved, 'bytes', { reproducible: true })
    await again.fit(more, { ...quick, resume: checkpoints[0] })
    expect(again.toBytes()).toEqual(model.toBytes())
  })

  it('keeps the counts when the vocabulary is extended', async () => {
    const { model, report } = await counted()
    const more: Row[] = topics(300, 4).map(({ text, label }) => ({ text: `${text} news`, label }))
    const second = await model.fit(more, { ...quick, extendVocabulary: true })
    expect(second.counts!.terms).toBeGreaterThan(report.counts!.terms)
    expect(model.vocabulary.has('news')).toBe(true)
  })

  it('leaves out the rarest words and pairs where the table would be larger than 4 MiB', async () => {
    const labels = Array.from({ length: 120 }, (_, i) => `topic${String(i).padStart(3, '0')}x`)
    const many = topics(2400, 1, labels)
    const model = textClassifier({ ...small })
    const { counts } = await model.fit(many, { ...quick, epochs: 1, learningRate: 0.05 })
    expect(counts!.minimumCount).toBe(2)
    expect(counts!.terms * labels.length).toBeLessThanOrEqual(2 ** 20)
  })
})

describe('an export', () => {
  it.each(['onnx', 'torch', 'keras'] as const)(
    'to %s is of the network alone, and says so',
    async (format) => {
      const { model } = await counted()
      const { model: alone } = await counted({ counts: false })
      const [{ name, chunks, omitted }] = await model.exportTo(exporters[format])
      expect(omitted).toEqual([
        'the counts of words: no other format has them, so the file predicts as the network alone does',
      ])
      const imported = await readModel(filesInMemory(name, Buffer.concat([...chunks]), new Map()))
      const back = modelFromImported(imported, name, { reproducible: true })
      expect(back.task).toBe('textClassifier')
      const [a, b] = [back, alone].map((one) => (one as TextClassifier).predict(texts))
      a.forEach(({ output }, i) => expect(output[0]).toBeCloseTo(b[i].output[0], 5))
      expect((await alone.exportTo(exporters[format]))[0].omitted).toBeUndefined()
    },
  )
})
