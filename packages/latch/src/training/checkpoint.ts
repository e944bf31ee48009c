/**
 * The state of a run, for exact resumption. The order of rows and dropout masks are pure functions of (seed, epoch,
 * step), so the position is the state of the random numbers; the rest are weights, optimizer states, averaged and best
 * weights in PyTorch's order, and running sums and history as JSON.
 */
import type { EngineName, Precision } from '../engine/engine.ts'
import type { NetworkConfig } from '../model/config.ts'
import { internalsOf, type Network } from '../model/network.ts'
import { FormatError } from '../core/errors.ts'
import {
  describe,
  fieldAt,
  fieldError,
  readChoice,
  readInteger,
  readList,
  readNumber,
  readObject,
  readOptional,
  rootField,
  type Field,
} from '../core/validation.ts'
import type { CarriedSegments } from './segments/carriedSegments.ts'
import type { BestEpoch, EpochRecord } from './events.ts'
import { initialPlateau, type PlateauState } from './schedule.ts'
import type { TrainingOptions } from './options.ts'

/** The position of a run. Plain JSON, which preserves doubles exactly. */
export interface Progress {
  /** Epochs finished. */
  epoch: number
  /** Updates done in the unfinished epoch. */
  step: number
  /** Updates done in total. */
  steps: number
  /** Running sums of the unfinished epoch. */
  sums: { loss: number; weight: number; correct: number; counted: number; norm: number }
  plateau: PlateauState
  best: BestEpoch | null
  /** Epochs in a row without an improvement. */
  badEpochs: number
  history: EpochRecord[]
  /** Wall time of the unfinished epoch, and in total. */
  seconds: { epoch: number; total: number }
}

/** The JSON of a saved state. */
export interface TrainingDocument {
  kind: 'training'
  version: 1
  engine: EngineName
  precision: Precision
  network: NetworkConfig
  options: TrainingOptions
  /** Fingerprints of the data, so that a run is not resumed with other data. */
  data: { train: string; validation: string | null }
  progress: Progress
}

/** Numbers of a saved state, in PyTorch's order. */
export interface StateTensor {
  /** `weights/recurrent.0.weight_ih_l0`, `optimizer.mean/…`, `ema/…`, `best/…`. */
  name: string
  shape: readonly number[]
  dtype: 'F32' | 'F64'
  data: Float32Array | Float64Array
}

/** The state of a run, to be written to a file. */
export interface TrainingState {
  document: TrainingDocument
  tensors: StateTensor[]
}

/** A TrainingState read from a file, not yet validated. */
export interface SavedState {
  document: unknown
  tensors: Iterable<{ name: string; shape: readonly number[]; data: unknown }>
  /** The file's name in errors. */
  source?: string
}

/** A run whose state can be captured and restored. */
export interface Resumable {
  readonly network: Network
  readonly options: TrainingOptions
  readonly data: TrainingDocument['data']
  /** Regions of optimizer and average; `best` is added if there is a best epoch. */
  readonly regions: readonly string[]
  readonly stepsPerEpoch: number
  /** The states that go on from batch to batch, of a dataset of segments. */
  readonly carried?: CarriedSegments | null
}

export const BEST_REGION = 'best'
/** Prefix of the states that a run carries from batch to batch. */
const STATES = 'states/'

/** Copies the state; the run can continue immediately. */
export function captureState(run: Resumable, progress: Progress): TrainingState {
  const { network, options, data } = run
  const { name: engine, precision } = network.engine
  const dtype = precision === 'float32' ? 'F32' : 'F64'
  const tensors = regionsOf(run, progress).flatMap((region) =>
    network.parameters.map((parameter): StateTensor => {
      const values = internalsOf(network).store.read(parameter, region)
      return { name: `${region}/${parameter.name}`, shape: parameter.shape, dtype, data: values }
    }),
  )
  const states = progress.step > 0 ? (run.carried?.states ?? null) : null
  states?.states.forEach(({ name, width }, k) => {
    const values = states.values[k]
    const numbers = precision === 'float32' ? Float32Array.from(values) : values
    tensors.push({ name: STATES + name, shape: [values.length / width, width], dtype, data: numbers })
  })
  const document = {
    kind: 'training',
    version: 1,
    engine,
    precision,
    network: network.config,
    options,
    data,
    progress,
  }
  return { document: structuredClone(document) as TrainingDocument, tensors }
}

