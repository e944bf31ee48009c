/**
 * An output that already passed a sigmoid or softmax is given no second one: every last function × form × width ×
 * loss × labels of Keras and TensorFlow.js files against goldens, and the same of ONNX and PyTorch files.
 */
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { expectClose } from '../closeTo.ts'
import { importKerasConfig, type KerasArray } from '../../src/formats/keras/read/model.ts'
import {
  OUTPUT_ACTIVATIONS,
  type OutputActivation,
  type ExportFormat,
  type ImportOptions,
} from '../../src/formats/imported.ts'
import { modelFile } from './conformance/files.ts'
import { REFERENCE, randomHead, sigmoid, softmax, type Golden, type Head } from './outputHeads.ts'
import { exporters } from '../../src/formats/write.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { openModel } from '../../src/tasks/files/openModel.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { UsageError } from '../../src/core/errors.ts'
import { imported } from '../tasks/sequenceModel/sequenceFixtures.ts'

const GOLDENS = new URL('../golden/formats/outputActivations.json', import.meta.url)
const { input, cases } = JSON.parse(readFileSync(GOLDENS, 'utf8')) as { input: number[][]; cases: Golden[] }

const LOSSES = {
  'no loss': null,
  binary: 'binary_crossentropy',
  categorical: 'categorical_crossentropy',
  sparse: { class_name: 'SparseCategoricalCrossentropy', config: { from_logits: false } },
  'binary, logits': { class_name: 'BinaryCrossentropy', config: { from_logits: true } },
  'categorical, logits': { class_name: 'CategoricalCrossentropy', config: { from_logits: true } },
  mse: 'mse',
  mae: 'mean_absolute_error',
  huber: { class_name: 'Huber', config: { delta: 1 } },
  unknown: 'log_cosh',
}

const CROSS = /binary|categorical|sparse/
const SQUASHING = ['sigmoid', 'hard_sigmoid', 'softmax']

/** Arrays by layer, in Keras' order: kernel, recurrent kernel, bias. */
function arraysOf({ arrays }: Golden): Record<string, KerasArray[]> {
  const parts = (list: number[][][]) =>
    list.length === 3 ? ['kernel', 'recurrent_kernel', 'bias'] : ['kernel', 'bias']
  return Object.fromEntries(
    Object.entries(arrays).map(([layer, list]) => [
      layer,
      list.map((values, i) => {
        const data = Float32Array.from(values.flat())
        const shape = Array.isArray(values[0]) ? [values.length, values[0].length] : [data.length]
        return { name: `${layer}/${parts(list)[i]}`, shape, data }
      }),
    ]),
  )
}

function ofKeras(golden: Golden, loss: unknown, options: ImportOptions): SequenceModel {
  const config = { class_name: 'Sequential', config: { name: 's', layers: golden.layers } }
  const arrays = arraysOf(golden)
  const training = loss === null ? undefined : { loss }
  const about = { source: 'm.h5', format: 'keras', producer: 'Keras 2.10.0', options, training } as const
  return SequenceModel.fromImported(importKerasConfig(config, (layer) => arrays[layer] ?? [], about))
}

async function ofTfjs(golden: Golden, loss: unknown, options: ImportOptions): Promise<SequenceModel> {
  const all = Object.values(arraysOf(golden)).flat()
  const data = Buffer.concat(all.map((array) => Buffer.from(Float32Array.from(array.data).buffer)))
  const json = {
    format: 'layers-model',
    modelTopology: {
      keras_version: 'tfjs-layers 4.0.0',
      model_config: { class_name: 'Sequential', config: { name: 's', layers: golden.layers } },
      ...(loss === null ? {} : { training_config: { loss } }),
    },
    weightSpecs: all.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
    weightData: data.toString('base64'),
  }
  const bytes = new TextEncoder().encode(JSON.stringify(json))
  return (await openModel({ name: 'model.json', bytes }, options)) as SequenceModel
}

function expectNear(got: readonly number[], wanted: readonly number[]): void {
  expectClose(got, wanted, 5e-6)
}

