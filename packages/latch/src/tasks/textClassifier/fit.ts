/**
 * From rows to a trained classifier: read, split, count the vocabulary, build the network, hand over to
 * training/fit.ts, and give its events and report the names of this task.
 */
import { cells } from '../../cells/registry.ts'
import { stratifiedSplit } from '../../data/batches.ts'
import { examplesFromRows } from '../../data/examples.ts'
import { Vocabulary } from '../../text/vocabulary.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import { coreLayers } from '../../model/coreLayers.ts'
import { networkFromConfig, type Network } from '../../model/network.ts'
import { DataError, UsageError } from '../../core/errors.ts'
import type { SavedState, TrainingState } from '../../training/checkpoint.ts'
import type { FitReport } from '../../training/events.ts'
import { fit } from '../../training/fit.ts'
import { engineNote } from './checkpointNote.ts'
import { readClassifier, writeClassifier, type TrainingContent } from './file.ts'
import { translate, type RunFacts } from './events.ts'
import { classifierNetwork, type ClassifierSettings } from './options.ts'
import { classOf, counted, cutNote, type Trained } from './classes.ts'
import { classLoss } from './classLoss.ts'
import { checkFitOptions, type ClassifierFitOptions } from './fitOptions.ts'
import { refuseNoRows } from '../knownNames.ts'
import { TextDataset, type TextReader } from './dataset.ts'
import { append } from '../../core/lists.ts'

export type { ClassifierFitOptions } from './fitOptions.ts'

/** What `fit` says when it has ended. */
export interface ClassifierReport extends FitReport, RunFacts {
  /**
   * Numbers, from 0, of the given rows that were trained on and of those put aside for validation; without rows that
   * were left out for an empty text or label. `validation` is empty where there was none, or rows of their own.
   */
  split: { train: number[]; validation: number[] }
}

/** Weights, gradients, two optimizer states, average, best, last good. */
const TRAINING_COPIES = 7

export interface FitRequest {
  rows: Iterable<object>
  options: ClassifierFitOptions
  settings: ClassifierSettings
  engine: EngineOptions
  reader: TextReader
  wantedLabels: readonly string[] | null
  /** A model to train further, or null. */
  trained: Trained | null
  /** Called when training starts, so that a run that fails later still leaves its weights. */
  adopt: (trained: Trained) => void
}

interface Texts {
  texts: string[]
  labels: string[]
}

/** Trains, and reports. Errors: see TextClassifier.fit. */
export async function fitClassifier(request: FitRequest): Promise<ClassifierReport> {
  const network = request.trained?.network
  const loss = network?.config.loss
  let started = false
  const adopt = (trained: Trained) => {
    started = true
    request.adopt(trained)
  }
  try {
    return await run({ ...request, adopt })
  } catch (error) {
    // A run that never began leaves the model as it was.
    if (!started && network && loss !== network.config.loss) network.setLoss(loss!)
    throw error
  }
}

async function run(request: FitRequest): Promise<ClassifierReport> {
  const { settings, options } = request
  refuseNoRows('fit', request.rows)
  checkFitOptions(options)
  const saved = options.resume ? readCheckpoint(options.resume, request) : null
  const prepared = prepare(request, saved?.trained ?? request.trained)
  const { trained, train, validation, notes, split } = prepared
  const { network, vocabulary, labels } = trained
  const { threadsNote } = network.engine
  if (threadsNote) notes.unshift(threadsNote)
  if (saved?.note) notes.unshift(saved.note)
  const about = {
    parameters: network.parameterCount,
    vocabulary: vocabulary.size,
    labels: [...labels],
    trainSize: train.size,
    validationSize: validation?.size ?? 0,
    notes,
  }
  const { checkpoint } = options
  const report = await fit(network, {
    train,
    validation,
    ...trainingOptions(options, settings, validation !== null),
    signal: options.signal,
    onStep: options.onStep,
    onEvent: (event) => {
      if (event.type === 'start') request.adopt(trained)
      const translated = translate(event, about)
      if (translated) options.onEvent?.(translated)
    },
    checkpoint: checkpoint && {
      everySeconds: checkpoint.everySeconds,
      everySteps: checkpoint.everySteps,
      write: (state) => checkpoint.write(checkpointBytes(trained, settings, state, options)),
    },
    resume: saved?.state,
  })
  return { ...report, ...about, split }
}

function checkpointBytes(
  trained: Trained,
  settings: ClassifierSettings,
  state: TrainingState,
  options: ClassifierFitOptions,
): Uint8Array {
  const training: TrainingContent = {
    state: state.document,
    tensors: state.tensors,
    fitOptions: plainOptions(options),
  }
  return writeClassifier({ ...trained, settings, history: null, training })
}

