// Tiny Shakespeare by characters, the last tenth held out: `node bench/accuracy/shakespeare.mjs [--seeds 1,2,3] [--epochs N]
// [--options JSON] [--fit JSON] [--log FILE] [--data FOLDER]`. The recipe is docs/recipes/language-model.md.
// `--minutes M` stops each run after so much time; `--checkpoint FILE` goes on with a run that was stopped, to the same bits.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LanguageModel, languageModel } from '../../packages/latch/dist/node.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    epochs: { type: 'string' },
    options: { type: 'string', default: '{}' },
    fit: { type: 'string', default: '{}' },
    log: { type: 'string' },
    data: { type: 'string' },
    minutes: { type: 'string' },
    checkpoint: { type: 'string' },
  },
})
const folder = values.data ?? fileURLToPath(new URL('../../../shared/data/tinyshakespeare', import.meta.url))
const file = join(folder, 'input.txt')
if (!existsSync(file)) throw new Error(`${file} is missing: pass its folder with --data`)
const text = readFileSync(file, 'utf8')

const RECIPE = {
  options: { cell: 'lstm', units: 384, embedding: 64, steps: 64, dropout: 0.2 },
  fit: {
    epochs: 10,
    batchSize: 32,
    learningRate: 0.003,
    schedule: { type: 'cosine', tMax: 10 },
    ema: 0.998,
    clipNorm: 1,
    patience: null,
  },
}

const seeds = values.seeds.split(',').map(Number)
const log = []
const found = []
const all = { seconds: 0, processor: 0 }
for (const seed of seeds) {
  const options = { ...RECIPE.options, ...JSON.parse(values.options) }
  const given = { ...RECIPE.fit, ...JSON.parse(values.fit), seed }
  if (values.epochs) {
    given.epochs = Number(values.epochs)
    given.schedule = { type: 'cosine', tMax: given.epochs }
  }
  const { model, resume } = await startOf(options)
  const { training, held } = parts(text)
  const begun = performance.now()
  const before = process.cpuUsage()
  const stop = values.minutes ? AbortSignal.timeout(Number(values.minutes) * 60_000) : undefined
  const report = await model.fit(training, {
    ...given,
    validation: [{ text: held }],
    resume,
    signal: stop,
    checkpoint: values.checkpoint && {
      everySeconds: 60,
      write: (bytes) => writeFileSync(values.checkpoint, bytes),
    },
    onEvent(event) {
      if (event.type !== 'epoch') return
      const { type: _, ...facts } = event
      log.push({ seed, ...facts })
      process.stderr.write(`seed ${seed} ${JSON.stringify(facts)}\n`)
    },
  })
  const { user, system } = process.cpuUsage(before)
  const seconds = (performance.now() - begun) / 1000
  const { loss } = await model.evaluate(held)
  found.push(loss)
  all.seconds += seconds
  all.processor += (user + system) / 1e6
  log.push({ seed, test: loss, stopped: report.stopped, seconds, processor: (user + system) / 1e6 })
  process.stderr.write(`${JSON.stringify(log.at(-1))}\n`)
  model.dispose()
}
const mean = found.reduce((sum, x) => sum + x, 0) / found.length
console.log(
  JSON.stringify({
    data: 'tiny Shakespeare',
    metric: 'nats a character',
    value: mean,
    each: found,
    seeds,
    seconds: all.seconds / seeds.length,
    processorSeconds: all.processor / seeds.length,
  }),
)
if (values.log) writeFileSync(values.log, log.map((line) => `${JSON.stringify(line)}\n`).join(''))

/** The text without its last tenth, and that. */
function parts(whole) {
  const at = Math.floor(whole.length * 0.9)
  return { training: whole.slice(0, at), held: whole.slice(at) }
}

/** A new model, or that of a checkpoint. */
async function startOf(options) {
  if (!values.checkpoint || !existsSync(values.checkpoint)) return { model: languageModel(options) }
  const resume = readFileSync(values.checkpoint)
  const { model } = await LanguageModel.fromCheckpoint(resume)
  return { model, resume }
}
