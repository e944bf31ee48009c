/** Between the batches of an update, whatever looks into the network leaves no trace in its gradients. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { explain } from '../../src/inspection/explain/explain.ts'
import { contributionMatrix } from '../../src/inspection/gradients/contributions.ts'
import { effectiveMemory } from '../../src/inspection/gradients/effectiveMemory.ts'
import { gradientFlow } from '../../src/inspection/gradients/gradientFlow.ts'
import { memory } from '../../src/inspection/gradients/memory.ts'
import { setSpectralRadius } from '../../src/inspection/gradients/spectrum.ts'
import { influence } from '../../src/inspection/interventions/influence.ts'
import { intervene } from '../../src/inspection/interventions/intervene.ts'
import { prefixOutputs } from '../../src/inspection/trace/prefixes.ts'
import { traceSequence } from '../../src/inspection/trace/trace.ts'
import { traceBatch } from '../../src/inspection/trace/traceBatch.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { ExponentialMovingAverage } from '../../src/training/ema.ts'
import { evaluate } from '../../src/training/evaluate.ts'
import { fit, type FitOptions } from '../../src/training/fit.ts'
import { Optimizer } from '../../src/training/optimizer.ts'
import { comments, quick, tiny } from '../tasks/textClassifier/classifierHelpers.ts'
import { bitsOf, classifier, firstMark } from './trainingHelpers.ts'

// Every interval has passed each time it is asked for: training rests after every batch.
let clock = 0
beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => (clock += 1000)))
afterEach(() => void vi.restoreAllMocks())

const train = firstMark(40, 1)
const ids = [3, 1, 5, 2]
const batch = PackedBatch.ofIds([ids, [2, 1]])
const options = { train, epochs: 2, batchSize: 5, accumulationSteps: 3, ema: 0.9 } satisfies FitOptions

const looks: [string, (net: Network) => unknown][] = [
  ['traceSequence', (net) => traceSequence(net, ids, { classes: [1] })],
  ['traceBatch', (net) => traceBatch(net, batch, { classes: [1, 0] })],
  ['prefixOutputs', (net) => prefixOutputs(net, ids)],
  ['gradientFlow', (net) => gradientFlow(net, ids, 1)],
  [
    'contributionMatrix',
    (net) =>
      contributionMatrix(traceSequence(net, ids, { classes: [1] }), {
        layer: 0,
        direction: 'forward',
        step: 1,
        weight: 'hidden',
      }),
  ],
  ['effectiveMemory', (net) => effectiveMemory(gradientFlow(net, ids, 1))],
  ['influence', (net) => influence(net, ids, 1)],
  ['intervene', (net) => intervene(net, ids, [{ type: 'drop', step: 1 }], 1)],
  ['explain', (net) => explain(traceSequence(net, ids, { classes: [1] }), 1, 'hidden', 0)],
  ['memory', (net) => memory(traceSequence(net, ids, { classes: [1] }))],
  ['evaluate', (net) => evaluate(net, train, { batchSize: 7 })],
  ['stream', (net) => net.stream().push(3)],
  ['streams', (net) => net.streams(2).push([3, 4] as never)],
  ['forward', (net) => net.forward(batch)],
  ['zeroGradients', (net) => net.zeroGradients()],
  ['prepareTraining', (net) => internalsOf(net).prepareTraining('mine')],
  ['reserve', (net) => internalsOf(net).reserve({ sequences: 40, steps: 20, rows: 800 })],
  ['checkpointSteps', (net) => void (net.checkpointSteps = 2)],
  ['fit', (net) => fit(net, { train })],
  ['Optimizer', (net) => new Optimizer(net, { type: 'adam' })],
  ['ExponentialMovingAverage', (net) => new ExponentialMovingAverage(net, 0.5)],
  ['setSpectralRadius', (net) => setSpectralRadius(net, 0.5)],
  ['setLoss', (net) => net.setLoss({ type: 'softmaxCrossEntropy', labelSmoothing: 0.5 })],
  ['dispose', (net) => net.dispose()],
  [
    'backward',
    (net) => {
      const pass = { training: false, record: false, key: 0 }
      net.forward(batch, pass)
      net.backward(batch, { classes: [1, 0] }, pass)
    },
  ],
]
const refuses = new Set([
  'fit',
  'Optimizer',
  'ExponentialMovingAverage',
  'setSpectralRadius',
  'setLoss',
  'dispose',
])

/** What came of looking: done, or a message. */
async function outcome(look: (net: Network) => unknown, net: Network): Promise<string> {
  try {
    await look(net)
    return 'done'
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`
  }
}

async function trained(sparseEmbeddings: boolean, look?: (net: Network) => unknown) {
  const net = classifier({ dropout: 0.2 })
  const outcomes: Promise<string>[] = []
  const onEvent: FitOptions['onEvent'] = ({ type }) => {
    if (look && type === 'progress') outcomes.push(outcome(look, net))
  }
  await fit(net, { ...options, sparseEmbeddings, onEvent })
  return { bits: bitsOf(net), outcomes: await Promise.all(outcomes) }
}

describe.each([false, true])('sparse embeddings: %s', (sparse) => {
  it.each(looks)('%s', async (name, look) => {
    const [one, plain] = [await trained(sparse, look), await trained(sparse)]
    expect(one.outcomes.length).toBeGreaterThan(8)
    const expected = refuses.has(name) ? /^UsageError: .*expected one training at a time/ : /^done$/
    for (const came of one.outcomes) expect(came).toMatch(expected)
    expect(one.bits).toBe(plain.bits)
  })
})

it('a model answers between batches as if it were alone', async () => {
  const words = comments(24, 1)
  const run = async (look: boolean) => {
    const model = textClassifier({ ...tiny, engine: 'simd' })
    const answers: unknown[] = []
    await model.fit(words, {
      ...quick,
      epochs: 2,
      batchSize: 3,
      accumulationSteps: 4,
      onEvent: ({ type }) => {
        if (!look || type !== 'progress') return
        answers.push(model.predict(words[0].text), model.trace(words[0].text), model.stream().push('good'))
        answers.push(influence(model, words[1].text), gradientFlow(model, words[1].text))
        answers.push(model.evaluate(words, { text: 'text', label: 'label' }))
      },
    })
    await Promise.all(answers)
    return { bits: bitsOf(model.network), answers: answers.length }
  }
  const [one, plain] = [await run(true), await run(false)]
  expect(one.answers).toBeGreaterThan(24)
  expect(one.bits).toBe(plain.bits)
})

it('a loop between the rests goes on with its own batch or is refused', async () => {
  const net = classifier()
  let loop: Promise<string> | null = null
  const own = async () => {
    net.forward(batch)
    await new Promise((resolve) => void setImmediate(resolve))
    net.loss(batch, { classes: [1, 0] })
  }
  const onEvent: FitOptions['onEvent'] = ({ type }) => {
    if (type === 'progress') loop ??= outcome(own, net)
  }
  await fit(net, { ...options, onEvent })
  const plain = classifier()
  await fit(plain, options)
  expect(await loop).toMatch(/^done$|expected the batch of the last forward pass, got another batch/)
  expect(bitsOf(net)).toBe(bitsOf(plain))
})
