/** `latch info` of files that do not open as layers: what is in them all the same, and what to type. */
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listKeras } from '../../latch/src/formats/keras/read/contents.ts'
import { listTfjs } from '../../latch/src/formats/tfjs/index.ts'
import { writeSafetensors } from '../../latch/src/formats/safetensors/safetensors.ts'
import { SequenceModel } from '../../latch/src/tasks/sequenceModel/sequenceModel.ts'
import { LatchError } from '../../latch/src/core/errors.ts'
import { Random } from '../../latch/src/core/random.ts'
import { json, Workplace } from './cliHelpers.ts'
import { filesOf } from '../../latch/tests/formats/conformance/files.ts'
import { floats, modelBytes, tensor } from '../../latch/tests/formats/onnx/onnxFiles.ts'
import { threeClasses } from '../../latch/tests/tasks/sequenceModel/sequenceFixtures.ts'

const models = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'conformance', 'models')
const there = existsSync(models)
const golden = join(import.meta.dirname, '..', '..', 'latch', 'tests', 'golden', 'unopened')

type Members = Record<string, Uint8Array>
let place: Workplace
let archive: Members

/** The exported archive with each of these pieces of its configuration changed. */
function changed(...changes: readonly (readonly [from: string, to: string])[]): Uint8Array {
  const config = changes.reduce((text, [from, to]) => {
    expect(text).toContain(from)
    return text.replaceAll(from, to)
  }, strFromU8(archive['config.json']))
  return zipSync({ ...archive, 'config.json': strToU8(config) })
}

beforeAll(async () => {
  place = new Workplace()
  place.write('own.safetensors', SequenceModel.fromImported(threeClasses()).toBytes())
  for (const [to, out] of [
    ['keras', 'own.keras'],
    ['tfjs', 'own'],
  ] as const) {
    const ran = await place.latch(['export', 'own.safetensors', '--to', to, '--out', out])
    assert(ran.code === 0, ran.stderr)
  }
  archive = unzipSync(new Uint8Array(readFileSync(place.path('own.keras'))))
})
afterAll(() => place.remove())

const toCapsule = ['"class_name":"Dense"', '"class_name":"Capsule"'] as const
const SHAPES = '(3, 16) (4, 16) (16)'

