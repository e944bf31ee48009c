/** Losses and their gradients: by hand, and PyTorch's where the goldens are. The input itself is the output. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../src/engine/engine.ts'
import type { LossOptions, Targets } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'
import { expectClose } from '../closeTo.ts'

const GOLDENS = new URL('../../../../../shared/conformance/torch/functions.json', import.meta.url)
const there = existsSync(GOLDENS)

const engines: (EngineOptions & { tolerance: number })[] = [
  { engine: 'simd', precision: 'float32', tolerance: 1e-5 },
  { engine: 'relaxed', precision: 'float32', tolerance: 1e-5 },
  { engine: 'reference', precision: 'float32', tolerance: 1e-5 },
  { engine: 'reference', precision: 'float64', tolerance: 1e-9 },
]

/** Loss of logits (B, C) that come straight from the input, and its gradient (B, C). */
function lossOf(
  logits: number[],
  classes: number,
  loss: LossOptions,
  targets: Targets,
  engine: EngineOptions = {},
) {
  const rows = logits.length / classes
  const net = network(
    [
      { type: 'features', width: classes },
      { type: 'pool', pooling: 'last' },
    ],
    {
      ...engine,
      loss,
      inputGradients: true,
    },
  )
  net.prepareTraining()
  const batch = PackedBatch.ofFeatures(logits, [rows, 1, classes])
  const pass = { training: true, record: false, key: 0 }
  net.forward(batch, pass)
  const value = net.backward(batch, targets, pass)
  return { ...value, plain: net.loss(batch, targets, true).mean, gradient: net.readInputGradient(batch) }
}

describe.each(engines)('$engine $precision, by hand', ({ tolerance, ...engine }) => {
  const expectNear = (got: ArrayLike<number>, wanted: number[]) => expectClose(got, wanted, tolerance)
  const [ln2, ln4] = [Math.log(2), Math.log(4)]

  it('softmax cross-entropy: even logits cost log C', () => {
    const { mean, weight, gradient } = lossOf(
      [0, 0, 0, 0, 0, 0, 0, 0],
      4,
      { type: 'softmaxCrossEntropy' },
      { classes: [1, 3] },
      engine,
    )
    expectNear([mean, weight], [ln4, 2])
    expectNear(gradient, [0.125, -0.375, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375])
  })

  it('label smoothing spreads the target, and the plain loss ignores it', () => {
    // p = (3/4, 1/4): loss of the target 0.2877, of the other 1.3863; e/C = 0.1 each.
    const options = { type: 'softmaxCrossEntropy', labelSmoothing: 0.2 } as const
    const { mean, plain, gradient } = lossOf([Math.log(3), 0], 2, options, { classes: [0] }, engine)
    expectNear([mean, plain], [0.9 * Math.log(4 / 3) + 0.1 * ln4, Math.log(4 / 3)])
    expectNear(gradient, [0.75 - 0.9, 0.25 - 0.1])
  })

  it('class weights: a mean weighted by the targets’ classes', () => {
    const options = { type: 'softmaxCrossEntropy', classWeights: [3, 1] } as const
    const { mean, weight, plain } = lossOf([Math.log(3), 0, 0, 0], 2, options, { classes: [0, 1] }, engine)
    expectNear([mean, weight, plain], [(3 * Math.log(4 / 3) + ln2) / 4, 4, (Math.log(4 / 3) + ln2) / 2])
  })

  it('rows without a class are left out', () => {
    const { mean, weight, gradient } = lossOf(
      [0, 0, 5, 9],
      2,
      { type: 'softmaxCrossEntropy' },
      { classes: [0, -1] },
      engine,
    )
    expectNear([mean, weight], [ln2, 1])
    expectNear(gradient, [-0.5, 0.5, 0, 0])
  })

  it('binary cross-entropy on one logit, with weights and smoothing', () => {
    const bce = { type: 'binaryCrossEntropy' } as const
    const even = lossOf([0, 0], 1, bce, { classes: [1, 0] }, engine)
    expectNear([even.mean, ...even.gradient], [ln2, -0.25, 0.25])
    // σ(log 3) = 3/4.
    const weighted = lossOf(
      [Math.log(3), 0],
      1,
      { ...bce, classWeights: [1, 3] },
      { classes: [1, 0] },
      engine,
    )
    expectNear([weighted.mean, weighted.weight], [(3 * Math.log(4 / 3) + ln2) / 4, 4])
    const smooth = lossOf([Math.log(3)], 1, { ...bce, labelSmoothing: 0.2 }, { classes: [1] }, engine)
    expectNear([smooth.mean, smooth.plain], [0.9 * Math.log(4 / 3) + 0.1 * ln4, Math.log(4 / 3)])
  })

  it('squared, absolute, Huber', () => {
    const [x, values] = [
      [1, -2, 0.5],
      [0, 0, 0],
    ]
    const of = (loss: LossOptions) => {
      const { mean, gradient } = lossOf(x, 1, loss, { values }, engine)
      return [mean, ...gradient].map((v) => v * 3)
    }
    expectNear(of({ type: 'meanSquaredError' }), [5.25, 2, -4, 1])
    expectNear(of({ type: 'meanAbsoluteError' }), [3.5, 1, -1, 1])
    expectNear(of({ type: 'huber' }), [0.5 + 1.5 + 0.125, 1, -1, 0.5])
    expectNear(of({ type: 'huber', delta: 0.5 }), [0.375 + 0.875 + 0.125, 0.5, -0.5, 0.5])
    expectNear(of({ type: 'smoothL1' }), of({ type: 'huber' }))
    expectNear(of({ type: 'smoothL1', beta: 0.5 }), [2 * (0.375 + 0.875 + 0.125), 1, -1, 1])
    expectNear(of({ type: 'smoothL1', beta: 0 }), of({ type: 'meanAbsoluteError' }))
  })

  it('huge logits stay finite', () => {
    expect(
      lossOf([1e4, -1e4], 2, { type: 'softmaxCrossEntropy' }, { classes: [1] }, engine).mean,
    ).toBeCloseTo(2e4, 2)
    expect(lossOf([-1e4], 1, { type: 'binaryCrossEntropy' }, { classes: [1] }, engine).mean).toBeCloseTo(
      1e4,
      2,
    )
  })
})

