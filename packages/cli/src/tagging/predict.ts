/** `latch predict` of a tagger: the tag of each token, as a line a sentence, as CoNLL, or as JSON. */
import type { Tagger, TagPrediction } from 'latch'
import type { Output } from '../terminal/output.ts'
import { visible } from '../terminal/glyphWidth.ts'
import { percent } from '../terminal/numbers.ts'
import { atSentence, readSentenceFile, type SentenceFlags } from './sentences.ts'

/** Sentences that are tagged together. */
const AT_ONCE = 256

/** A prediction as `--json` prints it. */
export function tagsJson({ tokens, tags, confidences, entities }: TagPrediction): object {
  return { tokens, tags, confidences, entities }
}

/** `Ada/B-PER sings/O`. */
export function taggedLine({ tokens, tags }: TagPrediction): string {
  return tokens.map((token, t) => `${visible(token)}/${tags[t]}`).join(' ')
}

/** A line for each token: the token, its tag and the tag's probability. */
export function drawTags({ tokens, tags, confidences }: TagPrediction): string[] {
  const width = (texts: readonly string[]) => texts.reduce((most, text) => Math.max(most, text.length), 0)
  const [ofTokens, ofTags] = [width(tokens.map((token) => visible(token))), width(tags)]
  return tokens.map(
    (token, t) =>
      `${visible(token).padEnd(ofTokens)}  ${tags[t].padEnd(ofTags)}  ${percent(confidences[t]).padStart(7)}`,
  )
}

/** Tags the sentences of a file that holds tokens; writes CoNLL (a token, a tab, its tag) or JSON. */
export async function predictFile(
  model: Tagger,
  path: string,
  flags: SentenceFlags,
  output: Output,
): Promise<void> {
  const file = await readSentenceFile(path, flags, output, false)
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
      if (!output.json) output.print(`${conllLines(prediction)}\n`)
    }
    await output.drained()
    if (output.closed) return
  }
}

function conllLines({ tokens, tags }: TagPrediction): string {
  return tokens.map((token, t) => `${token}\t${tags[t]}`).join('\n')
}
