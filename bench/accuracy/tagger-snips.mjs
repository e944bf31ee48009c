// Slots and intents of SNIPS, jointly (`--slots`: slots alone): `node bench/accuracy/tagger-snips.mjs [--seeds 1,2,3] [--log FILE]`. The recipe is docs/recipes/tagger.md.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderOf, measure } from './taggerRun.mjs'

const joint = !process.argv.includes('--slots')
const folder = folderOf('snips')
const read = (part) => {
  const lines = (name) =>
    readFileSync(join(folder, part, name), 'utf8')
      .trimEnd()
      .split('\n')
  const [tags, labels] = [lines('seq.out'), lines('label')]
  return lines('seq.in').map((tokens, i) => ({ tokens, tags: tags[i], intent: labels[i].trim() }))
}

await measure({
  data: 'SNIPS',
  train: read('train'),
  validation: read('valid'),
  test: read('test'),
  options: joint ? { sentenceLabel: 'intent' } : {},
  fit: { epochs: 5, batchSize: 16 },
  metrics: {
    'slot F1': ({ entities }) => entities.f1,
    'tag accuracy': ({ accuracy }) => accuracy,
    ...(joint && {
      'intent accuracy': ({ sentences }) => sentences.accuracy,
      'whole sentence': ({ sentences }) => sentences.exact,
    }),
  },
})
