/**
 * From examples to a trained model, for every task: read, split, learn the vocabulary, labels and
 * scaling, build the network, train, and report. Loaded on the first call of `fit`.
 */
import { stratifiedSplit } from '../../data/batches.ts'
import type { NetworkConfig } from '../../model/config.ts'
import { internalsOf, buildNetwork } from '../../model/network.ts'
import { UsageError } from '../../core/errors.ts'
import { append } from '../../core/lists.ts'
import type { SavedState, TrainingState } from '../../training/checkpoint.ts'
import { fit } from '../../training/fit.ts'
import { completeOptimizer, optimizerRegions } from '../../training/optimizer.ts'
import { decodeModel } from '../../formats/latch/modelFile.ts'
import { readTaskFile, writeTaskFile } from '../files/taskFile.ts'
import { engineOfCheckpoint } from './checkpointEngine.ts'
import { assertRows } from '../rows.ts'
import type { ExampleSet, FitRequest, TaskDefinition, TaskTraining, TaskTypes, Trained } from '../task.ts'
import { vectorsOf } from '../vectors/option.ts'
import { describeVectors, readKnown, startEmbedding, type KnownVectors } from '../vectors/startEmbedding.ts'
import { classLoss } from './classLoss.ts'
import { describeEngineChange } from './engineChange.ts'
import { copyWeights, describeUnknown, extendLearned } from './extendModel.ts'
import {
  checkFitOptions,
  chosenOptimizer,
  plainOptions,
  readColumns,
  resolveTraining,
  type FitOptions,
  type ModelFitReport,
  type RunFacts,
} from './fitOptions.ts'

/** Weights, gradients, average, best, last good; optimizer states come on top. */
const TRAINING_COPIES = 5

/** Trains, and reports. Errors: see Model.fit. */
export async function fitModel<T extends TaskTypes>(request: FitRequest<T>): Promise<ModelFitReport> {
  const network = request.trained?.network
  const loss = network?.config.loss
  let started = false
  const adopt = (trained: Trained<T['Learned']>) => {
    started = true
    request.adopt(trained)
  }
  try {
    return await run({ ...request, adopt })
  } catch (error) {
    // A run that did not start leaves the model unchanged.
    if (!started && network && loss !== network.config.loss) network.setLoss(loss!)
    throw error
  }
}

async function run<T extends TaskTypes>(request: FitRequest<T>): Promise<ModelFitReport> {
  const { task, training, options, examples } = request
  assertRows('fit', examples, task.columns)
  checkFitOptions(options, task.columns)
  const saved = options.resume ? readCheckpoint(options.resume, request) : null
  const before = saved?.trained ?? request.trained
  const prepared = await prepare(request, training, before)
  const { trained, train, validation, warnings, split, sizes, choices, items, vectors } = prepared
  const { threadsNote } = trained.network.engine
  if (threadsNote) warnings.unshift(threadsNote)
  if (saved?.note) warnings.unshift(saved.note)
  const { network, learned, names } = trained
  const facts: RunFacts = {
    parameters: network.parameterCount,
    vocabulary: learned.vocabulary?.length ?? null,
    labels: [...names],
    ...sizes,
    vectors,
    warnings,
  }
  const { checkpoint } = options
  const report = await fit(network, {
    train,
    validation,
    ...choices,
    signal: options.signal,
    onStep: options.onStep,
    onEvent: (event) => {
      if (event.type === 'start') request.adopt(trained)
      options.onEvent?.(event.type === 'start' ? { ...event, ...facts } : event)
    },
    checkpoint: checkpoint && {
      everySeconds: checkpoint.everySeconds,
      everySteps: checkpoint.everySteps,
      write: (state) => checkpoint.write(encodeCheckpoint(task, trained, state, options)),
    },
    resume: saved?.state,
  })
  const completed = await training.complete?.(trained, items.train, items.validation)
  if (completed) request.adopt({ ...trained, learned: completed.learned })
  if (completed?.warning) warnings.push(completed.warning)
  return { ...report, ...facts, split, counts: completed?.counts ?? null }
}

function encodeCheckpoint<T extends TaskTypes>(
  task: TaskDefinition<T>,
  trained: Trained<T['Learned']>,
  state: TrainingState,
  options: FitOptions,
): Uint8Array {
  const training = { state: state.document, tensors: state.tensors, fitOptions: plainOptions(options) }
  return writeTaskFile(task, { ...trained, history: null, training })
}

