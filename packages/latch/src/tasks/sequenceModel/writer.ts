/** Texts of a sequence model whose classes are the tokens that it reads. */
import { DataError, UnsupportedError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { Network } from '../../model/network.ts'
import { readByStream, readByStreams, readByWindow, readManyByWindow } from '../generation/nextToken.ts'
import type { Writer } from '../generation/writer.ts'
import type { Trained } from '../task.ts'
import type { SequenceLearned } from './learned.ts'
import { IMPORT_VOCABULARY } from './reader.ts'

/** @throws UnsupportedError for a model that does not predict its next token; DataError for a prime that it cannot read */
export function sequenceWriter(trained: Trained<SequenceLearned>, text: string, method = 'generate'): Writer {
  const { network, learned } = trained
  const vocabulary = requireNextToken(trained, method)
  const { reader, textInput, input, outputActivation, tokens } = learned
  const prime = reader.tokenizer!.tokenize(text).flatMap((token) => {
    const id = reader.idOfText(token)
    return id === null ? [] : [{ token, id }]
  })
  const padding = textInput?.padding ?? null
  const least = padding || input.steps === null ? 1 : input.steps
  if (prime.length < least) {
    throw new DataError({
      where: `${method} option prime`,
      expected: `a text of at least ${least === 1 ? 'one token' : `${least} tokens`} of the vocabulary`,
      got: describe(text),
      remedy: least === 1 ? 'Give the beginning of a text.' : 'Write a longer prime.',
    })
  }
  const named = (token: string, id: number) => token !== '' && token !== `<${id}>` && id !== padding?.id
  const hidden = vocabulary.flatMap((token, id) => (named(token, id) ? [] : [id]))
  const unknown = textInput?.unknown
  const window = windowOf(trained)
  // The loss of training says what rows are: logits, or probabilities.
  const logits = (row: ArrayLike<number>) =>
    outputActivation === 'probabilities' ? Float64Array.from(row, Math.log) : row
  return {
    vocabulary,
    kind: tokens ?? 'words',
    start: [],
    prime,
    end: null,
    never: new Set(typeof unknown === 'number' ? [...hidden, unknown] : hidden),
    begin() {
      const read = window ? readByWindow(network, window) : readByStream(network)
      return (ids) => logits(read(ids))
    },
    beginMany(count) {
      const read = window ? readManyByWindow(network, window) : readByStreams(network, count)
      return {
        begin: (ids) => read.begin(ids).map(logits),
        advance: (from, ids) => read.advance(from, ids).map(logits),
      }
    },
  }
}

/** What the network reads of a text; null: one token after the other. */
function windowOf({ network, learned }: Trained<SequenceLearned>) {
  const { reader, textInput, input } = learned
  const padding = textInput?.padding ?? null
  if (padding) return (ids: readonly number[]) => reader.padded(ids.slice(-padding.length), (id) => id).ids
  const steps = input.steps ?? flattenedSteps(network)
  if (steps !== null) return (ids: readonly number[]) => ids.slice(-steps)
  try {
    network.stream()
    return null
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    return (ids: readonly number[]) => ids
  }
}

/** A flatten layer reads the first steps only: of a text that goes on, it must be given the last ones. */
function flattenedSteps({ config }: Network): number | null {
  const layer = config.layers.find((options) => options.type === 'flatten')
  return layer?.steps ?? null
}

function requireNextToken({ network, learned }: Trained<SequenceLearned>, method: string): readonly string[] {
  const { vocabulary, labels, reader, input, outputActivation } = learned
  const refuse = (got: string, canRead = false): never => {
    throw new UnsupportedError({
      where: method,
      expected: 'a model that reads tokens and predicts the next one',
      got,
      fix: canRead ? IMPORT_VOCABULARY : [],
    })
  }
  if (input.kind !== 'ids') return refuse('a model of features', true)
  if (!vocabulary || !reader.readsText) return refuse('a model of ids without a vocabulary', true)
  const isClasses = outputActivation === 'softmax' || outputActivation === 'probabilities'
  if (!isClasses) return refuse('a model with numeric outputs')
  if (labels?.some((label, id) => label !== vocabulary[id])) return refuse('a model with labels of its own')
  const { width } = network.output
  if (vocabulary.length !== width) return refuse(`${width} classes for ${vocabulary.length} tokens`)
  return vocabulary
}
