/**
 * What can be looked into: a network with numbers, or a model with texts. Every function of this room
 * takes either, and turns it into the same thing here: a network, one packed batch, what it should say.
 */
import type { Targets } from '../layers/loss.ts'
import type { PackedBatch } from '../layers/packed.ts'
import type { Network } from '../model/network.ts'

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