interface Resumed<T extends TaskTypes> {
  trained: Trained<T['Learned']>
  state: SavedState
  note: string | null
}

function readCheckpoint<T extends TaskTypes>(bytes: Uint8Array, request: FitRequest<T>): Resumed<T> {
  const source = 'checkpoint'
  const { task, engine, settings, trained } = request
  const content = readTaskFile(task, decodeModel(bytes, source), source, engineOfCheckpoint(engine))
  const { network, learned } = content
  const training = content.training!
  assertSameSettings(task.settings(learned), settings)
  const state = { document: training.state, tensors: training.tensors, source }
  const note = describeEngineChange(internalsOf(network).engine, engine)
  if (!trained) return { trained: content, state, note }
  // The run resumes in the existing network, so that streams and references to it see the new weights.
  try {
    assertSameModel(trained, content)
    trained.network.setLoss(network.config.loss!)
  } finally {
    network.dispose()
  }
  return { trained, state, note }
}

function assertSameSettings(saved: object, own: object): void {
  const text = (settings: object, name: string) => JSON.stringify((settings as Record<string, unknown>)[name])
  // What is still undefined is chosen from the rows.
  const wrong = Object.keys(saved).find((name) => text(own, name) && text(saved, name) !== text(own, name))
  if (wrong === undefined) return
  throw new UsageError({
    where: `fit option resume, a checkpoint with ${wrong} ${text(saved, wrong)}`,
    expected: 'a model with the same options',
    got: `${wrong} ${text(own, wrong)}`,
    remedy: 'Open the checkpoint with fromCheckpoint, which builds the matching model.',
  })
}

/** @throws UsageError for a checkpoint of a run that the model's own network cannot resume */
function assertSameModel(model: Trained, saved: Trained): void {
  const describeModel = ({ network, names, learned }: Trained) => ({
    labels: JSON.stringify(names),
    vocabulary: JSON.stringify(learned.vocabulary),
    engine: `${network.engine.name}, ${network.engine.precision}`,
  })
  const [own, other] = [describeModel(model), describeModel(saved)]
  const wrong = (['labels', 'vocabulary', 'engine'] as const).find((name) => own[name] !== other[name])
  if (!wrong) return
  const isVocabulary = wrong === 'vocabulary'
  throw new UsageError({
    where: `fit option resume, ${wrong} of the checkpoint`,
    expected: isVocabulary ? `the tokens of the model (${model.learned.vocabulary?.length})` : own[wrong],
    got: isVocabulary ? `other tokens (${saved.learned.vocabulary?.length})` : other[wrong],
    remedy: 'Open the checkpoint with fromCheckpoint, which builds the matching model.',
  })
}

/** Examples → datasets and a network that fits them (a new one, or the existing one). */
async function prepare<T extends TaskTypes>(
  request: FitRequest<T>,
  task: TaskTraining<T>,
  before: Trained<T['Learned']> | null,
) {
  const { settings, options, labels } = request
  const { validation = 0.1, seed = 1 } = options
  const columns = readColumns(options, request.task.columns)
  const reading = { settings, labels, columns }
  const all = task.readExamples(request.examples, { ...reading, trained: before, purpose: 'training' })
  const warnings = [...all.warnings]
  const parts = splitItems(task, all, typeof validation === 'number' ? validation : 0, seed)
  const pick = (rows: Int32Array) => Array.from(rows, (row) => all.items[row])
  const divided =
    typeof validation === 'number' && validation > 0 ? task.divide?.(all.items, validation) : null
  const training = divided?.train ?? pick(parts.train)
  const heldOut = divided?.validation ?? pick(parts.validation)
  const unknown = before && describeUnknown(task, before.learned, training, options)
  if (unknown) warnings.push(unknown)
  const extended = before && options.extendVocabulary ? extendLearned(task, before.learned, training) : null
  const known = before ? null : await knownVectors(task, settings, training)
  const learned = extended ?? before?.learned ?? task.learn!(settings, all, training, known?.vectors)
  const network = prepareNetwork(request, task, extended ? null : before, learned, training, all)
  if (extended) {
    copyWeights(before!.network, network)
    const added = learned.vocabulary!.length - before!.learned.vocabulary!.length
    warnings.push(`${added} tokens added to the vocabulary.`)
  }
  const { parameter } = task.embedding?.(settings) ?? {}
  const vectors = known && startEmbedding(network, parameter!, learned.vocabulary!, known)
  if (vectors) append(warnings, describeVectors(vectors, known.found))
  const isNew = before === null || extended !== null
  if (isNew) append(warnings, task.describeRows?.(learned, training) ?? [])
  const trained: Trained<T['Learned']> = isNew
    ? { learned, network, names: request.task.nameOutputs(network, learned) }
    : before
  const isWatched = typeof validation !== 'number' || heldOut.length > 0
  const choices = resolveTraining(options, task.fitDefaults(settings), isWatched)
  const train = task.dataset(trained, training, choices.batchSize)
  const sizes = { trainSize: training.length, validationSize: heldOut.length }
  let watched = null
  let watchedItems: readonly T['Item'][] = heldOut
  if (typeof validation === 'number') {
    if (heldOut.length > 0) watched = task.dataset(trained, heldOut)
  } else {
    const given = validation as readonly T['Example'][]
    const set = task.readExamples(given, { ...reading, trained, purpose: 'validation' })
    append(warnings, set.warnings)
    watched = task.dataset(trained, set.items)
    sizes.validationSize = set.items.length
    watchedItems = set.items
  }
  const numbers = (part: Int32Array) => Array.from(part, (i) => all.rows[i])
  // Of one divided example both parts have its number.
  const split = { train: numbers(parts.train), validation: numbers(divided ? parts.train : parts.validation) }
  const read = { train: training, validation: watchedItems }
  return { trained, train, validation: watched, warnings, split, sizes, choices, items: read, vectors }
}

