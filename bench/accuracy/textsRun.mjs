// What the accuracy scripts of multi-label classifiers and regressors share: training with seeds, the log of every epoch, and one line
// of JSON a metric, with the baseline of the task beside it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

export const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    rows: { type: 'string' },
    log: { type: 'string' },
    data: { type: 'string' },
    options: { type: 'string', default: '{}' },
    fit: { type: 'string', default: '{}' },
  },
})

/**
 * Trains a model for each seed and prints the mean of each metric as JSON.
 * @param make options → a model
 * @param columns of text and label
 * @param metrics by name: from an evaluation to its value
 */
export async function measure({ data, make, train, validation, test, columns, options, fit, metrics }) {
  const rows = values.rows ? train.slice(0, Number(values.rows)) : train
  const seeds = values.seeds.split(',').map(Number)
  const log = []
  const found = Object.fromEntries(Object.keys(metrics).map((metric) => [metric, []]))
  let seconds = 0
  let baseline
  for (const seed of seeds) {
    const model = make({ ...options, ...JSON.parse(values.options) })
    const begun = performance.now()
    const report = await model.fit(rows, {
      ...columns,
      ...fit,
      ...JSON.parse(values.fit),
      ...(validation && { validation }),
      seed,
      onEvent(event) {
        if (event.type !== 'epoch') return
        const { type: _, ...facts } = event
        log.push({ seed, ...facts })
        process.stderr.write(`seed ${seed} ${JSON.stringify(facts)}\n`)
      },
    })
    const result = await model.evaluate(test, columns)
    const own = (performance.now() - begun) / 1000
    seconds += own
    for (const [metric, read] of Object.entries(metrics)) found[metric].push(read(result))
    const scores = Object.fromEntries(Object.keys(metrics).map((metric) => [metric, found[metric].at(-1)]))
    log.push({ seed, test: scores, threshold: model.threshold, epochs: report.epochs, seconds: own })
    process.stderr.write(`${JSON.stringify(log.at(-1))}\n`)
    baseline ??= (await model.baseline(rows, columns)).evaluate(test)
    model.dispose()
  }
  for (const [metric, each] of Object.entries(found)) {
    const value = each.reduce((sum, x) => sum + x, 0) / each.length
    const line = { data, metric, value, each, seeds, seconds: seconds / seeds.length, rows: rows.length }
    console.log(JSON.stringify({ ...line, test: test.length, baseline }))
  }
  if (values.log) writeFileSync(values.log, log.map((line) => `${JSON.stringify(line)}\n`).join(''))
}
