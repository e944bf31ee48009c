// What the accuracy scripts of sequence-to-sequence models share: training with seeds, the log of every epoch, and one line of JSON.
// `--minutes M` stops each run after so much time; `--checkpoint FILE` goes on with a run that was stopped, to the same bits.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { SequenceToSequence, sequenceToSequence } from '../../packages/latch/dist/node.js'

export const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    epochs: { type: 'string' },
    minutes: { type: 'string' },
    checkpoint: { type: 'string' },
    beams: { type: 'string', default: '1' },
    log: { type: 'string' },
    rows: { type: 'string' },
    test: { type: 'string' },
    options: { type: 'string', default: '{}' },
    fit: { type: 'string', default: '{}' },
  },
})

/** A generator of whole numbers below `count` (xorshift32), the same on every machine. */
export function numbersFrom(seed) {
  let state = seed >>> 0 || 1
  return (count) => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % count
  }
}

/**
 * Trains a model for each seed and prints the mean of its metric as JSON.
 * @param train, validation rows { source, target }
 * @param test rows { source, targets }: any of the targets is right
 * @param metric `exact`: the share of right targets; `word error`: that of wrong ones
 */
export async function measure({ data, train, validation, test, options, fit, metric }) {
  const rows = values.rows ? train.slice(0, Number(values.rows)) : train
  const asked = values.test ? test.slice(0, Number(values.test)) : test
  const seeds = values.seeds.split(',').map(Number)
  const log = []
  const found = []
  const all = { seconds: 0, processor: 0 }
  const seen = []
  for (const seed of seeds) {
    const { model, fitOptions, resume } = await startOf(seed, options, fit)
    const begun = performance.now()
    const before = process.cpuUsage()
    const report = await model.fit(rows, {
      ...fitOptions,
      validation: validation.slice(0, Math.ceil(rows.length / 9)),
      resume,
      signal: values.minutes ? AbortSignal.timeout(Number(values.minutes) * 60_000) : undefined,
      checkpoint: values.checkpoint && {
        everySeconds: 60,
        write: (bytes) => writeFileSync(checkpointOf(seed), bytes),
      },
      onEvent(event) {
        if (event.type !== 'epoch') return
        const { type: _, ...facts } = event
        log.push({ seed, ...facts })
        process.stderr.write(`seed ${seed} ${JSON.stringify(facts)}\n`)
      },
    })
    const seconds = (performance.now() - begun) / 1000
    const { user, system } = process.cpuUsage(before)
    const right = share(model, asked)
    found.push(metric === 'exact' ? right : 1 - right)
    all.seconds += seconds
    all.processor += (user + system) / 1e6
    const { stopped, epochs } = report
    seen.push(epochs)
    log.push({ seed, [metric]: found.at(-1), stopped, epochs, seconds, processor: (user + system) / 1e6 })
    process.stderr.write(`${JSON.stringify(log.at(-1))}\n`)
    model.dispose()
  }
  console.log(
    JSON.stringify({
      data,
      metric,
      value: found.reduce((sum, x) => sum + x, 0) / found.length,
      each: found,
      seeds,
      seconds: all.seconds / seeds.length,
      processorSeconds: all.processor / seeds.length,
      rows: rows.length,
      test: asked.length,
      epochs: seen,
      beams: Number(values.beams),
    }),
  )
  if (values.log) writeFileSync(values.log, log.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

const checkpointOf = (seed) => `${values.checkpoint}.${seed}`

/** A new model, or that of a checkpoint. */
async function startOf(seed, options, fit) {
  if (values.checkpoint && existsSync(checkpointOf(seed))) {
    const resume = readFileSync(checkpointOf(seed))
    return { ...(await SequenceToSequence.fromCheckpoint(resume)), resume }
  }
  const fitOptions = { ...fit, ...JSON.parse(values.fit), seed }
  if (values.epochs) {
    fitOptions.epochs = Number(values.epochs)
    fitOptions.schedule = { type: 'cosine', tMax: fitOptions.epochs }
  }
  return { model: sequenceToSequence({ ...options, ...JSON.parse(values.options) }), fitOptions }
}

/** The share of sources whose target is right, written greedily or found by beam search. */
function share(model, test) {
  const beams = Number(values.beams)
  const sources = test.map(({ source }) => source)
  const texts =
    beams > 1
      ? model.beamSearch(sources, { beams }).map(([best]) => best.text)
      : model.predict(sources).map(({ text }) => text)
  return texts.filter((text, i) => test[i].targets.includes(text)).length / test.length
}
