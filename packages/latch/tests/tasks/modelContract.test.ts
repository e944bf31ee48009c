/** Every kind of model passes the contract: text classifiers, models from scratch, and imports. */
import { gru, lstm } from '../../src/index.ts'
import { Random } from '../../src/core/random.ts'
import { sequenceModel } from '../../src/tasks/sequenceModel/build.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import type { SequenceInput } from '../../src/tasks/sequenceModel/reader.ts'
import { textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { describeModelContract, type ModelCase } from './modelContract.ts'
import {
  everyStep,
  imported,
  nextLetter,
  numbersEveryStep,
  oneNumber,
} from './sequenceModel/sequenceFixtures.ts'
import { comments, THREE, tiny } from './textClassifier/classifierHelpers.ts'

const COLUMNS = { text: 'text', label: 'label' } as const
const ALL = ['onnx', 'torch', 'keras', 'tfjs'] as const
const EXACT = { engine: 'simd', threads: 1 } as const

for (const [name, rows, options] of [
  ['text classifier, two labels', comments(32, 1), {}],
  ['text classifier, three labels, two layers, max', comments(36, 1, THREE), { layers: 2, pooling: 'max' }],
] as const) {
  describeModelContract(name, async (): Promise<ModelCase<string, string>> => {
    const model = textClassifier({ ...tiny, cell: 'lstm', ...options, ...EXACT })
    await model.fit(rows, { ...COLUMNS, epochs: 1, batchSize: 8, seed: 1, validation: 0.25, patience: null })
    return {
      model: model as never,
      inputs: ['the soup was great', 'awful coffee , and never again', 'a good day'],
      steps: (text) => text.split(' '),
      examples: rows,
      options: COLUMNS,
      truth: (i) => ({ input: rows[i].text, target: model.labels.indexOf(rows[i].label) }),
      formats: ALL,
    }
  })
}

type Series = number[][]

function series(count: number): { input: Series; target: number }[] {
  const random = new Random(1, 'series')
  return Array.from({ length: count }, (_, i) => {
    const input = Array.from({ length: 3 + (i % 4) }, () => [random.between(-1, 1), random.between(-1, 1)])
    return { input, target: input.reduce((sum, [x]) => sum + x, 0) }
  })
}

const asCase = (
  model: SequenceModel,
  rows: readonly { input: SequenceInput; target: unknown }[],
  more: Pick<ModelCase<SequenceInput, number | string | ArrayLike<number>>, 'steps' | 'formats'> & {
    truth?: (target: unknown) => number | readonly number[]
  },
): ModelCase<SequenceInput, number | string | ArrayLike<number>> => ({
  ...more,
  model: model as never,
  inputs: rows.slice(0, 4).map(({ input }) => input),
  examples: rows,
  options: {},
  truth: (i) => ({
    input: rows[i].input,
    target: more.truth?.(rows[i].target) ?? (rows[i].target as number),
  }),
})

const rowsOf = (input: SequenceInput) => input as readonly number[][]

describeModelContract('numbers of features, from scratch', async () => {
  const model = sequenceModel({
    input: { features: 2 },
    layers: [gru(5)],
    output: { values: 1 },
    ...EXACT,
  })
  return asCase(model, series(32), { steps: rowsOf, formats: ['onnx', 'torch', 'keras'] })
})

describeModelContract('two classes of features, both ways, from scratch', async () => {
  const model = sequenceModel({
    input: { features: 2 },
    layers: [lstm(4, { direction: 'bidirectional' })],
    output: { classes: ['falls', 'rises'] },
    ...EXACT,
  })
  const rows = series(32).map(({ input, target }) => ({ input, target: target > 0 ? 'rises' : 'falls' }))
  return asCase(model, rows, {
    steps: null,
    formats: ALL,
    truth: (target) => ['falls', 'rises'].indexOf(target as string),
  })
})

describeModelContract('one number, imported', async () => {
  const model = SequenceModel.fromImported(oneNumber(), EXACT)
  const rows = series(32).map(({ input, target }) => ({
    input: input.map(([x, y]) => [x, y, 1]),
    target: [target],
  }))
  return asCase(model, rows, { steps: rowsOf, formats: ['onnx', 'torch', 'keras'] })
})

describeModelContract('numbers at every step, imported', async () => {
  const model = SequenceModel.fromImported(numbersEveryStep(), EXACT)
  const rows = series(32).map(({ input }) => ({ input, target: input.map(([x, y]) => [y, x * y]) }))
  return asCase(model, rows, {
    steps: rowsOf,
    formats: ['onnx', 'keras'],
    truth: (target) => (target as number[][]).flat(),
  })
})

describeModelContract('the next letter, imported', async () => {
  const model = SequenceModel.fromImported(nextLetter(), EXACT)
  const letters = 'abcd'
  const rows = Array.from({ length: 32 }, (_, i) => ({
    input: Array.from({ length: 3 + (i % 3) }, (_2, t) => letters[(i + t * t) % 4]).join(''),
    target: letters[i % 4],
  }))
  return asCase(model, rows, {
    steps: (text) => [...(text as string)],
    formats: ALL,
    truth: (target) => model.labels.indexOf(target as string),
  })
})

/** Each id's remainder, at every step; more rows than a batch of `evaluate` has. */
const remainders = Array.from({ length: 70 }, (_, i) => {
  const input = Array.from({ length: 3 + (i % 5) }, (_2, t) => (i + t * t) % 5)
  return { input, target: input.map((id) => id % 3) }
})

describeModelContract('classes at every step, imported', async () => {
  const model = SequenceModel.fromImported({ ...everyStep(), outputActivation: 'softmax' }, EXACT)
  return asCase(model, remainders, {
    steps: (ids) => [...(ids as number[])],
    formats: ['onnx', 'keras'],
    truth: (target) => target as number[],
  })
})

describeModelContract('probabilities of three classes, imported', async () => {
  const { network, ...rest } = everyStep()
  const layers = [...network.layers, { type: 'activation', activation: 'softmax' }] as const
  const model = SequenceModel.fromImported(
    { ...rest, ...imported({ layers: [...layers] }), outputActivation: 'probabilities' },
    EXACT,
  )
  return asCase(model, remainders, {
    steps: (ids) => [...(ids as number[])],
    formats: ['onnx', 'keras'],
    truth: (target) => target as number[],
  })
})

describeModelContract('classes of ids, by number, imported', async () => {
  const last = { ...everyStep(), outputActivation: 'softmax' } as const
  const layers = last.network.layers.map((layer) =>
    layer.type === 'recurrent' ? { ...layer, returnSequences: false } : layer,
  )
  const model = SequenceModel.fromImported({ ...last, network: { ...last.network, layers } }, EXACT)
  const rows = Array.from({ length: 32 }, (_, i) => ({
    input: Array.from({ length: 3 + (i % 3) }, (_2, t) => (i + t) % 5),
    target: i % 3,
  }))
  return asCase(model, rows, { steps: (ids) => [...(ids as number[])], formats: ALL })
})
