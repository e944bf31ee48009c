/** Small sentences with tags, and taggers trained on them. */
import { tagger, type Tagger } from '../../../src/tasks/tagger/tagger.ts'
import type { TaggerOptions } from '../../../src/tasks/tagger/options.ts'
import type { FitOptions } from '../../../src/tasks/fit/fitOptions.ts'

/** A sentence of the tests. */
export interface Sentence {
  tokens: string[]
  tags: string[]
}

const of = (text: string): Sentence => {
  const pairs = text.split(' ').map((pair) => pair.split('/'))
  return { tokens: pairs.map(([token]) => token), tags: pairs.map(([, tag]) => tag) }
}

/** Parts of speech: each word has one tag. */
export const WORDS: readonly Sentence[] = [
  'the/DET cat/NOUN sleeps/VERB',
  'a/DET dog/NOUN sings/VERB loudly/ADV',
  'the/DET old/ADJ bird/NOUN sings/VERB',
  'birds/NOUN sleep/VERB',
  'the/DET cat/NOUN sees/VERB a/DET dog/NOUN',
  'an/DET old/ADJ dog/NOUN sleeps/VERB here/ADV',
  'cats/NOUN see/VERB birds/NOUN',
  'the/DET bird/NOUN sleeps/VERB loudly/ADV',
].map(of)

/** Persons and places, in BIO. */
export const NAMES: readonly Sentence[] = [
  'Ada/B-PER Lovelace/I-PER sings/O',
  'in/O New/B-LOC York/I-LOC Ada/B-PER sleeps/O',
  'Alan/B-PER Turing/I-PER sees/O Paris/B-LOC',
  'they/O see/O London/B-LOC and/O New/B-LOC York/I-LOC',
  'Grace/B-PER Hopper/I-PER sleeps/O in/O Paris/B-LOC',
  'Ada/B-PER sees/O Alan/B-PER',
  'they/O sing/O',
  'in/O London/B-LOC Alan/B-PER Turing/I-PER sings/O',
].map(of)

/** A small tagger, trained briefly. */
export async function tinyTagger(
  options: TaggerOptions = {},
  sentences: readonly Sentence[] = WORDS,
  fit: FitOptions = {},
): Promise<Tagger> {
  const model = tagger({
    units: 6,
    embedding: 5,
    characters: options.characters === false ? false : { embedding: 4, units: 3, maximumLength: 8 },
    dropout: 0.1,
    engine: 'simd',
    threads: 1,
    ...options,
  })
  await model.fit(sentences, { epochs: 20, batchSize: 4, learningRate: 0.02, validation: 0, ...fit })
  return model
}
