/** From bytes to a model and back: which format a file is in, tasks carried along, folders of files on a disk. */
import { internalsOf } from '../../../src/model/network.ts'
import { readModelDocument } from '../../../src/formats/latch/modelFile.ts'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { identify } from '../../../src/formats/identify.ts'
import { readLatch } from '../../../src/formats/latch/read.ts'
import { modelFilesAt, writeExport } from '../../../src/formats/modelFilesNode.ts'
import { writeSafetensors } from '../../../src/formats/safetensors/safetensors.ts'
import { textClassifier, type TextClassifier } from '../../../src/node.ts'
import type { ExportedFile } from '../../../src/formats/imported.ts'
import type { OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { decodeOnnx, filesInMemory, openOnnxGraph, readModel } from '../../../src/formats/open.ts'
import { exporters, writeModel } from '../../../src/formats/write.ts'
import { openModel, modelFromImported } from '../../../src/tasks/files/openModel.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { imported, nextLetter, threeClasses } from '../sequenceModel/sequenceFixtures.ts'
import { PARQUET } from '../../data/parquetFile.ts'

const folder = mkdtempSync(join(tmpdir(), 'latch-formats-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const text = (value: string) => new TextEncoder().encode(value)
const bytes = (...values: (number | string)[]) =>
  Uint8Array.from(values.flatMap((v) => (typeof v === 'number' ? [v] : [...text(v)])))

const joined = (chunks: Iterable<Uint8Array>) => Uint8Array.from([...chunks].flatMap((chunk) => [...chunk]))

async function classifier(labels: readonly string[]): Promise<TextClassifier> {
  const model = textClassifier({ units: 6, embedding: 5, minimumCount: 1, reproducible: true })
  const rows = Array.from({ length: 30 }, (_, i) => ({
    t: `word${i % labels.length} and more`,
    l: labels[i % labels.length],
  }))
  await model.fit(rows, { text: 't', label: 'l', epochs: 2, validation: 0 })
  return model as TextClassifier
}

describe('identify', () => {
  const zip = (name: string) => bytes('PK\u0003\u0004', 20, 0, 0, 0, name)
  const onnx = bytes(8, 8, 0x12, 2, 'ab', 0x3a, 3, 0x12, 1, 'g', 0x42, 2, 0x10, 17)
  const plain = writeSafetensors([{ name: 'w', shape: [1], dtype: 'F32', data: new Float32Array(1) }])
  test.each([
    ['latch', SequenceModel.fromImported(nextLetter()).toBytes(), 'x.bin'],
    ['torch', plain, 'weights'],
    ['torch', bytes(0x80, 2, 'ccollections'), 'model.bin'],
    ['torch', zip('archive/data.pkl'), 'model.h5'],
    ['keras', zip('config.json'), 'model.pt'],
    ['keras', bytes(0x89, 'HDF\r\n', 0x1a, '\n'), 'model.onnx'],
    [
      'keras',
      Uint8Array.from([...new Uint8Array(1024), 0x89, ...text('HDF\r\n'), 0x1a, 10]),
      'with a user block',
    ],
    ['onnx', onnx, 'model.h5'],
    ['tfjs', text(' {"format": "layers-model", "modelTopology": {}, "weightsManifest": []}'), 'x.json'],
    ['tensorflow1', text('{"embedding": {"filename": "embedding", "shape": [65, 128]}}'), 'manifest.json'],
    // Damaged: the name says whose reader shall explain it.
    ['latch', text('garbage'), 'model.safetensors'],
    ['keras', text('garbage'), 'model.H5'],
    ['onnx', text('garbage'), 'model.onnx'],
    ['torch', text('garbage'), 'model.pt'],
  ] as const)('%s, whatever the name (%#)', (format, content, name) => {
    expect(identify(content, name)).toBe(format)
  })

  test('safetensors, whatever the length of the header looks like', () => {
    const header = '{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    for (const length of [0x7b, 0x47b, 0x7b0d, 0x7b20, 0x7b7b, 0x010580, 0x020280])
      expect(
        identify(
          bytes(length & 255, (length >> 8) & 255, length >> 16, 0, 0, 0, 0, 0, header.padEnd(length)),
          'x',
        ),
      ).toBe('torch')
  })

  test.each([
    ['x', new Uint8Array(0), 'got an empty file'],
    ['x', bytes('hello', 1, 'world'), 'begins with bytes 68 65 6c 6c 6f'],
    ['x', text('hello world'), 'got text, such as a table. Give a model file instead'],
    ['x.csv', text('text,label\ngood,a\n'), 'got text, such as a table'],
    ['x.json', text('[{"text": "good", "label": "a"}]'), 'got text, such as a table'],
    ['x.jsonl', text('{"text": "good"}\n{"text": "bad"}\n'), 'got text, such as a table'],
    ['x.parquet', PARQUET, 'got a table (Parquet). Give a model file instead'],
    ['x.pdf', text('%PDF-1.7\n'), 'got a PDF document'],
    ['x.json', text('{"class_name": "Sequential", "config": []}'), 'a Keras configuration without weights'],
    ['x.json', text('{"a": 1}'), 'other JSON'],
    ['x.zip', zip('photo.png'), 'neither config.json'],
    ['x.tflite', bytes(28, 0, 0, 0, 'TFL3'), 'a TensorFlow Lite model'],
    ['saved_model.pb', bytes(8, 1, 0x12, 2, 'ab'), 'SavedModel'],
  ])('%s: refused with what is read (%#)', (name, content, words) => {
    expect(() => identify(content, name)).toThrow(words)
    expect(() => identify(content, name)).toThrow(`${name}: expected a Latch model, PyTorch weights`)
  })
})

test('a Latch file with generic cells opens with the same function, and lists them', async () => {
  const cell = {
    type: 'recurrent',
    cell: 'lstm',
    units: 3,
    gateActivation: 'hardSigmoid',
    stateActivation: 'relu',
    clip: 2,
    peepholes: true,
  } as const
  const made = SequenceModel.fromImported(
    imported({ layers: [{ type: 'features', width: 2 }, cell, { type: 'dense', units: 2 }] }),
  )
  const files = filesInMemory('own.safetensors', made.toBytes(), new Map())
  const { layers } = await readModel(files)
  expect(layers[1].conventions).toBe(
    'gates input forget candidate output, gates hardSigmoid, state relu, clipped to ±2, peepholes',
  )
  const back = (await openModel(files)) as SequenceModel
  expect(
    back.predict([
      [1, 2],
      [0, 1],
    ]),
  ).toEqual(
    made.predict([
      [1, 2],
      [0, 1],
    ]),
  )
})

describe('tasks carried along', () => {
  test.each([[['good', 'bad']], [['a', 'b', 'c']]])(
    'a text classifier of %j comes back as it was',
    async (labels) => {
      const model = await classifier(labels)
      const read = await readLatch({
        name: 'm',
        bytes: model.toBytes(),
        sibling: () => Promise.reject(new Error('none beside it')),
      })
      expect(read).toMatchObject({
        outputActivation: labels.length === 2 ? 'sigmoid' : 'softmax',
        labels: model.labels,
        tokens: 'words',
        input: { kind: 'ids', width: model.vocabulary.size },
      })
      expect(read.layers.map(({ type }) => type)).toContain('LSTM')
      expect(read.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(model.parameterCount)
      const again = modelFromImported(read, 'm') as TextClassifier
      expect(again.toBytes()).toEqual(model.toBytes())
      // Weights are those of the import, not those of the document.
      const doubled = new Map([...read.weights].map(([name, values]) => [name, values.map((x) => 2 * x)]))
      const other = modelFromImported({ ...read, weights: doubled }, 'm') as TextClassifier
      const [{ name }] = other.network.parameters
      expect(internalsOf(other.network).store.read(internalsOf(other.network).store.find(name))).toEqual(
        doubled.get(name),
      )
      const short = new Map([...read.weights].slice(1))
      expect(() => modelFromImported({ ...read, weights: short }, 'm')).toThrow(
        'as in the Latch document, got none',
      )
      expect(() => readModelDocument({ ...read.document, version: 9 }, 'm')).toThrow('document.version')
    },
  )

  test('a file whose layers were changed is read as they are, and not as the task in it says', async () => {
    const model = await classifier(['good', 'bad'])
    for (const format of ['onnx', 'keras', 'torch', 'tfjs'] as const) {
      const [first, ...rest] = await model.exportTo(exporters[format])
      const others = new Map(rest.map(({ name, chunks }) => [name, joined(chunks)]))
      const read = await readModel(filesInMemory(first.name, joined(first.chunks), others))
      expect(modelFromImported(read, format).constructor.name, format).toBe('TextClassifier')
      const layers = read.network.layers.map((layer) =>
        layer.type === 'recurrent' ? { ...layer, activation: 'relu' as const } : layer,
      )
      const changed = modelFromImported({ ...read, network: { ...read.network, layers } }, format)
      expect(changed).toBeInstanceOf(SequenceModel)
      expect((changed as SequenceModel).warnings.join()).toContain('the file was modified after export')
    }
  })

  test('without its task a classifier is a sequence model that says the same', async () => {
    const model = await classifier(['good', 'bad'])
    const files = {
      name: 'm',
      bytes: model.toBytes(),
      sibling: () => Promise.reject(new Error('none beside it')),
    }
    const plain = modelFromImported({ ...(await readLatch(files)), document: null }, 'm') as SequenceModel
    const said = model.predict('word1 and more')
    const { label, probabilities } = plain.predict('word1 and more')
    expect(label).toBe(said.label)
    expect(probabilities!.good).toBeCloseTo(said.probabilities.good, 6)
  })

  test('a sequence model comes back as one', async () => {
    const model = SequenceModel.fromImported(threeClasses())
    const read = await readLatch({
      name: 'm',
      bytes: model.toBytes(),
      sibling: () => Promise.reject(new Error('none beside it')),
    })
    expect((modelFromImported(read, 'm') as SequenceModel).toBytes()).toEqual(model.toBytes())
  })
})

describe('readModel', () => {
  const threeLetters = () =>
    SequenceModel.fromImported(
      imported(
        {
          layers: [
            { type: 'features', width: 3 },
            { type: 'recurrent', cell: 'lstm', units: 4, returnSequences: false },
            { type: 'dense', units: 3 },
          ],
        },
        { outputActivation: 'softmax' },
      ),
    )
  const bytesOf = (files: readonly ExportedFile[]) => joined(files[0].chunks)

  test('one-hot rows become tokens where a vocabulary of their width is given', async () => {
    const model = threeLetters()
    const { document: _, ...source } = model.exportSource()
    const exported = {
      name: 'm.keras',
      bytes: bytesOf(await writeModel({ ...source, document: null }, 'keras')),
    }
    const letters = (await openModel(exported, { vocabulary: ['a', 'b', 'c'] })) as SequenceModel
    expect(letters.readsText).toBe(true)
    expect(letters.warnings.join(' ')).toContain('one-hot rows were replaced by tokens')
    const rows = [
      [0, 1, 0],
      [0, 0, 1],
      [1, 0, 0],
    ]
    letters.predict('bca').output.forEach((x, i) => expect(x).toBeCloseTo(model.predict(rows).output[i], 6))
    expect(letters.predict('bca').output).not.toEqual(letters.predict('bcb').output)
  })

  test('an ONNX graph runs as it is', async () => {
    const model = threeLetters()
    const files = filesInMemory('m.onnx', bytesOf(await model.exportTo(exporters.onnx)), new Map())
    const graph = await openOnnxGraph(files)
    const inputs: Record<string, OnnxTensor> = {}
    for (const { name, dtype } of graph.inputs) {
      inputs[name] =
        dtype === 'float32'
          ? { dtype, shape: [1, 2, 3], data: Float32Array.of(0, 1, 0, 1, 0, 0) }
          : { dtype: dtype!, shape: [1], data: Float64Array.of(2) }
    }
    const outputs = graph.run(inputs)
    const wanted = model.predict([
      [0, 1, 0],
      [1, 0, 0],
    ]).output
    const close = Object.values(outputs).some(
      ({ data }) => data.length === 3 && Array.from(data).every((x, i) => Math.abs(x - wanted[i]) < 1e-5),
    )
    expect(close).toBe(true)
    const decoded = await decodeOnnx(files)
    expect(decoded.nodes.map(({ op }) => op)).toContain('LSTM')
  })
})

describe('on a disk', () => {
  test('a folder is opened by the file that names the others, which stay inside it', async () => {
    const model = join(folder, 'model')
    mkdirSync(join(model, 'deep'), { recursive: true })
    writeFileSync(join(model, 'model.json'), '{"weightsManifest": []}')
    writeFileSync(join(model, 'deep', 'shard'), 'abc')
    writeFileSync(join(folder, 'secret'), 'no')
    for (const path of [model, join(model, 'model.json')]) {
      const files = await modelFilesAt(path)
      expect(files.name).toBe('model.json')
      expect(await files.sibling('deep/shard')).toEqual(text('abc'))
      await expect(files.sibling('../secret')).rejects.toThrow('a file outside it')
      await expect(files.sibling(join(folder, 'secret'))).rejects.toThrow('a file outside it')
      await expect(files.sibling('')).rejects.toThrow('a file outside it')
      await expect(files.sibling('sharp')).rejects.toThrow('no such file')
    }
    await expect(modelFilesAt(folder)).rejects.toThrow('a folder with model.json or manifest.json')
  })

  test('exports are streamed; a writer that fails half-way leaves nothing', async () => {
    let [held, most] = [0, 0]
    function* chunks() {
      for (let i = 0; i < 5; i++) {
        held++
        most = Math.max(most, held)
        yield new Uint8Array(1000).fill(i)
        held--
      }
    }
    const out = join(folder, 'one.onnx')
    expect(await writeExport([{ name: 'model.onnx', chunks: chunks() }], out)).toEqual([
      { path: out, bytes: 5000 },
    ])
    expect(readFileSync(out)[4999]).toBe(4)
    expect(most).toBe(1)
    function* failing() {
      yield new Uint8Array(10)
      throw new Error('no more')
    }
    await expect(writeExport([{ name: 'a', chunks: failing() }], out)).rejects.toThrow('no more')
    expect(readFileSync(out)).toHaveLength(5000)
    const several = [
      { name: 'model.json', chunks: [text('{}')] },
      { name: 'group1-shard1of1.bin', chunks: [new Uint8Array(3)] },
    ]
    const written = await writeExport(several, join(folder, 'web'))
    expect(written.map(({ path }) => path.slice(folder.length + 5))).toEqual([
      'group1-shard1of1.bin',
      'model.json',
    ])
    expect(readdirSync(join(folder, 'web')).sort()).toEqual(['group1-shard1of1.bin', 'model.json'])
    await expect(writeExport(several, out)).rejects.toThrow('Name a folder')
  })

  test('in memory files are found by their own names', async () => {
    const files = filesInMemory('model.json', text('{}'), new Map([['shard1', text('abc')]]))
    expect(await files.sibling('weights/shard1')).toEqual(text('abc'))
    await expect(files.sibling('shard2')).rejects.toThrow('only shard1')
  })
})
