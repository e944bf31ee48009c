/** The metrics of a tagger: of tokens, and of spans as the CoNLL scorer counts them. */
import { logSoftmax } from '../../core/probabilities.ts'
import { classificationReport, type ClassScores } from '../../training/metrics.ts'
import type { Dataset } from '../../training/dataset.ts'
import { forEachPass } from '../evaluate.ts'
import { formatCount } from '../labels.ts'
import type { ModelEvaluateOptions } from '../model.ts'
import { outputRows, pickClass } from '../prediction.ts'
import type { Trained } from '../task.ts'
import { decodeTags, sentenceScores } from './decode.ts'
import type { EntityScores, SentenceScores, TagEvaluation, TaggerLearned, TagItem } from './learned.ts'
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
  const sentences = { actual: [] as number[], predicted: [] as number[], exact: 0, loss: 0 }
  let [loss, weight, unknown] = [0, 0, 0]
  await forEachPass(network, dataset, options, (batch, targets, numbers) => {
    const value = network.loss(batch, { stepClasses: targets.stepClasses }, true)
    loss += value.mean * value.weight
    weight += value.weight
    const paths = decodeTags(trained, batch, outputRows(network, batch, batch))
    const scores = sentenceScores(network, batch)
    numbers.forEach((number, sequence) => {
      const { classes, class: wanted } = items[number]
      tags[number] = Array.from(paths[sequence], (c) => labels[c])
      classes.forEach((c, t) => {
        actual.push(c)
        predicted.push(paths[sequence][t])
        if (c < 0) unknown++
      })
      if (!scores) return
      const said = pickClass(scores[sequence], 'softmax')
      sentences.actual.push(wanted)
      sentences.predicted.push(said)
      if (wanted >= 0) sentences.loss -= logSoftmax(scores[sequence])[wanted]
      if (said === wanted && classes.every((c, t) => c === paths[sequence][t])) sentences.exact++
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
    sentences: learned.sentenceLabels && scoreSentences(learned.sentenceLabels, sentences),
    warnings: [...warnings, ...warnLabels(learned, sentences.actual)],
  }
}

/** Labels that the model does not have count as wrong. */
function scoreSentences(
  labels: readonly string[],
  { actual, predicted, exact, loss }: { actual: number[]; predicted: number[]; exact: number; loss: number },
): SentenceScores {
  const n = actual.length
  const report = classificationReport(labels, actual, predicted, loss / n)
  const { accuracy, perClass } = report
  return { loss: loss / n, accuracy: (accuracy * report.n) / n, exact: exact / n, perClass, n }
}

function warnLabels({ sentenceLabels }: TaggerLearned, actual: readonly number[]): string[] {
  const unknown = sentenceLabels ? actual.filter((c) => c < 0).length : 0
  if (unknown === 0) return []
  return [
    `${formatCount(unknown, 'sentence')} of ${actual.length} have labels that the model does not know: they count as wrong.`,
  ]
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
