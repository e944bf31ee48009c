/** What a sequence-to-sequence model writes: greedily for many sources at once, or by beam search. */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { logSoftmax } from '../../core/probabilities.ts'
import type { TokenKind } from '../../text/tokenizer.ts'
import { UNKNOWN_TOKEN } from '../../text/vocabulary.ts'
import { searchBeams, type CompleteBeamSearch } from '../generation/beamSearch.ts'
import { joinedAfter } from '../generation/joinTokens.ts'
import type { NextTokens, Writer } from '../generation/writer.ts'
import { END_TOKEN } from '../languageModel/learned.ts'
import type { EncodedSequence } from '../model.ts'
import type { Trained } from '../task.ts'
import type { Decoder, EncodedSource } from './decoder.ts'
import type { SequenceToSequenceLearned, WrittenSequence } from './learned.ts'
import { readAttention } from './attention.ts'

/** Tokens of one source, as they were written, without the end token. */
export interface Written {
  tokens: string[]
  logProbability: number
  ended: boolean
}

/** Takes the likeliest token at each step, for sources side by side. */
export function writeGreedily(
  { learned }: Trained<SequenceToSequenceLearned>,
  decoder: Decoder,
  sources: readonly EncodedSource[],
): Written[] {
  const { targetWords, longest } = learned
  const written = sources.map((): Written => ({ tokens: [], logProbability: 0, ended: false }))
  const end = targetWords.idOf(END_TOKEN)
  const never = neverWritten(learned)
  const ids = new Int32Array(sources.length).fill(end)
  const open = decoder.open(sources)
  let which = sources.map((_, i) => i)
  for (let step = 0; step <= longest && which.length > 0; step++) {
    const rows = open.advance(which, ids)
    which.forEach((i, k) => {
      const id = likeliest(rows[k], never)
      written[i].logProbability += logSoftmax(rows[k])[id]
      ids[i] = id
      if (id === end) written[i].ended = true
      else written[i].tokens.push(targetWords.tokens[id])
    })
    which = which.filter((i) => !written[i].ended && written[i].tokens.length < longest)
  }
  return written
}

/** The likeliest targets that beam search finds for one source, the best first. */
export function searchTargets(
  { learned }: Trained<SequenceToSequenceLearned>,
  decoder: Decoder,
  source: EncodedSource,
  options: CompleteBeamSearch,
): Written[] {
  const { targetWords, settings } = learned
  const writer: Omit<Writer, 'begin'> = {
    vocabulary: targetWords.tokens,
    kind: settings.targetTokens,
    start: [targetWords.idOf(END_TOKEN)],
    prime: [],
    end: END_TOKEN,
    never: neverWritten(learned),
    beginMany(count): NextTokens {
      const open = decoder.open(Array.from({ length: count }, () => source))
      const ids = new Int32Array(count)
      return {
        begin(first) {
          ids[0] = first[0]
          return open.advance([0], ids)
        },
        advance(from, next) {
          open.reorder(from)
          ids.set(next)
          return open.advance(
            next.map((_, i) => i),
            ids,
          )
        },
      }
    },
  }
  return searchBeams(writer, options).map(({ tokens, logProbability }) => {
    const ended = tokens[tokens.length - 1] === END_TOKEN
    return { tokens: ended ? tokens.slice(0, -1) : [...tokens], logProbability, ended }
  })
}

/** With attention, the unknown token is written: it stands for the source token that was looked at most. */
function neverWritten({ settings, targetWords }: SequenceToSequenceLearned): ReadonlySet<number> {
  return new Set(settings.attention === 'none' ? [targetWords.idOf(UNKNOWN_TOKEN)] : [])
}

function likeliest(row: ArrayLike<number>, never: ReadonlySet<number>): number {
  let best = -1
  for (let id = 0; id < row.length; id++) if (!never.has(id) && (best < 0 || row[id] > row[best])) best = id
  return best
}

/** Predictions of sources, with the attention that the whole network pays, and unknown tokens copied from the source. */
export function complete(
  trained: Trained<SequenceToSequenceLearned>,
  encoded: readonly Pick<EncodedSequence, 'tokens' | 'ids'>[],
  written: readonly Written[],
): WrittenSequence[] {
  const { learned } = trained
  const { settings, targetWords, words } = learned
  const end = targetWords.idOf(END_TOKEN)
  const batch = PackedBatch.ofIds(
    encoded.map(({ ids }, i) => {
      const target = [end, ...targetWords.encode(written[i].tokens)].slice(
        0,
        Math.max(1, written[i].tokens.length),
      )
      return [...ids!, ...target.map((id) => id + words.size)]
    }),
  )
  const weights = settings.attention === 'none' ? null : readAttention(trained.network, batch)
  return written.map(({ tokens, logProbability, ended }, i) => {
    const sourceTokens = encoded[i].tokens
    const steps = sourceTokens.length
    const attention =
      weights && tokens.map((_, t) => Array.from(weights[i].subarray(t * steps, (t + 1) * steps)))
    const copied = tokens.map((token, t) =>
      token === UNKNOWN_TOKEN && attention ? sourceTokens[likeliest(attention[t], new Set())] : token,
    )
    return {
      output: [],
      steps: null,
      label: null,
      probabilities: null,
      text: joinTarget(copied, settings.targetTokens),
      tokens: copied,
      sourceTokens,
      logProbability,
      ended,
      attention,
    }
  })
}

/** The text of target tokens. */
export function joinTarget(tokens: readonly string[], kind: TokenKind): string {
  return joinedAfter('', tokens, kind)
}
