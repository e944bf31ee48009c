/**
 * Interventions: the same sequence twice through the same network, once unedited and once with gates clamped, states
 * set, tokens dropped or replaced. Everything after an edit follows from the cell's own equations.
 */
import { UnsupportedError } from '../../core/errors.ts'
import { outputSteps } from '../../model/outputBatch.ts'
import { Overrides } from '../../layers/recurrent/overrides.ts'
import type { Targets } from '../../layers/loss.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Network } from '../../model/network.ts'
import { classCount, likeliestClass, probabilitiesOf } from '../trace/classScores.ts'
import { applyEdits, type AppliedEdits } from './edits.ts'
import type { Edit } from './editTypes.ts'
import {
  resolveSubject,
  type ResolvedSubject,
  type Subject,
  type SubjectInput,
  type SubjectTarget,
} from '../trace/subject.ts'
import { answersPrefixes, prefixOutputsWith } from '../trace/prefixes.ts'
import { batchOfSteps } from '../trace/stepBatch.ts'
import { traceWith } from '../trace/trace.ts'
import type { SequenceTrace } from '../trace/traceTypes.ts'

/** A trace with the tokens that were read and the predicted classes. */
export interface EditedTrace extends SequenceTrace {
  /** Null for a network; a token replaced by an id reads `#id`. */
  tokens: readonly string[] | null
  /** Null for features. */
  ids: readonly number[] | null
  known: readonly boolean[] | null
  /** The network's most likely class, without counts of words (of the last step, for outputs at every step); null for numbers. */
  class: number | null
  /** Its label; null without labels. */
  label: string | null
  /** Probability of each class; null where outputs are numbers. */
  probabilities: Float64Array | null
  /**
   * The output if the sequence ended at each step of the top layer, with the overrides (T rows of C); null for features,
   * and where the network takes sequences of one length only.
   */
  prefixes: Float64Array[] | null
  /** Probabilities of the classes at each of them. */
  prefixProbabilities: Float64Array[] | null
}

/** One sequence before and after the edits. */
export interface Intervention {
  /** Target class of both losses; null unless the target is a single class. */
  target: number | null
  before: EditedTrace
  after: EditedTrace
  /** For each step after the edits, its step before them; null if it did not exist. */
  steps: (number | null)[]
}

/**
 * Clamps gates, sets states, drops and replaces tokens, and traces the sequence before and after. Steps of edits
 * (from 0) are those of the original sequence. No gradient passes a clamped gate or a set state; a clamped candidate
 * cuts the gradient through W_hh too. Of edits of the same number, the last wins.
 * @param target what both losses compare with; default: the unedited prediction
 * @throws UsageError naming the edit whose layer, direction, gate, state, unit, step, value or token does not exist,
 * or if all tokens are dropped; and what `traceWith` throws
 */
export function intervene<Input = never>(
  subject: Subject<Input>,
  input: SubjectInput<NoInfer<Input>>,
  edits: readonly Edit[],
  target?: SubjectTarget,
): Intervention {
  const resolved = resolveSubject('intervene', subject, input, target)
  const applied = applyEdits(
    resolved,
    'encode' in subject ? (word) => subject.encode(word as Input) : null,
    edits,
  )
  return {
    target: resolved.target,
    before: traceOf(resolved),
    after: traceOf(
      edited(resolved, applied),
      applied.overrides.length ? new Overrides(applied.overrides) : undefined,
    ),
    steps: applied.steps,
  }
}

function traceOf(
  { network, batch, ids, tokens, known, labels, targets }: ResolvedSubject,
  overrides?: Overrides,
): EditedTrace {
  const trace = traceWith(network, batch, targets, overrides)
  const classes = classCount(network)
  const last = trace.output.subarray(trace.output.length - network.output.width)
  const predicted = classes > 0 ? likeliestClass(last) : null
  const prefixes = ids && prefixesOf(network, trace, batch, overrides)
  // The trace itself, so that it stays linked to its weights.
  return Object.assign(trace, {
    tokens,
    ids,
    known,
    class: predicted,
    label: labels && predicted !== null ? labels[predicted] : null,
    probabilities: classes > 0 ? probabilitiesOf(last) : null,
    prefixes,
    prefixProbabilities: prefixes && classes > 0 ? prefixes.map(probabilitiesOf) : null,
  })
}

/** At the end of each step of the top layer; null where the network does not answer so short a sequence. */
function prefixesOf(
  network: Network,
  { layers }: SequenceTrace,
  batch: PackedBatch,
  overrides?: Overrides,
): Float64Array[] | null {
  const { receptiveFields, steps } =
    layers.findLast(({ direction }) => direction === 'forward') ?? layers.at(-1)!
  const ends = steps.map((_, t) => (receptiveFields ? (receptiveFields[t]?.[1] ?? 0) : t) + 1)
  return answersPrefixes(network, ends) ? prefixOutputsWith(network, batch, overrides, ends) : null
}

/** The sequence after the edits of tokens. */
function edited(subject: ResolvedSubject, { steps, replaced }: AppliedEdits): ResolvedSubject {
  const { network, batch, ids, tokens, known, targets } = subject
  const own = ids && Int32Array.from(ids, (id, t) => replaced.get(t)?.id ?? id)
  return {
    ...subject,
    batch: batchOfSteps({ ...batch, mask: batch.mask, ids: own }, [steps]),
    ids: own && steps.map((t) => own[t]),
    tokens: tokens && steps.map((t) => replaced.get(t)?.token ?? tokens[t]),
    known: known && steps.map((t) => replaced.get(t)?.known ?? known[t]),
    targets: steps.length === batch.steps ? targets : targetsAt(network, targets, batch.steps, steps),
  }
}

/**
 * Per-step targets without those of dropped steps.
 * @throws UnsupportedError where the outputs have other steps than the input
 */
function targetsAt(network: Network, targets: Targets, all: number, steps: readonly number[]): Targets {
  const { output } = network
  if (output.per !== 'step') return targets
  const { stepClasses, values } = targets
  const own = outputSteps(network, all)
  if (own !== all) {
    throw new UnsupportedError({
      where: 'intervene, drop',
      expected: 'a network that answers each step of its input',
      got: `${own} outputs for ${all} steps`,
    })
  }
  if (stepClasses) return { ...targets, stepClasses: [steps.map((t) => stepClasses[0][t])] }
  const { width } = output
  return {
    ...targets,
    values: values && steps.flatMap((t) => Array.from({ length: width }, (_, j) => values[t * width + j])),
  }
}
