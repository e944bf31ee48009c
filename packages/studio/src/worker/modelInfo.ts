/** What the page shows about a model, in plain data. */
import { cells, findCell, KEEPS_CONVENTION, type ClassifierSettings, type TextClassifier } from 'latch'
import type { AnyModel, SequenceModel } from 'latch/formats'
import { isSequenceModel } from './queries.ts'
import type { ModelInfo } from './protocol.ts'

export function modelInfo(model: AnyModel, name: string): ModelInfo {
  return isSequenceModel(model) ? sequenceModelInfo(model, name) : classifierInfo(model, name)
}

function classifierInfo(model: TextClassifier, name: string): ModelInfo {
  const { settings, network } = model
  const recurrent = settings.cell !== 'ann' && settings.cell !== 'bag'
  const cell = recurrent ? findCell(cells, settings.cell) : null
  return {
    name,
    settings,
    labels: model.labels,
    vocabularySize: model.vocabulary.size,
    parameters: model.parameterCount,
    engine: network.engine.name,
    history: model.history,
    gates: cell?.gateNames ?? [],
    keepGate: cell?.keepGate ?? null,
    convention: cell ? KEEPS_CONVENTION[cell.name] : null,
    reads: 'text',
    numbers: false,
    example: null,
  }
}

/** Of a sequence model: the top layer gives what the settings of a classifier say. */
function sequenceModelInfo(model: SequenceModel, name: string): ModelInfo {
  const { network, labels, vocabulary, input } = model
  const top = network.recurrent.at(-1)
  const cell = top ? findCell(cells, top.cell.name) : null
  const options = network.config.layers.findLast((layer) => layer.type === 'recurrent')
  return {
    name,
    settings: {
      ...NO_TRAINING,
      cell: cell?.name ?? 'ann',
      units: top?.units ?? network.output.width,
      layers: Math.max(1, network.recurrent.length),
      bidirectional: network.recurrent.some(({ loops }) => loops.length === 2),
      reset: options?.reset ?? 'after',
      activation: options?.activation === 'relu' ? 'relu' : 'tanh',
    },
    labels,
    vocabularySize: vocabulary?.length ?? input.width,
    parameters: model.parameterCount,
    engine: network.engine.name,
    history: null,
    gates: cell?.gateNames ?? [],
    keepGate: cell?.keepGate ?? null,
    convention: cell ? KEEPS_CONVENTION[cell.name] : null,
    reads: model.readsText ? 'text' : input.kind,
    numbers: !['softmaxCrossEntropy', 'binaryCrossEntropy'].includes(network.config.loss?.type ?? ''),
    example: exampleInput(model),
  }
}

/** Settings that only describe how a classifier was trained. */
const NO_TRAINING: Omit<
  ClassifierSettings,
  'cell' | 'units' | 'layers' | 'bidirectional' | 'reset' | 'activation'
> = {
  pooling: 'last',
  tokens: 'words',
  lowercase: false,
  embedding: 1,
  minimumCount: 1,
  maximumVocabulary: null,
  maximumLength: 400,
  dropout: { words: 0, embedding: 0, layers: 0, output: 0 },
}

/** An input that fits the model, for when it cannot read the sentence on the page. */
function exampleInput({ readsText, vocabulary, tokens, input }: SequenceModel): string {
  const steps = Math.min(input.steps ?? 6, 40)
  if (readsText) {
    const known = vocabulary!.filter((token) => /^\p{L}+$/u.test(token)).slice(0, steps)
    return known.join(tokens === 'character' ? '' : ' ')
  }
  if (input.kind === 'ids') return Array.from({ length: steps }, (_, t) => (t + 1) % input.width).join(' ')
  const wave = (t: number, j: number) => Math.round(100 * Math.sin(t + j)) / 100
  return JSON.stringify(
    Array.from({ length: steps }, (_, t) => Array.from({ length: input.width }, (_2, j) => wave(t, j))),
  )
}
