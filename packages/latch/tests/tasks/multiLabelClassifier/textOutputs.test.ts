/** Networks of texts with several labels or a number, the scores of labels and the ridge baseline, against golden/textOutputs.json. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LossOptions } from '../../../src/layers/loss.ts'
import { buildNetwork } from '../../../src/model/network.ts'
import { ridge } from '../../../src/tasks/baselines/ridge.ts'
import { scoreLabelLists } from '../../../src/tasks/multiLabelClassifier/measure.ts'
import { textNetwork } from '../../../src/tasks/textClassifier/network.ts'
import { resolveSettings } from '../../../src/tasks/textClassifier/options.ts'
import { regressorLayers } from '../../../src/tasks/textRegressor/network.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { expectClose } from '../../closeTo.ts'
import { checkGradients } from '../../model/recurrentHelpers.ts'

interface Tensor {
  shape: number[]
  data: number[]
}

const golden = JSON.parse(
  readFileSync(new URL('../../golden/textOutputs.json', import.meta.url), 'utf8'),
) as {
  texts: number[][]
  cases: {
    loss: LossOptions['type']
    values: Tensor
    weights: Record<string, Tensor>
    value: number
    outputs: Tensor
    gradients: Record<string, Tensor>
  }[]
  scores: Record<'microF1' | 'macroF1' | 'exactMatch' | 'hammingLoss' | 'labels', number> &
    Record<'actual' | 'predicted', number[][]>
  ridge: { texts: string[]; values: Tensor; others: string[]; predictions: number[] }
}
const settings = resolveSettings({ units: 4, embedding: 3, dropout: 0, counts: false })

describe.each(golden.cases)('a network of texts with the loss $loss', (one) => {
  const width = one.values.shape[1]
  const made = (engine: object) => {
    const net = buildNetwork(textNetwork(settings, 6, width, one.loss), regressorLayers, engine)
    for (const { name } of net.parameters) net.writeParameter(name, one.weights[name].data)
    return net
  }
  const batch = PackedBatch.ofIds(golden.texts)
  const targets = { values: one.values.data }

  it.each([
    ['reference float64', { engine: 'reference', precision: 'float64' }, 1e-10],
    ['simd', { engine: 'simd', threads: 1 }, 5e-6],
  ] as const)('has the numbers of PyTorch: %s', (_, engine, tolerance) => {
    const net = made(engine)
    net.prepareTraining()
    net.zeroGradients()
    const pass = { training: true, record: false, key: 0 }
    net.forward(batch, pass)
    expectClose(net.readOutput(batch), one.outputs.data, tolerance)
    const value = net.backward(batch, targets, pass)
    expect(Math.abs(value.mean - one.value)).toBeLessThan(tolerance)
    for (const { name } of net.parameters)
      expectClose(net.readParameter(name, 'gradients'), one.gradients[name].data, tolerance, name)
  })

  it('has the gradients of differences', () => {
    checkGradients(made({ engine: 'reference', precision: 'float64' }), batch, targets)
  })
})

it('scores labels as a count of pairs one by one does', () => {
  const { actual, predicted, labels, ...wanted } = golden.scores
  const names = Array.from({ length: labels }, (_, c) => `label ${c}`)
  const { microF1, macroF1, exactMatch, hammingLoss } = scoreLabelLists(names, actual, predicted)
  const found = { microF1, macroF1, exactMatch, hammingLoss }
  for (const [name, value] of Object.entries(found))
    expect(value).toBeCloseTo(wanted[name as keyof typeof found], 9)
})

it('solves the ridge regression of word counts', () => {
  const { texts, values, others, predictions } = golden.ridge
  const predict = ridge(texts.map((text, i) => ({ tokens: text.split(' '), value: values.data[i] })))
  others.forEach((text, i) => expect(predict(text.split(' '))).toBeCloseTo(predictions[i], 6))
})
