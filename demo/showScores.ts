/** How often Latch is right, beside the language detector franc on the very same texts. */
import { pad, wrap } from '../packages/cli/src/terminal/glyphWidth.ts'
import { count, percent } from '../packages/cli/src/terminal/numbers.ts'
import type { Output } from '../packages/cli/src/terminal/output.ts'
import type { TextClassifier } from 'latch'
import type { Row } from './declarations.ts'
import { detector } from './detector.ts'
import { EVERYDAY } from './everyday.ts'
import { LANGUAGES } from './languages.ts'
import { confusions, mistakes, shareRight, shortened } from './scores.ts'

const SHORT = 30
const ABOUT_FRANC =
  'franc compares triples of letters with profiles of the languages; it may answer with these languages only. ' +
  'Its profiles were made from this very declaration, all thirty articles of it: the held-out articles are new ' +
  'to Latch but not to franc. The everyday sentences are new to both.'

export function showScores(output: Output, model: TextClassifier<'gru'>, heldOut: readonly Row[]): void {
  const { bold, dim } = output.colors
  const franc = detector(LANGUAGES)
  const sets: [string, readonly Row[]][] = [
    ['sentences of the held-out articles', heldOut],
    [`their first ${SHORT} characters`, shortened(heldOut, SHORT)],
    ['everyday sentences', EVERYDAY],
  ]
  output.say()
  output.say(bold('How often the answer is right'))
  output.say(dim(line('', 'texts', 'Latch', 'franc')))
  const wrong = sets.flatMap(([name, rows]) => {
    const answers = answersOf(model, rows)
    const theirs = rows.map(({ text }) => franc(text))
    const right = percent(shareRight(rows, answers))
    output.say(line(name, count(rows.length), right, percent(shareRight(rows, theirs))))
    return mistakes(rows, answers)
  })
  const width = Math.min(output.width, 100)
  for (const text of wrap(ABOUT_FRANC, width - 2)) output.say(dim(`  ${text}`))
  const pairs = confusions(wrong).slice(0, 5)
  if (pairs.length === 0) return
  const named = pairs.map((pair) => `${pair.language} for ${pair.answer} (${pair.count})`)
  for (const text of wrap(`Latch most often took ${named.join(', ')}.`, width - 2)) output.say(`  ${text}`)
}

export function answersOf(model: TextClassifier<'gru'>, rows: readonly Row[]): string[] {
  return model.predict(rows.map(({ text }) => text)).map(({ label }) => label)
}

function line(name: string, texts: string, latch: string, franc: string): string {
  return `  ${pad(name, 36)}${pad(texts, 7, 'end')}${pad(latch, 10, 'end')}${pad(franc, 10, 'end')}`
}
