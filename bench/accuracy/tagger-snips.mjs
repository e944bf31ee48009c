// Slots of SNIPS: `node bench/accuracy/tagger-snips.mjs [--seeds 1,2,3] [--log FILE]`. The recipe is docs/recipes/tagger.md.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderOf, measure } from './taggerRun.mjs'

const folder = folderOf('snips')
const read = (part) => {
  const lines = (name) =>
    readFileSync(join(folder, part, name), 'utf8')
      .trimEnd()
      .split('\n')
  const tags = lines('seq.out')
  return lines('seq.in').map((tokens, i) => ({ tokens, tags: tags[i] }))
}

await measure({
  data: 'SNIPS',
  train: read('train'),
  validation: read('valid'),
  test: read('test'),
  options: {},
  fit: { epochs: 5, batchSize: 16 },
  metrics: { 'slot F1': ({ entities }) => entities.f1, 'tag accuracy': ({ accuracy }) => accuracy },
})
