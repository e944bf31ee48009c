/** The metrics of a tagger: of tokens, and of spans as the CoNLL scorer counts them. */
import { classificationReport, type ClassScores } from '../../training/metrics.ts'
import type { Dataset } from '../../training/dataset.ts'
import { forEachPass } from '../evaluate.ts'
import { formatCount } from '../labels.ts'
import type { ModelEvaluateOptions } from '../model.ts'
import { outputRows } from '../prediction.ts'
import type { Trained } from '../task.ts'
import { decodeTags } from './decode.ts'
import type { EntityScores, TagEvaluation, TaggerLearned, TagItem } from './learned.ts'
import { spansOf } from './spans.ts'

/** Evaluates a trained tagger; tags that it does not have count as wrong. */
export async function measureTags(
  trained: Trained<TaggerLearned>,
  items: readonly TagItem[],
  dataset: Dataset,
  options: ModelEvaluateOptions,
): Promise<TagEvaluation> {
  const { network, learned, names: labels } = trained
  const [actual, predicted]: [number[], number[]] = [[], []]
  const tags = new Array<string[]>(items.length)
  let [loss, weight, unknown] = [0, 0, 0]
  await forEachPass(network, dataset, options, (batch, targets, numbers) => {
    const value = network.loss(batch, targets, true)
    loss += value.mean * value.weight
    weight += value.weight
    const paths = decodeTags(trained, batch, outputRows(network, batch, batch))
    numbers.forEach((number, sequence) => {
      const { classes } = items[number]
      tags[number] = Array.from(paths[sequence], (c) => labels[c])
      classes.forEach((c, t) => {
        actual.push(c)
        predicted.push(paths[sequence][t])
        if (c < 0) unknown++
      })
    })
  })
  const report = classificationReport(labels, actual, predicted, weight > 0 ? loss / weight : 0)
  const n = actual.length
  const warnings =
    unknown > 0
      ? [
          `${formatCount(unknown, 'token')} of ${n} have tags that the model does not know: they count as wrong.`,
        ]
      : []
  return {
    kind: 'classes',
    ...report,
    accuracy: (report.accuracy * report.n) / n,
    n,
    labels,
    entities:
      learned.settings.scheme === 'none'
        ? null
        : scoreEntities(
            items.map((item) => item.tags),
            tags,
          ),
    warnings,
  }
}

/** Counts spans of the data and predicted ones; right are those with the same label and both ends. */
export function scoreEntities(
  actual: readonly (readonly string[])[],
  predicted: readonly (readonly string[])[],
): EntityScores {
  const counts = new Map<string, { support: number; predicted: number; correct: number }>()
  const of = (label: string) => {
    let found = counts.get(label)
    if (!found) counts.set(label, (found = { support: 0, predicted: 0, correct: 0 }))
    return found
  }
  actual.forEach((tags, i) => {
    const own = spansOf(tags)
    const known = new Set(own.map(({ label, start, end }) => `${start} ${end} ${label}`))
    for (const { label } of own) of(label).support++
    for (const { label, start, end } of spansOf(predicted[i])) {
      of(label).predicted++
      if (known.has(`${start} ${end} ${label}`)) of(label).correct++
    }
  })
  const all = { support: 0, predicted: 0, correct: 0 }
  for (const each of counts.values()) {
    all.support += each.support
    all.predicted += each.predicted
    all.correct += each.correct
  }
  const perLabel = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, each]): ClassScores => ({ label, ...shares(each), support: each.support }))
  return { ...shares(all), ...all, perLabel }
}

/** 0 where nothing is there to divide by, as the CoNLL scorer has it. */
function shares(counts: { support: number; predicted: number; correct: number }) {
  const { support, predicted, correct } = counts
  const ratio = (whole: number) => (whole === 0 ? 0 : correct / whole)
  return {
    precision: ratio(predicted),
    recall: ratio(support),
    f1: support + predicted === 0 ? 0 : (2 * correct) / (support + predicted),
  }
}
