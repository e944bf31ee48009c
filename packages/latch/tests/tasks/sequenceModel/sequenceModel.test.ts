/** Imported networks as full citizens: predict, stream, trace, inspection, fine-tuning, files. */
import { internalsOf } from '../../../src/model/network.ts'
import { describe, expect, test } from 'vitest'
import {
  explain,
  gradientFlow,
  influence,
  intervene,
  memory,
  prefixOutputs,
} from '../../../src/inspection.ts'
import type { ImportedModel } from '../../../src/formats/imported.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { openModelFile } from '../../../src/tasks/files/openModel.ts'
import { Random } from '../../../src/core/random.ts'
import { everyStep, nextLetter, numbersEveryStep, oneNumber, threeClasses } from './sequenceFixtures.ts'

const rows = [
  [0.5, -1, 2],
  [0.25, 0, -0.5],
  [1, 1, 1],
  [-0.75, 0.5, 0.125],
]
const open = (make: () => ImportedModel) =>
  SequenceModel.fromImported(make(), { engine: 'reference', precision: 'float64' })

function softmax(row: ArrayLike<number>): number[] {
  const powers = Array.from(row, Math.exp)
  const sum = powers.reduce((a, b) => a + b)
  return powers.map((x) => x / sum)
}

describe('predict', () => {
  test('a text by its letters: the network’s own logits, as shares by letter', () => {
    const model = open(nextLetter)
    const { network } = model
    const batch = PackedBatch.ofIds([[1, 2, 3, 1]])
    network.forward(batch)
    const shares = softmax(network.readOutput(batch))
    const said = model.predict('abca')
    expect(said.output).toHaveLength(6)
    said.output.forEach((x, i) => expect(x).toBeCloseTo(shares[i], 12))
    expect(said.label).toBe(model.labels[shares.indexOf(Math.max(...shares))])
    expect(said.probabilities!.b).toBeCloseTo(shares[2], 12)
    expect(model.labels).toEqual(['#0', 'a', 'b', 'c', 'd', ' '])
    expect(said.steps).toBeNull()
    expect(model.predict([1, 2, 3, 1])).toEqual(said)
  })

  test('a text is padded before where the file fixes the steps and id 0 is no token', () => {
    const fixed = { ...nextLetter(), input: { kind: 'ids', width: 6, steps: 5 } } as const
    const model = SequenceModel.fromImported(fixed)
    expect(model.warnings.at(-1)).toContain('texts have a fixed length of 5 tokens')
    expect(model.predict('abc')).toEqual(model.predict([0, 0, 1, 2, 3]))
    expect(model.predict('ddabcab')).toEqual(model.predict('abcab'))
    expect(model.trace('ab').steps.map(({ token }) => token)).toEqual(['#0', '#0', '#0', 'a', 'b'])
    expect(model.predict([1, 2])).not.toEqual(model.predict('ab'))
    const named = SequenceModel.fromImported({ ...fixed, vocabulary: ['x', 'a', 'b', 'c', 'd', ' '] })
    expect(named.predict('ab')).toEqual(named.predict([1, 2]))
  })

  test('features as rows, flat, and as typed', () => {
    const model = open(oneNumber)
    const said = model.predict(rows)
    expect(said).toMatchObject({ label: null, probabilities: null, steps: null })
    expect(said.output).toHaveLength(1)
    expect(model.predict(rows.flat())).toEqual(said)
    expect(model.predict(Float32Array.from(rows.flat()))).toEqual(said)
    expect(model.predict(JSON.stringify(rows))).toEqual(said)
    expect(model.predict(rows.slice(1)).output).not.toEqual(said.output)
  })

  test('every step, as log-probabilities', () => {
    const model = open(everyStep)
    const { steps, output, label } = model.predict([0, 3, 4])
    expect(steps).toHaveLength(3)
    expect(output).toEqual(steps![2])
    for (const step of steps!) expect(step.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 12)
    expect(label).toBe(String(output.indexOf(Math.max(...output))))
    expect(model.predict('0 3 4')).toEqual(model.predict([0, 3, 4]))
  })

  test('a ragged batch says of each what it says alone', () => {
    const model = open(numbersEveryStep)
    const inputs = [
      [[1, 2]],
      [
        [1, 2],
        [3, 4],
        [0, 1],
      ],
      [
        [0, 0],
        [5, -1],
      ],
    ]
    const said = model.predict(inputs)
    expect(said.map(({ steps }) => steps!.length)).toEqual([1, 3, 2])
    inputs.forEach((input, i) => expect(said[i]).toEqual(model.predict(input)))
  })

  test('fails with a message that names the place', () => {
    expect(() => open(nextLetter).predict('abx')).toThrow('text, token 2: expected a token of the vocabulary')
    expect(() => open(nextLetter).predict([1, 9])).toThrow(
      'input, step 1: expected a token id from 0 to 5, got 9',
    )
    expect(() => open(nextLetter).predict('')).toThrow('at least one step')
    expect(() => open(everyStep).predict('one two')).toThrow('has no vocabulary')
    expect(() => open(oneNumber).predict([1, 2])).toThrow('expected rows of 3 features')
    expect(() =>
      open(oneNumber).predict([
        [1, 2, 3],
        [1, 2],
      ]),
    ).toThrow('input, step 1: expected 3 features, got 2')
    expect(() => open(oneNumber).predict([[1, 2, NaN]])).toThrow('input, step 0, feature 2')
    expect(() => open(oneNumber).predict('nonsense')).toThrow('features as JSON')
  })

  test('labels must be as many as the classes, weights as many as the layers want', () => {
    const wrong = { ...threeClasses(), labels: ['a', 'b'] }
    expect(() => SequenceModel.fromImported(wrong)).toThrow(
      'labels: expected 3 different labels, one per class, got 2',
    )
    const { weights, ...rest } = oneNumber()
    const fewer = new Map([...weights].slice(1))
    expect(() => SequenceModel.fromImported({ ...rest, weights: fewer })).toThrow('numbers, got none')
  })

  test('labels that come with plain numbers make them logits of classes', () => {
    const model = SequenceModel.fromImported({ ...threeClasses(), outputActivation: 'linear' })
    expect(model.outputActivation).toBe('softmax')
    expect(Object.keys(model.predict(rows).probabilities!)).toEqual(['low', 'middle', 'high'])
  })
})

