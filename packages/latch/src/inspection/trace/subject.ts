/**
 * What inspection takes: a network with token ids or a packed batch, or a model with any input that it reads. Every
 * function turns it into the same thing here: a network, one packed batch, and the target of the loss.
 */
import type { Targets } from '../../layers/loss.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Network } from '../../model/network.ts'
import { DataError, ShapeError, UnsupportedError, UsageError } from '../../core/errors.ts'
import { classCount, likeliestClass } from './classScores.ts'
import { encoderDecoderOf } from './recurrentParts.ts'
import { needRecurrent } from './traceLink.ts'

/** An input as a model reads it: one entry a step in each list. */
export interface EncodedInput {
  steps: number
  /** What stands for each step: a token, an id, a step's number. */
  tokens: readonly string[]
  /** Null for features. */
  ids: readonly number[] | null
  /** (T, F) row-major; null for ids. */
  features: Float64Array | null
  /** False: the vocabulary does not have this token, the model reads it as the unknown one. */
  known: readonly boolean[]
  /** Steps of padding at its beginning. Default 0. */
  padding?: number
  /** Steps of padding at its end. Default 0. */
  paddingAfter?: number
}

/** A model that inspection takes; every model of Latch is one. */
export interface InspectableModel<Input = string> {
  readonly network: Network
  /** In the order of the classes, or of the outputs. */
  readonly labels: readonly string[]
  encode(input: Input): EncodedInput
  /**
   * Of a model that reads one sequence and writes another: both as its network reads them, and what it writes, the text
   * given or what the model itself says. Absent: inputs are one sequence.
   * @param where names the calling function in errors
   */
  encodeBoth?(input: Input, target: string | null, where?: string): EncodedInput & { targets: Targets }
  /** What gradients are of: a class (null: the predicted one), or one number of the output (null: the first). */
  chooseTarget(
    batch: PackedBatch,
    label: string | number | null,
    where?: string,
    tokens?: readonly string[] | null,
  ): { target: number; targets: Targets }
}

/** A network or a model. */
export type Subject<Input = string> = Network | InspectableModel<Input>

/** One sequence: an input that the model reads, or for a network token ids; or a batch of one. */
export type SubjectInput<Input = string> = Input | ArrayLike<number> | PackedBatch

/** What the loss compares with: a label (models), a class number, or targets. Default: what the subject predicts. */
export type SubjectTarget = string | number | Targets

/** A subject with its input and target resolved. */
export interface ResolvedSubject {
  network: Network
  /** One sequence; of an encoder and a decoder, that of the source and then the target. */
  batch: PackedBatch
  /** What stands for each step; null for a bare network. */
  tokens: readonly string[] | null
  /** Token ids, null for features. */
  ids: readonly number[] | null
  /** Which tokens the vocabulary has; null for a bare network. */
  known: readonly boolean[] | null
  /** A model's labels in the order of its classes, null for a network. */
  labels: readonly string[] | null
  /** What the loss compares with. */
  targets: Targets
  /** The class in `targets`, null where they are no single class. */
  target: number | null
}

/** How a subject is read. */
interface Reading {
  /** Whether the network may have an encoder and a decoder, each with steps of its own. */
  sides: boolean
}

/**
 * Reads an input, packs it, and finds the target. Without a target it is what the subject predicts: its likeliest class
 * (with one logit, class 1 above 0), of a network at every step where it has an output at every step; that takes one
 * forward pass.
 * @param where names the calling function in errors
 * @throws UnsupportedError for a network without recurrent layers, or a text without a model to read it;
 * DataError for an empty text or an unknown label; ShapeError for more than one sequence; UsageError for a
 * network without a loss, or a target that is missing where outputs are no classes
 */
export function resolveSubject<Input>(
  where: string,
  subject: Subject<Input>,
  input: SubjectInput<Input>,
  target?: SubjectTarget,
  reading: Reading = { sides: false },
): ResolvedSubject {
  const own = isModel(subject) && !(input instanceof PackedBatch) && reading.sides ? subject : null
  if (own?.encodeBoth && typeof target !== 'object') {
    if (typeof target === 'number')
      throw new UsageError({ where, expected: 'a target text', got: `class ${target}` })
    const { targets, ...encoded } = own.encodeBoth(input as Input, target ?? null, where)
    return { ...resolvedOf(where, own, encoded), targets, target: null }
  }
  const read = resolveInput(where, subject, input, reading)
  if (isModel(subject) && !subject.encodeBoth && typeof target !== 'object') {
    needLoss(where, read.network)
    return { ...read, ...subject.chooseTarget(read.batch, target ?? null, where, read.tokens) }
  }
  return { ...read, ...targetsOf(where, read.network, read.batch, read.labels, target) }
}

/** A subject and its input, without a target. Errors: see resolveSubject. */
export function resolveInput<Input>(
  where: string,
  subject: Subject<Input>,
  input: SubjectInput<Input>,
  { sides }: Reading = { sides: false },
): Omit<ResolvedSubject, 'targets' | 'target'> {
  const model = isModel(subject) ? subject : null
  const network = model ? model.network : (subject as Network)
  if (!sides || !encoderDecoderOf(network)) needRecurrent(where, network)
  if (!model || input instanceof PackedBatch) return resolvedOf(where, subject, packIds(where, input))
  const encoded = sides && model.encodeBoth?.(input as Input, null, where)
  return resolvedOf(where, model, encoded || encodeInput(where, model, input as Input))
}

function resolvedOf<Input>(
  where: string,
  subject: Subject<Input>,
  read: EncodedInput | PackedBatch,
): Omit<ResolvedSubject, 'targets' | 'target'> {
  const model = isModel(subject) ? subject : null
  const encoded = read instanceof PackedBatch ? null : read
  const batch = encoded ? packOne(encoded) : (read as PackedBatch)
  if (batch.sequences !== 1) {
    throw new ShapeError({ where, expected: 'one sequence', got: `${batch.sequences}` })
  }
  return {
    network: model ? model.network : (subject as Network),
    batch,
    tokens: encoded && encoded.tokens,
    ids: batch.ids && Array.from(batch.ids),
    known: encoded && encoded.known,
    labels: model ? model.labels : null,
  }
}

function isModel<Input>(subject: Subject<Input>): subject is InspectableModel<Input> {
  return 'encode' in subject && typeof subject.encode === 'function'
}

function encodeInput<Input>(where: string, model: InspectableModel<Input>, input: Input): EncodedInput {
  const encoded = typeof input === 'string' && input.trim() === '' ? null : model.encode(input)
  if (encoded && encoded.steps > 0) return encoded
  throw new DataError({ where, expected: 'a text with at least one token', got: JSON.stringify(input) })
}

function packOne({ ids, features, steps }: EncodedInput): PackedBatch {
  if (ids) return PackedBatch.ofIds([ids])
  return PackedBatch.ofFeatures(features!, [1, steps, features!.length / steps])
}

/** The input of a bare network. */
function packIds(where: string, input: unknown): PackedBatch {
  if (input instanceof PackedBatch) return input
  if (typeof input !== 'string') return PackedBatch.ofIds([input as ArrayLike<number>])
  const remedy = 'A bare network has no vocabulary: pass token ids, or the model that reads texts.'
  throw new UnsupportedError({ where, expected: 'token ids or a batch', got: 'a text', remedy })
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
    const remedy = 'A bare network has no labels: pass a class number, or the model.'
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
  if (type !== 'softmaxCrossEntropy' && type !== 'binaryCrossEntropy' && type !== 'crf') {
    const remedy = 'Pass the values that the output should have: { values }.'
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