function expectRefused(open: () => unknown, message: RegExp): void {
  expect(open).toThrow(UsageError)
  expect(open).toThrow(message)
}

function expectLabels(
  model: SequenceModel,
  label: string | null,
  shares: readonly number[],
  labels: readonly string[] = shares.map((_, c) => `${c}`),
): void {
  expect(model.labels).toEqual(labels)
  expect(label).toBe(labels[shares.indexOf(Math.max(...shares))])
}

/** What a model says must be the file's own numbers, or a function of a plain logit. */
function checkPrediction(
  model: SequenceModel,
  golden: Golden,
  loss: string,
  labels: readonly string[] | undefined,
) {
  const { function: name, units, output: own } = golden
  const said = model.predict(input)
  const isSquashed = SQUASHING.includes(name)
  // A linear head and labels: the labels name classes of logits.
  const asked = name === 'linear' && model.outputActivation !== 'linear'
  expectNear(said.output, !asked ? own : units === 1 ? own.map(sigmoid) : softmax(own))
  expect(asked).toBe(name === 'linear' && labels !== undefined)
  if (said.probabilities !== null) {
    const shares = Object.values(said.probabilities)
    const raw = units === 1 ? sigmoid(own[0]) : softmax(own)
    const row = isSquashed ? (units === 1 ? own[0] : own) : raw
    expectNear(shares, typeof row === 'number' ? [1 - row, row] : row)
    expectLabels(model, said.label, shares, labels)
  }
  const ofClasses = loss.startsWith('binary') ? units === 1 || name === 'softmax' : units > 1
  const hasProbabilities = said.probabilities !== null
  const isKnown = isSquashed && CROSS.test(loss) && !labels
  expect(hasProbabilities).toBe(isKnown ? ofClasses : hasProbabilities)
  const isNamed = isSquashed && labels !== undefined && (units === 1 || name === 'softmax')
  expect(hasProbabilities).toBe(isNamed || hasProbabilities)
}

describe('Keras and TensorFlow.js: the file’s own numbers, whatever the loss', () => {
  const forms = [...new Set(cases.map(({ form, function: name }) => `${form}: ${name}`))]
  test.each(forms)('%s', async (one) => {
    for (const golden of cases.filter(({ form, function: name }) => one === `${form}: ${name}`)) {
      const { units, function: name } = golden
      const names = units === 1 ? ['neg', 'pos'] : ['a', 'b', 'c'].slice(0, units)
      for (const [kind, loss] of Object.entries(LOSSES)) {
        for (const labels of [undefined, names]) {
          const options = labels ? { labels } : {}
          const isOther = name !== 'linear' && !SQUASHING.includes(name)
          const isClass = kind === 'binary, logits' && golden.form === 'state' && /tanh|softsign/.test(name)
          if (labels && units === 1 && isOther && !isClass) {
            // Two names for one number that is neither logit nor probability.
            expectRefused(() => ofKeras(golden, loss, options), /labels: expected 1 different labels/)
            continue
          }
          checkPrediction(ofKeras(golden, loss, options), golden, kind, labels)
          if (kind !== 'unknown') checkPrediction(await ofTfjs(golden, loss, options), golden, kind, labels)
        }
      }
    }
  })

  it('has goldens of every form and function', () => {
    expect(cases.length).toBe(90)
  })
})

describe('random heads of Keras and TensorFlow.js: the numbers of float64', () => {
  const names = Object.keys(REFERENCE)
  const heads = fc.record({
    functions: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }),
    units: fc.constantFrom(1, 2, 3),
    over: fc.constantFrom('last' as const, 'mean' as const, 'max' as const),
    loss: fc.constantFrom(...(Object.keys(LOSSES) as (keyof typeof LOSSES)[])),
    isLabelled: fc.boolean(),
    seed: fc.integer({ min: 1, max: 2 ** 30 }),
  })

  it('as outputs; and as probabilities where they are', async () => {
    await fc.assert(
      fc.asyncProperty(heads, async (head) => {
        const golden = randomHead(head, input)
        const labels = head.units === 1 ? ['neg', 'pos'] : ['a', 'b', 'c'].slice(0, head.units)
        const options = head.isLabelled ? { labels } : {}
        const open = [() => ofKeras(golden, LOSSES[head.loss], options)]
        if (head.loss !== 'unknown') open.push(await opener(() => ofTfjs(golden, LOSSES[head.loss], options)))
        for (const one of open) checkHead(one, golden, head)
      }),
      { numRuns: 150 },
    )
  })
})

