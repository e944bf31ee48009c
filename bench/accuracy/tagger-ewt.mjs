// Parts of speech of UD English EWT: `node bench/accuracy/tagger-ewt.mjs [--seeds 1,2,3] [--vectors FILE --unseen-words N] [--log FILE]`.
// The recipe is docs/recipes/tagger.md.
import { join } from 'node:path'
import { readSentences } from '../../packages/latch/dist/tablesNode.js'
import { folderOf, measure } from './taggerRun.mjs'

const folder = folderOf('ud_english_ewt')
const read = async (part) =>
  (await readSentences(join(folder, `en_ewt-${part}.tsv`), { tokens: '0', tags: '1' })).sentences
const [train, validation, test] = await Promise.all(['train', 'dev', 'test'].map(read))

await measure({
  data: 'UD English EWT',
  train,
  validation,
  test,
  options: {},
  fit: { epochs: 3, batchSize: 16 },
  metrics: { 'UPOS accuracy': ({ accuracy }) => accuracy },
})
