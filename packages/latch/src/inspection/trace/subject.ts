/**
 * What can be looked into: a network with numbers, or a model with texts. Every function of this room
 * takes either, and turns it into the same thing here: a network, one packed batch, what it should say.
 */
import type { Targets } from '../../layers/loss.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Network } from '../../model/network.ts'
import { DataError, ShapeError, UnsupportedError, UsageError } from '../../core/errors.ts'
import { classCount, likeliestClass } from './classScores.ts'
import { needRecurrent } from './traceLink.ts'

/** A text as a model reads it. All three have one entry a token. */
export interface EncodedText {
  tokens: readonly string[]
  ids: readonly number[]
  /** False: the vocabulary does not have this token, the model reads it as the unknown one. */
  known: readonly boolean[]
}

/** A model that reads texts; `TextClassifier` is one. */
export interface ReadingModel {
  readonly network: Network
  /** In the order of the classes. */
  readonly labels: readonly string[]
  encode(text: string): EncodedText
}

/** What is looked into. */
export type Subject = Network | ReadingModel

/** One sequence: a text (models), token ids, or a batch of one. */
export type SubjectInput = string | ArrayLike<number> | PackedBatch

/** What the loss compares with: a label (models), a class number, or targets. Default: what the subject says. */
export type SubjectTarget = string | number | Targets

/** A subject with its input and target settled. */
export interface ResolvedSubject {
  network: Network
  /** One sequence. */
  batch: PackedBatch
  /** What a text was cut into; null where no model read a text. */
  tokens: readonly string[] | null
  /** Token ids, null for features. */
  ids: readonly number[] | null
  /** Which tokens the vocabulary has; null where no model read a text. */
  known: readonly boolean[] | null
  /** A model's labels in the order of its classes, null for a network. */
  labels: readonly string[] | null
  /** What the loss compares with. */
  targets: Targets
  /** The class in `targets`, null where they are no single class. */
  target: number | null
}

/**
 * Settles what is asked about: reads a text, packs the sequence, finds the target. Without a target it is
 * what the subject says: its likeliest class (with one logit, class 1 above 0), at every step where it answers
 * every step; that takes one forward pass.
 * @param where names the asking function in errors
 * @throws UnsupportedError for a network without recurrent layers, or a text without a model to read it;
 * DataError for an empty text or an unknown label; ShapeError for more than one sequence; UsageError for a
 * network without a loss, or a target that is missing where outputs are no classes
 */
export function resolveSubject(
  where: string,
  subject: Subject,
  input: SubjectInput,
  target?: SubjectTarget,
): ResolvedSubject {
  const read = resolveInput(where, subject, input)
  return { ...read, ...targetsOf(where, read.network, read.batch, read.labels, target) }
}

/** A subject and its input, without a target. Errors: see resolveSubject. */
export function resolveInput(
  where: string,
  subject: Subject,
  input: SubjectInput,
): Omit<ResolvedSubject, 'targets' | 'target'> {
  const model = isReader(subject) ? subject : null
  const network = model ? model.network : (subject as Network)
  needRecurrent(where, network)
  const labels = model ? model.labels : null
  const text = typeof input === 'string' ? readText(where, model, input) : null
  const ids = text ? text.ids : input
  const batch = ids instanceof PackedBatch ? ids : PackedBatch.ofIds([ids as ArrayLike<number>])
  if (batch.sequences !== 1) {
    throw new ShapeError({ where, expected: 'one sequence', got: `${batch.sequences}` })
  }
  return {
    network,
    batch,
    tokens: text && text.tokens,
    ids: batch.ids && Array.from(batch.ids),
    known: text && text.known,
    labels,
  }
}

function isReader(subject: Subject): subject is ReadingModel {
  return 'encode' in subject && typeof subject.encode === 'function'
}

function readText(where: string, model: ReadingModel | null, text: string): EncodedText {
  if (!model) {
    const remedy = 'A bare network knows no words: give token ids, or the model that reads texts.'
    throw new UnsupportedError({ where, expected: 'token ids or a batch', got: 'a text', remedy })
  }
  const read = text.trim() === '' ? null : model.encode(text)
  if (read && read.ids.length > 0) return read
  throw new DataError({ where, expected: 'a text with at least one token', got: JSON.stringify(text) })
}

function targetsOf(
  where: string,
  network: Network,
  batch: PackedBatch,
  labels: readonly string[] | null,
  target?: SubjectTarget,
): Pick<ResolvedSubject, 'targets' | 'target'> {
  needLoss(where, network)
  if (typeof target === 'object') {
    const { classes } = target
    return { targets: target, target: classes?.length === 1 ? classes[0] : null }
  }
  if (target === undefined) return ownTargets(where, network, batch)
  const number = typeof target === 'string' ? classOfLabel(where, labels, target) : target
  const classes = classCount(network)
  if (classes === 0 || network.output.per === 'step') {
    const expected = network.output.per === 'step' ? 'targets of every step' : 'targets with values'
    const remedy = 'This network does not end in one class: give { stepClasses } or { values }.'
    throw new UsageError({ where, expected, got: `class ${number}`, remedy })
  }
  if (Number.isInteger(number) && number >= 0 && number < classes) {
    return { targets: { classes: [number] }, target: number }
  }
  throw new DataError({ where, expected: `a class from 0 to ${classes - 1}`, got: `${number}` })
}

/** @throws UsageError for a network without a loss */
export function needLoss(where: string, { config }: Network): void {
  if (config.loss) return
  const remedy = 'Gradients are of a loss: build the network with one.'
  throw new UsageError({ where, expected: 'a network with a loss', got: 'one without', remedy })
}

/** A label's number. @throws UsageError where there are no labels, DataError for an unknown one */
export function classOfLabel(where: string, labels: readonly string[] | null, label: string): number {
  if (!labels) {
    const remedy = 'A bare network knows no labels.'
    throw new UsageError({ where, expected: 'a class number or targets', got: JSON.stringify(label), remedy })
  }
  const found = labels.indexOf(label)
  if (found >= 0) return found
  throw new DataError({
    where,
    expected: `one of the labels ${labels.join(', ')}`,
    got: JSON.stringify(label),
  })
}

/** What the network itself says. */
function ownTargets(
  where: string,
  network: Network,
  batch: PackedBatch,
): Pick<ResolvedSubject, 'targets' | 'target'> {
  const { width, per } = network.output
  const type = network.config.loss!.type
  if (type !== 'softmaxCrossEntropy' && type !== 'binaryCrossEntropy') {
    const remedy = `What should it have said? Give { values }.`
    throw new UsageError({ where, expected: `targets for ${type}`, got: 'none', remedy })
  }
  network.forward(batch)
  const out = network.readOutput(batch)
  if (classCount(network) === 0) return { targets: { values: out.map((x) => (x > 0 ? 1 : 0)) }, target: null }
  const said = Array.from({ length: out.length / width }, (_, row) =>
    likeliestClass(out.subarray(row * width, (row + 1) * width)),
  )
  if (per === 'step') return { targets: { stepClasses: [said] }, target: null }
  return { targets: { classes: said }, target: said[0] }
}