interface Tensor {
  shape: number[]
  data: number[]
}

interface Case {
  name: string
  note: string
  inputs: Record<string, Tensor>
  integers?: { target?: Tensor }
  expected: { value: number; grad: Record<string, Tensor> }
  expected_f64: { value: number; grad: Record<string, Tensor> }
}

const softmax = { type: 'softmaxCrossEntropy' } as const
const optionsOf: Record<string, LossOptions> = {
  cross_entropy_mean: softmax,
  cross_entropy_sum: softmax,
  cross_entropy_ignore: softmax,
  cross_entropy_label_smoothing: { ...softmax, labelSmoothing: 0.1 },
  cross_entropy_class_weights: softmax,
  cross_entropy_large_logits: softmax,
  bce_with_logits: { type: 'binaryCrossEntropy' },
  mse: { type: 'meanSquaredError' },
  l1: { type: 'meanAbsoluteError' },
  'huber_delta_0.7': { type: 'huber', delta: 0.7 },
  'smooth_l1_beta_0.7': { type: 'smoothL1', beta: 0.7 },
}

describe.skipIf(!there).each(engines)('PyTorch, $engine $precision', ({ tolerance, ...engine }) => {
  const cases = there ? (JSON.parse(readFileSync(GOLDENS, 'utf8')) as { cases: Case[] }).cases : []

  it.each(Object.keys(optionsOf))('%s', (name) => {
    const golden = cases.find((item) => item.name === name)!
    const expected = engine.precision === 'float64' ? golden.expected_f64 : golden.expected
    const [input] = Object.keys(golden.inputs)
    const { data, shape } = golden.inputs[input]
    const weights = /weights \[([^\]]*)\]/.exec(golden.note)?.[1].split(',').map(Number)
    const targets = golden.integers?.target
      ? { classes: golden.integers.target.data }
      : { values: golden.inputs.target.data }
    const got = lossOf(
      data,
      shape[1],
      { ...optionsOf[name], ...(weights && { classWeights: weights }) },
      targets,
      engine,
    )
    const times = name.endsWith('_sum') ? got.weight : 1
    const size = Math.max(1, Math.abs(expected.value))
    expect(Math.abs(got.mean * times - expected.value)).toBeLessThan(tolerance * size)
    expected.grad[input].data.forEach((value, i) => {
      expect(Math.abs(got.gradient[i] * times - value), `gradient ${i}`).toBeLessThan(tolerance)
    })
  })
})
