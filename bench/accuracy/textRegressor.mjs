// A number for a text, on public data: `npm install` in bench/, then `node bench/accuracy/textRegressor.mjs [--seeds 1,2,3] [--rows N] [--log FILE]`.
// The syllables of English words by their letters: the vowels of a word's first pronunciation in the CMU dictionary. The recipe is
// docs/recipes/labels-and-numbers.md.
import { textRegressor } from '../../packages/latch/dist/node.js'
import { pronunciationParts } from './pronunciations.mjs'
import { measure } from './textsRun.mjs'

// Vowels alone have a digit, their stress.
const { train, validation, test } = pronunciationParts((sounds) => sounds.replace(/\D/g, '').length)
const rows = (list) => list.map(({ source, targets }) => ({ word: source, syllables: targets[0] }))

await measure({
  data: 'CMU pronouncing dictionary, syllables of a word',
  make: textRegressor,
  train: rows(train).slice(0, 10_000),
  validation: rows(validation).slice(0, 2000),
  test: rows(test),
  columns: { text: 'word', label: 'syllables' },
  options: { tokens: 'chars' },
  fit: { epochs: 12, learningRate: 0.003, schedule: { type: 'cosine', tMax: 12 }, patience: null },
  metrics: {
    'mean absolute error': ({ meanAbsoluteError }) => meanAbsoluteError,
    'R²': ({ rSquared }) => rSquared,
  },
})
