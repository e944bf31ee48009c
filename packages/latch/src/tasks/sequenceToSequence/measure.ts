/** The metrics of a sequence-to-sequence model: the loss of true targets, and what the model writes against them. */
import { UsageError } from '../../core/errors.ts'
import type { Dataset } from '../../training/dataset.ts'
import { Interval, yieldToEventLoop } from '../../training/eventLoop.ts'
import { evaluate } from '../../training/evaluate.ts'
import { UNKNOWN_TOKEN } from '../../text/vocabulary.ts'
import { forEachBatch } from '../encoding.ts'
import {
  completeBeamSearch,
  type BeamSearchOptions,
  type CompleteBeamSearch,
} from '../generation/beamSearch.ts'
import { formatCount } from '../labels.ts'
import type { ModelEvaluateOptions, SequenceEvaluation } from '../model.ts'
import type { Trained } from '../task.ts'
import { unknownTokens } from '../unknownTokens.ts'
import { Decoder, type EncodedSource } from './decoder.ts'
import { editDistance } from './editDistance.ts'
import type { SequenceToSequenceLearned, SourceAndTarget } from './learned.ts'
import { complete, joinTarget, searchTargets, writeGreedily, type Written } from './search.ts'

/** Errors: see SequenceToSequence.evaluate. */
export async function measureSequences(
  trained: Trained<SequenceToSequenceLearned>,
  items: readonly SourceAndTarget[],
  dataset: Dataset,
  options: ModelEvaluateOptions & Pick<BeamSearchOptions, 'beams' | 'lengthPenalty'>,
): Promise<SequenceEvaluation> {
  const { network, learned, names: labels } = trained
  const search = readSearch(options, learned.longest)
  const { signal } = options
  const half = (from: number) => (fraction: number) => options.onProgress?.(from + fraction / 2)
  const { loss, accuracy: tokenAccuracy } = await evaluate(network, dataset, { signal, onProgress: half(0) })
  const { right, edits, tokens } = await compareWritten(trained, items, search, {
    signal,
    onProgress: half(0.5),
  })
  const { unknown, total } = unknownTokens(learned, items)
  return {
    kind: 'sequences',
    loss,
    perplexity: Math.exp(loss),
    tokenAccuracy: tokenAccuracy!,
    accuracy: right / items.length,
    errorRate: edits / tokens,
    beams: search?.beams ?? null,
    n: items.length,
    labels,
    warnings:
      unknown > 0 ? [`${formatCount(unknown, 'source token')} of ${total} are unknown to the model.`] : [],
  }
}

/** Null: no beam search. @throws UsageError naming the option */
function readSearch(
  { beams, lengthPenalty }: Pick<BeamSearchOptions, 'beams' | 'lengthPenalty'>,
  longest: number,
): CompleteBeamSearch | null {
  if (beams !== undefined)
    return completeBeamSearch({ beams, lengthPenalty, length: longest + 1 }, 'evaluate')
  if (lengthPenalty === undefined) return null
  throw new UsageError({
    where: 'evaluate option lengthPenalty',
    expected: 'no value without beam search',
    got: String(lengthPenalty),
    remedy: 'Add `beams: 5`, or omit `lengthPenalty`.',
  })
}

/** Exact targets, edits, and tokens of the targets. */
async function compareWritten(
  trained: Trained<SequenceToSequenceLearned>,
  items: readonly SourceAndTarget[],
  search: CompleteBeamSearch | null,
  { signal, onProgress }: ModelEvaluateOptions,
): Promise<{ right: number; edits: number; tokens: number }> {
  const { words, settings } = trained.learned
  const decoder = new Decoder(trained)
  const interval = new Interval()
  const sums = { right: 0, edits: 0, tokens: 0 }
  let done = 0
  const add = async (numbers: readonly number[], sources: readonly EncodedSource[]) => {
    const written = search
      ? sources.map((source) => searchTargets(trained, decoder, source, search)[0])
      : writeGreedily(trained, decoder, sources)
    const own = numbers.map((i) => items[i])
    copyUnknown(trained, own, written).forEach((tokens, k) => {
      const { target, targetTokens } = own[k]
      sums.right += Number(joinTarget(tokens, settings.targetTokens) === target)
      sums.edits += editDistance(tokens, targetTokens)
      sums.tokens += targetTokens.length
    })
    done += numbers.length
    if (!interval.passed()) return
    onProgress?.(done / items.length)
    await yieldToEventLoop()
    signal?.throwIfAborted()
  }
  try {
    const batches: (readonly number[])[] = []
    forEachBatch(
      items.map(({ tokens }) => tokens.length),
      (numbers) => batches.push(numbers),
    )
    for (const numbers of batches) {
      const sources = decoder.encode(numbers.map((i) => [...words.encode(items[i].tokens)]))
      // Each search takes as long as many sources side by side.
      if (!search) await add(numbers, sources)
      else for (const [k, number] of numbers.entries()) await add([number], [sources[k]])
    }
  } finally {
    decoder.dispose()
  }
  return sums
}

/** The tokens with those copied that the model does not know, as in predictions. */
function copyUnknown(
  trained: Trained<SequenceToSequenceLearned>,
  items: readonly SourceAndTarget[],
  written: readonly Written[],
): (readonly string[])[] {
  const all = written.map(({ tokens }): readonly string[] => tokens)
  const { words, settings } = trained.learned
  if (settings.attention === 'none') return all
  const which = all.flatMap((tokens, i) => (tokens.includes(UNKNOWN_TOKEN) ? [i] : []))
  if (which.length === 0) return all
  const encoded = which.map((i) => ({ tokens: items[i].tokens, ids: [...words.encode(items[i].tokens)] }))
  complete(
    trained,
    encoded,
    which.map((i) => written[i]),
  ).forEach(({ tokens }, k) => (all[which[k]] = tokens))
  return all
}