function regionsOf(run: Resumable, progress: Progress): string[] {
  return ['weights', ...run.regions, ...(progress.best ? [BEST_REGION] : [])]
}

/**
 * Restores a saved state into the network and returns the position of the run. Everything is validated before anything
 * is written.
 * @throws FormatError naming the field or tensor that is invalid or belongs to another run
 */
export function restoreState(run: Resumable, state: SavedState): Progress {
  const source = state.source ?? 'checkpoint'
  const document = readObject(rootField(state.document, 'document', source), [
    'kind',
    'version',
    'engine',
    'precision',
    'network',
    'options',
    'data',
    'progress',
  ])
  readChoice(document.kind, ['training'])
  readChoice(document.version, [1])
  const { name, precision } = run.network.engine
  requireSame(
    document.engine,
    name,
    'Engines differ in the last bits of results. Resume with the engine of the checkpoint.',
  )
  requireSame(document.precision, precision)
  requireSame(document.network, run.network.config, 'Resume with the network that wrote the checkpoint.')
  for (const [option, value] of Object.entries(run.options)) {
    requireSame(
      fieldAt(document.options, option),
      value,
      'Resume with the options of the run that wrote the checkpoint.',
    )
  }
  for (const part of ['train', 'validation'] as const) {
    requireSame(
      fieldAt(document.data, part),
      run.data[part],
      `Resume with the same ${part} data, in the same order.`,
    )
  }
  const progress = readProgress(document.progress, run.stepsPerEpoch)
  const sequences = run.carried?.sequencesAfter(progress.step * run.options.accumulationSteps) ?? 0
  writeTensors(run, regionsOf(run, progress), sequences, state, source)
  return progress
}

