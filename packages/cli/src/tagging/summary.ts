/** The summary of `latch train --task tag`: the best epoch, the metrics, the baseline, the saved file and the next commands. */
import type { ModelFitReport, TagEvaluation, Tagger } from 'latch'
import { dashedPath, shellWord } from '../options/options.ts'
import type { Colors } from '../terminal/escape.ts'
import { wrap } from '../terminal/glyphWidth.ts'
import { duration, loss, percent, plural } from '../terminal/numbers.ts'
import { programName } from '../terminal/programName.ts'
import { drawEvaluation } from '../training/reports.ts'
import { STOPPED, shortened } from '../training/summary.ts'

/** How the most frequent tag of each word does. */
export interface TagBaseline {
  name: string
  /** Which sentences it was measured on. */
  part: 'test' | 'validation'
  accuracy: number
  /** Where tags mark spans. */
  entityF1?: number
  n: number
}

export interface TaggerSummary {
  model: Tagger
  report: ModelFitReport
  /** On the test sentences, else on those held out. */
  result: TagEvaluation | undefined
  part: 'test' | 'validation'
  baseline: TagBaseline | undefined
  /** The saved file. */
  path: string
  /** The training data as given, and a sentence of it for the suggested commands. */
  data: string
  sample: readonly string[]
}

export function drawTaggerSummary(summary: TaggerSummary, colors: Colors, width: number): string {
  const { result, part, baseline } = summary
  const lines = [trained(summary, colors), best(summary)].flatMap((line) => wrap(line, width))
  const title = part === 'test' ? 'Test' : 'Validation'
  const metrics = result ? ['', `${colors.bold(title)}: ${drawEvaluation(result, colors, width)}`] : []
  const verdict = result && baseline ? ['', ...wrap(compareTags(result, baseline), width)] : []
  return [...lines, ...metrics, ...verdict, '', ...next(summary, colors)].join('\n')
}

function trained({ model, report }: TaggerSummary, { bold }: Colors): string {
  const { cell, crf, characters } = model.settings
  const parts = [cell, ...(characters ? ['characters'] : []), ...(crf ? ['CRF'] : [])]
  const facts = [
    plural(report.trainSize, 'sentence'),
    plural(report.labels.length, 'tag'),
    plural(report.vocabulary ?? 0, 'word'),
    plural(report.parameters, 'parameter'),
  ]
  const how = `${plural(report.epochs, 'epoch')}, ${duration(report.seconds)}, ${STOPPED[report.stopped]}`
  return `${bold(`Trained ${parts.join(' + ')}`)} on ${facts.join(', ')} (${how}).`
}

function best({ report: { best: found, kept, validationSize } }: TaggerSummary): string {
  if (!found) return `Saved the ${kept === 'ema' ? 'averaged' : 'last'} weights (nothing was held out).`
  return `Best epoch ${found.epoch}: loss ${loss(found.loss)} on ${plural(validationSize, 'sentence')} held out. Saved the weights of this epoch.`
}

/** A sentence that compares a tagger with its baseline. */
export function compareTags({ accuracy, entities }: TagEvaluation, baseline: TagBaseline): string {
  const [own, other, what] =
    entities && baseline.entityF1 !== undefined
      ? [entities.f1, baseline.entityF1, 'F1 of spans']
      : [accuracy, baseline.accuracy, 'accuracy']
  const verdict =
    own > other ? 'The tagger is better than' : own < other ? 'The tagger is worse than' : 'The tagger equals'
  return `${verdict} the ${baseline.name}: ${what} ${percent(own)} against ${percent(other)}.`
}

function next({ path, data, sample, part }: TaggerSummary, { green, dim }: Colors): string[] {
  const file = shellWord(dashedPath(path))
  const text = shellWord(shortened(sample.join(' ')))
  const latch = programName()
  const given = text.startsWith('-') ? `-- ${text}` : text
  const commands = [`${latch} predict ${file} ${given}`, `${latch} inspect ${file} ${given}`]
  const lines = commands.map((command) => `  ${dim('$')} ${command}`)
  if (part !== 'test' && data !== '-')
    lines.push(`  ${dim('with other sentences:')} ${latch} evaluate ${file} FILE`)
  return [`Saved ${green(path)}. Next steps:`, ...lines]
}
