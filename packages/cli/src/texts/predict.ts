/** `latch predict` of a multi-label classifier: the labels of a text, each with its probability. */
import type { RankedLabel } from 'latch'
import { labelText } from '../inspect/traceRows.ts'
import type { Colors } from '../terminal/escape.ts'
import { visible } from '../terminal/glyphWidth.ts'
import { exactNumber, percent } from '../terminal/numbers.ts'

/** Any number of labels. */
export interface LabelList {
  labels: string[]
  probabilities: Record<string, number>
  /** With `--top`: the likeliest labels instead, whether the text has them or not. */
  top?: RankedLabel[]
}

/** Cells of a tab-separated line: a JSON list of labels and one of their probabilities; with `--top` each label and its probability. */
export function labelListCells({ labels, probabilities, top }: LabelList): string[] {
  if (top) return top.flatMap(({ label, probability }) => [label, exactNumber(probability)])
  const shown = labels.map((label) => Number(exactNumber(probabilities[label])))
  return [JSON.stringify(labels), JSON.stringify(shown)]
}

/** `rude 98.1%, loud 61.0%  the text`; labels that the text has are bold. */
export function drawLabelList(
  { labels, probabilities, top }: LabelList,
  text: string,
  { bold, dim }: Colors,
): string {
  const shown = top ?? labels.map((label) => ({ label, probability: probabilities[label] }))
  const named = shown.map(({ label, probability }) => {
    const name = labelText(label)
    return `${labels.includes(label) ? bold(name) : name} ${percent(probability)}`
  })
  return `${named.join(', ') || dim('no label')}  ${visible(text)}`
}
