/**
 * What if: the same sequence twice through the same pass, once as it is and once with gates held, states
 * set, tokens dropped or replaced. Everything after an edit follows from it by the cell's own equations.
 */
import { Holds } from '../../layers/recurrent/overrides.ts'
import type { Targets } from '../../layers/loss.ts'
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
import { prefixOutputs } from '../trace/prefixes.ts'
import { batchOfSteps } from '../trace/stepBatch.ts'
import { traceSequence } from '../trace/trace.ts'
import type { SequenceTrace } from '../trace/traceTypes.ts'

/** A trace with the names of what was read, and what the subject says of classes. */
export interface EditedTrace extends SequenceTrace {
  /** Null for a bare network; an id put in as a number reads `#id`. */
  tokens: readonly string[] | null
  /** Null for features. */
  ids: readonly number[] | null
  known: readonly boolean[] | null
  /** The likeliest class (of the last step, where there is an output at every step); null where outputs are numbers. */
  class: number | null
  /** Its label; null for a bare network. */
  label: string | null
  /** Of each class; null where outputs are numbers. */
  probabilities: Float64Array | null
  /** The output if the sequence ended at each step, holds included (T rows of C); null for features. */
  prefixes: Float64Array[] | null
  /** Probabilities of the classes at each of them. */
  prefixProbabilities: Float64Array[] | null
}

/** One sequence as it is, and as the edits make it. */
export interface Intervention {
  /** Class whose loss the gradients of both are of; null where targets are no single class. */
  target: number | null
  before: EditedTrace
  after: EditedTrace
  /** By step after the edits: the step it was before them, or null where it was not there. */
  steps: (number | null)[]
}

/**
 * Holds gates, sets states, drops and replaces tokens, and shows what follows. Steps of edits count in the
 * text as it was. Held gates and set states pass no gradient; candidates held take W_hh's part with them.
 * Later edits of the same number win.
 * @param target what the loss compares with, before and after; default what the subject says unedited
 * @throws UsageError naming the edit with a layer, direction, gate, state, unit, step, value or token that
 * is not there, or when no token stays; and what `traceSequence` throws
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
    after: traceOf(edited(resolved, applied), applied.holds.length ? new Holds(applied.holds) : undefined),
    steps: applied.steps,
  }
}

function traceOf(
  { network, batch, ids, tokens, known, labels, targets }: ResolvedSubject,
  holds?: Holds,
): EditedTrace {
  const trace = traceSequence(network, batch, targets, holds)
  const classes = classCount(network)
  const last = trace.output.subarray(trace.output.length - network.output.width)
  const predicted = classes > 0 ? likeliestClass(last) : null
  const prefixes = ids && prefixOutputs(network, batch, holds)
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

/** The sequence that the edits of tokens make. */
function edited(subject: ResolvedSubject, { steps, replaced }: AppliedEdits): ResolvedSubject {
  const { network, batch, ids, tokens, known, targets } = subject
  const own = ids && Int32Array.from(ids, (id, t) => replaced.get(t)?.id ?? id)
  return {
    ...subject,
    batch: batchOfSteps({ ...batch, mask: batch.mask, ids: own }, [steps]),
    ids: own && steps.map((t) => own[t]),
    tokens: tokens && steps.map((t) => replaced.get(t)?.token ?? tokens[t]),
    known: known && steps.map((t) => replaced.get(t)?.known ?? known[t]),
    targets: targetsAt(network, targets, steps),
  }
}

/** Targets of every step lose those of dropped steps. */
function targetsAt({ output }: Network, targets: Targets, steps: readonly number[]): Targets {
  if (output.per !== 'step') return targets
  const { stepClasses, values } = targets
  if (stepClasses) return { ...targets, stepClasses: [steps.map((t) => stepClasses[0][t])] }
  const { width } = output
  return {
    ...targets,
    values: values && steps.flatMap((t) => Array.from({ length: width }, (_, j) => values[t * width + j])),
  }
}
