/** What the page shows about a model, in plain data. */
import { cells, UnsupportedError, type SequenceToSequence } from 'latch'
import type { AnyModel } from 'latch/formats'
import type { ModelInfo } from './protocol.ts'

/** What the model's settings do not say, its top recurrent layer does. @throws UnsupportedError for a model of two texts */
export function modelInfo(model: AnyModel, name: string): ModelInfo {
  const { network, history, labels } = model
  const { reads, input, vocabularySize, predicts, parameters } = model.summary()
  const [kind] = reads
  if (kind === 'pair') {
    const expected = 'a model of one sequence'
    const got = 'a classifier of pairs of texts'
    const remedy = 'Use it on the command line, latch predict MODEL TEXT TEXT, or from a program.'
    throw new UnsupportedError({ where: name, expected, got, remedy })
  }
  const own = model.settings as Partial<ModelInfo['settings']>
  const recurrent = network.config.layers.filter((layer) => layer.type === 'recurrent')
  const top = recurrent.at(-1)
  const cell = cells.find((each) => each.name === top?.cell)
  const prime = findPrime(model)
  return {
    name,
    settings: {
      cell: own.cell ?? cell?.name ?? 'ann',
      units: own.units ?? top?.units ?? network.output.width,
      layers: own.layers ?? Math.max(1, recurrent.length),
      bidirectional: own.bidirectional ?? recurrent.some(({ direction }) => direction === 'bidirectional'),
      reset: own.reset ?? top?.reset ?? 'after',
      activation: own.activation ?? (top?.activation === 'relu' ? 'relu' : 'tanh'),
    },
    labels,
    vocabularySize: vocabularySize ?? input.width,
    parameters,
    engine: network.engine.name,
    history,
    gates: cell?.gateNames ?? [],
    keepGate: cell?.keepGate ?? null,
    cells: Object.fromEntries(
      cells
        .filter(({ name: each }) => recurrent.some((layer) => layer.cell === each))
        .map(({ name: each, gateNames: gates, keepGate, keepConvention: convention }) => [
          each,
          { gates, keepGate: keepGate ?? null, convention },
        ]),
    ),
    reads: kind,
    // Of several labels each has a number of its own.
    numbers: predicts !== 'classes',
    example: exampleOf(model, prime),
    prime,
    targets: isOfTargets(model),
  }
}

/** Whether the model writes a target for a source. */
export function isOfTargets(model: AnyModel): boolean {
  return model.task === 'sequenceToSequence'
}

function exampleOf(model: AnyModel, prime: string | null): string | null {
  const { source, tokens } = model.summary()
  if (isOfTargets(model)) {
    const { vocabulary } = model as unknown as SequenceToSequence
    const known = vocabulary.tokens.filter((token) => /^[\p{L}\p{N}]+$/u.test(token)).slice(0, 6)
    return known.join(tokens === 'chars' ? '' : ' ')
  }
  return prime !== null && source === null ? exampleText(model, prime) : source && exampleInput(model)
}

/** The beginning of a text that the model can go on from, as short as it takes; null for a model that does not write. */
function findPrime(model: AnyModel): string | null {
  if (!model.generate) return null
  const letters = model.labels.filter((token) => /^\p{L}+$/u.test(token)).slice(0, 1)
  for (const prime of ['', 'The ', 'the ', ...letters, exampleInput(model)]) {
    try {
      model.generate({ prime })
      return prime
    } catch (error) {
      if (error instanceof UnsupportedError) return null
    }
  }
  return null
}

/** A text that the model itself writes. */
function exampleText(model: AnyModel, prime: string): string {
  const length = model.summary().tokens === 'chars' ? 60 : 12
  return `${prime}${model.generate!({ prime, length, temperature: 0.7 }).text()}`
}

/** An input that fits the model, for when it cannot read the sentence on the page. */
function exampleInput(model: AnyModel): string {
  const { reads, tokens, input } = model.summary()
  const { vocabulary } = model.settings as { vocabulary?: readonly string[] | null }
  const steps = Math.min(input.steps ?? 6, 40)
  if (reads.includes('text') && vocabulary) {
    const known = vocabulary.filter((token) => /^\p{L}+$/u.test(token)).slice(0, steps)
    return known.join(tokens === 'chars' ? '' : ' ')
  }
  if (input.kind === 'ids') return Array.from({ length: steps }, (_, t) => (t + 1) % input.width).join(' ')
  const wave = (t: number, j: number) => Math.round(100 * Math.sin(t + j)) / 100
  return JSON.stringify(
    Array.from({ length: steps }, (_, t) => Array.from({ length: input.width }, (_2, j) => wave(t, j))),
  )
}