/** The vectors of the training rows' words; null for a model without vectors. */
async function knownVectors<T extends TaskTypes>(
  task: TaskTraining<T>,
  settings: T['Settings'],
  training: readonly T['Item'][],
): Promise<KnownVectors | null> {
  const given = vectorsOf(settings)
  if (!given) return null
  const { tokens, ignoreCase } = task.embedding!(settings)
  return readKnown(given, training.map(tokens), ignoreCase)
}

/** Stratified by class if each example has one class, else at random. */
function splitItems<T extends TaskTypes>(
  task: TaskTraining<T>,
  { items }: ExampleSet<T['Item']>,
  fraction: number,
  seed: number,
) {
  const all = Int32Array.from(items, (_, i) => i)
  if (fraction === 0) return { train: all, validation: new Int32Array(0) }
  const strata = Int32Array.from(items, (item) => {
    const classes = task.classes(item)
    return classes.length === 1 ? classes[0] : 0
  })
  return stratifiedSplit(strata, fraction, [seed, 'validation'])
}

/** A new network, or the existing one with this run's loss. */
function prepareNetwork<T extends TaskTypes>(
  { settings, options, engine }: FitRequest<T>,
  task: TaskTraining<T>,
  before: Trained<T['Learned']> | null,
  learned: T['Learned'],
  training: readonly T['Item'][],
  { labels }: ExampleSet<T['Item']>,
) {
  const planned = before ? null : task.network!(learned)
  const config: NetworkConfig = planned?.config ?? before!.network.config
  const { labelSmoothing = task.fitDefaults(settings).labelSmoothing, classWeights } = options
  const choices = { labelSmoothing, classWeights }
  const loss = classLoss(config.loss!, choices, labels ?? [], () => classesOf(task, training))
  if (planned) {
    const states = optimizerRegions(completeOptimizer(chosenOptimizer(options))).length
    const network = { ...engine, seed: options.seed, copies: TRAINING_COPIES + states }
    return buildNetwork({ ...config, loss }, planned.layers, network)
  }
  const { network: existing } = before!
  const same = (name: 'labelSmoothing' | 'classWeights') =>
    `${config.loss![name] ?? 0}` === `${loss[name] ?? 0}`
  if (same('labelSmoothing') && same('classWeights')) return existing
  if (options.resume) {
    const { labelSmoothing: smoothing = 0, classWeights: weights } = config.loss!
    throw new UsageError({
      where: 'fit options labelSmoothing, classWeights',
      expected: `those of the checkpoint (${JSON.stringify({ labelSmoothing: smoothing, classWeights: weights })})`,
      got: JSON.stringify({ labelSmoothing: loss.labelSmoothing, classWeights: loss.classWeights }),
      remedy: 'Resume with the options and rows of the original run.',
    })
  }
  existing.setLoss(loss)
  return existing
}

function* classesOf<T extends TaskTypes>(task: TaskTraining<T>, items: readonly T['Item'][]) {
  for (const item of items) {
    const classes = task.classes(item)
    for (let i = 0; i < classes.length; i++) yield classes[i]
  }
}