/** The options that a checkpoint can keep: no rows, no functions, nothing that changes no bit. */
function plainOptions(options: ClassifierFitOptions): object {
  const {
    signal: _signal,
    onEvent: _onEvent,
    onStep: _onStep,
    checkpoint: _checkpoint,
    resume: _resume,
    checkpointSteps: _segment,
    validation,
    ...rest
  } = options
  return typeof validation === 'object'
    ? rest
    : { ...rest, ...(validation === undefined ? {} : { validation }) }
}

function readCheckpoint(
  bytes: Uint8Array,
  request: FitRequest,
): { trained: Trained; state: SavedState; note: string | null } {
  const source = 'checkpoint'
  const { network, vocabulary, labels, training, settings } = readClassifier(bytes, source, request.engine)
  if (!training) {
    const expected = 'a checkpoint of a run that was stopped'
    throw new UsageError({ where: source, expected, got: 'the model of a finished run' })
  }
  const wrong = Object.entries(settings).find(([name, value]) => {
    return JSON.stringify(value) !== JSON.stringify(request.settings[name as keyof ClassifierSettings])
  })
  if (wrong) {
    throw new UsageError({
      where: `fit option resume, a checkpoint with ${wrong[0]} ${JSON.stringify(wrong[1])}`,
      expected: 'a classifier with the same options',
      got: `${wrong[0]} ${JSON.stringify(request.settings[wrong[0] as keyof ClassifierSettings])}`,
      remedy: 'TextClassifier.fromCheckpoint makes the classifier that goes with the bytes.',
    })
  }
  const state = { document: training.state, tensors: training.tensors, source }
  const note = engineNote(network.engine, request.engine)
  const { trained } = request
  if (!trained) return { trained: { network, vocabulary, labels }, state, note }
  // The run goes on in the network there is, so that streams and whoever holds it see the new weights.
  try {
    refuseOther(trained, { network, vocabulary, labels })
    trained.network.setLoss(network.config.loss!)
  } finally {
    network.dispose()
  }
  return { trained, state, note }
}

/** @throws UsageError for a checkpoint of a run that the model's own network cannot go on with */
function refuseOther(model: Trained, saved: Trained): void {
  const factsOf = ({ network, vocabulary, labels }: Trained) => ({
    labels: JSON.stringify(labels),
    vocabulary: JSON.stringify(vocabulary.tokens),
    engine: `${network.engine.name}, ${network.engine.precision}`,
  })
  const [own, other] = [factsOf(model), factsOf(saved)]
  const wrong = (['labels', 'vocabulary', 'engine'] as const).find((name) => own[name] !== other[name])
  if (!wrong) return
  const tokens = wrong === 'vocabulary'
  throw new UsageError({
    where: `fit option resume, ${wrong} of the checkpoint`,
    expected: tokens ? `the tokens of the model (${model.vocabulary.size})` : own[wrong],
    got: tokens ? `others (${saved.vocabulary.size})` : other[wrong],
    remedy: 'TextClassifier.fromCheckpoint makes the classifier that goes with the bytes.',
  })
}

/** Rows → datasets and a network that fits them (a new one, or the one there is). */
function prepare(request: FitRequest, before: Trained | null) {
  const { options, settings, reader } = request
  const { text, label, validation = 0.1, seed = 1 } = options
  const examples = examplesFromRows(request.rows, { text, label, name: 'rows' })
  const notes = [...examples.notes]
  const labels = before?.labels ?? labelsOf(examples, request.wantedLabels)
  const classes = Int32Array.from(examples.labels, (name) => classOf(name, labels))
  refuseOneClass(examples, classes)
  const tokens = readAll(examples, reader, settings, notes)
  const parts = splitOf(classes, typeof validation === 'number' ? validation : 0, seed)
  const pick = <T>(list: readonly T[], rows: Int32Array) => Array.from(rows, (row) => list[row])
  const trainTokens = pick(tokens, parts.train)
  const vocabulary = before?.vocabulary ?? buildVocabulary(trainTokens, settings)
  const trainClasses = classes.filter((_, i) => parts.isTrain[i])
  const train = new TextDataset(trainTokens, trainClasses, vocabulary)
  const aside = () => {
    const rows = parts.validation
    return rows.length
      ? new TextDataset(
          pick(tokens, rows),
          Int32Array.from(rows, (r) => classes[r]),
          vocabulary,
        )
      : null
  }
  const given = () => givenValidation(request, labels, vocabulary, notes)
  const watched = typeof validation === 'number' ? aside() : given()
  const network = buildNetwork(request, before, vocabulary, labels, trainClasses)
  const rowsOf = (part: Int32Array) => Array.from(part, (i) => examples.rowNumbers[i])
  const chosen = { train: rowsOf(parts.train), validation: rowsOf(parts.validation) }
  return { trained: { network, vocabulary, labels }, train, validation: watched, notes, split: chosen }
}

