/** The sequence-to-sequence model as a task: source and target texts → tokens → ids; a softmax over the next target token. */
import { UnsupportedError } from '../../core/errors.ts'
import { fieldAt, fieldError } from '../../core/validation.ts'
import { Vocabulary } from '../../text/vocabulary.ts'
import { END_TOKEN } from '../languageModel/learned.ts'
import type { TaskDefinition } from '../task.ts'
import { completeSequenceToSequence, type SequenceToSequenceTypes } from './learned.ts'
import { sequenceToSequenceLayers, sequenceToSequenceNetwork } from './network.ts'
import { readSequenceToSequence } from './options.ts'
import { sourceTokens } from './sourceTokens.ts'

export const sequenceToSequenceTask: TaskDefinition<SequenceToSequenceTypes> = {
  name: 'sequenceToSequence',
  columns: { input: 'source', target: 'target', required: false },
  training: () => import('./training.ts'),
  layers: sequenceToSequenceLayers,

  reads: () => ['text'],

  encode(learned, input) {
    const { words } = learned
    const { tokens, cut } = sourceTokens(learned, input)
    const ids = [...words.encode(tokens)]
    const known = tokens.map((token) => words.has(token))
    return { steps: ids.length, tokens, ids, features: null, known, padding: 0, cut }
  },

  isMany: (_, input) => Array.isArray(input),

  encodeStep() {
    throw new UnsupportedError({
      where: 'stream',
      expected: 'a model that answers at each step',
      got: 'a sequence-to-sequence model',
    })
  },

  nameOutputs: (_, { targetWords }) => targetWords.tokens,

  text: ({ tokenizer, words, settings }) => ({
    tokenizer,
    findId: (token) => words.idOf(token),
    emptyToken: null,
    maximumLength: settings.maximumLength,
  }),

  settings: ({ settings }) => settings,
  sections: ['settings', 'vocabulary', 'targetVocabulary'],
  write: ({ settings, words, targetWords }) => ({
    settings,
    vocabulary: words.toJSON(),
    targetVocabulary: targetWords.toJSON(),
  }),

  read(root, config) {
    const settings = readSequenceToSequence(fieldAt(root, 'settings'))
    const read = (name: string) => {
      const field = fieldAt(root, name)
      const found = Vocabulary.fromJSON(field.value, `${root.source}, document.${name}`)
      if (found.size > 1) return { field, found }
      throw fieldError(field, 'at least one token besides <unk>', 'none')
    }
    const { found: words } = read('vocabulary')
    const { field, found: targetWords } = read('targetVocabulary')
    if (!targetWords.has(END_TOKEN)) throw fieldError(field, `the token ${END_TOKEN}`, 'none')
    const own = sequenceToSequenceNetwork(settings, words.size, targetWords.size)
    const layers = fieldAt(fieldAt(root, 'network'), 'layers')
    if (JSON.stringify(config.layers) !== JSON.stringify(own.layers))
      throw fieldError(layers, 'the layers of its settings and vocabularies', JSON.stringify(config.layers))
    if (config.loss?.type !== 'softmaxCrossEntropy') {
      const loss = fieldAt(fieldAt(root, 'network'), 'loss')
      throw fieldError(loss, 'softmaxCrossEntropy', config.loss?.type ?? 'nothing')
    }
    return completeSequenceToSequence(settings, words, targetWords)
  },
}
