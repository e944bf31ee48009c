/**
 * Golden numbers of this repository, made with PyTorch by packages/latch/tests/golden/generate.py: layers, GRUs that reset
 * before their product, losses, schedules and whole trainings, on each engine. The test needs no other files.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EngineOptions } from '../../src/engine/engine.ts'
import type { LossOptions, Targets } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'
import {
  completeSchedule,
  initialPlateau,
  learningRateAt,
  plateauAfter,
  type ScheduleOptions,
} from '../../src/training/schedule.ts'
import type { TorchTensor } from './torchFiles.ts'
import {
  checkTorchLayer,
  expectRelativelyClose,
  type LayerCase,
  type LayerExpected,
} from './torchLayerCase.ts'
import { checkTraining, type TrainingCase } from '../training/trainingCase.ts'

const FOLDER = new URL('../golden/', import.meta.url)

const read = <T>(path: string) => JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8')) as T
const namesIn = (folder: string) =>
  readdirSync(new URL(folder, FOLDER)).map((name) => name.replace(/\.json$/, ''))

const engines: (EngineOptions & { exact: boolean })[] = [
  { engine: 'simd', precision: 'float32', exact: false },
  { engine: 'relaxed', precision: 'float32', exact: false },
  { engine: 'reference', precision: 'float32', exact: false },
  { engine: 'reference', precision: 'float64', exact: true },
]

type GoldenLayer = LayerCase & { expected: LayerExpected }

const NOTES = 'gru_before_notes'
const layers = namesIn('layers').filter((name) => name !== NOTES)
const trainings = namesIn('training')

describe.each(engines)('golden: $engine $precision', ({ exact, ...engine }) => {
  const tolerance = exact ? 1e-9 : 1e-5

  it.each(layers)('layers of %s', (name) => {
    const golden = read<GoldenLayer>(`layers/${name}.json`)
    checkTorchLayer(golden, golden.expected, engine, tolerance)
  })

  it('a GRU whose z takes the new is ours with z’s sign turned', () => {
    const golden = read<GoldenLayer>(`layers/${NOTES}.json`)
    const turned = turnUpdateGate(golden)
    checkTorchLayer(turned, turned.expected, engine, tolerance)
    expect(() => checkTorchLayer(golden, golden.expected, engine, tolerance)).toThrow('output')
  })

  it.each(trainings)('ten steps of %s', (name) => {
    checkTraining(read<TrainingCase>(`training/${name}.json`), engine, exact ? 1e-9 : 1e-4)
  })

  it.each(read<{ cases: LossCase[] }>('losses.json').cases)('loss: $name', (golden) => {
    const { mean, gradient } = lossOf(golden, engine)
    expectRelativelyClose([mean], [golden.value], tolerance, 'loss')
    expectRelativelyClose(gradient, golden.grad.data, tolerance, 'gradient')
  })
})

describe('golden: schedules', () => {
  const { cases } = read<{ cases: ScheduleCase[] }>('schedules.json')

  it.each(cases)('$schedule.type, $rates.length rates', (golden) => {
    expectRelativelyClose(ratesOf(golden), golden.rates, 1e-12, 'rates')
  })

  it('covers every schedule that moves', () => {
    const types = new Set(cases.map(({ schedule }) => schedule.type))
    expect([...types].sort()).toEqual(['cosine', 'exponential', 'multiStep', 'oneCycle', 'plateau', 'step'])
  })
})

it('golden: every cell in both sizes, and four trainings', () => {
  const cells = ['gru', 'gru_before', 'lstm', 'rnn_relu', 'rnn_tanh']
  expect(layers.sort()).toEqual(cells.flatMap((cell) => [`${cell}_small`, `${cell}_wide`]).sort())
  expect(trainings.sort()).toEqual(['classifier_gru', 'classifier_lstm', 'regression_rnn', 'yes_or_no_gru'])
})

/** σ(−a) = 1 − σ(a): weights, biases and their gradients of z's rows with the other sign. */
function turnUpdateGate(golden: GoldenLayer): GoldenLayer {
  const turn = (tensors: Record<string, TorchTensor>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, turnRows(name, tensor)]))
  const { weights, expected } = golden
  return { ...golden, weights: turn(weights), expected: { ...expected, grad: turn(expected.grad) } }
}

/** Rows of r, z, n: the second third of a parameter is z's. Anything else stays. */
function turnRows(name: string, { shape, data }: TorchTensor): TorchTensor {
  if (!/^(weight|bias)_/.test(name)) return { shape, data }
  const gateOf = (i: number) => Math.floor((3 * i) / data.length)
  return { shape, data: data.map((value, i) => (gateOf(i) === 1 ? -value : value)) }
}

interface LossCase {
  name: string
  loss: LossOptions
  outputs: TorchTensor
  targets: Targets
  value: number
  grad: TorchTensor
}

/** The loss of outputs that come straight from the input. */
function lossOf(
  { loss, outputs, targets }: LossCase,
  engine: EngineOptions,
): { mean: number; gradient: Float64Array } {
  const [rows, width] = outputs.shape
  const straight = [
    { type: 'features', width },
    { type: 'pool', pooling: 'last' },
  ] as const
  const net = network(straight, { ...engine, loss, inputGradients: true })
  net.prepareTraining()
  const batch = PackedBatch.ofFeatures(outputs.data, [rows, 1, width])
  const pass = { training: true, record: false, key: 0 }
  net.forward(batch, pass)
  const { mean } = net.backward(batch, targets, pass)
  return { mean, gradient: net.readInputGradient(batch) }
}

interface ScheduleCase {
  schedule: ScheduleOptions
  rate: number
  /** What plateau watches. */
  losses?: number[]
  rates: number[]
}

function ratesOf({ schedule: options, rate, losses, rates }: ScheduleCase): number[] {
  const schedule = completeSchedule(options)
  let plateau = initialPlateau(rate)
  return rates.map((_, n) => {
    const here = learningRateAt(schedule, rate, { epoch: n, step: n }, plateau)
    if (losses) plateau = plateauAfter(schedule, plateau, losses[n])
    return here
  })
}
