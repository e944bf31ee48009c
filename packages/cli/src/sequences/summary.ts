/** The summary of `latch train --task seq2seq`: the best epoch, the metrics, an example, the saved file, the next commands. */
import type { ModelFitReport, SequenceEvaluation, SequenceToSequence } from 'latch'
import { dashedPath, shellWord } from '../options/options.ts'
import type { Colors } from '../terminal/escape.ts'
import { visible, wrap } from '../terminal/glyphWidth.ts'
import { duration, loss, plural } from '../terminal/numbers.ts'
import { programName } from '../terminal/programName.ts'
import { drawEvaluation } from '../training/reports.ts'
import { STOPPED, shortened } from '../training/summary.ts'
import type { Pair } from './pairs.ts'

export interface SequenceSummary {
  model: SequenceToSequence
  report: ModelFitReport
  /** On the test rows, else on those held out. */
  result: SequenceEvaluation | undefined
  part: 'test' | 'validation'
  /** The saved file. */
  path: string
  /** The training data as given, and a row for the example. */
  data: string
  sample: Pair
}

export function drawSequenceSummary(summary: SequenceSummary, colors: Colors, width: number): string {
  const { result, part } = summary
  const lines = [trained(summary, colors), best(summary)].flatMap((line) => wrap(line, width))
  const title = part === 'test' ? 'Test' : 'Validation'
  const metrics = result ? ['', `${colors.bold(title)}: ${drawEvaluation(result, colors, width)}`] : []
  return [...lines, ...metrics, '', ...example(summary, colors), '', ...next(summary, colors)].join('\n')
}

function trained({ model, report }: SequenceSummary, { bold }: Colors): string {
  const { cell, attention } = model.settings
  const facts = [
    plural(report.trainSize, 'row'),
    plural(model.vocabulary.size, 'source token'),
    plural(model.targetVocabulary.size, 'target token'),
    plural(report.parameters, 'parameter'),
  ]
  const how = `${plural(report.epochs, 'epoch')}, ${duration(report.seconds)}, ${STOPPED[report.stopped]}`
  const what = attention === 'none' ? `${cell} without attention` : `${cell} with ${attention} attention`
  return `${bold(`Trained ${what}`)} on ${facts.join(', ')} (${how}).`
}

function best({ report: { best: found, kept, validationSize } }: SequenceSummary): string {
  if (!found) return `Saved the ${kept === 'ema' ? 'averaged' : 'last'} weights (nothing was held out).`
  return `Best epoch ${found.epoch}: loss ${loss(found.loss)} nats a token on ${plural(validationSize, 'row')} held out. Saved the weights of this epoch.`
}

function example({ model, sample }: SequenceSummary, { dim }: Colors): string[] {
  const { text } = model.predict(sample.source)
  const isRight = text === sample.target
  const lines = [`${dim('source')}  ${visible(sample.source)}`, `${dim('model')}   ${visible(text)}`]
  return isRight ? lines : [...lines, `${dim('target')}  ${visible(sample.target)}`]
}

function next({ path, data, sample, part }: SequenceSummary, { green, dim }: Colors): string[] {
  const file = shellWord(dashedPath(path))
  const text = shellWord(shortened(sample.source))
  const latch = programName()
  const given = text.startsWith('-') ? `-- ${text}` : text
  const commands = [`${latch} predict ${file} ${given}`, `${latch} inspect ${file} ${given}`]
  const lines = commands.map((command) => `  ${dim('$')} ${command}`)
  if (part !== 'test' && data !== '-')
    lines.push(`  ${dim('with other rows:')} ${latch} evaluate ${file} FILE`)
  return [`Saved ${green(path)}. Next steps:`, ...lines]
}