/** What an asynchronous reader gives or throws. */
async function opener(read: () => Promise<SequenceModel>): Promise<() => SequenceModel> {
  try {
    const model = await read()
    return () => model
  } catch (error) {
    return () => {
      throw error
    }
  }
}

/** Null where one number that is neither a logit nor a probability has two names, which is refused. */
function openHead(open: () => SequenceModel, isNumber: boolean): SequenceModel | null {
  if (!isNumber) return open()
  try {
    return open()
  } catch (error) {
    if (error instanceof UsageError) return null
    throw error
  }
}

function checkHead(
  open: () => SequenceModel,
  { output: own, function: name }: Golden,
  { isLabelled }: Head,
): void {
  const isSquashed = SQUASHING.includes(name)
  const model = openHead(open, isLabelled && own.length === 1 && !isSquashed)
  if (model === null) return
  const said = model.predict(input)
  // A file's numbers; or, for a plain logit that labels or `from_logits` name classes of, its probabilities.
  const asked = own.length === 1 ? own.map(sigmoid) : softmax(own)
  const isOwn = said.output.every((value, j) => Math.abs(value - own[j]) < 1e-5)
  expectNear(said.output, isOwn || isSquashed ? own : asked)
  if (said.probabilities === null) return
  const shares = Object.values(said.probabilities)
  expectShares(shares)
  const row = isSquashed ? own : asked
  expectNear(shares, row.length === 1 ? [1 - row[0], row[0]] : row)
}

function expectShares(shares: readonly number[]): void {
  expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true)
}

const FEATURES: LayerOptions[] = [
  { type: 'features', width: 2 },
  { type: 'recurrent', cell: 'rnn', units: 3 },
]
const ROWS = [
  [0.5, -1],
  [1, 2],
]
const last: LayerOptions = { type: 'pool', pooling: 'last' }
const dense = (units: number, activation?: 'sigmoid' | 'tanh'): LayerOptions =>
  activation ? { type: 'dense', units, activation } : { type: 'dense', units }
const act = (activation: 'softmax' | 'sigmoid'): LayerOptions => ({
  type: 'activation',
  activation,
})

/** As Keras 3 has it, or Keras 2 and the others. */
const hard = (format: ExportFormat): LayerOptions => ({
  type: 'activation',
  activation: { type: 'hardSigmoid', alpha: format === 'keras' ? 1 / 6 : 0.2, beta: 0.5 },
})

/** A model of these layers as another format has it, without Latch's own word on it. */
async function foreign(layers: LayerOptions[], format: ExportFormat, options: ImportOptions) {
  const made = SequenceModel.fromImported(imported({ layers }))
  const own = made.predict(ROWS).output
  const source = { ...made.exportSource(), document: null, labels: null }
  const { writeModel } = await import('../../src/formats/write.ts')
  const [first, ...rest] = await writeModel(source, format)
  const bytesOf = (file: { chunks: Iterable<Uint8Array> }) => new Uint8Array(Buffer.concat([...file.chunks]))
  const files = new Map(rest.map((one) => [one.name, bytesOf(one)]))
  const config = format === 'torch' ? { config: { layers } } : {}
  const model = await openModel({ name: first.name, bytes: bytesOf(first), files }, { ...config, ...options })
  return { model: model as SequenceModel, own }
}

