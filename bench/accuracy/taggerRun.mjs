// What the accuracy scripts of taggers share: training with seeds, the log of every epoch, and one line of JSON a metric.
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openVectors, tagger } from '../../packages/latch/dist/node.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    epochs: { type: 'string' },
    log: { type: 'string' },
    data: { type: 'string' },
    options: { type: 'string', default: '{}' },
    vectors: { type: 'string' },
    'unseen-words': { type: 'string', default: '0' },
  },
  // Scripts have options of their own.
  strict: false,
})

/** The folder of a data set: `--data`, or beside the repository. */
export function folderOf(name) {
  const folder = values.data ?? fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url))
  if (!existsSync(folder)) throw new Error(`${folder} is missing: pass its folder with --data`)
  return folder
}

/**
 * Trains a tagger for each seed and prints the mean of each metric as JSON.
 * @param metrics by name: from an evaluation to its value
 */
export async function measure({ data, train, validation, test, options, fit, metrics }) {
  const seeds = values.seeds.split(',').map(Number)
  const log = []
  const found = Object.fromEntries(Object.keys(metrics).map((metric) => [metric, []]))
  const unseen = Number(values['unseen-words'])
  const vectors = values.vectors && (await openVectors(values.vectors, { unseen }))
  const started = performance.now()
  let baseline
  for (const seed of seeds) {
    const model = tagger({ ...options, ...(vectors && { vectors }), ...JSON.parse(values.options) })
    const begun = performance.now()
    await model.fit(train, {
      ...fit,
      ...(values.epochs ? { epochs: Number(values.epochs) } : {}),
      validation,
      seed,
      onEvent(event) {
        if (event.type !== 'epoch') return
        const { type: _, ...facts } = event
        log.push({ seed, ...facts })
        process.stderr.write(`seed ${seed} ${JSON.stringify(facts)}\n`)
      },
    })
    const result = await model.evaluate(test)
    for (const [metric, read] of Object.entries(metrics)) found[metric].push(read(result))
    const seconds = (performance.now() - begun) / 1000
    log.push({
      seed,
      test: Object.fromEntries(Object.keys(metrics).map((m) => [m, found[m].at(-1)])),
      seconds,
    })
    process.stderr.write(`${JSON.stringify(log.at(-1))}\n`)
    baseline ??= (await model.baseline(train)).evaluate(test)
    model.dispose()
  }
  const seconds = (performance.now() - started) / 1000
  for (const [metric, list] of Object.entries(found)) {
    const value = list.reduce((sum, x) => sum + x, 0) / list.length
    console.log(
      JSON.stringify({ data, metric, value, each: list, seeds, seconds: seconds / seeds.length, baseline }),
    )
  }
  if (values.log) writeFileSync(values.log, log.map((line) => `${JSON.stringify(line)}\n`).join(''))
}
