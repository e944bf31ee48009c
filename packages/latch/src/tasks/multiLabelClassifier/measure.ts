/** The metrics of a multi-label classifier. */
import { sigmoid } from '../../core/probabilities.ts'
import type { Dataset } from '../../training/dataset.ts'
import { meanOf, scoresOfCounts } from '../../training/metrics.ts'
import { forEachPass } from '../evaluate.ts'
import type { ModelEvaluateOptions, MultiLabelEvaluation } from '../model.ts'
import type { Trained } from '../task.ts'
import type { LabelListItem, MultiLabelLearned } from './learned.ts'

/** The probability of every label of each item, (items, labels), and the mean loss. */
export async function probabilitiesOfItems(
  { network }: Pick<Trained, 'network'>,
  items: readonly LabelListItem[],
  dataset: Dataset,
  options: ModelEvaluateOptions,
): Promise<{ probabilities: Float64Array; loss: number }> {
  const { width } = network.output
  const probabilities = new Float64Array(items.length * width)
  let [loss, weight] = [0, 0]
  await forEachPass(network, dataset, options, (batch, targets, numbers) => {
    const value = network.loss(batch, targets, true)
    loss += value.mean * value.weight
    weight += value.weight
    const out = network.readOutput(batch)
    numbers.forEach((number, sequence) => {
      for (let c = 0; c < width; c++) probabilities[number * width + c] = sigmoid(out[sequence * width + c])
    })
  })
  return { probabilities, loss: weight > 0 ? loss / weight : 0 }
}

/** Evaluates a trained multi-label classifier. */
export async function measureLabels(
  trained: Trained<MultiLabelLearned>,
  items: readonly LabelListItem[],
  dataset: Dataset,
  options: ModelEvaluateOptions,
): Promise<MultiLabelEvaluation> {
  const { learned, names: labels } = trained
  const { threshold } = learned
  const { probabilities, loss } = await probabilitiesOfItems(trained, items, dataset, options)
  const chosen = items.map((_, i) =>
    labels.flatMap((_label, c) => (probabilities[i * labels.length + c] >= threshold ? [c] : [])),
  )
  const actual = items.map(({ classes }) => classes)
  return { kind: 'labels', loss, threshold, ...scoreLabelLists(labels, actual, chosen), labels, warnings: [] }
}

/** Micro and macro metrics from the class numbers of each text, each once: those that it has, and those predicted. */
export function scoreLabelLists(
  labels: readonly string[],
  actual: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
) {
  const counts = labels.map(() => ({ right: 0, predicted: 0, support: 0 }))
  let [exact, wrong] = [0, 0]
  actual.forEach((own, i) => {
    const known = new Set(own)
    let right = 0
    for (const c of own) counts[c].support++
    for (const c of predicted[i]) {
      counts[c].predicted++
      if (!known.has(c)) continue
      counts[c].right++
      right++
    }
    const faults = own.length + predicted[i].length - 2 * right
    wrong += faults
    if (faults === 0) exact++
  })
  const n = actual.length
  const perLabel = labels.map((label, c) => ({
    label,
    ...scoresOfCounts(counts[c]),
    support: counts[c].support,
  }))
  const sum = (name: 'right' | 'predicted' | 'support') => counts.reduce((all, each) => all + each[name], 0)
  const micro = scoresOfCounts({ right: sum('right'), predicted: sum('predicted'), support: sum('support') })
  const occurring = perLabel.filter((_, c) => counts[c].support + counts[c].predicted > 0)
  return {
    microF1: micro.f1,
    microPrecision: micro.precision,
    microRecall: micro.recall,
    macroF1: meanOf(occurring, 'f1'),
    macroPrecision: meanOf(occurring, 'precision'),
    macroRecall: meanOf(occurring, 'recall'),
    exactMatch: n > 0 ? exact / n : 0,
    hammingLoss: n > 0 ? wrong / (n * labels.length) : 0,
    n,
    perLabel,
  }
}