describe('state', () => {
  test.each([
    ['features', oneNumber, rows],
    ['letters', nextLetter, [1, 2, 3, 4]],
  ] as const)('of %s goes on from call to call, and resets', (_, make, input) => {
    const model = open(make)
    const all = input as unknown as number[]
    const whole = model.predict(all)
    model.predict(all.slice(0, 2), { stateful: true })
    const rest = model.predict(all.slice(2), { stateful: true })
    rest.output.forEach((x, i) => expect(x).toBeCloseTo(whole.output[i], 12))
    const fresh = model.predict(all.slice(2))
    expect(fresh.output).not.toEqual(rest.output)
    model.reset()
    expect(model.predict(all.slice(2), { stateful: true })).toEqual(fresh)
  })

  test('a stateful model does so unasked', () => {
    const model = SequenceModel.fromImported({ ...oneNumber(), stateful: true })
    const first = model.predict(rows)
    expect(model.predict(rows)).not.toEqual(first)
    expect(model.predict(rows, { stateful: false })).toEqual(first)
  })
})

test('a stream says step by step what predict says of the whole', () => {
  const model = SequenceModel.fromImported(nextLetter())
  const stream = model.stream()
  let said
  for (const letter of 'abca') said = stream.push(letter)
  expect(said).toEqual(model.predict('abca'))
  expect(stream.steps).toBe(4)
  const state = stream.save()
  const next = stream.push('d')
  stream.restore(state)
  expect(stream.push(4)).toEqual(next)
  const features = SequenceModel.fromImported(numbersEveryStep()).stream()
  features.push([1, 2])
  expect(features.push([3, 4]).output).toEqual(
    SequenceModel.fromImported(numbersEveryStep()).predict([
      [1, 2],
      [3, 4],
    ]).output,
  )
  expect(() => SequenceModel.fromImported(threeClasses()).stream()).toThrow('reads both ways')
})

