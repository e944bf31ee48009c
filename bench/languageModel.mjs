/**
 * A language model in characters a second against PyTorch: the same network (embedding 64, LSTM, a softmax of 65 characters),
 * each in a process of its own, in turns. It trains with the same batch, clipping and Adam, or with `--work writing` writes
 * one character at a time, PyTorch in a loop over an LSTMCell. Prints JSON: the median ratio of the rounds and its range;
 * above 1 Latch is faster.
 *
 * node bench/languageModel.mjs [--units 512] [--batch 64] [--steps 100] [--threads 2] [--rounds 5] [--seconds 8]
 * node bench/languageModel.mjs --work writing --units 128 --threads 1
 * PyTorch is that of `$PYTHON`, else of `python3`.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from './rows.mjs'

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: 'training' },
    units: { type: 'string', default: '512' },
    batch: { type: 'string', default: '64' },
    steps: { type: 'string', default: '100' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
  },
})
const { work, ...numbers } = values
if (work !== 'training' && work !== 'writing')
  throw new Error(`--work: expected training or writing, got ${work}`)
const settings = Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)]))

const CONTESTANTS = {
  latch: [process.execPath, place(work === 'writing' ? 'latchWriter.mjs' : 'latch.mjs')],
  pytorch: [process.env.PYTHON ?? 'python3', place(work === 'writing' ? 'pytorchWriter.py' : 'pytorch.py')],
}

/** The programs of the two lie in a folder of their own. */
function place(name) {
  return fileURLToPath(new URL(`languageModel/${name}`, import.meta.url))
}

/** Characters a second of one process. */
function run(name) {
  const [program, script] = CONTESTANTS[name]
  const threads = String(settings.threads)
  const env = {
    ...process.env,
    OMP_NUM_THREADS: threads,
    OPENBLAS_NUM_THREADS: threads,
    MKL_NUM_THREADS: threads,
  }
  const ran = spawnSync(program, [script, JSON.stringify(settings)], { env, encoding: 'utf8' })
  if (ran.status !== 0) throw new Error(`${name}: ${ran.stderr}`)
  const found = JSON.parse(ran.stdout)
  process.stderr.write(`${name}: ${Math.round(found.charactersPerSecond)} characters a second\n`)
  return found
}

const rounds = []
for (let round = 0; round < settings.rounds; round++) {
  const names = Object.keys(CONTESTANTS)
  const order = round % 2 ? names.toReversed() : names
  rounds.push(Object.fromEntries(order.map((name) => [name, run(name)])))
}
const speeds = (name) => rounds.map((round) => round[name].charactersPerSecond)
const ratios = rounds.map(({ latch, pytorch }) => latch.charactersPerSecond / pytorch.charactersPerSecond)
console.log(
  JSON.stringify({
    work,
    ...settings,
    ratio: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
    charactersPerSecond: { latch: median(speeds('latch')), pytorch: median(speeds('pytorch')) },
    engines: { latch: rounds[0].latch.engine, pytorch: rounds[0].pytorch.engine },
    losses: { latch: rounds[0].latch.loss, pytorch: rounds[0].pytorch.loss },
  }),
)
