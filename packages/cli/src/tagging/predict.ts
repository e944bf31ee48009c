/** `latch predict` of a tagger: the tag of each token, as a line a sentence, as CoNLL, or as JSON. */
import type { Tagger, TagPrediction } from 'latch'
import type { Output } from '../terminal/output.ts'
import { visible } from '../terminal/glyphWidth.ts'
import { percent } from '../terminal/numbers.ts'
import { atSentence, readSentenceFile, type SentenceFlags } from './sentences.ts'

/** Sentences that are tagged together. */
const AT_ONCE = 256

/** A prediction as `--json` prints it. */
export function tagsJson({ tokens, tags, confidences, entities, sentence }: TagPrediction): object {
  return { tokens, tags, confidences, entities, ...(sentence ? { sentence } : {}) }
}

/** `Ada/B-PER sings/O`; where sentences have a label, `greet: Ada/B-PER sings/O`. */
export function taggedLine({ tokens, tags, sentence }: TagPrediction): string {
  const line = tokens.map((token, t) => `${visible(token)}/${tags[t]}`).join(' ')
  return sentence ? `${visible(sentence.label)}: ${line}` : line
}

/** A line for each token: the token, its tag and the tag's probability; before them the label of the sentence. */
export function drawTags({ tokens, tags, confidences, sentence }: TagPrediction): string[] {
  const width = (texts: readonly string[]) => texts.reduce((most, text) => Math.max(most, text.length), 0)
  const [ofTokens, ofTags] = [width(tokens.map((token) => visible(token))), width(tags)]
  const lines = tokens.map(
    (token, t) =>
      `${visible(token).padEnd(ofTokens)}  ${tags[t].padEnd(ofTags)}  ${percent(confidences[t]).padStart(7)}`,
  )
  if (!sentence) return lines
  const { label, probabilities } = sentence
  return [`${visible(label)}  ${percent(probabilities[label])}`, '', ...lines]
}

/** Tags the sentences of a file that holds tokens; writes CoNLL (a token, a tab, its tag) or JSON. */
export async function predictFile(
  model: Tagger,
  path: string,
  flags: SentenceFlags,
  output: Output,
): Promise<void> {
  const file = await readSentenceFile(path, flags, output, null)
  for (let from = 0; from < file.rows.length; from += AT_ONCE) {
    const rows = file.rows.slice(from, from + AT_ONCE)
    let predictions: TagPrediction[]
    try {
      predictions = model.predict(rows.map(({ tokens }) => ({ tokens })))
    } catch (error) {
      throw atSentence(error, { ...file, places: file.places.slice(from) })
    }
    for (const prediction of predictions) {
      output.emit(tagsJson(prediction))
      if (!output.json) output.print(`${conllLines(prediction, model.settings.sentenceLabel)}\n`)
    }
    await output.drained()
    if (output.closed) return
  }
}

function conllLines({ tokens, tags, sentence }: TagPrediction, name: string | null): string {
  const lines = tokens.map((token, t) => `${token}\t${tags[t]}`)
  return [...(sentence ? [`# ${name} = ${sentence.label}`] : []), ...lines].join('\n')
}
