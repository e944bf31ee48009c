/** Traces above layers that change the number of steps, compared with PyTorch (golden/generate_traceSteps.py). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/core/errors.ts'
import { explain } from '../../src/inspection/explain/explain.ts'
import { effectiveMemory } from '../../src/inspection/gradients/effectiveMemory.ts'
import { gradientFlow } from '../../src/inspection/gradients/gradientFlow.ts'
import { influence } from '../../src/inspection/interventions/influence.ts'
import { intervene } from '../../src/inspection/interventions/intervene.ts'
import { prefixOutputs } from '../../src/inspection/trace/prefixes.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import { traceBatch } from '../../src/inspection/trace/traceBatch.ts'
import type { SequenceTrace } from '../../src/inspection/trace/traceTypes.ts'
import { gru } from '../../src/layers/recurrent/factories.ts'
import { reshape } from '../../src/layers/shapes/reshape.ts'
import { conv1d } from '../../src/layers/windows/conv1d.ts'
import { stepTokens } from '../../src/layers/windows/receptiveFields.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { sequenceModel } from '../../src/tasks/sequenceModel/build.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { expectClose } from '../closeTo.ts'
import { network } from '../networks.ts'
import { dense, embedding, exact, idsOf, randomNetwork, recurrent } from './inspectionHelpers.ts'

interface Golden {
  weights: Record<string, number[]>
  sequences: {
    x: number[][]
    target: number
    loss: number
    logits: number[]
    low: { input: number[][]; hidden: number[][]; gradient: number[][] }
    high: { input: number[][]; hidden: number[][]; gradient: number[][] }
    ends: number[]
    prefixes: number[][]
  }[]
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/traceSteps.json', import.meta.url), 'utf8'),
) as Golden
const layers: LayerOptions[] = [
  { type: 'features', width: 2 },
  { type: 'conv1d', filters: 3, kernelSize: 3, stride: 2, padding: 1 },
  { type: 'recurrent', cell: 'lstm', units: 4, returnSequences: true },
  { type: 'maxPool1d', kernelSize: 2 },
  { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false },
  { type: 'dense', units: 2 },
]
const loss = { type: 'softmaxCrossEntropy' } as const
const weights = ({ name }: { name: string }) => golden.weights[name]
const open = () => network(layers, { ...exact, loss, weights })
const batchOf = (list: readonly (typeof golden.sequences)[number][]) => {
  const T = Math.max(...list.map(({ x }) => x.length))
  const numbers = new Float64Array(list.length * T * 2)
  list.forEach(({ x }, b) => numbers.set(x.flat(), b * T * 2))
  return PackedBatch.ofFeatures(
    numbers,
    [list.length, T, 2],
    list.map(({ x }) => x.length),
  )
}

/** Everything but the gradients, of which those of a batch are the same ones. */
function expectTrace(trace: SequenceTrace, wanted: (typeof golden.sequences)[number]): void {
  expect(trace.loss).toBeCloseTo(wanted.loss, 12)
  expectClose(trace.output, wanted.logits, 1e-12)
  const [low, high] = trace.layers
  expect([low.steps.length, high.steps.length]).toEqual([wanted.low.hidden.length, wanted.high.hidden.length])
  for (const [layer, own] of [[low, wanted.low] as const, [high, wanted.high] as const]) {
    layer.steps.forEach(({ input, hidden, gradient }, t) => {
      expectClose(input, own.input[t], 1e-12)
      expectClose(hidden, own.hidden[t], 1e-12)
      expectClose(gradient.hiddenVector, own.gradient[t], 1e-12)
    })
  }
}

