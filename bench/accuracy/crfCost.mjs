// What a CRF costs: training of the same tagger with a softmax and with a CRF, in turns. Times are of the processor, on one
// thread, so that other work on the machine counts little: `node bench/accuracy/crfCost.mjs [--rounds 7]`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { tagger } from '../../packages/latch/dist/node.js'
import { readSentences } from '../../packages/latch/dist/tablesNode.js'
import { folderOf } from './taggerRun.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, sentences: { type: 'string', default: '800' } },
  strict: false,
})
const many = Number(values.sentences)

const ewt = async () => {
  const path = join(folderOf('ud_english_ewt'), 'en_ewt-train.tsv')
  return (await readSentences(path, { tokens: '0', tags: '1' })).sentences.slice(0, many)
}
const snips = () => {
  const lines = (name) =>
    readFileSync(join(folderOf('snips'), 'train', name), 'utf8')
      .trimEnd()
      .split('\n')
  const tags = lines('seq.out')
  return lines('seq.in')
    .map((tokens, i) => ({ tokens, tags: tags[i] }))
    .slice(0, many)
}

async function seconds(rows, options) {
  const model = tagger({ ...options, threads: 1 })
  const before = process.cpuUsage()
  await model.fit(rows, { epochs: 1, validation: 0 })
  const { user, system } = process.cpuUsage(before)
  const tags = model.labels.length
  model.dispose()
  return { seconds: (user + system) / 1e6, tags }
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]

for (const [data, rows] of [
  ['UD English EWT', await ewt()],
  ['SNIPS', snips()],
]) {
  for (const characters of [true, false]) {
    const times = { softmax: [], crf: [] }
    let tags
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, crf] of [
        ['softmax', false],
        ['crf', true],
      ]) {
        const found = await seconds(rows, { characters, crf })
        times[name].push(found.seconds)
        tags = found.tags
      }
    }
    const [softmax, crf] = [median(times.softmax), median(times.crf)]
    console.log(JSON.stringify({ data, tags, characters, softmax, crf, ratio: crf / softmax }))
  }
}
