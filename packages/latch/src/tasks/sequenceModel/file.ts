/**
 * A sequence model as a model file: weights under PyTorch's names, everything else as JSON. Reading checks
 * every field and every shape before memory is taken for any of it.
 */
import type { EngineOptions } from '../../engine/engine.ts'
import { OUTPUT_ACTIVATIONS, type ExportSource } from '../../formats/imported.ts'
import {
  decodeModel,
  encodeModel,
  refuseLeftovers,
  takeTensor,
  type ModelDocument,
} from '../../formats/latch/modelFile.ts'
import { allLayers } from '../../model/allLayers.ts'
import { readNetworkConfig } from '../../model/config.ts'
import { networkFromConfig } from '../../model/network.ts'
import { UsageError } from '../../core/errors.ts'
import {
  fieldAt,
  fieldError,
  readBoolean,
  readChoice,
  readInteger,
  readList,
  readObject,
  readOptional,
  readString,
  rootField,
  type Field,
} from '../../core/validation.ts'
import { fitting } from '../files/fitting.ts'
import { namesOf, type SequenceFacts, type SequenceParts } from './parts.ts'
import { weightTensors } from '../files/weightTensors.ts'

/** The task's name in model files. */
export const SEQUENCE_TASK = 'sequenceModel'

const FORMATS = ['latch', 'keras', 'torch', 'tfjs', 'onnx', 'tensorflow1'] as const

/** Everything of a model but its weights. */
export function documentOf(parts: SequenceParts): ModelDocument {
  const { network, outputActivation, input, labels, vocabulary, tokens, stateful, warnings, source } = parts
  const facts = { outputActivation, input, labels, vocabulary, tokens, stateful, warnings, source }
  return { format: 'latch', version: 1, task: SEQUENCE_TASK, network: network.config, ...facts }
}

/** The model file's bytes. */
export function writeSequenceModel(parts: SequenceParts): Uint8Array {
  return encodeModel(documentOf(parts), weightTensors(parts.network))
}

/** What a writer of another format takes. */
export function exportSourceOf(parts: SequenceParts, name: string): ExportSource {
  const { network, outputActivation, input, labels, vocabulary, tokens } = parts
  const document = documentOf(parts)
  return { network, outputActivation, input, labels, vocabulary, tokens, document, name }
}

/** @throws FormatError naming the field or tensor that does not fit */
export function readSequenceModel(bytes: Uint8Array, source: string, engine: EngineOptions): SequenceParts {
  const { document, tensors } = decodeModel(bytes, source)
  const root = rootField(document, 'document', source)
  const names = [
    'format',
    'version',
    'task',
    'network',
    'outputActivation',
    'input',
    'labels',
    'vocabulary',
    'tokens',
    'stateful',
    'warnings',
    'source',
  ] as const
  const f = readObject(root, names)
  if (f.task.value !== SEQUENCE_TASK) throw fieldError(f.task, `a ${SEQUENCE_TASK}`)
  const facts = readFacts(f)
  const config = readNetworkConfig(f.network, allLayers)
  if (!config.loss) throw fieldError(fieldAt(f.network, 'loss'), 'a loss')
  checkInput(f.input, facts, config.layers[0])
  const weights = ({ name, shape }: { name: string; shape: readonly number[] }) =>
    takeTensor(tensors, name, shape, source)
  const network = fitting(f.network, () => networkFromConfig(config, allLayers, { ...engine, weights }))
  refuseLeftovers(tensors, source)
  const parts = { ...facts, network }
  try {
    namesOf(parts)
  } catch (error) {
    if (error instanceof UsageError) throw fieldError(f.labels, error.expected, error.got)
    throw error
  }
  return parts
}

type Fields = { [N in keyof SequenceFacts]: Field }

function readFacts(f: Fields): SequenceFacts {
  const texts = (field: Field) => readList(field, (item) => readString(item))
  const input = readObject(f.input, ['kind', 'width', 'steps'])
  const source = readObject(f.source, ['format', 'producer'])
  const size = (field: Field) => readInteger(field, { min: 1, max: 2 ** 26 })
  return {
    outputActivation: readChoice(f.outputActivation, OUTPUT_ACTIVATIONS),
    input: {
      kind: readChoice(input.kind, ['ids', 'features']),
      width: size(input.width),
      steps: readOptional(input.steps, size, null),
    },
    labels: readOptional(f.labels, texts, null),
    vocabulary: readOptional(f.vocabulary, texts, null),
    tokens: readOptional(f.tokens, (x) => readChoice(x, ['character', 'word']), null),
    stateful: readBoolean(f.stateful),
    warnings: texts(f.warnings),
    source: {
      format: readChoice(source.format, FORMATS),
      producer: readOptional(source.producer, (x) => readString(x), null),
    },
  }
}

/** The first layer must take what `input` says. */
function checkInput(field: Field, { input, vocabulary }: SequenceFacts, first: object): void {
  const layer = first as { type: string; vocabulary?: number; width?: number }
  const kind = layer.type === 'features' ? 'features' : 'ids'
  const width = layer.vocabulary ?? layer.width
  if (kind !== input.kind || width !== input.width) {
    throw fieldError(
      field,
      `${kind} of ${width}, as the first layer reads`,
      `${input.kind} of ${input.width}`,
    )
  }
  if (vocabulary && (kind !== 'ids' || vocabulary.length > input.width)) {
    throw fieldError(
      field,
      'as many ids as the vocabulary has tokens',
      `${input.width} for ${vocabulary.length}`,
    )
  }
}
