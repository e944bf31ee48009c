/**
 * A model of any task as a model file, and an interrupted run as a checkpoint (a model file with the training state):
 * weights under PyTorch's names, everything else as one JSON document. Reading checks every field and every shape
 * before memory is allocated.
 */
import type { EngineOptions } from '../../engine/engine.ts'
import { FormatError, UsageError } from '../../core/errors.ts'
import {
  describe,
  fieldAt,
  fieldError,
  readArray,
  readObject,
  readOptional,
  readString,
  rootField,
  type Field,
} from '../../core/validation.ts'
import {
  encodeModel,
  assertAllTaken,
  takeTensor,
  type ModelContent,
  type ModelDocument,
} from '../../formats/latch/modelFile.ts'
import { ANY_MODEL, type NamedTensor } from '../../formats/safetensors/safetensors.ts'
import { readNetworkConfig } from '../../model/config.ts'
import { buildNetwork } from '../../model/network.ts'
import type { ParameterInfo } from '../../tensors/parameters.ts'
import type { TaskDefinition, TaskTypes, Trained } from '../task.ts'
import { fitting } from './fitting.ts'
import { readHistory, type TrainingHistory } from './history.ts'
import { weightTensors } from './weightTensors.ts'

/** Prefix of the tensors that only a checkpoint has. */
const TRAINING = 'training/'

/** The part of a checkpoint that a model file does not have. */
export interface TrainingContent {
  /** The state of training/checkpoint.ts: JSON and tensors. */
  state: unknown
  tensors: NamedTensor[]
  /** The options of the run, as JSON. */
  fitOptions: unknown
}

/** The contents of a model file. */
export interface TaskContent<T extends TaskTypes> extends Trained<T['Learned']> {
  history: TrainingHistory | null
  training: TrainingContent | null
}

/** The source of a model's weights: a file's tensors, or the reader of another format. */
export interface WeightSource {
  read(parameter: ParameterInfo): ArrayLike<number>
  /** Takes the tensors whose names begin with the prefix, and removes it. */
  takeAll(prefix: string): NamedTensor[]
  /** @throws FormatError for unused weights */
  finish(): void
}

/** The weights of a model file. */
export function tensorWeights(
  tensors: Map<string, NamedTensor>,
  source: string,
  allowNonFinite = false,
): WeightSource {
  return {
    read: ({ name, shape }) => takeTensor(tensors, name, shape, source, allowNonFinite),
    takeAll(prefix) {
      const taken: NamedTensor[] = []
      for (const [name, tensor] of tensors) {
        if (!name.startsWith(prefix)) continue
        tensors.delete(name)
        taken.push({ ...tensor, name: name.slice(prefix.length) })
      }
      return taken
    },
    finish: () => assertAllTaken(tensors, source),
  }
}

/** A model without its weights. */
export function taskDocument<T extends TaskTypes>(
  task: TaskDefinition<T>,
  { network, learned, history, training }: Omit<TaskContent<T>, 'names'>,
): ModelDocument {
  return {
    format: 'latch',
    version: 1,
    task: task.name,
    ...task.write(learned),
    network: network.config,
    ...(history ? { history } : {}),
    ...(training ? { training: { state: training.state, fitOptions: training.fitOptions } } : {}),
  }
}

/** The bytes of a model file, or of a checkpoint. */
export function writeTaskFile<T extends TaskTypes>(
  task: TaskDefinition<T>,
  content: Omit<TaskContent<T>, 'names'>,
): Uint8Array {
  const { network, training } = content
  const extra = training?.tensors.map((tensor) => ({ ...tensor, name: TRAINING + tensor.name })) ?? []
  const own = task.tensors?.(content.learned) ?? []
  return encodeModel(taskDocument(task, content), [...weightTensors(network), ...own, ...extra])
}

/** Engine options, or how the training of a checkpoint decides them. */
export type EngineChoice = EngineOptions | ((training: Field) => EngineOptions)

/** Reads a decoded model file. Errors: see readTask. */
export function readTaskFile<T extends TaskTypes>(
  task: TaskDefinition<T>,
  { document, tensors }: ModelContent,
  source: string,
  engine: EngineChoice,
): TaskContent<T> {
  return readTask(task, document, tensorWeights(tensors, source), source, engine)
}

/**
 * @throws FormatError naming the field or tensor that does not fit, before memory is allocated;
 * the errors of `engine`
 */
export function readTask<T extends TaskTypes>(
  task: TaskDefinition<T>,
  document: unknown,
  weights: WeightSource,
  source: string,
  engine: EngineChoice,
): TaskContent<T> {
  const root = rootField(document, 'document', source)
  const name = fieldAt(root, 'task')
  if (name.value !== task.name) {
    const expected = `a ${task.name}`
    const where = `${source}, ${name.path}`
    throw new FormatError({ where, expected, got: describe(name.value), remedy: ANY_MODEL })
  }
  const f = readObject(root, [
    'format',
    'version',
    'task',
    'network',
    'history',
    'training',
    ...task.sections,
  ])
  const config = readNetworkConfig(f.network, task.layers)
  const learned = task.read(root, config, (prefix) => weights.takeAll(prefix))
  if (!config.loss) throw fieldError(fieldAt(f.network, 'loss'), 'a loss')
  const history = readOptional(f.history, readHistory, null)
  const training = readTraining(f.training, task, weights)
  const options = typeof engine === 'function' ? engine(f.training) : engine
  const network = fitting(f.network, () =>
    buildNetwork(config, task.layers, {
      ...options,
      weights: (parameter) => weights.read(parameter),
    }),
  )
  weights.finish()
  try {
    return { network, learned, names: task.nameOutputs(network, learned), history, training }
  } catch (error) {
    if (error instanceof UsageError) throw fieldError(fieldAt(root, 'labels'), error.expected, error.got)
    throw error
  }
}

function readTraining<T extends TaskTypes>(
  field: Field,
  { columns }: TaskDefinition<T>,
  weights: WeightSource,
): TrainingContent | null {
  if (field.value === undefined) return null
  const tensors = weights.takeAll(TRAINING)
  const fitOptions = fieldAt(field, 'fitOptions')
  if (columns.required) {
    const input = fieldAt(fitOptions, columns.input)
    if (Array.isArray(input.value)) readArray(input, { minLength: 1 }).forEach((one) => readString(one))
    else readString(input)
    readString(fieldAt(fitOptions, columns.target))
  }
  return { state: fieldAt(field, 'state').value, tensors, fitOptions: fitOptions.value }
}
