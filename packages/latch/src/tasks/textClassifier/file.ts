/**
 * A text classifier as a model file (and a killed run as a checkpoint, which is a model file with more
 * in it): weights under PyTorch's names, everything else as JSON. Reading checks every field and every
 * shape before memory is taken for any of it.
 */
import { Vocabulary } from '../../text/vocabulary.ts'
import type { EngineOptions } from '../../engine/engine.ts'
import {
  decodeModel,
  encodeModel,
  refuseLeftovers,
  takeTensor,
  type ModelDocument,
} from '../../formats/latch/modelFile.ts'
import type { NamedTensor } from '../../formats/safetensors/safetensors.ts'
import { coreLayers } from '../../model/coreLayers.ts'
import { readNetworkConfig, type LayerOptions, type NetworkConfig } from '../../model/config.ts'
import { networkFromConfig } from '../../model/network.ts'
import {
  fieldAt,
  fieldError,
  readList,
  readOptional,
  readString,
  rootField,
  type Field,
} from '../../core/validation.ts'
import { engineOfCheckpoint } from './checkpointEngine.ts'
import { readSettings, type ClassifierSettings } from './options.ts'
import type { Trained } from './classes.ts'
import { fitting } from '../files/fitting.ts'
import { weightTensors } from '../files/weightTensors.ts'
import { readHistory, type TrainingHistory } from '../files/history.ts'

/** Prefix of a checkpoint's own tensors, beside the model's. */
const TRAINING = 'training/'

/** What a checkpoint has besides the model. */
export interface TrainingContent {
  /** The state of training/checkpoint.ts: JSON and tensors. */
  state: unknown
  tensors: NamedTensor[]
  /** The options of the run, as JSON. */
  fitOptions: unknown
}

export interface ClassifierContent extends Trained {
  settings: ClassifierSettings
  history: TrainingHistory | null
  training: TrainingContent | null
}

/** Everything of a model but its weights. */
export function classifierDocument(content: ClassifierContent): ModelDocument {
  const { settings, network, vocabulary, labels, history, training } = content
  return {
    format: 'latch',
    version: 1,
    task: 'textClassifier',
    settings,
    labels,
    vocabulary: vocabulary.toJSON(),
    network: network.config,
    ...(history ? { history } : {}),
    ...(training ? { training: { state: training.state, fitOptions: training.fitOptions } } : {}),
  }
}

export function writeClassifier(content: ClassifierContent): Uint8Array {
  const { network, training } = content
  const extra = training?.tensors.map((tensor) => ({ ...tensor, name: TRAINING + tensor.name })) ?? []
  return encodeModel(classifierDocument(content), [...weightTensors(network), ...extra])
}

/**
 * @throws FormatError naming the field or tensor that does not fit, before anything is allocated for it;
 * UsageError, UnsupportedError for a checkpoint whose engine was ruled out or is not to be had
 */
export function readClassifier(bytes: Uint8Array, source: string, engine: EngineOptions): ClassifierContent {
  const { document, tensors } = decodeModel(bytes, source)
  const root = rootField(document, 'document', source)
  const task = fieldAt(root, 'task')
  if (task.value !== 'textClassifier') throw fieldError(task, 'a textClassifier')
  const settings = readSettings(fieldAt(root, 'settings'))
  const labels = readLabels(fieldAt(root, 'labels'))
  const vocabulary = Vocabulary.fromJSON(fieldAt(root, 'vocabulary').value, `${source}, document.vocabulary`)
  const networkField = fieldAt(root, 'network')
  const config = readNetworkConfig(networkField, coreLayers)
  checkFit(networkField, config, settings, vocabulary.size, labels.length)
  const history = readOptional(fieldAt(root, 'history'), readHistory, null)
  const training = readTraining(fieldAt(root, 'training'), tensors)
  const weights = ({ name, shape }: { name: string; shape: readonly number[] }) =>
    takeTensor(tensors, name, shape, source)
  const options = training ? engineOfCheckpoint(fieldAt(fieldAt(root, 'training'), 'state'), engine) : engine
  const network = fitting(networkField, () => networkFromConfig(config, coreLayers, { ...options, weights }))
  refuseLeftovers(tensors, source)
  return { settings, network, vocabulary, labels, history, training }
}

function readLabels(field: Field): string[] {
  const labels = readList(field, (item) => readString(item), { minLength: 2 })
  if (new Set(labels).size !== labels.length) throw fieldError(field, 'labels that differ')
  return labels
}

/** The network must take what the vocabulary gives and answer with the labels there are. */
function checkFit(
  field: Field,
  config: NetworkConfig,
  settings: ClassifierSettings,
  vocabulary: number,
  labels: number,
): void {
  const [input] = config.layers
  const layers = fieldAt(field, 'layers')
  if (!('vocabulary' in input) || input.vocabulary !== vocabulary) {
    throw fieldError(
      layers,
      `an input of ${vocabulary} ids, the size of the vocabulary`,
      JSON.stringify(input),
    )
  }
  const last = config.layers[config.layers.length - 1]
  const outputs = labels === 2 ? 1 : labels
  if (last.type !== 'dense' || last.units !== outputs) {
    throw fieldError(layers, `a dense layer of ${outputs} last, for ${labels} labels`, JSON.stringify(last))
  }
  if (!config.layers.some(endsSequence)) {
    throw fieldError(layers, 'one row a text before the dense layer', 'one a step')
  }
  const cells = config.layers.flatMap((layer) => (layer.type === 'recurrent' ? [layer.cell] : []))
  const feedForward = settings.cell === 'ann' || settings.cell === 'bag'
  if (feedForward ? cells.length > 0 : cells.length === 0 || cells.some((cell) => cell !== settings.cell)) {
    throw fieldError(
      layers,
      `recurrent layers as settings.cell ${settings.cell} says`,
      cells.join(', ') || 'none',
    )
  }
  const loss = fieldAt(field, 'loss')
  const wanted = labels === 2 ? 'binaryCrossEntropy' : 'softmaxCrossEntropy'
  if (config.loss?.type !== wanted) throw fieldError(loss, wanted, config.loss?.type ?? 'nothing')
}

/** Whether one row a sequence comes out of this layer. */
function endsSequence(layer: LayerOptions): boolean {
  if (layer.type === 'recurrent') return layer.returnSequences === false
  return layer.type === 'pool' || layer.type === 'flatten'
}

function readTraining(field: Field, tensors: Map<string, NamedTensor>): TrainingContent | null {
  if (field.value === undefined) return null
  const taken: NamedTensor[] = []
  for (const [name, tensor] of tensors) {
    if (!name.startsWith(TRAINING)) continue
    tensors.delete(name)
    taken.push({ ...tensor, name: name.slice(TRAINING.length) })
  }
  const fitOptions = fieldAt(field, 'fitOptions')
  for (const name of ['text', 'label']) readString(fieldAt(fitOptions, name))
  return { state: fieldAt(field, 'state').value, tensors: taken, fitOptions: fitOptions.value }
}
