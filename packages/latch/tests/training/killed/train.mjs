/**
 * One session of a training with checkpoints in a folder: resumes the last one, or starts a new run.
 * Run by a test that kills it: prints when training starts and at which step. Uses the built package.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { negationComments } from '../../../dist/datasets.js'
import {
  readFileBytes,
  SequenceToSequence,
  sequenceToSequence,
  TextClassifier,
  textClassifier,
  writeFileAtomic,
} from '../../../dist/node.js'

const folder = process.argv[2]
const [kind] = basename(folder).split('-')
const saved = join(folder, 'checkpoint')
mkdirSync(folder, { recursive: true })

const classifier = (cell) => ({
  task: TextClassifier,
  create: () => textClassifier({ cell, units: 24, embedding: 16, layers: 2 }),
  rows: negationComments({ count: 300, seed: 3 }),
  columns: { text: 'text', label: 'label' },
})
const KINDS = {
  lstm: classifier('lstm'),
  gru: classifier('gru'),
  seq2seq: {
    task: SequenceToSequence,
    create: () => sequenceToSequence({ units: 24, embedding: 16, layers: 2 }),
    // Numbers, to be written backwards.
    rows: Array.from({ length: 300 }, (_, i) => {
      const digits = String((i * 7919) % 100_000)
      return { source: digits, target: [...digits].reverse().join('') }
    }),
    columns: {},
  },
}
const { task, create, rows, columns } = KINDS[kind]
const options = {
  ...columns,
  epochs: 8,
  batchSize: 16,
  seed: 11,
  patience: null,
  schedule: { type: 'cosine', tMax: 8, warmup: 5 },
}
const onEvent = ({ type, resumed }) => {
  if (type !== 'start') return
  const at = resumed ? ` at ${resumed.epochs * 1000 + resumed.step}` : ''
  process.stdout.write(`started${at}\n`)
}
const checkpoint = { everySteps: 2, write: (bytes) => writeFileAtomic(saved, bytes) }

if (existsSync(saved)) {
  const bytes = await readFileBytes(saved)
  const { model, fitOptions } = await task.fromCheckpoint(bytes, saved)
  await finish(model, { ...fitOptions, resume: bytes })
} else {
  await finish(create(), options)
}

async function finish(model, fitOptions) {
  await model.fit(rows, { ...fitOptions, onEvent, checkpoint })
  await model.save(join(folder, 'model.safetensors'))
}
