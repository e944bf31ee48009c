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
import { SHORT } from './shortSentences.ts'

/** Characters, like a message and like a few words. */
const CUTS = [30, 15]
/** Upper ends of the lengths, in characters. */
const LENGTHS = [15, 30, 60]
const ABOUT_FRANC =
  'franc compares character trigrams with a profile of each language, here restricted to the languages above. ' +
  'Its profiles were built from all thirty articles of the declaration, so the held-out articles are new to Latch ' +
  'but not to franc. The other sentences are new to both.'

export function showScores(output: Output, model: TextClassifier<'gru'>, heldOut: readonly Row[]): void {
  const { bold, dim } = output.colors
  const franc = detector(LANGUAGES)
  const sets: [string, readonly Row[]][] = [
    ['sentences of the held-out articles', heldOut],
    ...CUTS.map((cut): [string, Row[]] => [`their first ${cut} characters`, shortened(heldOut, cut)]),
    ['everyday sentences', EVERYDAY],
    ['short everyday sentences, as typed', SHORT],
  ]
  const show = ([name, rows]: [string, readonly Row[]]) => {
    const predicted = predictLanguages(model, rows)
    const byFranc = rows.map(({ text }) => franc(text))
    const right = percent(accuracy(rows, predicted))
    output.print(line(name, count(rows.length), right, percent(accuracy(rows, byFranc))))
    return mistakes(rows, predicted)
  }
  output.print()
  output.print(bold('Accuracy'))
  output.print(dim(line('', 'texts', 'Latch', 'franc')))
  const wrong = sets.flatMap(show)
  output.print(dim('  by length, whole sentences'))
  byLength([...heldOut, ...EVERYDAY, ...SHORT], LENGTHS).forEach(show)
  const width = Math.min(output.width, 100)
  for (const text of wrap(ABOUT_FRANC, width - 2)) output.print(dim(`  ${text}`))
  const pairs = confusions(wrong).slice(0, 5)
  if (pairs.length === 0) return
  const named = pairs.map((pair) => `${pair.language} as ${pair.predicted} (${pair.count})`)
  for (const text of wrap(`Most frequent mistakes: ${named.join(', ')}.`, width - 2))
    output.print(`  ${text}`)
}

/** Texts by their number of characters: one group up to each length, and one for longer texts. */
export function byLength(rows: readonly Row[], lengths: readonly number[]): [name: string, rows: Row[]][] {
  return [...lengths, Infinity].map((most, i) => {
    const least = i === 0 ? 1 : lengths[i - 1] + 1
    const name = most === Infinity ? `${least} characters or more` : `${least} to ${most} characters`
    const within = (text: string) => Array.from(text).length >= least && Array.from(text).length <= most
    return [name, rows.filter(({ text }) => within(text))]
  })
}

export function predictLanguages(model: TextClassifier<'gru'>, rows: readonly Row[]): string[] {
  return model.predict(rows.map(({ text }) => text)).map(({ label }) => label)
}

function line(name: string, texts: string, latch: string, franc: string): string {
  return `  ${pad(name, 36)}${pad(texts, 7, 'end')}${pad(latch, 10, 'end')}${pad(franc, 10, 'end')}`
}