describe('inside', () => {
  test('trace: the answer so far at each step is the answer for that prefix', () => {
    for (const [make, input] of [
      [nextLetter, 'abcad'],
      [threeClasses, rows],
      [everyStep, [0, 3, 4, 1]],
    ] as const) {
      const model = open(make)
      const trace = model.trace(input as never)
      const whole = model.predict(input as never)
      expect(trace.label).toBe(whole.label)
      expect(trace.target).toBe(whole.label)
      expect(trace.numbers).toBeUndefined()
      trace.steps.forEach((step, t) => {
        const said = model.predict((input as string).slice(0, t + 1) as never)
        expect(step.output.label).toBe(said.label)
        for (const [name, share] of Object.entries(said.probabilities!)) {
          expect(step.output.probabilities[name]).toBeCloseTo(share, 10)
        }
      })
    }
  })

  test.each([
    ['one number', oneNumber, rows, '0'],
    [
      'numbers of every step',
      numbersEveryStep,
      [
        [1, 2],
        [0, -1],
        [2, 1],
      ],
      '1',
    ],
  ] as const)(
    'trace of %s: gradients are of the number itself (finite differences)',
    (_, make, input, label) => {
      const model = open(make)
      const trace = model.trace(input as never, { label })
      expect(trace.numbers).toBe(true)
      expect(trace.target).toBe(label)
      const at = Number(label)
      const value = () => model.predict(input as never).output[at]
      expect(trace.probabilities[label]).toBeCloseTo(value(), 12)
      // ∂y/∂b of the recurrent layer’s first input bias is the sum over steps of its gate’s gradient.
      const { network } = model
      const parameter = internalsOf(network).store.find('recurrent.0.bias_ih_l0')
      const before = internalsOf(network).store.read(parameter).slice()
      const nudged = (by: number) => {
        const after = before.slice()
        after[0] += by
        internalsOf(network).store.write(parameter, after)
        return value()
      }
      const slope = (nudged(1e-5) - nudged(-1e-5)) / 2e-5
      internalsOf(network).store.write(parameter, before)
      const sum = trace.layers[0].steps.reduce((total, { gradient }) => total + gradient.gates.reset[0], 0)
      expect(Math.abs(sum)).toBeGreaterThan(1e-6)
      expect(sum).toBeCloseTo(slope, 8)
    },
  )

  test('the whole of latch/inspection takes it', () => {
    const model = open(nextLetter)
    const trace = model.trace('abcad', { label: 'b' })
    const flow = gradientFlow(model, 'abcad', 'b')
    expect(flow.layers.length).toBe(1)
    expect(memory(trace)[0].unitRetention).toHaveLength(5)
    const place = { layer: 0, direction: 'forward', step: 2, unit: 1, value: 'cell' } as const
    expect(explain(trace, place).value).toBeCloseTo(trace.layers[0].steps[2].cell![1], 12)
    const { tokens, logit } = influence(model, 'abcad', 'b')
    expect(tokens.map(({ token }) => token)).toEqual(['a', 'b', 'c', 'a', 'd'])
    expect(Number.isFinite(logit)).toBe(true)
    const what = intervene(model, 'abcad', [{ type: 'replace', step: 1, token: 'd' }], 'b')
    expect(what.after.tokens).toEqual(['a', 'd', 'c', 'a', 'd'])
    expect(Array.from(what.after.output)).not.toEqual(Array.from(what.before.output))
  })

  test('and takes features, as rows or as a batch', () => {
    const model = open(oneNumber)
    const { features } = model.encode(rows)
    const batch = PackedBatch.ofFeatures(features!, [1, 4, 3])
    const flow = gradientFlow(model, rows)
    expect(flow.layers[0].steps).toHaveLength(4)
    expect(flow.layers[0].steps.map(({ hidden }) => hidden)).toEqual(
      model.trace(rows).steps.map(({ gradient }) => gradient.hidden),
    )
    expect(gradientFlow(model, batch).layers).toEqual(flow.layers)
    expect(influence(model, rows).tokens.map(({ token }) => token)).toEqual(['0', '1', '2', '3'])
    expect(intervene(model, rows, [{ type: 'drop', step: 1 }]).after.tokens).toEqual(['0', '2', '3'])
    expect(prefixOutputs(model.network, batch).map(([x]) => x)).toEqual(
      rows.map((_, t) => model.predict(rows.slice(0, t + 1)).output[0]),
    )
    expect(model.encode('[[1, 2, 3]]')).toMatchObject({ steps: 1, ids: null, padding: 0, cut: 0 })
  })
})

