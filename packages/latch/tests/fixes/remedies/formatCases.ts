/** Remedies of model files: what they hold, and what formats can carry. */
import { toBinary } from '@bufbuild/protobuf'
import { unzipSync, zipSync } from 'fflate'
import { readFileSync } from 'node:fs'
import { FormatError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { BudgetError, ReadBudget } from '../../../src/formats/budget.ts'
import { ZipFile } from '../../../src/formats/keras/read/zip.ts'
import { takeTensor } from '../../../src/formats/latch/modelFile.ts'
import { decodeOnnx } from '../../../src/formats/onnx/proto/decode.ts'
import { ModelSchema } from '../../../src/formats/onnx/proto/schema.ts'
import { filesInMemory, openOnnxGraph } from '../../../src/formats/open.ts'
import { readSafetensors, writeSafetensors } from '../../../src/formats/safetensors/safetensors.ts'
import { readTorch } from '../../../src/formats/torch/index.ts'
import { conversionLines } from '../../../src/formats/torch/read/refusals.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { openModel } from '../../../src/tasks/files/openModel.ts'
import type { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { TextClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { modelProto } from '../../formats/onnx/onnxFiles.ts'
import { trained } from '../../tasks/textClassifier/classifierHelpers.ts'
import { cell, changedTfjs, DENSE, exported, FEATURES, GRU, open, stateDict } from '../formatCases.ts'
import type { Files } from '../formatCases.ts'
import type { RemedyCase } from './remedyCase.ts'

const LAYERS = [FEATURES, GRU, DENSE]
const one = (name: string, bytes: Uint8Array): Files => new Map([[name, bytes]])
const utf8 = new TextEncoder()
const golden = (name: string) => {
  const path = new URL(`../../golden/${name}`, import.meta.url)
  return new Uint8Array(readFileSync(path))
}

// Compresses a hundredfold.
const weights = new Uint8Array(6 * 2 ** 20).map((_, i) => (i % 256 === 0 ? (i * 7919) >> 8 : 0))
const readZip = (bytes: Uint8Array) => new ZipFile(bytes, 'm.keras').read('weights')

const BUDGETS: readonly RemedyCase[] = [
  {
    name: 'an archive that unpacks to far more',
    kind: BudgetError,
    remedy: 'Save the model without compression.',
    raise: () => readZip(zipSync({ weights }, { level: 6 })),
    follow: () => readZip(zipSync({ weights }, { level: 0 })),
  },
  // Folded constants are the arrays of the file itself.
  {
    name: 'constants that unfold to far more',
    kind: BudgetError,
    remedy: 'Save the model with its constants folded, each array once.',
    raise: () => new ReadBudget(1000).spend('numbers', 2 ** 25, 'm'),
    follow: () => new ReadBudget(4 * 2 ** 25).spend('numbers', 2 ** 25, 'm'),
  },
  {
    name: 'constants that are multiplied for hours',
    kind: BudgetError,
    remedy: 'Save the model with its constants folded.',
    raise: () => new ReadBudget(1000).spend('multiplications', 2 ** 30, 'm'),
    follow: () => new ReadBudget(1000).spend('multiplications', 0, 'm'),
  },
]

const tensor = { name: 'w', shape: [2], dtype: 'F32', data: Float32Array.of(1, 2) } as const
const half = { name: 'w', shape: [2], dtype: 'F16', data: Uint16Array.of(0, 0) } as never
const safe = () => writeSafetensors([{ ...tensor }])
const letters = (text: string) => utf8.encode(text.padEnd(64))

const sequenceBytes = async () =>
  ((await open(await exported(LAYERS, 'onnx'), {})) as SequenceModel).toBytes()

const SAFETENSORS: readonly RemedyCase[] = [
  {
    name: 'a file that is not safetensors',
    kind: FormatError,
    remedy: "The file is truncated, or of another format. `importFile` of 'latch/formats' opens any model.",
    raise: () => readSafetensors(safe().subarray(0, 20), 'm'),
    follow: async () => open(await exported(LAYERS, 'onnx'), {}),
  },
  {
    name: 'weights of another program where a model of Latch is expected',
    kind: FormatError,
    remedy: "`importFile` of 'latch/formats' opens any model.",
    raise: () => TextClassifier.fromBytes(safe(), 'm'),
    follow: async () => open(await exported(LAYERS, 'keras'), {}),
  },
  {
    name: 'a sequence model where a text classifier is expected',
    kind: FormatError,
    remedy: "`importFile` of 'latch/formats' opens any model.",
    raise: async () => TextClassifier.fromBytes(await sequenceBytes(), 'm'),
    follow: async () => openModel({ name: 'm', bytes: await sequenceBytes() }),
  },
  {
    name: 'data that ends',
    kind: FormatError,
    remedy: 'The file is truncated or damaged: copy it again.',
    raise: () => readSafetensors(safe().subarray(0, -4), 'm'),
    follow: () => readSafetensors(safe(), 'm'),
  },
  {
    name: 'half precision in a model of Latch',
    kind: FormatError,
    remedy: 'Save the weights as float32.',
    raise: () => takeTensor(new Map([['w', half]]), 'w', [2]),
    follow: () => takeTensor(new Map([['w', { ...tensor }]]), 'w', [2]),
  },
]

const parts = async () => {
  const [[, archive]] = await exported(LAYERS, 'keras')
  return unzipSync(archive)
}

const GRAPH = utf8.encode('{"format":"graph-model","modelTopology":{"node":[]},"weightsManifest":[]}')

const KERAS: readonly RemedyCase[] = [
  {
    name: 'a table in place of a model',
    kind: FormatError,
    remedy: 'Give a model file instead, and the table as the data.',
    raise: () => open(one('comments.csv', utf8.encode('text,label\ngood,a\nbad,b\n')), {}),
    follow: async () => open(await exported(LAYERS, 'keras'), {}),
  },
  {
    name: 'a page that a failed download left in place of a model',
    kind: FormatError,
    remedy: 'Look into it: a download may have failed.',
    raise: () => open(one('m.keras', utf8.encode('<!doctype html>\n<title>Not found</title>\n')), {}),
    follow: async () => open(await exported(LAYERS, 'keras'), {}),
  },
  {
    name: 'a configuration without weights',
    kind: FormatError,
    remedy: 'Open the weights file instead.',
    raise: async () => open(one('m.json', (await parts())['config.json']), {}),
    follow: async () => {
      const { 'config.json': json, 'model.weights.h5': numbers } = await parts()
      const config: unknown = JSON.parse(new TextDecoder().decode(json))
      return open(one('m.weights.h5', numbers), { config })
    },
  },
  {
    name: 'a model of TensorFlow Lite',
    kind: UnsupportedError,
    remedy: 'Save the original Keras model as .keras, or export it to ONNX.',
    raise: () => open(one('m.tflite', letters('0000TFL3')), {}),
    follow: async () => {
      await open(await exported(LAYERS, 'keras'), {})
      await open(await exported(LAYERS, 'onnx'), {})
    },
  },
  {
    name: 'a graph of TensorFlow.js',
    kind: UnsupportedError,
    remedy: 'Convert the Keras model with --output_format tfjs_layers_model, or open the Keras file itself.',
    raise: () => open(one('model.json', GRAPH), {}),
    follow: async () => {
      await open(await exported(LAYERS, 'tfjs'), {})
      await open(await exported(LAYERS, 'keras'), {})
    },
  },
  {
    name: 'a first layer of an unknown class',
    kind: UnsupportedError,
    remedy: 'Save the layers after it as a model, and open that.',
    raise: async () =>
      open(await changedTfjs((json) => json.replace('"class_name":"GRU"', '"class_name":"Conv1D"')), {}),
    follow: async () => open(await exported([FEATURES, DENSE], 'tfjs'), {}),
  },
  {
    name: 'a hard sigmoid of other slope for Keras',
    kind: UnsupportedError,
    remedy: 'Keras 3 supports it only with alpha 1/6.',
    raise: () => exported([FEATURES, DENSE, hardSigmoid(0.3)], 'keras'),
    follow: () => exported([FEATURES, DENSE, hardSigmoid(1 / 6)], 'keras'),
  },
  {
    name: 'one-hot rows of a large vocabulary for Keras',
    kind: UnsupportedError,
    remedy: 'Keras needs an identity table of that size squared: train with an embedding instead.',
    raise: () => exported([{ type: 'oneHot', vocabulary: 6000 }, GRU], 'keras'),
    follow: () => exported([{ type: 'embedding', vocabulary: 6000, size: 2 }, GRU], 'keras'),
  },
]

const hardSigmoid = (alpha: number): LayerOptions => ({
  type: 'activation',
  activation: { type: 'hardSigmoid', alpha },
})

const onnxOf = (opset: number) =>
  toBinary(
    ModelSchema,
    modelProto({
      opset,
      nodes: [{ op: 'Tanh', inputs: ['x'], outputs: ['y'] }],
      inputs: { x: ['float32', [2]] },
      outputs: ['y'],
    }),
  )

const ONNX: readonly RemedyCase[] = [
  {
    name: 'a graph that is not a chain of layers',
    kind: UnsupportedError,
    remedy: 'A program can run the graph directly, with openOnnxGraph of latch/formats.',
    raise: () => open(one('middle.onnx', golden('unopened/middle.onnx')), {}),
    follow: async () => {
      const graph = await openOnnxGraph(filesInMemory('m.onnx', golden('unopened/middle.onnx'), new Map()))
      const feeds = graph.inputs.map(({ name, shape }) => {
        const sizes = shape!.map((size) => (typeof size === 'number' ? size : 3))
        const data = new Float32Array(sizes.reduce((a, b) => a * b, 1))
        return [name, { dtype: 'float32', shape: sizes, data }] as const
      })
      graph.run(Object.fromEntries(feeds))
    },
  },
  {
    name: 'an old set of operators',
    kind: UnsupportedError,
    remedy: "Convert it with ONNX' version converter.",
    raise: () => decodeOnnx(onnxOf(4), 'm.onnx'),
    // What the converter writes.
    follow: () => decodeOnnx(onnxOf(13), 'm.onnx'),
  },
]

const { 'rnn.weight_hh_l0': shape, ...input } = cell('rnn', 3, 12, 3)
const hidden = { 'rnn.weight_hh_l0': shape }
const fine = { ...input, ...hidden }
const whole = (dtype: 'I8' | 'F32') =>
  writeSafetensors(
    Object.entries(fine).map(([name, own]) => {
      const size = own[0] * own[1]
      return { name, shape: own, dtype, data: dtype === 'I8' ? new Int8Array(size) : new Float32Array(size) }
    }) as never,
  )

const TORCH: readonly RemedyCase[] = [
  {
    name: 'a model of Latch as one of PyTorch',
    kind: FormatError,
    remedy: 'Open it as a Latch model, without import options.',
    raise: async () =>
      readTorch(filesInMemory('m', (await trained({}, { epochs: 1 })).toBytes(), new Map()), { prefix: 'a' }),
    follow: async () => {
      const bytes = (await trained({}, { epochs: 1 })).toBytes()
      await open(one('m.safetensors', bytes), {})
      TextClassifier.fromBytes(bytes)
    },
  },
  {
    name: 'another parametrization',
    kind: UnsupportedError,
    remedy:
      'Remove it in Python before saving, with torch.nn.utils.parametrize.remove_parametrizations(module, "weight_ih_l0").',
    raise: () => open(stateDict({ ...hidden, 'rnn.parametrizations.weight_ih_l0.original': [12, 3] }), {}),
    // What PyTorch saves then.
    follow: () => open(stateDict(fine), {}),
  },
  {
    name: 'a pickle',
    kind: UnsupportedError,
    remedy: `A pickle is a program and is never run here. Convert it with Python:\n${conversionLines('m.pt')}`,
    raise: () => open(one('m.pt', Uint8Array.of(0x80, 2, 1, 1)), {}),
    // What these lines write; formats/torch/pickles.test.ts runs them.
    follow: () => open(stateDict(fine), {}),
  },
  {
    name: 'quantized weights',
    kind: FormatError,
    remedy: 'Save the model in float32: dequantize it in Python first, then `model.float().state_dict()`.',
    raise: () => open(one('m.safetensors', whole('I8')), {}),
    follow: () => open(one('m.safetensors', whole('F32')), {}),
  },
]

export const FORMAT_CASES: readonly RemedyCase[] = [
  ...BUDGETS,
  ...SAFETENSORS,
  ...KERAS,
  ...ONNX,
  ...TORCH,
  {
    name: 'an option without effect',
    kind: UsageError,
    remedy: 'Leave the option out.',
    raise: async () => open(await exported(LAYERS, 'tfjs'), { vocabulary: ['a'] }),
    follow: async () => open(await exported(LAYERS, 'tfjs'), {}),
  },
]