describe('a strided convolution, an LSTM, a pooling and a GRU, as in PyTorch', () => {
  const [long, short] = golden.sequences

  it('each sequence by itself', () => {
    for (const one of [long, short]) {
      expectTrace(traceSequence(open(), batchOf([one]), { classes: [one.target] }), one)
    }
  })

  it('a batch of both, the shorter one first', () => {
    const targets = { classes: [short.target, long.target] }
    const traces = traceBatch(open(), batchOf([short, long]), targets)
    expectTrace(traces[0], short)
    expectTrace(traces[1], long)
    expect(traces[0].layers[1].receptiveFields).toHaveLength(2)
  })

  it('says which steps of the input each step is of', () => {
    const { layers: traced } = traceSequence(open(), batchOf([long]), { classes: [0] })
    const below = [0, 2, 4, 6, 8, 10].map((at) => [Math.max(0, at - 1), Math.min(10, at + 1)])
    expect(traced[0].receptiveFields).toEqual(below)
    expect(traced[1].receptiveFields).toEqual([
      [0, 3],
      [3, 7],
      [7, 10],
    ])
  })

  it('says what the network would answer if the sequence ended with each step', () => {
    for (const one of [long, short]) {
      const found = prefixOutputs(open(), batchOf([one]), one.ends)
      expect(found).toHaveLength(one.prefixes.length)
      found.forEach((row, t) => expectClose(row, one.prefixes[t], 1e-12))
    }
  })

  it('flow, memory and explanations are of the steps of each layer', () => {
    const net = open()
    const flow = gradientFlow(net, batchOf([long]), { classes: [long.target] })
    expect(flow.layers.map(({ steps }) => steps.length)).toEqual([6, 3])
    flow.layers[1].steps.forEach(({ hidden }, t) =>
      expect(hidden).toBeCloseTo(Math.hypot(...long.high.gradient[t]), 12),
    )
    expect(flow.layers[1].receptiveFields![2]).toEqual([7, 10])
    expect(effectiveMemory(flow)).toHaveLength(2)
    const trace = traceSequence(net, batchOf([long]), { classes: [0] })
    for (const [layer, step] of [
      [0, 5],
      [1, 2],
    ]) {
      const found = explain(trace, step, 'hidden', 1, { layer })
      expect(found.computed).toBeCloseTo(found.value, 12)
    }
    expect(explain(trace, 2, 'logit', 0).value).toBeCloseTo(long.logits[0], 12)
    expect(() => explain(trace, 3, 'hidden', 0)).toThrow('a step from 0 to 2')
  })

  it('influence is of the steps of the input, where a shorter sequence is long enough', () => {
    const found = influence(open(), batchOf([long]), long.target)
    expect(found.tokens).toHaveLength(11)
    expect(found.logit).toBeCloseTo(long.logits[long.target], 12)
    const net = open()
    const rest = batchOf([{ ...long, x: long.x.filter((_, t) => t !== 4) }])
    net.forward(rest)
    const without = net.readOutput(rest)[long.target]
    expect(found.tokens[4].leaveOneOut!.logit).toBeCloseTo(found.logit - without, 12)
    const least = { ...long, x: long.x.slice(0, 3) }
    expect(influence(open(), batchOf([least]), 0).tokens.map(({ leaveOneOut }) => leaveOneOut)).toEqual([
      null,
      null,
      null,
    ])
  })
})

describe('edits', () => {
  const [long] = golden.sequences
  const batch = batchOf([long])

  it('of a gate are at steps of the layer', () => {
    const edit = { type: 'gate', gate: 'update', value: 1, layer: 1, from: 2 } as const
    const { before, after } = intervene(open(), batch, [edit], { classes: [0] })
    const [was, is] = [before.layers[1].steps, after.layers[1].steps]
    expect(is[1].hidden).toEqual(was[1].hidden)
    expect(is[2].hidden).toEqual(is[1].hidden)
    const beyond = { ...edit, from: 3 }
    expect(() => intervene(open(), batch, [beyond], { classes: [0] })).toThrow('0 to 2')
  })

  it('of tokens change all layers; together with one of a gate they are refused', () => {
    const drop = { type: 'drop', step: 0 } as const
    const { after, steps } = intervene(open(), batch, [drop], { classes: [0] })
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(after.layers.map((layer) => layer.steps.length)).toEqual([5, 2])
    const gate = { type: 'gate', gate: 'update', value: 1, layer: 1 } as const
    const both = () => intervene(open(), batch, [drop, gate], { classes: [0] })
    expect(both).toThrow(UsageError)
    expect(both).toThrow('Replace tokens in place of dropping them')
  })
})

