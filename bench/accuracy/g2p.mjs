// The sounds of English words (grapheme to phoneme) of the CMU pronouncing dictionary: `npm install` in bench/, then
// `node bench/accuracy/g2p.mjs [--seeds 1] [--minutes 4 --checkpoint FILE] [--rows N] [--log FILE]`.
// The recipe is docs/recipes/sequence-to-sequence.md.
import { dictionary } from '../node_modules/cmu-pronouncing-dictionary/index.js'
import { measure } from './sequencesRun.mjs'

/** FNV-1a of the UTF-8 bytes: which part a word is of does not depend on the others. */
function hashOf(word) {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(word)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/** 39 sounds, without stress. */
const soundsOf = (text) => text.replace(/\d/g, '').split(' # ')[0].trim()

// "read(2)" is another pronunciation of "read": a word's are of one part, and any of them is right.
const words = new Map()
for (const [key, text] of Object.entries(dictionary)) {
  const word = key.replace(/\(\d+\)$/, '')
  if (!/^[a-z][a-z']*$/.test(word)) continue
  const known = words.get(word) ?? []
  const sounds = soundsOf(text)
  if (!known.includes(sounds)) words.set(word, [...known, sounds])
}
const parts = { train: [], validation: [], test: [] }
for (const [word, targets] of words) {
  const place = hashOf(word) % 100
  parts[place < 90 ? 'train' : place < 95 ? 'validation' : 'test'].push({ source: word, targets })
}
const pairs = (list) =>
  list.flatMap(({ source, targets }) => targets.map((target) => ({ source, target, hash: hashOf(source) })))
// In the order of the hash, so that `--rows` takes words of all letters.
const train = pairs(parts.train).sort((a, b) => ((a.hash / 100) >>> 0) - ((b.hash / 100) >>> 0))
const ordered = (list) =>
  list.sort((a, b) => ((hashOf(a.source) / 100) >>> 0) - ((hashOf(b.source) / 100) >>> 0))

await measure({
  data: `CMU pronouncing dictionary, ${words.size} words`,
  train: train.map(({ source, target }) => ({ source, target })),
  validation: pairs(ordered(parts.validation)).map(({ source, target }) => ({ source, target })),
  test: ordered(parts.test),
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
