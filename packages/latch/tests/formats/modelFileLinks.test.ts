/** Files beside a model are read below its real folder only, whichever format names them and however links lead out. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBinary } from '@bufbuild/protobuf'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { modelFilesAt } from '../../src/formats/modelFilesNode.ts'
import { ModelSchema } from '../../src/formats/onnx/proto/schema.ts'
import { decodeOnnx } from '../../src/formats/open.ts'
import { importFile } from '../../src/formatsNode.ts'
import { UnsupportedError } from '../../src/core/errors.ts'
import { floats, modelProto } from './onnx/onnxFiles.ts'
import { drawn, sourceOf } from './onnx/onnxHelpers.ts'
import { writeModel } from '../../src/formats/write.ts'

const place = realpathSync(mkdtempSync(join(tmpdir(), 'latch-links-')))
afterAll(() => rmSync(place, { recursive: true, force: true }))

const LEADS_OUT = 'a link that leads outside it'
const secret = new Uint8Array(Float32Array.of(9, 1, 2, 3, 4, 5, 6, 7).buffer)
let outside: string
let folder: string

beforeEach(() => {
  const home = mkdtempSync(join(place, 'case-'))
  outside = join(home, 'outside')
  folder = join(home, 'model')
  for (const path of [outside, folder]) mkdirSync(path)
  writeFileSync(join(outside, 'secret'), secret)
})

/** A model whose weights are in the file `location`. */
function onnxWith(location: string): Uint8Array {
  const proto = modelProto({
    opset: 13,
    nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: { x: ['float32', [2]] },
    initializers: { w: floats([2], [1, 2]) },
    outputs: ['y'],
  })
  const [w] = proto.graph!.initializer
  w.floatData = []
  w.dataLocation = 1
  w.externalData = [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: location }]
  return toBinary(ModelSchema, proto)
}

describe('a link out of the folder is refused by name', () => {
  const LINKS: Record<string, { name: string; make: () => void }> = {
    'of a file': { name: 'w.bin', make: () => symlinkSync(join(outside, 'secret'), join(folder, 'w.bin')) },
    'that is relative': {
      name: 'w.bin',
      make: () => symlinkSync('../outside/secret', join(folder, 'w.bin')),
    },
    'of a folder': { name: 'd/secret', make: () => symlinkSync(outside, join(folder, 'd')) },
    'over another link': {
      name: 'w.bin',
      make: () => {
        symlinkSync(join(outside, 'secret'), join(folder, 'on'))
        symlinkSync('on', join(folder, 'w.bin'))
      },
    },
    'to a folder whose name only begins the same': {
      name: 'w.bin',
      make: () => {
        mkdirSync(`${folder}2`)
        writeFileSync(join(`${folder}2`, 'secret'), secret)
        symlinkSync(join(`${folder}2`, 'secret'), join(folder, 'w.bin'))
      },
    },
  }

  it.each(Object.keys(LINKS))('%s', async (kind) => {
    const { name, make } = LINKS[kind]
    make()
    const path = join(folder, 'model.onnx')
    writeFileSync(path, onnxWith(name))
    const files = await modelFilesAt(path)
    await expect(files.sibling(name)).rejects.toThrow(LEADS_OUT)
    await expect(files.sibling(name)).rejects.toThrow(JSON.stringify(name))
    await expect(importFile(path)).rejects.toThrow(UnsupportedError)
  })
})

describe('every reader that reads files beside a model refuses them', () => {
  it('ONNX external data', async () => {
    const path = join(folder, 'model.onnx')
    writeFileSync(path, onnxWith('w.bin'))
    symlinkSync(join(outside, 'secret'), join(folder, 'w.bin'))
    await expect(modelFilesAt(path).then(decodeOnnx)).rejects.toThrow(LEADS_OUT)
  })

  it('TensorFlow.js shards', async () => {
    const network = drawn({
      layers: [
        { type: 'features', width: 2 },
        { type: 'recurrent', cell: 'lstm', units: 2 },
      ],
    })
    const files = await writeModel(sourceOf(network), 'tfjs')
    const [json, weights] = files.map(({ chunks }) => Buffer.concat([...chunks]))
    writeFileSync(join(folder, 'model.json'), json)
    writeFileSync(join(outside, 'weights'), weights)
    symlinkSync(join(outside, 'weights'), join(folder, files[1].name))
    await expect(importFile(folder)).rejects.toThrow(LEADS_OUT)
  })

  it.each(['v0', 'vocab.json'])('TensorFlow 1 dumps: %s', async (linked) => {
    const shapes = {
      embedding: [3, 2],
      'cell_0/basic_lstm_cell/kernel': [4, 8],
      'cell_0/basic_lstm_cell/bias': [8],
      softmax_w: [2, 3],
      softmax_b: [3],
    }
    const entries = Object.entries(shapes).map(([name, shape], i) => [name, { filename: `v${i}`, shape }])
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(Object.fromEntries(entries)))
    const files: [string, Uint8Array][] = Object.values(shapes).map((shape, i) => [
      `v${i}`,
      new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)),
    ])
    files.push(['vocab.json', new TextEncoder().encode('{"a":0,"b":1,"c":2}')])
    for (const [name, bytes] of files) {
      if (name !== linked) writeFileSync(join(folder, name), bytes)
      else {
        writeFileSync(join(outside, name), bytes)
        symlinkSync(join(outside, name), join(folder, name))
      }
    }
    await expect(importFile(folder)).rejects.toThrow(LEADS_OUT)
    rmSync(join(folder, linked))
    writeFileSync(join(folder, linked), files.find(([name]) => name === linked)![1])
    expect((await importFile(folder)).network.parameterCount).toBeGreaterThan(0)
  })
})

describe('links that stay are followed', () => {
  it('within the folder, and where the folder itself is a link', async () => {
    mkdirSync(join(folder, 'deep'))
    writeFileSync(join(folder, 'deep', 'w'), secret)
    symlinkSync(join('deep', 'w'), join(folder, 'w.bin'))
    writeFileSync(join(folder, 'model.onnx'), onnxWith('w.bin'))
    symlinkSync(folder, `${folder}-link`)
    for (const at of [folder, `${folder}-link`]) {
      const files = await modelFilesAt(join(at, 'model.onnx'))
      expect(await files.sibling('w.bin')).toEqual(secret)
      expect((await decodeOnnx(files)).initializers.get('w')).toEqual(floats([2], [9, 1]))
    }
  })

  it('into the folder where the model’s own file really is: caches hold files once and link to them', async () => {
    writeFileSync(join(outside, 'a'), onnxWith('w.bin'))
    symlinkSync(join(outside, 'a'), join(folder, 'model.onnx'))
    symlinkSync(join(outside, 'secret'), join(folder, 'w.bin'))
    const files = await modelFilesAt(join(folder, 'model.onnx'))
    expect(await files.sibling('w.bin')).toEqual(secret)
    symlinkSync(place, join(folder, 'up'))
    writeFileSync(join(place, 'other'), secret)
    await expect(files.sibling('up/other')).rejects.toThrow(LEADS_OUT)
  })

  it('and a link to nothing is a missing file', async () => {
    symlinkSync(join(outside, 'gone'), join(folder, 'w.bin'))
    writeFileSync(join(folder, 'model.onnx'), onnxWith('w.bin'))
    await expect(importFile(join(folder, 'model.onnx'))).rejects.toThrow('no such file')
  })
})