describe.each(['onnx', 'torch', 'keras', 'tfjs'] as const)('%s', (format) => {
  const heads: [string, LayerOptions[], string[], boolean][] = [
    ['sigmoid, then the last step', [dense(1, 'sigmoid'), last], ['neg', 'pos'], true],
    ['sigmoid of the last step', [last, dense(1, 'sigmoid')], ['neg', 'pos'], true],
    ['hard sigmoid', [last, dense(1), hard(format)], ['neg', 'pos'], true],
    ['sigmoid of a sigmoid', [last, dense(1, 'sigmoid'), act('sigmoid')], ['neg', 'pos'], true],
    ['softmax, then the last step', [dense(3), act('softmax'), last], ['a', 'b', 'c'], true],
    [
      'mean of softmaxes',
      [dense(3), act('softmax'), { type: 'pool', pooling: 'mean' }],
      ['a', 'b', 'c'],
      true,
    ],
    ['three sigmoids', [last, dense(3, 'sigmoid')], ['a', 'b', 'c'], false],
    ['three sigmoids, then the last step', [dense(3, 'sigmoid'), last], ['a', 'b', 'c'], false],
    ['softmax of tanh', [last, dense(3, 'tanh'), act('softmax')], ['a', 'b', 'c'], true],
  ]
  test.each(heads)('%s', async (_, head, labels, classes) => {
    // PyTorch’s and ONNX’s last step of ragged sequences is what `pool` is in Keras: no layer.
    if ((format === 'keras' || format === 'tfjs') && head.indexOf(last) > 0) return
    const { model, own } = await foreign([...FEATURES, ...head], format, { labels })
    const said = model.predict(ROWS)
    expectNear(said.output, own)
    expect(model.labels).toEqual(labels)
    expect(said.probabilities === null).toBe(!classes)
    if (classes) expectNear(Object.values(said.probabilities!), own.length === 1 ? [1 - own[0], own[0]] : own)
  })
})

describe('PyTorch heads', () => {
  it('a sigmoid named after a module is applied once', async () => {
    const layers = [...FEATURES, last, dense(1)]
    const logit = (await foreign(layers, 'torch', {})).own[0]
    const options = (heads: object) => ({ config: { pool: 'last', heads } })
    for (const outputActivation of [undefined, 'sigmoid'] as const) {
      const { model } = await foreign(layers, 'torch', {
        ...options({ dense0: 'sigmoid' }),
        outputActivation,
      })
      expectNear(model.predict(ROWS).output, [sigmoid(logit)])
    }
  })
})

describe('an `outputActivation` that contradicts the file is refused, one that agrees changes nothing', () => {
  const agree: Record<string, OutputActivation[]> = {
    sigmoid: ['sigmoid', 'probabilities'],
    softmax: ['softmax', 'probabilities'],
    hard_sigmoid: ['linear', 'sigmoid', 'probabilities'],
    linear: ['linear', 'sigmoid', 'softmax', 'logSoftmax'],
  }
  test.each(Object.keys(agree))('%s under its cross-entropy', (name) => {
    for (const units of name === 'softmax' ? [3] : name === 'linear' ? [1, 3] : [1]) {
      const golden = cases.find(
        (one) => one.form === 'dense' && one.function === name && one.units === units,
      )!
      const loss = units === 1 ? 'binary_crossentropy' : 'categorical_crossentropy'
      for (const outputActivation of OUTPUT_ACTIVATIONS) {
        const open = () => ofKeras(golden, loss, { outputActivation })
        const isRow = units === 1 && /softmax/i.test(outputActivation)
        if (!agree[name].includes(outputActivation) || isRow) {
          expectRefused(open, /output activation: expected/)
        } else if (name !== 'linear') expectNear(open().predict(input).output, golden.output)
      }
    }
  })
  test.each(['onnx', 'torch', 'keras', 'tfjs'] as const)('%s', async (format) => {
    const layers = [...FEATURES, last, dense(3), act('softmax')]
    const ask = (outputActivation: OutputActivation) => foreign(layers, format, { outputActivation })
    const { model, own } = await ask('softmax')
    expectNear(model.predict(ROWS).output, own)
    await expect(ask('sigmoid')).rejects.toThrow(/`outputActivation: "softmax"`/)
    await expect(ask('logSoftmax')).rejects.toThrow(/`outputActivation: "softmax"`/)
  })
})