describe('fine-tuning', () => {
  test('of classes: loss falls, answers come out right', async () => {
    const model = SequenceModel.fromImported(threeClasses(), { reproducible: true })
    const random = new Random(3, 'rows')
    const data = Array.from({ length: 60 }, (_, i) => {
      const target = ['low', 'middle', 'high'][i % 3]
      const mean = (i % 3) - 1
      return {
        input: Array.from({ length: 2 + (i % 4) }, () => [mean + random.normal() * 0.2, random.normal(), 1]),
        target,
      }
    })
    const { history } = await model.fit(data, { epochs: 12, learningRate: 0.03, batchSize: 8 })
    expect(history.at(-1)!.trainLoss).toBeLessThan(history[0].trainLoss / 4)
    const right = data.filter(({ input, target }) => model.predict(input).label === target)
    expect(right.length).toBeGreaterThanOrEqual(57)
  })

  test('of numbers of every step: packed in the order of the batch', async () => {
    const model = SequenceModel.fromImported(numbersEveryStep(), { reproducible: true })
    const random = new Random(5, 'rows')
    const data = Array.from({ length: 40 }, (_, i) => {
      const input = Array.from({ length: 1 + (i % 3) }, () => [random.normal(), random.normal()])
      return { input, target: input.map(([x]) => [0.5 * Math.tanh(x), 0.25]) }
    })
    await model.fit(data, { epochs: 60, learningRate: 0.02, batchSize: 8, validation: data.slice(0, 8) })
    const errors = data.flatMap(({ input, target }) =>
      model.predict(input).steps!.flatMap((row, t) => row.map((x, j) => Math.abs(x - target[t][j]))),
    )
    expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(0.08)
  })

  test('refuses rows that do not fit, by number', async () => {
    const model = SequenceModel.fromImported(threeClasses())
    await expect(model.fit([])).rejects.toThrow('fit: expected at least one row')
    await expect(model.fit([{ input: rows, target: 'huge' }])).rejects.toThrow(
      'one of the labels low, middle, high',
    )
    await expect(model.fit([{ input: rows, target: 3 }])).rejects.toThrow(
      'row 0, target: expected a class from 0 to 2',
    )
    await expect(model.fit([{ input: rows, target: [0, 1] }])).rejects.toThrow(
      'row 0, target: expected 1 class, got 2',
    )
    const numbers = SequenceModel.fromImported(numbersEveryStep())
    await expect(numbers.fit([{ input: [[1, 2]], target: [1] }])).rejects.toThrow(
      'row 0, target: expected 2 numbers, got 1',
    )
    await expect(model.fit(7 as never)).rejects.toThrow(
      'fit: expected an array (or another iterable) of rows',
    )
  })
})

describe('files', () => {
  test.each(Object.entries({ nextLetter, oneNumber, threeClasses, everyStep, numbersEveryStep }))(
    '%s: the same model, the same bytes',
    (_, make) => {
      const model = SequenceModel.fromImported(make())
      const bytes = model.toBytes()
      const again = openModelFile(bytes, 'again') as SequenceModel
      expect(again).toBeInstanceOf(SequenceModel)
      expect(again.toBytes()).toEqual(bytes)
      expect([
        again.outputActivation,
        again.input,
        again.labels,
        again.tokens,
        again.warnings,
        again.source,
      ]).toEqual([
        model.outputActivation,
        model.input,
        model.labels,
        model.tokens,
        model.warnings,
        model.source,
      ])
      const input = model.readsText
        ? 'abcd'
        : model.input.kind === 'ids'
          ? [1, 2]
          : [Array(model.input.width).fill(0.5)]
      expect(again.predict(input)).toEqual(model.predict(input))
    },
  )

  test('a field that is wrong is named', () => {
    const edited = (edit: (document: Record<string, unknown>) => void) => {
      const bytes = SequenceModel.fromImported(nextLetter()).toBytes()
      const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
      const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
      const { ['__metadata__']: metadata } = header
      const document = JSON.parse(metadata.latch)
      edit(document)
      metadata.latch = JSON.stringify(document)
      let text = JSON.stringify(header)
      while (new TextEncoder().encode(text).length % 8) text += ' '
      const head = new TextEncoder().encode(text)
      const out = new Uint8Array(8 + head.length + bytes.length - 8 - length)
      new DataView(out.buffer).setBigUint64(0, BigInt(head.length), true)
      out.set(head, 8)
      out.set(bytes.subarray(8 + length), 8 + head.length)
      return () => SequenceModel.fromBytes(out, 'edited')
    }
    expect(edited(() => undefined)).not.toThrow()
    expect(edited((d) => (d.outputActivation = 'argmax'))).toThrow('edited, document.outputActivation')
    expect(edited((d) => (d.input = { kind: 'ids', width: 7, steps: null }))).toThrow(
      'document.input: expected ids of 6',
    )
    expect(edited((d) => (d.vocabulary = ['a', 'b', 'c', 'd', 'e', 'f', 'g']))).toThrow('document.input')
    expect(edited((d) => (d.labels = ['a']))).toThrow('document.labels: expected 6 different labels')
    expect(edited((d) => (d.extra = 1))).toThrow('document.extra')
    expect(edited((d) => delete (d.network as { loss?: object }).loss)).toThrow('document.network.loss')
    expect(edited((d) => (d.task = 'poetry'))).toThrow('document.task')
  })
})
