// Text classifiers on public data: `node bench/accuracy/textClassifier.mjs trec|sst2|uci|snips [--seeds 1,2,3]
// [--vectors FILE --unseen-words N] [--log FILE]`.
// Prints the accuracy of the default, of its network alone and of naive Bayes as JSON. The recipe is docs/recipes/text-classifier.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { naiveBayes, openVectors, textClassifier } from '../../packages/latch/dist/node.js'

const { values, positionals } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    log: { type: 'string' },
    data: { type: 'string' },
    options: { type: 'string', default: '{}' },
    fit: { type: 'string', default: '{}' },
    vectors: { type: 'string' },
    'unseen-words': { type: 'string', default: '0' },
  },
  allowPositionals: true,
})

const lines = (folder, name, encoding = 'utf8') =>
  readFileSync(join(folder, name), encoding).split('\n').filter(Boolean)

const labelFirst = (folder, name) =>
  lines(folder, name, 'latin1').map((line) => {
    const space = line.indexOf(' ')
    return { label: line.slice(0, space), text: line.slice(space + 1) }
  })

const sentences = (folder, part) => {
  const labels = lines(folder, `${part}/label`)
  return lines(folder, `${part}/seq.in`).map((text, i) => ({ text, label: labels[i].trim() }))
}

/** Name, folder, and the rows to train and test on. */
const SETS = {
  trec: ['TREC, 6 classes', 'trec', (folder, part) => labelFirst(folder, `TREC.${part}.all`)],
  sst2: ['SST-2', 'sst2', (folder, part) => labelFirst(folder, `stsa.binary.${part}`)],
  snips: ['SNIPS intent', 'snips', sentences],
  uci: [
    'UCI sentiment, each fifth row tests',
    'uci_sentiment_sentences',
    (folder, part) =>
      ['amazon_cells', 'imdb', 'yelp'].flatMap((site) =>
        lines(folder, `${site}_labelled.txt`)
          .filter((_, i) => (i % 5 === 4) === (part === 'test'))
          .map((line) => ({ text: line.split('\t')[0], label: line.split('\t')[1].trim() })),
      ),
  ],
}

const [chosen] = positionals
if (!Object.hasOwn(SETS, chosen ?? '')) throw new Error(`name one of ${Object.keys(SETS).join(', ')}`)
const [data, folderName, read] = SETS[chosen]
const folder = values.data ?? fileURLToPath(new URL(`../../../shared/data/${folderName}`, import.meta.url))
if (!existsSync(folder)) throw new Error(`${folder} is missing: pass its folder with --data`)

const columns = { text: 'text', label: 'label' }
const [train, test] = ['train', 'test'].map((part) => read(folder, part))
const seeds = values.seeds.split(',').map(Number)
const unseen = Number(values['unseen-words'])
const vectors = values.vectors && (await openVectors(values.vectors, { unseen }))
const options = { reproducible: true, ...(vectors && { vectors }), ...JSON.parse(values.options) }
const fitOptions = JSON.parse(values.fit)
const baseline = naiveBayes(train, columns).evaluate(test).accuracy
const log = []
const found = { accuracy: [], 'accuracy of the network alone': [] }
const started = performance.now()
for (const seed of seeds) {
  const model = textClassifier(options)
  const { counts, vectors: covered } = await model.fit(train, {
    ...columns,
    ...fitOptions,
    seed,
    onEvent(event) {
      if (event.type !== 'epoch') return
      const { type: _, ...facts } = event
      log.push({ seed, ...facts })
      process.stderr.write(`seed ${seed} ${JSON.stringify(facts)}\n`)
    },
  })
  found.accuracy.push((await model.evaluate(test, columns)).accuracy)
  found['accuracy of the network alone'].push(alone(model))
  log.push({
    seed,
    counts,
    vectors: covered,
    test: Object.fromEntries(Object.entries(found).map(([m, list]) => [m, list.at(-1)])),
  })
  process.stderr.write(`${JSON.stringify(log.at(-1))}\n`)
  model.dispose()
}
const seconds = (performance.now() - started) / 1000 / seeds.length
for (const [metric, each] of Object.entries(found)) {
  const value = each.reduce((sum, x) => sum + x, 0) / each.length
  console.log(JSON.stringify({ data, metric, value, each, seeds, seconds, naiveBayes: baseline }))
}
if (values.log) writeFileSync(values.log, log.map((line) => `${JSON.stringify(line)}\n`).join(''))

/** The accuracy of the model's network without the counts. */
function alone(model) {
  const { width } = model.network.output
  let right = 0
  for (let from = 0; from < test.length; from += 64) {
    const rows = test.slice(from, from + 64)
    const batch = model.pack(rows.map(({ text }) => text))
    model.network.forward(batch)
    const logits = model.network.readOutput(batch)
    rows.forEach(({ label }, i) => {
      const row = Array.from(logits.subarray(i * width, (i + 1) * width))
      const best = width === 1 ? Number(row[0] > 0) : row.indexOf(Math.max(...row))
      right += Number(model.labels[best] === label)
    })
  }
  return right / test.length
}
