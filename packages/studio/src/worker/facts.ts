/** What a page wants to know of a model, in plain data. */
import { cells, findCell, KEEPS_CONVENTION, type ClassifierSettings, type TextClassifier } from 'latch'
import type { AnyModel, SequenceModel } from 'latch/formats'
import { isSequenceModel } from './asked.ts'
import type { ModelFacts } from './protocol.ts'

export function factsOf(model: AnyModel, name: string): ModelFacts {
  return isSequenceModel(model) ? factsOfSequence(model, name) : factsOfClassifier(model, name)
}

function factsOfClassifier(model: TextClassifier, name: string): ModelFacts {
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

/** Of a model from elsewhere: its top layer stands for what a classifier's settings say. */
function factsOfSequence(model: SequenceModel, name: string): ModelFacts {
  const { network, labels, vocabulary, input } = model
  const top = network.recurrent.at(-1)
  const options = network.config.layers.findLast((layer) => layer.type === 'recurrent')
  return {
    name,
    settings: {
      ...NO_TRAINING,
      cell: top?.cell.name ?? 'ann',
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
    gates: top?.cell.gateNames ?? [],
    keepGate: top?.cell.keepGate ?? null,
    convention: top ? KEEPS_CONVENTION[top.cell.name] : null,
    reads: model.readsText ? 'text' : input.kind,
    numbers: !['softmaxCrossEntropy', 'binaryCrossEntropy'].includes(network.config.loss?.type ?? ''),
    example: exampleOf(model),
  }
}

/** Settings that only say how a classifier was trained. */
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

/** Something that the model can read, where the page's sentence is nothing for it. */
function exampleOf({ readsText, vocabulary, tokens, input }: SequenceModel): string {
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