describe('probabilities that the network itself gives', () => {
  const open = (units: number) => {
    const find = (one: Golden) =>
      one.form === 'dense' && one.function === 'hard_sigmoid' && one.units === units
    return ofKeras(cases.find(find)!, units === 1 ? 'binary_crossentropy' : 'categorical_crossentropy', {})
  }

  it('learn by the mean squared error, with classes as targets', async () => {
    for (const units of [1, 3]) {
      const model = open(units)
      const rows = [0, 1, 0, 1].map((c) => ({ input: [[c ? 1 : -1], [0.5]], target: c }))
      await model.fit(rows, { epochs: 150, learningRate: 0.03, seed: 1 })
      expect(rows.map((row) => model.predict(row.input).label)).toEqual(['0', '1', '0', '1'])
      expect(model.network.config.loss).toEqual({ type: 'meanSquaredError' })
    }
  })

  it('stay so in a saved model, a stream, a trace and every export', async () => {
    const mse = cases.find((one) => one.form === 'dense' && one.function === 'sigmoid' && one.units === 1)!
    const model = ofKeras(mse, 'mse', { labels: ['neg', 'pos'] })
    const said = model.predict(input)
    const loaded = SequenceModel.fromBytes(model.toBytes())
    expect(loaded.outputActivation).toBe('probabilities')
    expect(loaded.predict(input)).toEqual(said)
    const stream = model.stream()
    expect(input.map((step) => stream.push(step)).at(-1)).toEqual(said)
    const trace = model.trace(input)
    expect([trace.label, trace.probabilities]).toEqual([said.label, said.probabilities])
    for (const format of ['onnx', 'torch', 'keras', 'tfjs'] as const) {
      const files = await model.exportTo(exporters[format])
      const all = new Map(files.map((one) => [one.name, new Uint8Array(Buffer.concat([...one.chunks]))]))
      const [name, bytes] = [...all][0]
      const again = (await openModel({ name, bytes, files: all })) as SequenceModel
      expect(again.predict(input)).toEqual(said)
      expect(again.warnings.join()).not.toContain('modified after export')
    }
  })
})

const SHARED = new URL('../../../../../shared/cases/', import.meta.url)

describe.skipIf(!existsSync(SHARED))('users’ files', () => {
  interface Row {
    input: number[][]
    sigmoid: number
    softmax: number[]
  }
  it('31: sigmoid and softmax under mse, with and without labels', async () => {
    const rows = JSON.parse(readFileSync(new URL('31-double-sigmoid/expected.json', SHARED), 'utf8')) as Row[]
    for (const name of ['sigmoid-bce', 'sigmoid-mse', 'softmax-mse']) {
      for (const options of [{}, { labels: ['neg', 'pos'] }]) {
        const given = modelFile(new URL(`31-double-sigmoid/${name}.h5`, SHARED))
        const model = (await openModel(given, options)) as SequenceModel
        for (const row of rows)
          expectNear(model.predict(row.input).output, name === 'softmax-mse' ? row.softmax : [row.sigmoid])
      }
    }
  })
  it('61: cross-entropy over an output that is not a logit', async () => {
    const text = readFileSync(new URL('61-loss-without-logits/expected.json', SHARED), 'utf8')
    const wanted = JSON.parse(text) as { input: number[][]; outputs: Record<string, number[]> }
    const there = Object.entries(wanted.outputs).filter(([name]) =>
      existsSync(new URL(`61-loss-without-logits/${name}.h5`, SHARED)),
    )
    expect(there.length).toBeGreaterThan(0)
    for (const [name, own] of there) {
      const given = modelFile(new URL(`61-loss-without-logits/${name}.h5`, SHARED))
      const said = ((await openModel(given)) as SequenceModel).predict(wanted.input)
      expectNear(said.output, own)
      expectNear(Object.values(said.probabilities!), own.length === 1 ? [1 - own[0], own[0]] : own)
    }
  })
})