function requireSame(field: Field, wanted: unknown, remedy?: string): void {
  const [expected, got] = [canonical(wanted), canonical(field.value)]
  if (expected === got) return
  throw new FormatError({
    where: `${field.source}, ${field.path}`,
    expected: short(expected),
    got: short(got),
    remedy,
  })
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  const sorted = (_: string, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item
  return JSON.stringify(value, sorted) ?? 'undefined'
}

function short(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** `sequences`: how many have states; 0: none has. */
function writeTensors(
  run: Resumable,
  regions: readonly string[],
  sequences: number,
  state: SavedState,
  source: string,
): void {
  const { network } = run
  const found = new Map([...state.tensors].map((tensor) => [tensor.name, tensor]))
  const carried = sequences > 0 ? run.carried!.states : null
  const wanted = regions.flatMap((region) => network.parameters.map((parameter) => ({ region, parameter })))
  const take = (name: string, shape: readonly number[]) => {
    const where = `${source}, tensor ${name}`
    const tensor = found.get(name)
    if (!tensor) throw new FormatError({ where, expected: 'a tensor with this name', got: 'none' })
    if (tensor.shape.join() !== shape.join()) {
      throw new FormatError({ where, expected: `shape (${shape})`, got: `shape (${tensor.shape})` })
    }
    const size = shape.reduce((product, n) => product * n, 1)
    return numbersOf(network, tensor.data, size, where)
  }
  const checked = wanted.map(({ region, parameter }) => {
    return { region, parameter, data: take(`${region}/${parameter.name}`, parameter.shape) }
  })
  const states = carried?.states.map(({ name, width }) => take(STATES + name, [sequences, width]))
  if (carried) carried.values = states!.map((values) => Float64Array.from(values))
  for (const { region, parameter, data } of checked) internalsOf(network).store.write(parameter, data, region)
}

function numbersOf(network: Network, data: unknown, size: number, where: string): ArrayLike<number> {
  const single = network.engine.precision === 'float32'
  const fits = single ? data instanceof Float32Array : data instanceof Float64Array
  if (!fits) {
    const got = (data as object | null)?.constructor?.name ?? describe(data)
    throw new FormatError({ where, expected: single ? 'a Float32Array' : 'a Float64Array', got })
  }
  const numbers = data as Float32Array | Float64Array
  if (numbers.length !== size) {
    throw new FormatError({ where, expected: `${size} numbers`, got: `${numbers.length}` })
  }
  return numbers
}

const PROGRESS = [
  'epoch',
  'step',
  'steps',
  'sums',
  'plateau',
  'best',
  'badEpochs',
  'history',
  'seconds',
] as const
const RECORD = [
  'epoch',
  'trainLoss',
  'trainAccuracy',
  'validationLoss',
  'validationAccuracy',
  'learningRate',
  'gradientNorm',
  'seconds',
] as const

function readProgress(field: Field, stepsPerEpoch: number): Progress {
  const f = readObject(field, PROGRESS)
  const epoch = readInteger(f.epoch)
  const step = readInteger(f.step, { min: 0, max: stepsPerEpoch })
  const sums = readObject(f.sums, ['loss', 'weight', 'correct', 'counted', 'norm'])
  const plateau = readObject(f.plateau, ['rate', 'best', 'badEpochs', 'cooldown'])
  const seconds = readObject(f.seconds, ['epoch', 'total'])
  const progress = {
    epoch,
    step,
    steps: readInteger(f.steps),
    sums: {
      loss: readNumber(sums.loss),
      weight: readNumber(sums.weight, { min: 0 }),
      correct: readInteger(sums.correct),
      counted: readInteger(sums.counted),
      norm: readNumber(sums.norm, { min: 0 }),
    },
    plateau: {
      rate: readNumber(plateau.rate, { min: 0 }),
      best: readOptional(plateau.best, readNumber, null),
      badEpochs: readInteger(plateau.badEpochs),
      ...(plateau.cooldown.value !== undefined && { cooldown: readInteger(plateau.cooldown) }),
    },
    best: readOptional(f.best, readBest, null),
    badEpochs: readInteger(f.badEpochs),
    history: readList(f.history, readRecordOf, { minLength: epoch, maxLength: epoch }),
    seconds: { epoch: readNumber(seconds.epoch, { min: 0 }), total: readNumber(seconds.total, { min: 0 }) },
  }
  if (progress.steps === epoch * stepsPerEpoch + step) return progress
  throw fieldError(f.steps, `${epoch * stepsPerEpoch + step}, from epoch and step`)
}

function readBest(field: Field): BestEpoch {
  const { epoch, loss, accuracy } = readObject(field, ['epoch', 'loss', 'accuracy'])
  const best = { epoch: readInteger(epoch, { min: 1 }), loss: readNumber(loss) }
  return { ...best, accuracy: readOptional(accuracy, readNumber, null) }
}

function readRecordOf(field: Field): EpochRecord {
  const f = readObject(field, RECORD)
  return {
    epoch: readInteger(f.epoch, { min: 1 }),
    trainLoss: readNumber(f.trainLoss),
    trainAccuracy: readOptional(f.trainAccuracy, readNumber, null),
    validationLoss: readOptional(f.validationLoss, readNumber, null),
    validationAccuracy: readOptional(f.validationAccuracy, readNumber, null),
    learningRate: readNumber(f.learningRate),
    gradientNorm: readNumber(f.gradientNorm),
    seconds: readNumber(f.seconds),
  }
}

/** The position of a new run. */
export function freshProgress(learningRate: number): Progress {
  return {
    epoch: 0,
    step: 0,
    steps: 0,
    sums: emptySums(),
    plateau: initialPlateau(learningRate),
    best: null,
    badEpochs: 0,
    history: [],
    seconds: { epoch: 0, total: 0 },
  }
}

export function emptySums(): Progress['sums'] {
  return { loss: 0, weight: 0, correct: 0, counted: 0, norm: 0 }
}
