/** The public API alone: each level of it can be used directly. */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as datasets from '../packages/latch/src/datasets.ts'
import * as latch from '../packages/latch/src/index.ts'
import * as training from '../packages/latch/src/training.ts'
import type { Dataset } from '../packages/latch/src/training.ts'
import type { EmbeddingOptions, RecurrentOptions, StateName, Trace } from '../packages/latch/src/index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const reference = readFileSync(new URL('../docs/reference.md', import.meta.url), 'utf8')
const programs = [...readme.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1])

/** Runs a program of the README, with its imports from the entry points, and returns what `last` names. */
async function runProgram(program: string, last: string): Promise<unknown> {
  const body = program.replace(/^import .*\n/gm, '') + `\nreturn ${last}`
  const { outputText } = ts.transpileModule(`async function main() {\n${body}\n}`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  })
  const imported = [...program.matchAll(/^import \{(.*)\} from/gm)].flatMap((match) => match[1].split(','))
  const names = imported.map((name) => name.trim()).filter((name) => !name.startsWith('type '))
  const values = { ...datasets, ...training, ...latch } as Record<string, unknown>
  for (const name of names) expect(values[name], name).toBeDefined()
  const make = new Function(...names, `${outputText}\nreturn main`)
  return make(...names.map((name) => values[name]))()
}

/** Rows of one feature; the class says whether they end above 0. */
function signs(count: number): Dataset {
  const value = (row: number) => (row % 2 === 0 ? 1 : -1) * (1 + row / count)
  return {
    size: count,
    lengths: new Int32Array(count).fill(3),
    batch(rows) {
      const x = Float32Array.from({ length: rows.length * 3 }, (_, i) => value(rows[Math.floor(i / 3)]))
      const classes = Int32Array.from(rows, (row) => (value(row) > 0 ? 1 : 0))
      return { batch: latch.PackedBatch.ofFeatures(x, [rows.length, 3, 1]), targets: { classes } }
    },
  }
}

const layers = [latch.features(1), latch.rnn(4, { returnSequences: false }), latch.dense(2)]

describe('the public API', () => {
  it('trains a network of features as the README does', { timeout: 60_000 }, async () => {
    const program = programs.find((text) => text.includes('addingProblem'))!
    expect(await runProgram(program, 'loss')).toBeLessThan(0.01)
  })

  it('trains with the loop of docs/reference.md', async () => {
    const [, program] = /```ts\n([^]*?)```/.exec(reference)!
    expect(await runProgram(program, 'net.forward(batch), net.loss(batch, targets).mean')).toBeLessThan(0.01)
  })

  it('trains with a training loop of your own, and scores it', async () => {
    const { Optimizer, ExponentialMovingAverage, clipGradients, completeSchedule, learningRateAt } = training
    const net = latch.network(layers, { loss: { type: 'softmaxCrossEntropy' } })
    const data = signs(20)
    const optimizer = new Optimizer(net, { type: 'adam' })
    const average = new ExponentialMovingAverage(net, 0.9)
    const schedule = completeSchedule({ type: 'constant', warmup: 5 })
    const { batch, targets } = data.batch(Int32Array.from({ length: 20 }, (_, i) => i))
    const pass = { training: true, record: false, key: 1 }
    for (let step = 0; step < 60; step++) {
      net.zeroGradients()
      net.forward(batch, pass)
      net.backward(batch, targets, pass)
      const { scale } = clipGradients(net, { clipNorm: 1 })
      optimizer.update(learningRateAt(schedule, 0.05, { epoch: 0, step }), scale)
      average.update(optimizer.steps)
    }
    average.swap()
    const { actual, predicted, loss, accuracy } = await training.evaluate(net, data)
    expect(accuracy).toBe(1)
    expect(training.confusionMatrix(2, actual, predicted)).toEqual([
      [10, 0],
      [0, 10],
    ])
    expect(training.classificationReport(['down', 'up'], actual, predicted, loss).macroF1).toBe(1)
  })

  it('knows cells and the types of layers', () => {
    expect(latch.cells.find(({ name }) => name === 'gru')?.gateNames).toEqual([
      'reset',
      'update',
      'candidate',
    ])
    expectTypeOf<RecurrentOptions['cell']>().toEqualTypeOf<'rnn' | 'lstm' | 'gru'>()
    expectTypeOf<EmbeddingOptions['size']>().toEqualTypeOf<number>()
    expectTypeOf<StateName>().toEqualTypeOf<'hidden' | 'cell'>()
  })

  it('a trace’s cell determines its gates', () => {
    const gates = (trace: Trace): readonly Float64Array[] => {
      if (trace.cell === 'lstm') return trace.steps.map((step) => step.gates.forget)
      // @ts-expect-error a GRU or RNN has no forget gate
      trace.steps.map((step) => step.gates.forget)
      return trace.cell === 'gru' ? trace.steps.map((step) => step.gates.update) : []
    }
    expect(gates({ cell: 'rnn', steps: [] as unknown[] } as Trace)).toEqual([])
  })
})
