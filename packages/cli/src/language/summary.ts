/** The summary of `latch train --task lm`: the best epoch, the test, the n-grams, the saved file and the next commands. */
import type { LanguageModel, ModelFitReport, TokenEvaluation } from 'latch'
import { dashedPath, shellWord } from '../options/options.ts'
import type { Colors } from '../terminal/escape.ts'
import { wrap } from '../terminal/glyphWidth.ts'
import { duration, loss, outputNumber, plural } from '../terminal/numbers.ts'
import { programName } from '../terminal/programName.ts'
import { drawEvaluation } from '../training/reports.ts'
import { STOPPED, shortened } from '../training/summary.ts'
import type { NgramLosses } from './ngrams.ts'

export interface LanguageSummary {
  model: LanguageModel
  report: ModelFitReport
  /** On the test texts, if there are any. */
  result: TokenEvaluation | undefined
  ngrams: NgramLosses | undefined
  /** The saved file. */
  path: string
  /** The training data as given, and a text of it for the suggested commands. */
  data: string
  sample: string
}

export function drawLanguageSummary(summary: LanguageSummary, colors: Colors, width: number): string {
  const { result } = summary
  const compared = comparison(summary)
  const test = result ? ['', `${colors.bold('Test')}: ${drawEvaluation(result, colors, width)}`] : []
  const lines = [trained(summary, colors), best(summary)].flatMap((line) => wrap(line, width))
  const verdict = compared ? ['', ...wrap(compared, width)] : []
  return [...lines, ...test, ...verdict, '', ...next(summary, colors)].join('\n')
}

function trained({ model, report }: LanguageSummary, { bold }: Colors): string {
  const facts = [
    plural(report.vocabulary ?? 0, 'different token'),
    plural(report.parameters, 'parameter'),
    plural(report.epochs, 'epoch'),
    duration(report.seconds),
    STOPPED[report.stopped],
  ]
  return `${bold(`Trained ${model.settings.cell}`)}: ${facts.join(', ')}.`
}

function best({ report: { best: found, kept } }: LanguageSummary): string {
  if (!found) return `Saved the ${kept === 'ema' ? 'averaged' : 'last'} weights (nothing was held out).`
  const perplexity = `perplexity ${outputNumber(Math.exp(found.loss))}`
  return `Best epoch ${found.epoch}: loss ${loss(found.loss)} nats a token, ${perplexity} on the part held out. Saved the weights of this epoch.`
}

function comparison({ report, result, ngrams }: LanguageSummary): string | undefined {
  const own = result ? result.loss : report.best?.loss
  if (!ngrams || own === undefined) return undefined
  const { unigram, fiveGram } = ngrams
  const figures = `${loss(own)} nats a token against ${loss(fiveGram)} (5-grams) and ${loss(unigram)} (unigrams)`
  const verdict =
    own < fiveGram
      ? 'The model is better than counting'
      : own < unigram
        ? 'Counting is better here'
        : 'The model has not learned more than how frequent each token is'
  return `${verdict}: ${figures}, on the ${result ? 'test texts' : 'part held out'}.`
}

/** The first line that is not empty. */
function firstLine(text: string): string {
  return /\S.*/.exec(text)?.[0] ?? ''
}

function next({ path, data, sample, result }: LanguageSummary, { green, dim }: Colors): string[] {
  const file = shellWord(dashedPath(path))
  const text = shellWord(shortened(firstLine(sample)))
  const latch = programName()
  const commands = [
    `${latch} generate ${file} --prime ${text}`,
    `${latch} inspect ${file} ${text.startsWith('-') ? `-- ${text}` : text}`,
  ]
  const lines = commands.map((command) => `  ${dim('$')} ${command}`)
  if (!result && data !== '-') lines.push(`  ${dim('with other texts:')} ${latch} evaluate ${file} FILE`)
  return [`Saved ${green(path)}. Next steps:`, ...lines]
}