describe('a model that reads texts', () => {
  const model = sequenceModel({
    input: { vocabulary: [...'abcdef'], embedding: 3 },
    layers: [conv1d({ filters: 4, kernelSize: 2, stride: 2 }), gru(3)],
    output: { classes: ['up', 'down', 'even'] },
    ...exact,
  })

  it('names the tokens that a step covers, and answers as if the text ended there', () => {
    const trace = model.trace('abcdefa')
    expect(trace.steps.map(({ token }) => token)).toEqual(['ab', 'cd', 'ef'])
    expect(trace.steps.map(({ id }) => id)).toEqual([1, 3, 5])
    expect(trace.inputs!.map(({ token }) => token).join('')).toBe('abcdefa')
    expect(trace.whole).toBeUndefined()
    trace.steps.forEach(({ output }, t) => {
      const { label, probabilities } = model.predict('abcdefa'.slice(0, 2 * t + 2))
      expect(output).toEqual({ label, probabilities })
    })
    expect(trace.layers[0].receptiveFields).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ])
  })

  it('of as many steps in every layer says nothing of fields', () => {
    const plain = sequenceModel({
      input: { vocabulary: [...'abc'] },
      layers: [gru(2)],
      output: { classes: ['up', 'down'] },
    })
    const trace = plain.trace('abca')
    expect(Object.keys(trace)).not.toContain('inputs')
    expect(Object.keys(trace.layers[0])).not.toContain('receptiveFields')
  })
})

describe('layers of one length', () => {
  const all = (count: number) => Array.from({ length: count }, () => [0, 5] as const)
  const stacks: [string, LayerOptions[], (readonly [number, number])[]][] = [
    [
      'reshape',
      [{ type: 'reshape', steps: 3, width: 10 }],
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    ],
    ['permute', [{ type: 'permute', steps: 6 }], all(5)],
    [
      'repeat after a pooling',
      [{ type: 'maxPool1d', kernelSize: 2 }, recurrent({ units: 2 }), { type: 'repeat', steps: 3 }],
      all(3),
    ],
  ]

  it.each(stacks)('%s: fields, and gradients that are those of the loss', (_, own, fields) => {
    const net = randomNetwork([embedding, ...own, recurrent({ cell: 'gru', units: 3 }), dense])
    const trace = traceSequence(net, idsOf(6), { classes: [1] })
    expect(trace.layers.at(-1)!.receptiveFields).toEqual(fields)
    expect(trace.layers.at(-1)!.steps).toHaveLength(fields.length)
    expect(gradientFlow(net, idsOf(6), { classes: [1] }).layers.at(-1)!.steps).toHaveLength(fields.length)
    expect(influence(net, idsOf(6), 1).tokens.every(({ leaveOneOut }) => leaveOneOut === null)).toBe(true)
    const { before } = intervene(net, idsOf(6), [{ type: 'replace', step: 0, token: 3 }], { classes: [1] })
    expect(before.prefixes).toBeNull()
  })

  it('the outputs of steps are the whole one’s, which the trace says', () => {
    const model = sequenceModel({
      input: { ids: 7, embedding: 5 },
      layers: [reshape(3, 10), gru(3)],
      output: { classes: ['up', 'down', 'even'] },
      ...exact,
    })
    const trace = model.trace(idsOf(6))
    expect(trace.whole).toBe(true)
    for (const { output } of trace.steps) expect(output.probabilities).toEqual(trace.probabilities)
  })
})

describe('stepTokens', () => {
  it('joins letters and words, and names long ranges by their ends', () => {
    const words = 'the clouds are in the sky'.split(' ')
    expect(stepTokens(words)).toEqual(words)
    expect(stepTokens(words, [[0, 1], [0, 5], null])).toEqual(['the clouds', 'the … sky', 'padding'])
    expect(stepTokens([...'clouds'], [[0, 2]])).toEqual(['clo'])
    expect(stepTokens([...'01234'], [[1, 3]])).toEqual(['1 2 3'])
  })
})
