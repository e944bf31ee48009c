/** The accuracy of Latch and of the language detector franc on the same texts. */
import { pad, wrap } from '../packages/cli/src/terminal/glyphWidth.ts'
import { count, percent } from '../packages/cli/src/terminal/numbers.ts'
import type { Output } from '../packages/cli/src/terminal/output.ts'
import type { TextClassifier } from 'latch'
import type { Row } from './declarations.ts'
import { detector } from './detector.ts'
import { EVERYDAY } from './everyday.ts'
import { LANGUAGES } from './languages.ts'
import { confusions, mistakes, accuracy, shortened } from './scores.ts'

const SHORT = 30
const ABOUT_FRANC =
  'franc compares character trigrams with a profile of each language, here restricted to the languages above. ' +
  'Its profiles were built from all thirty articles of the declaration, so the held-out articles are new to Latch ' +
  'but not to franc. The everyday sentences are new to both.'

export function showScores(output: Output, model: TextClassifier<'gru'>, heldOut: readonly Row[]): void {
  const { bold, dim } = output.colors
  const franc = detector(LANGUAGES)
  const sets: [string, readonly Row[]][] = [
    ['sentences of the held-out articles', heldOut],
    [`their first ${SHORT} characters`, shortened(heldOut, SHORT)],
    ['everyday sentences', EVERYDAY],
  ]
  output.print()
  output.print(bold('Accuracy'))
  output.print(dim(line('', 'texts', 'Latch', 'franc')))
  const wrong = sets.flatMap(([name, rows]) => {
    const predicted = predictLanguages(model, rows)
    const byFranc = rows.map(({ text }) => franc(text))
    const right = percent(accuracy(rows, predicted))
    output.print(line(name, count(rows.length), right, percent(accuracy(rows, byFranc))))
    return mistakes(rows, predicted)
  })
  const width = Math.min(output.width, 100)
  for (const text of wrap(ABOUT_FRANC, width - 2)) output.print(dim(`  ${text}`))
  const pairs = confusions(wrong).slice(0, 5)
  if (pairs.length === 0) return
  const named = pairs.map((pair) => `${pair.language} as ${pair.predicted} (${pair.count})`)
  for (const text of wrap(`Most frequent mistakes: ${named.join(', ')}.`, width - 2))
    output.print(`  ${text}`)
}

export function predictLanguages(model: TextClassifier<'gru'>, rows: readonly Row[]): string[] {
  return model.predict(rows.map(({ text }) => text)).map(({ label }) => label)
}

function line(name: string, texts: string, latch: string, franc: string): string {
  return `  ${pad(name, 36)}${pad(texts, 7, 'end')}${pad(latch, 10, 'end')}${pad(franc, 10, 'end')}`
}
