/** Language models pass the contract of every model. */
import { fitNgrams } from '../../../src/tasks/baselines/ngrams.ts'
import { describeModelContract, type ModelCase } from '../modelContract.ts'
import { SENTENCES, tinyLanguage } from './languageHelpers.ts'

for (const [name, options, formats] of [
  ['language model of characters', { cell: 'lstm' }, ['onnx', 'torch', 'keras', 'tfjs']],
  [
    'language model of words, two layers, one-hot',
    { cell: 'gru', tokens: 'words', layers: 2, embedding: 'oneHot' },
    ['onnx', 'torch', 'keras'],
  ],
  [
    'language model with tied embeddings and the regularisation of AWD-LSTM',
    {
      tied: true,
      layers: 2,
      lockedDropout: true,
      embeddingDropout: 0.1,
      weightDropout: 0.3,
      activationPenalty: { alpha: 2, beta: 1 },
    },
    ['onnx', 'torch', 'keras', 'tfjs'],
  ],
] as const) {
  describeModelContract(name, async (): Promise<ModelCase<string, string>> => {
    const model = await tinyLanguage({ ...options, dropout: 0.2 })
    const ids = (text: string) => [...model.encode(text).ids!]
    const end = model.vocabulary.idOf('<end>')
    const corpus = SENTENCES.map((text) => Int32Array.of(...ids(text), end))
    return {
      model: model as never,
      inputs: ['the cat', 'a dog sings', 'the old bird is here !'],
      steps: (text) => model.encode(text).tokens,
      examples: SENTENCES.map((text) => ({ text })),
      options: {},
      truth: (i) => ({ input: SENTENCES[i], target: [...ids(SENTENCES[i]).slice(1), end] }),
      baseline: fitNgrams(corpus, 5, model.vocabulary.size).evaluate(corpus).value,
      formats,
    }
  })
}
