/**
 * Kills (SIGKILL) at random moments while models, exports and checkpoints are saved: each file is afterwards an old or a
 * new one, whole; a killed run resumes to the bytes of a run never killed; other files stay as they are.
 * `node scripts/killCheck.mjs [--kills 100] [--seed N] [--json FILE]`; without a seed the date is one.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { negationComments } from '../packages/latch/dist/datasets.js'
import { exportFile } from '../packages/latch/dist/formatsNode.js'
import { textClassifier } from '../packages/latch/dist/node.js'
import { randomOf } from './fuzz/random.mjs'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 86_400_000)) },
    json: { type: 'string' },
  },
})
const kills = Number(values.kills)
const random = randomOf(Number(values.seed))
const root = join(import.meta.dirname, '..')
const latch = join(root, 'packages', 'cli', 'dist', 'latch.js')
const saver = join(import.meta.dirname, 'kill', 'saver.mjs')
const folder = mkdtempSync(join(tmpdir(), 'latch-kill-'))
const FORMATS = ['latch', 'tfjs', 'onnx', 'keras', 'torch']
const failures = []
const expect = (condition, what) => condition || failures.push(what)

console.log(`${kills} kills, seed ${values.seed}`)
const rows = negationComments({ count: 200, seed: 3 })
const names = ['first', 'second'].map((name) => join(folder, `${name}.safetensors`))
for (const [i, name] of names.entries()) {
  const model = textClassifier({ cell: 'lstm', units: 160, embedding: 96 })
  await model.fit(rows, { text: 'text', label: 'label', epochs: 1, seed: i + 1 })
  await model.save(name)
  for (const format of FORMATS.slice(1)) await exportFile(model, format, whole(format, i))
}

/** Where the whole export of a model is, made in peace. The name is part of some formats. */
function whole(format, i) {
  if (format === 'latch') return names[i]
  mkdirSync(join(folder, `whole-${i}`), { recursive: true })
  return join(folder, `whole-${i}`, `${format}.out`)
}

/** What a model of a format consists of: one file, or what its model.json says with the weights that it names. */
function contentOf(format, path) {
  if (format !== 'tfjs') return readFileSync(path)
  const text = readFileSync(join(path, 'model.json'), 'utf8')
  const { weightsManifest } = JSON.parse(text)
  const [name] = weightsManifest[0].paths
  return Buffer.concat([Buffer.from(text.replace(name, 'W')), readFileSync(join(path, name))])
}

/** Runs a program and kills it so many milliseconds after it printed something; null: never. Gives all that it printed. */
function run(args, delay) {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, problems, due] = ['', '', false]
  child.stderr.on('data', (text) => (problems += text))
  child.stdout.on('data', (text) => {
    out += text
    if (delay !== null && !due) {
      due = true
      setTimeout(() => child.kill('SIGKILL'), delay)
    }
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ killed: signal === 'SIGKILL', code, out, problems }))
  })
}

/** Files that a kill leaves behind, besides those of the model. */
const isLeftOver = (name) => /^\.latch-[0-9a-f-]{36}\.tmp$/.test(name)

async function killSaver(format) {
  const place = join(folder, `saved-${format}`)
  const path = join(place, format === 'latch' ? 'm.safetensors' : `${format}.out`)
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'notes.txt'), 'mine')
  const { killed, problems } = await run([saver, format, path, ...names], random() * 80)
  expect(killed, `${format}: the saver ended by itself: ${problems.slice(0, 500)}`)
  const wanted = [0, 1].map((i) => contentOf(format, whole(format, i)))
  const found = contentOf(format, path)
  expect(
    wanted.some((bytes) => bytes.equals(found)),
    `${format}: ${found.length} bytes that are neither model`,
  )
  expect(readFileSync(join(place, 'notes.txt'), 'utf8') === 'mine', `${format}: another file changed`)
  const strange = readdirSync(place).filter(
    (name) => !isLeftOver(name) && name !== 'notes.txt' && name !== basename(path),
  )
  expect(strange.length === 0, `${format}: left ${strange}`)
}

const TRAIN = `train data.csv --text text --label label --units 24 --embedding 16 --epochs 40 --patience off --seed 5 --json`
const MODEL = 'm.safetensors'
const CHECKPOINT = 'm.checkpoint.safetensors'

/** Trains from the last checkpoint, if there is one, until killed; gives whether the run ended. */
async function train(place, delay) {
  const at = (name) => join(place, name)
  const from = existsSync(at(CHECKPOINT)) ? ['--resume', at(CHECKPOINT)] : []
  const options = from.length > 0 ? TRAIN.replace(/--units.*--seed 5/, '--epochs 40') : TRAIN
  const more = ['--checkpoint-every', '0.01', '--out', at(MODEL), ...from]
  const { killed, code, problems } = await run([latch, ...options.split(' '), ...more], delay)
  expect(killed || code === 0, `training ended with ${code}: ${problems.slice(0, 500)}`)
  return !killed
}

/** Trains with so many kills; then to the end. */
async function killTraining(count, wanted, milliseconds) {
  const place = join(folder, 'trained')
  const at = (name) => join(place, name)
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place)
  const old = readFileSync(names[0])
  writeFileSync(at(MODEL), old)
  writeFileSync(at('notes.txt'), 'mine')
  let done = 0
  for (let ended = false; !ended && failures.length === 0; done++) {
    ended = await train(place, done < count ? random() * milliseconds : null)
    const model = readFileSync(at(MODEL))
    expect(model.equals(old) || model.equals(wanted), `the model is neither old nor new after kill ${done}`)
    if (ended) expect(model.equals(wanted), `the resumed model differs after ${done} kills`)
    // One lock of ten is left: a run waits some seconds to see that no run holds it.
    if (done % 10 !== 5) rmSync(at('m.lock'), { force: true })
  }
  expect(readFileSync(at('notes.txt'), 'utf8') === 'mine', 'another file changed')
  return done - 1
}

try {
  const ofTraining = Math.max(1, Math.round(kills * 0.4))
  for (let i = 0; i < kills - ofTraining && failures.length < 10; i++)
    await killSaver(FORMATS[i % FORMATS.length])
  console.log(`savers: ${kills - ofTraining} kills, ${failures.length} failures`)
  writeFileSync(join(folder, 'data.csv'), csv(rows))
  mkdirSync(join(folder, 'peace'))
  const begin = Date.now()
  await train(join(folder, 'peace'), null)
  const wanted = readFileSync(join(folder, 'peace', MODEL))
  const milliseconds = Date.now() - begin
  let [killed, runs] = [0, 0]
  while (killed < ofTraining && failures.length === 0) {
    // Runs that ended before their kill count none, so there are at most so many.
    if (++runs > 20 + ofTraining) failures.push('too few kills met a run')
    killed += await killTraining(Math.min(8, ofTraining - killed), wanted, milliseconds / 4)
  }
  console.log(`training: ${killed} kills in ${runs} runs, ${failures.length} failures`)
} finally {
  await sleep(50)
  rmSync(folder, { recursive: true, force: true })
}
for (const failure of failures) console.log(`  ${failure}`)
if (values.json) {
  const failed = failures.length > 0 ? 1 : 0
  writeFileSync(values.json, JSON.stringify({ passed: 1 - failed, failed, skipped: 0 }))
}
process.exitCode = failures.length > 0 ? 1 : 0

function csv(all) {
  return `text,label\n${all.map(({ text, label }) => `"${text}",${label}`).join('\n')}\n`
}
