/** Texts of a sequence model whose classes are the tokens that it reads. */
import { DataError, UnsupportedError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { readByStream, readByWindow } from '../generation/nextToken.ts'
import type { NextToken, Writer } from '../generation/writer.ts'
import type { Trained } from '../task.ts'
import type { SequenceLearned } from './learned.ts'
import { IMPORT_VOCABULARY } from './reader.ts'

/** @throws UnsupportedError for a model that does not predict its next token; DataError for a prime that it cannot read */
export function sequenceWriter(trained: Trained<SequenceLearned>, text: string): Writer {
  const { network, learned } = trained
  const vocabulary = requireNextToken(trained)
  const { reader, textInput, input, outputActivation, tokens } = learned
  const prime = reader.tokenizer!.tokenize(text).flatMap((token) => {
    const id = reader.idOfText(token)
    return id === null ? [] : [{ token, id }]
  })
  const padding = textInput?.padding ?? null
  const least = padding || input.steps === null ? 1 : input.steps
  if (prime.length < least) {
    throw new DataError({
      where: 'generate option prime',
      expected: `a text of at least ${least === 1 ? 'one token' : `${least} tokens`} of the vocabulary`,
      got: describe(text),
      remedy: least === 1 ? 'Give the beginning of a text.' : 'Write a longer prime.',
    })
  }
  const named = (token: string, id: number) => token !== '' && token !== `<${id}>` && id !== padding?.id
  const hidden = vocabulary.flatMap((token, id) => (named(token, id) ? [] : [id]))
  const unknown = textInput?.unknown
  return {
    vocabulary,
    kind: tokens ?? 'words',
    start: [],
    prime,
    end: null,
    never: new Set(typeof unknown === 'number' ? [...hidden, unknown] : hidden),
    begin() {
      const read = begin()
      // The loss of training says what rows are: logits, or probabilities.
      if (outputActivation !== 'probabilities') return read
      return (ids) => Float64Array.from(read(ids), Math.log)
    },
  }

  function begin(): NextToken {
    if (padding)
      return readByWindow(network, (ids) => reader.padded(ids.slice(-padding.length), (id) => id).ids)
    if (input.steps !== null) return readByWindow(network, (ids) => ids.slice(-input.steps!))
    try {
      return readByStream(network)
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error
      return readByWindow(network, (ids) => ids)
    }
  }
}

function requireNextToken({ network, learned }: Trained<SequenceLearned>): readonly string[] {
  const { vocabulary, labels, reader, input, outputActivation } = learned
  const refuse = (got: string, canRead = false): never => {
    throw new UnsupportedError({
      where: 'generate',
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