describe('a .keras file', () => {
  test('with a layer of an unknown class: each layer, which one is in the way, what to type', async () => {
    place.write('capsule.keras', changed(toCapsule))
    const ran = await place.latch(['info', 'capsule.keras'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(
      /^file +capsule\.keras\nformat +keras\nproducer +Keras 3\.0\.0\nparameters +283\n\n/,
    )
    expect(ran.stdout).toMatch(/^layer +type +weights +parameters +opens$/m)
    expect(ran.stdout).toMatch(/^input_layer +InputLayer +– +yes$/m)
    expect(ran.stdout).toMatch(
      /^bidirectional +Bidirectional\(LSTM\) +\(3, 16\) \(4, 16\) \(16\) +256 +yes$/m,
    )
    expect(ran.stdout).toMatch(/^dense +Capsule +\(8, 3\) \(3\) +27 +no$/m)
    expect(ran.stderr).toContain('layer dense: expected a supported layer, got Capsule')
    expect(ran.stderr).toContain('Use `--up-to bidirectional` to read')
    const until = await place.latch(['info', 'capsule.keras', '--up-to', 'bidirectional'])
    expect(until.stdout).toContain('layer dense')
    const wrong = await place.latch(['info', 'capsule.keras', '--up-to', 'nowhere'])
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toContain('one of input_layer, bidirectional, dense')
  })

  test('the same as JSON', async () => {
    place.write('capsule.keras', changed(toCapsule))
    const { contents, why, ...facts } = json(await place.latch(['info', 'capsule.keras', '--json']))
    expect(facts).toEqual({
      file: 'capsule.keras',
      format: 'keras',
      producer: 'Keras 3.0.0',
      parameters: 283,
    })
    expect(contents).toEqual([
      { layer: 'input_layer', type: 'InputLayer', weights: '', parameters: 0, opens: true },
      {
        layer: 'bidirectional',
        type: 'Bidirectional(LSTM)',
        weights: `${SHAPES} ${SHAPES}`,
        parameters: 256,
        opens: true,
      },
      { layer: 'dense', type: 'Capsule', weights: '(8, 3) (3)', parameters: 27, opens: false },
    ])
    expect(why).toContain('--up-to bidirectional')
  })

  test('a known layer whose option is not known does not open', async () => {
    const ofOptions = changed(['"activation":"softmax"', '"activation":"sparkle"'])
    const contents = listKeras(filesOf({ 'x.keras': ofOptions }), {}, 'x.keras, layer dense.activation')
    expect(contents.layers.map(({ opens }) => opens)).toEqual([true, true, false])
    place.write('sparkle.keras', ofOptions)
    const ran = await place.latch(['info', 'sparkle.keras'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^dense +Dense .* no$/m)
    expect(ran.stderr).toContain('sparkle')
  })

  test('a class within TimeDistributed counts', () => {
    const within = (type: string) => {
      const inner = `"layer":{"class_name":"${type}","config":{}}`
      return changed(
        ['"class_name":"Dense"', '"class_name":"TimeDistributed"'],
        ['"name":"dense"', `"name":"dense",${inner}`],
      )
    }
    const last = (type: string) => listKeras(filesOf({ 'x.keras': within(type) })).layers.at(-1)
    expect(last('Dense')).toMatchObject({ type: 'TimeDistributed(Dense)', opens: true })
    expect(last('Conv2D')).toMatchObject({ type: 'TimeDistributed(Conv2D)', opens: false })
  })

  test('layers within an unknown one: all their arrays', () => {
    // The archive calls the Bidirectional's group by its class; its arrays lie two groups below.
    const nested = changed(['"class_name":"Bidirectional"', '"class_name":"Sandwich"'])
    const { layers } = listKeras(filesOf({ 'x.keras': nested }))
    expect(layers[1]).toMatchObject({ opens: false, parameters: 256 })
    expect(layers[1].weights).toHaveLength(6)
  })

  test('without weights that are read: the layers alone', async () => {
    const { 'model.weights.h5': weights, ...others } = archive
    place.write(
      'sharded.keras',
      zipSync({ ...others, 'model.weights.json': strToU8('{}'), 'x.bin': weights }),
    )
    const ran = await place.latch(['info', 'sharded.keras'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^dense +Dense +– +yes$/m)
    expect(ran.stderr).toContain('expected model.weights.h5 in the archive')
  })

  test('damaged weights are an error and no table', async () => {
    const weights = archive['model.weights.h5']
    place.write(
      'cut.keras',
      zipSync({ ...archive, 'model.weights.h5': weights.subarray(0, weights.length - 200) }),
    )
    const ran = await place.latch(['info', 'cut.keras'])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('cut.keras')
  })
})

describe('weights alone', () => {
  test('every array by its layer, and that a configuration is wanted', async () => {
    place.write('alone.weights.h5', archive['model.weights.h5'])
    const ran = await place.latch(['info', 'alone.weights.h5'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^parameters +283$/m)
    expect(ran.stdout).toMatch(/^layer +array +shape +parameters$/m)
    expect(ran.stdout).toMatch(/^bidirectional +backward_layer\/cell\/vars\/1 +\(4, 16\) +64$/m)
    expect(ran.stdout).toMatch(/^dense +vars\/0 +\(8, 3\) +24$/m)
    expect(ran.stderr).toContain('Use `--config FILE`')
    const { contents } = json(await place.latch(['info', 'alone.weights.h5', '--json']))
    expect(contents).toContainEqual({ layer: 'dense', array: 'vars/1', shape: '(3)', parameters: 3 })
  })

  test('with a configuration: its layers', async () => {
    place.write('alone.weights.h5', archive['model.weights.h5'])
    place.write('config.json', archive['config.json'])
    place.write('capsule.json', strFromU8(unzipSync(changed(toCapsule))['config.json']))
    const opened = await place.latch(['info', 'alone.weights.h5', '--config', 'config.json'])
    expect(opened.stdout).toMatch(/^dense +Dense +\(batch, 3\) +27/m)
    const ran = await place.latch(['info', 'alone.weights.h5', '--config', 'capsule.json'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^dense +Capsule +\(8, 3\) \(3\) +27 +no$/m)
  })

  test('import and predict still end in the error', async () => {
    place.write('alone.weights.h5', archive['model.weights.h5'])
    const ran = await place.latch(['import', 'alone.weights.h5'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('a model.json of TensorFlow.js', () => {
  const read = (name: string) => new Uint8Array(readFileSync(place.path(join('own', name))))

  test('with a layer of an unknown class', async () => {
    const model = strFromU8(read('model.json'))
    expect(model).toContain(toCapsule[0])
    place.write(join('own', 'capsule.json'), model.replace(...toCapsule))
    const ran = await place.latch(['info', 'own/capsule.json'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^format +tfjs$/m)
    expect(ran.stdout).toMatch(/^producer +TensorFlow\.js layers, Latch/m)
    expect(ran.stdout).toMatch(/^parameters +283$/m)
    expect(ran.stdout).toMatch(/^\w+ +Bidirectional\(LSTM\) +\(3, 16\) .* 256 +yes$/m)
    expect(ran.stdout).toMatch(/ Capsule +\(8, 3\) \(3\) +27 +no$/m)
    expect(ran.stderr).toContain('got Capsule. Use `--up-to ')
  })

  test('a graph model: its arrays; a layers model: arrays of no layer too', async () => {
    const model = JSON.parse(strFromU8(read('model.json'))) as Record<string, unknown>
    const topology = { node: [{ name: 'x', op: 'Placeholder' }] }
    const graph = JSON.stringify({ ...model, format: 'graph-model', modelTopology: topology })
    place.write(join('own', 'graph.json'), graph)
    const ran = await place.latch(['info', 'own/graph.json'])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^array +shape +parameters$/m)
    expect(ran.stdout).toMatch(/kernel +\(8, 3\) +24$/m)
    expect(ran.stderr).toContain('a graph model')
    const renamed = strToU8(
      strFromU8(read('model.json')).replace(/"name":"dense([^"]*)\/bias/, '"name":"stray/bias'),
    )
    const files = filesOf({ 'model.json': renamed, 'weights.bin': read('weights.bin') })
    const { arrays } = await listTfjs(files)
    expect(arrays).toEqual([{ layer: '', name: 'stray/bias', shape: [3], dtype: null, parameters: 3 }])
  })

  test('a shard that is not there is an error', async () => {
    await expect(listTfjs(filesOf({ 'model.json': read('model.json') }))).rejects.toThrow(/weights\.bin/)
  })
})

test('head facts stand above tensors and operators too', async () => {
  const nodes = [
    { op: 'Relu', inputs: ['x'], outputs: ['a'] },
    { op: 'MatMul', inputs: ['a', 'w'], outputs: ['y'] },
    { op: 'Sin', inputs: ['y'], outputs: ['z'] },
  ]
  const initializers = { w: floats([3, 2], [1, 2, 3, 4, 5, 6]), shape: tensor('int64', [2], [1, 2]) }
  const graph = {
    opset: 13,
    nodes,
    inputs: { x: ['float32', [1, 3]] as const },
    outputs: ['z'],
    initializers,
  }
  place.write('graph.onnx', modelBytes(graph))
  const onnx = await place.latch(['info', 'graph.onnx'])
  expect(onnx.code).toBe(0)
  expect(onnx.stdout).toMatch(
    /^file +graph\.onnx\nformat +onnx\nproducer .*\nparameters +6\nnodes +3\noperators +Relu 1, MatMul 1, Sin 1\n\nnode +operator +weights +parameters +runs$/m,
  )
  expect(onnx.stdout).toMatch(/^MatMul 1 +MatMul +\(3, 2\) +6 +yes$/m)
  const branches = await place.latch(['info', '--json', join(golden, 'two.onnx')])
  expect(json(branches)).toMatchObject({ parameters: 896, operators: { If: 1, Conv: 6 } })
  expect(await place.latch(['info', 'graph.onnx', '--up-to', 'nowhere'])).toMatchObject({
    code: 2,
    stdout: '',
  })
  const data = Float32Array.from([1, 2, 3, 4])
  place.write(
    'other.safetensors',
    writeSafetensors([{ name: 'conv.weight', shape: [1, 2, 2], dtype: 'F32', data }]),
  )
  const facts = json(await place.latch(['info', 'other.safetensors', '--json']))
  expect(facts).toMatchObject({ file: 'other.safetensors', format: 'torch', producer: null, parameters: 4 })
  expect(facts.contents).toEqual([{ tensor: 'conv.weight', shape: '(1, 2, 2)', type: 'F32' }])
})

test('damaged files: contents or an error of Latch’s, soon', () => {
  const random = new Random(5, 'contents')
  let refused = 0
  for (let i = 0; i < 400; i++) {
    const weights = archive['model.weights.h5'].slice()
    for (let j = 0; j < 3; j++)
      weights[Math.floor(random.uniform() * weights.length)] = Math.floor(random.uniform() * 256)
    try {
      listKeras(filesOf({ 'x.h5': weights }))
    } catch (error) {
      if (!(error instanceof LatchError)) throw error
      refused++
    }
  }
  expect(refused).toBeGreaterThan(50)
})

test('groups that hold each other end in an error', () => {
  // Every name of the layer's group leads back to the root.
  const weights = archive['model.weights.h5'].slice()
  const view = new DataView(weights.buffer, weights.byteOffset)
  const root = view.getBigUint64(64, true)
  const nodes = strFromU8(weights, true)
  let turned = 0
  for (let at = nodes.indexOf('SNOD'); at >= 0; at = nodes.indexOf('SNOD', at + 4)) {
    for (let i = 0; i < view.getUint16(at + 6, true); i++, turned++)
      view.setBigUint64(at + 8 + 40 * i + 8, root, true)
  }
  expect(turned).toBeGreaterThan(5)
  expect(() => listKeras(filesOf({ 'x.h5': weights }))).toThrow(
    /x\.h5: expected at most 20000 groups and arrays, 32 deep, got more at layers/,
  )
})

describe.skipIf(!there)('files of others', () => {
  test('Keras 2.10 with a layer of its author', async () => {
    const ran = await place.latch(['info', join(models, 'keras210_qoe/lstm_basic.h5')])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^producer +Keras 2\.10\.0\nparameters +47,357$/m)
    expect(ran.stdout).toMatch(/^lstm_1 +LSTM +\(50, 200\) \(50, 200\) \(200\) +20,200 +yes$/m)
    expect(ran.stdout).toMatch(/^self_attention +SelfAttention +\(50, 128\) \(128\) \(128, 1\) +6,656 +no$/m)
    expect(ran.stderr).toContain('--up-to lstm_1')
  })

  test('weights of textgenrnn', async () => {
    const ran = await place.latch(['info', join(models, 'textgenrnn/textgenrnn_weights.hdf5')])
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^producer +Keras 2\.1\.5\nparameters +462,717$/m)
    expect(ran.stdout).toMatch(/^rnn_2 +rnn_2\/recurrent_kernel:0 +\(128, 512\) +65,536$/m)
    expect(ran.stderr).toContain('Use `--config FILE`')
  })

  test('a text generator of TensorFlow.js whose LSTM got another name', async () => {
    const folder = join(models, 'tfjs_lstm_text_generation')
    const files = (name: string) => new Uint8Array(readFileSync(join(folder, name)))
    const model = strFromU8(files('model.json')).replace(/"class_name": ?"LSTM"/, '"class_name": "Other"')
    const shards = ['group1-shard1of1', 'group2-shard1of1'].map((name) => [name, files(name)] as const)
    const contents = await listTfjs(filesOf({ 'model.json': strToU8(model), ...Object.fromEntries(shards) }))
    expect(contents.layers[0]).toMatchObject({ type: 'Other', opens: false })
    expect(contents.layers[0].weights).toHaveLength(3)
    expect(contents.arrays).toEqual([])
  })
})
