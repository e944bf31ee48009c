// The sounds of English words (grapheme to phoneme) of the CMU pronouncing dictionary: `npm install` in bench/, then
// `node bench/accuracy/g2p.mjs [--seeds 1] [--minutes 4 --checkpoint FILE] [--rows N] [--log FILE]`.
// The recipe is docs/recipes/sequence-to-sequence.md.
import { pronunciationParts } from './pronunciations.mjs'
import { measure } from './sequencesRun.mjs'

// 39 sounds, without stress. Any of a word's pronunciations is right.
const { train, validation, test, size } = pronunciationParts((sounds) => sounds.replace(/\d/g, ''))
const pairs = (list) => list.flatMap(({ source, targets }) => targets.map((target) => ({ source, target })))

await measure({
  data: `CMU pronouncing dictionary, ${size} words`,
  train: pairs(train),
  validation: pairs(validation),
  test,
  options: { cell: 'gru', units: 256, embedding: 64, dropout: 0.2, targetTokens: 'whitespace' },
  fit: {
    epochs: 8,
    batchSize: 64,
    learningRate: 0.003,
    schedule: { type: 'cosine', tMax: 8 },
    patience: null,
    ema: 0.998,
  },
  metric: 'word error',
})
