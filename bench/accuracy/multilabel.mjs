// Several labels for a text, on public data: `node bench/accuracy/multilabel.mjs [--seeds 1,2,3] [--log FILE]`. The labels of a SNIPS
// sentence are the types of its slots (39: "artist", "city", …), which of them it has and not where. The recipe is docs/recipes/labels-and-numbers.md.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { multiLabelClassifier } from '../../packages/latch/dist/node.js'
import { measure, values } from './textsRun.mjs'

const folder = values.data ?? fileURLToPath(new URL('../../../shared/data/snips', import.meta.url))
if (!existsSync(folder)) throw new Error(`${folder} is missing: pass its folder with --data`)

const lines = (part, name) =>
  readFileSync(join(folder, part, name), 'utf8')
    .split('\n')
    .filter(Boolean)
const read = (part) => {
  const tags = lines(part, 'seq.out')
  return lines(part, 'seq.in').map((text, i) => {
    const types = tags[i].split(/\s+/).filter((tag) => /^[BI]-/.test(tag))
    return { text, slots: [...new Set(types.map((tag) => tag.slice(2)))] }
  })
}

await measure({
  data: 'SNIPS, slot types of a sentence',
  make: multiLabelClassifier,
  train: read('train'),
  validation: read('valid'),
  test: read('test'),
  columns: { text: 'text', label: 'slots' },
  options: {},
  fit: {},
  metrics: {
    'micro F1': ({ microF1 }) => microF1,
    'macro F1': ({ macroF1 }) => macroF1,
    'exact match': ({ exactMatch }) => exactMatch,
  },
})
