/** What inspection follows of a sequence-to-sequence model: a source, and the target that it writes or would write. */
import { DataError } from '../../core/errors.ts'
import { softmax } from '../../core/probabilities.ts'
import { describe } from '../../core/validation.ts'
import { likeliestClass } from '../../inspection/trace/classScores.ts'
import { traceEncoderDecoder } from '../../inspection/trace/encoderDecoder.ts'
import { recurrentParts } from '../../inspection/trace/recurrentParts.ts'
import type { EncodedInput } from '../../inspection/trace/subject.ts'
import { passLink } from '../../inspection/trace/traceLink.ts'
import type { Trace, TraceStep } from '../../inspection/trace/traceTypes.ts'
import type { Targets } from '../../layers/loss.ts'
import { formatCount } from '../labels.ts'
import { END_TOKEN } from '../languageModel/learned.ts'
import type { EncodedSequence } from '../model.ts'
import { byName } from '../prediction.ts'
import type { Trained } from '../task.ts'
import type { SequenceToSequenceLearned } from './learned.ts'
import type { Written } from './search.ts'

/** A source and a target as the network reads them, one after the other, and the classes that the target's steps have. */
export interface EncodedBoth extends EncodedInput {
  targets: Targets
}

/** The tokens of a target text. @throws DataError for a text without tokens, or with too many */
export function readTarget(
  { targetTokenizer, settings }: SequenceToSequenceLearned,
  text: string,
  where = 'target',
): Written {
  const tokens = typeof text === 'string' ? targetTokenizer.tokenize(text.trim()) : []
  if (tokens.length === 0) {
    const expected = typeof text === 'string' ? 'a text with at least one token' : 'a string'
    throw new DataError({ where, expected, got: describe(text) })
  }
  const most = settings.maximumLength
  if (tokens.length <= most) return { tokens: [...tokens], logProbability: NaN, ended: true }
  throw new DataError({ where, expected: `at most ${formatCount(most, 'token')}`, got: `${tokens.length}` })
}

/** Both sides: the decoder reads the end token and then the tokens before each that it writes. */
export function encodeBoth(
  { words, targetWords }: SequenceToSequenceLearned,
  source: EncodedSequence,
  { tokens, ended }: Written,
): EncodedBoth {
  const classes = targetWords.encode(ended ? [...tokens, END_TOKEN] : tokens)
  const read = [END_TOKEN, ...tokens].slice(0, classes.length)
  const ids = [...source.ids!, ...[...targetWords.encode(read)].map((id) => id + words.size)]
  return {
    steps: ids.length,
    tokens: [...source.tokens, ...read],
    ids,
    features: null,
    known: [...source.known, ...read.map((token) => targetWords.has(token))],
    targets: { stepClasses: [classes] },
  }
}

/** The trace of a source and the target in `both`. */
export function traceBoth(
  { network, names, learned }: Trained<SequenceToSequenceLearned>,
  source: EncodedSequence,
  both: EncodedBoth,
  texts: { source: string; target: string },
): Trace {
  const sequence = traceEncoderDecoder(network, both.ids!, both.targets)
  const { loss, layers, outputs, attention } = sequence
  const { cell } = recurrentParts(network)[0].layer
  const top = layers[layers.length - 1]
  const output = outputs!.map((row) => {
    const probabilities = softmax(row)
    return {
      label: names[likeliestClass(probabilities)],
      probabilities: byName(probabilities, names),
    }
  })
  const steps = top.steps.map((step, t) => ({
    ...step,
    token: both.tokens[source.steps + t],
    id: both.ids![source.steps + t] - learned.words.size,
    known: both.known[source.steps + t],
    output: output[t],
  }))
  const trace = {
    text: texts.source,
    cell: cell.name,
    ...output[output.length - 1],
    target: texts.target,
    loss,
    convention: cell.keepConvention,
    steps: steps as TraceStep[],
    layers,
    source: { tokens: source.tokens, known: source.known },
    attention,
  } as unknown as Trace
  passLink(sequence, trace)
  return trace
}
