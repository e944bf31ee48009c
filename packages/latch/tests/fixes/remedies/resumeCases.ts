/** Remedies of trainings that are resumed from a checkpoint of a model. */
import { FormatError, UsageError, WorkerError } from '../../../src/core/errors.ts'
import { useHost, type HostWorker } from '../../../src/engine/host.ts'
import { nodeHost } from '../../../src/engine/hostNode.ts'
import { parallelism } from '../../../src/engine/threads/executor.ts'
import { TextClassifier, textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { ClassifierFitOptions } from '../../../src/tasks/textClassifier/learned.ts'
import type { ClassifierOptions } from '../../../src/tasks/textClassifier/options.ts'
import { fit } from '../../../src/training/fit.ts'
import type { FitOptions } from '../../../src/training/run.ts'
import type { SavedState } from '../../../src/training/checkpoint.ts'
import { comments, quick, tiny, trained, type Row } from '../../tasks/textClassifier/classifierHelpers.ts'
import { classifier, firstMark } from '../../training/trainingHelpers.ts'
import type { RemedyCase } from './remedyCase.ts'

const rows = comments(24, 1)
const others = comments(24, 9).map(({ text, label }) => ({ text: `${text} again`, label }))

/** A checkpoint after the first steps of a run. */
async function checkpointOf(options: ClassifierOptions = {}): Promise<Uint8Array> {
  const saved: Uint8Array[] = []
  const checkpoint = { everySteps: 2, write: (bytes: Uint8Array) => void saved.push(bytes) }
  await trained(options, { epochs: 2, checkpoint }, rows)
  return saved[0]
}

const resume = async (more: object = {}, data = rows) => {
  const bytes = await checkpointOf()
  const { model, fitOptions } = await TextClassifier.fromCheckpoint(bytes)
  return model.fit(data, { ...fitOptions, resume: bytes, ...more } as ClassifierFitOptions<Row>)
}

const AS_BUILT = 'Open the checkpoint with fromCheckpoint, which builds the matching model.'

const MODELS: readonly RemedyCase[] = [
  {
    name: 'a finished model as a checkpoint',
    kind: UsageError,
    remedy: 'Continue training with `fit`, or start a new run.',
    raise: async () => TextClassifier.fromCheckpoint((await trained({}, { epochs: 1 }, rows)).toBytes()),
    follow: async () => {
      const bytes = (await trained({}, { epochs: 1 }, rows)).toBytes()
      await TextClassifier.fromBytes(bytes).fit(rows, { ...quick, epochs: 1 })
      await textClassifier(tiny).fit(rows, { ...quick, epochs: 1 })
    },
  },
  {
    name: 'a checkpoint of relaxed arithmetic, to be reproducible',
    kind: UsageError,
    remedy: 'Resume without `reproducible`, or start a new run with it.',
    raise: async () =>
      TextClassifier.fromCheckpoint(await checkpointOf({ engine: 'relaxed' }), 'run', { reproducible: true }),
    follow: async () => {
      const bytes = await checkpointOf({ engine: 'relaxed' })
      const { model, fitOptions } = await TextClassifier.fromCheckpoint(bytes)
      await model.fit(rows, { ...fitOptions, resume: bytes } as ClassifierFitOptions<Row>)
      await trained({ reproducible: true }, { epochs: 1 }, rows)
    },
  },
  {
    name: 'a model with other options than the checkpoint',
    kind: UsageError,
    remedy: AS_BUILT,
    raise: async () =>
      textClassifier({ ...tiny, units: 5 }).fit(rows, { ...quick, resume: await checkpointOf() }),
    follow: () => resume(),
  },
  {
    name: 'a trained model with other tokens than the checkpoint',
    kind: UsageError,
    remedy: AS_BUILT,
    raise: async () =>
      (await trained({}, { epochs: 1 }, others)).fit(rows, { ...quick, resume: await checkpointOf() }),
    follow: () => resume(),
  },
  {
    name: 'other loss options than the checkpoint',
    kind: UsageError,
    remedy: 'Resume with the options and rows of the original run.',
    raise: () => resume({ labelSmoothing: 0.2 }),
    follow: () => resume(),
  },
]

const common = { train: firstMark(16, 1), epochs: 2, batchSize: 8 } satisfies FitOptions

/** A network's run, and another one with its checkpoint. */
async function again({ units = 6, engine = 'simd', ...more }: Partial<FitOptions> & Network = {}) {
  const saved: SavedState[] = []
  const checkpoint = { everySteps: 1, write: (state: SavedState) => void saved.push(state) }
  await fit(classifier({ engine: 'simd' }), { ...common, ...WITH_VALIDATION, checkpoint })
  return fit(classifier({ units, engine }), { ...common, ...WITH_VALIDATION, ...more, resume: saved[0] })
}

interface Network {
  units?: number
  engine?: 'simd' | 'reference'
}

const WITH_VALIDATION = { validation: firstMark(8, 2) }

const refused = (name: string, remedy: string, raise: () => unknown): RemedyCase => ({
  name: `a checkpoint of ${name}`,
  kind: FormatError,
  remedy,
  raise,
  follow: () => again(),
})

const NETWORKS: readonly RemedyCase[] = [
  refused(
    'another engine',
    'Engines differ in the last bits of results. Resume with the engine of the checkpoint.',
    () => again({ engine: 'reference' }),
  ),
  refused('another network', 'Resume with the network that wrote the checkpoint.', () => again({ units: 5 })),
  refused('other options', 'Resume with the options of the run that wrote the checkpoint.', () =>
    again({ batchSize: 4 }),
  ),
  refused('other training data', 'Resume with the same train data, in the same order.', () =>
    again({ train: firstMark(16, 7) }),
  ),
  refused('other validation data', 'Resume with the same validation data, in the same order.', () =>
    again({ validation: firstMark(8, 7) }),
  ),
]

/** A training that loses its workers, and its last checkpoint. */
async function loseWorkers(saved: Uint8Array[]): Promise<unknown> {
  const [host, before] = [nodeHost(), { ...parallelism }]
  const workers: HostWorker[] = []
  const spawn: typeof host.spawn = (...args) => workers[workers.push(host.spawn(...args)) - 1]
  useHost({ ...host, spawn })
  Object.assign(parallelism, { minWork: 0, eager: true })
  const onEvent = ({ type }: { type: string }) => {
    if (type !== 'epoch') return
    for (const worker of workers) worker.terminate()
    // Not earlier: on a busy machine, workers that live may pause for longer.
    parallelism.stallTimeoutMs = 1000
  }
  const checkpoint = { everySteps: 1, write: (bytes: Uint8Array) => void saved.push(bytes) }
  try {
    return await trained({ engine: 'simd', threads: 3 }, { epochs: 400, onEvent, checkpoint }, rows)
  } finally {
    useHost(host)
    Object.assign(parallelism, before)
  }
}

const LOST: RemedyCase = {
  name: 'workers that stop in a training',
  kind: WorkerError,
  remedy: 'The computation is lost. Resume from the last checkpoint, or create the engine with `threads: 1`.',
  raise: () => loseWorkers([]),
  follow: async () => {
    const saved: Uint8Array[] = []
    await loseWorkers(saved).catch(() => {})
    const [bytes] = saved
    const { model, fitOptions } = await TextClassifier.fromCheckpoint(bytes)
    await model.fit(rows, { ...fitOptions, epochs: 2, resume: bytes } as ClassifierFitOptions<Row>)
    await trained({ threads: 1 }, { epochs: 1 }, rows)
  },
}

export const RESUME_CASES: readonly RemedyCase[] = [...MODELS, ...NETWORKS, LOST]
