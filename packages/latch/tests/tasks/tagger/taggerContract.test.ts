/** Taggers pass the contract of every model. */
import { describeModelContract, type ModelCase } from '../modelContract.ts'
import { tinyTagger, WORDS } from './taggerHelpers.ts'

for (const [name, options, formats] of [
  [
    'forward tagger of words',
    { characters: false, bidirectional: false },
    ['onnx', 'torch', 'keras', 'tfjs'],
  ],
  ['bidirectional tagger of two layers', { characters: false, cell: 'gru', layers: 2 }, ['onnx', 'torch']],
  ['tagger of words and characters', {}, []],
  ['tagger with a CRF', { characters: false, crf: true }, []],
  ['tagger with characters and a CRF', { crf: true }, []],
  ['tagger with labels of sentences', { characters: false, sentenceLabel: 'kind' }, []],
] as const) {
  describeModelContract(name, async (): Promise<ModelCase<string, string>> => {
    const sentences = WORDS.map((row) => ({ ...row, kind: row.tokens.length > 3 ? 'long' : 'short' }))
    const model = await tinyTagger(options, sentences)
    return {
      model: model as never,
      inputs: ['the cat sings', 'a dog sings loudly', 'the old bird is here ?'],
      steps: 'bidirectional' in options ? (text) => text.split(' ') : null,
      examples: sentences,
      options: {},
      truth: (i) => ({
        input: WORDS[i].tokens.join(' '),
        target: WORDS[i].tags.map((tag) => model.labels.indexOf(tag)),
      }),
      lossOfSequences: 'crf' in options,
      formats,
    }
  })
}