function labelsOf({ labels }: Texts, wanted: readonly string[] | null): readonly string[] {
  const found = wanted ?? [...new Set(labels)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  if (new Set(found).size >= 2) return found
  throw new DataError({
    where: 'labels',
    expected: 'at least two different labels',
    got: `only ${JSON.stringify(found[0])} in ${counted(labels.length, 'row')}`,
    remedy: 'Check the label column, or add rows of another class.',
  })
}

function refuseOneClass({ labels }: Texts, classes: Int32Array): void {
  if (classes.some((c) => c !== classes[0])) return
  labelsOf({ texts: [], labels }, null)
}

function readAll(
  { texts }: Texts,
  reader: TextReader,
  settings: ClassifierSettings,
  notes: string[],
): string[][] {
  const read = texts.map((one) => reader.read(one))
  append(notes, cutNote(read.filter((r) => r.cut).length, settings.maximumLength))
  return read.map((r) => r.tokens)
}

function splitOf(classes: Int32Array, share: number, seed: number) {
  const all = Int32Array.from(classes, (_, i) => i)
  const none = new Int32Array(0)
  const parts =
    share === 0 ? { train: all, validation: none } : stratifiedSplit(classes, share, [seed, 'validation'])
  const isTrain = new Uint8Array(classes.length)
  for (const row of parts.train) isTrain[row] = 1
  return { ...parts, isTrain }
}

function buildVocabulary(tokens: readonly string[][], settings: ClassifierSettings): Vocabulary {
  const { minimumCount, maximumVocabulary } = settings
  return Vocabulary.build(tokens, { minimumCount, maximumSize: maximumVocabulary ?? undefined })
}

function givenValidation(
  { options, reader, settings }: FitRequest,
  labels: readonly string[],
  vocabulary: Vocabulary,
  notes: string[],
): TextDataset {
  const { text, label, validation } = options
  const examples = examplesFromRows(validation as readonly object[], { text, label, name: 'validation rows' })
  append(notes, examples.notes)
  const classes = Int32Array.from(examples.labels, (name) => classOf(name, labels))
  return new TextDataset(readAll(examples, reader, settings, notes), classes, vocabulary)
}

/** A new network, or the one there is with this run's loss. */
function buildNetwork(
  { options, settings, engine }: FitRequest,
  before: Trained | null,
  vocabulary: Vocabulary,
  labels: readonly string[],
  classes: Int32Array,
): Network {
  const loss = classLoss(options, labels, classes)
  if (!before) {
    const config = classifierNetwork(settings, vocabulary.size, labels.length, loss)
    return networkFromConfig(config, coreLayers, { ...engine, seed: options.seed, copies: TRAINING_COPIES })
  }
  const { type, labelSmoothing = 0, classWeights } = before.network.config.loss!
  if (labelSmoothing === loss.labelSmoothing && `${classWeights}` === `${loss.classWeights}`)
    return before.network
  if (options.resume) {
    throw new UsageError({
      where: 'fit options labelSmoothing, classWeights',
      expected: `those of the checkpoint (${JSON.stringify({ labelSmoothing, classWeights })})`,
      got: JSON.stringify(loss),
      remedy: 'Resume with the options and the rows of the run that wrote it.',
    })
  }
  before.network.setLoss({ type, ...loss })
  return before.network
}

function trainingOptions(options: ClassifierFitOptions, settings: ClassifierSettings, watched: boolean) {
  const { optimizer = 'adamw', epochs = 30, batchSize = 32, clipNorm = 1, ema = 0.99, patience = 5 } = options
  // Without a gate that keeps the past, gradients are larger.
  const ungated = cells.some(({ name, keepGate }) => name === settings.cell && keepGate === null)
  const { learningRate = ungated ? 0.001 : 0.002, schedule, clipValue, seed } = options
  const { accumulationSteps, checkpointSteps = null, sparseEmbeddings } = options
  return {
    optimizer: typeof optimizer === 'string' ? { type: optimizer } : optimizer,
    patience: watched ? patience : null,
    epochs,
    batchSize,
    clipNorm,
    ema,
    learningRate,
    schedule,
    clipValue,
    seed,
    accumulationSteps,
    checkpointSteps,
    sparseEmbeddings,
  }
}
