/** What the page shows about a model, in plain data. */
import { cells, findCell, KEEPS_CONVENTION } from 'latch'
import type { AnyModel } from 'latch/formats'
import type { ModelInfo } from './protocol.ts'

/** What the model's settings do not say, its top recurrent layer does. */
export function modelInfo(model: AnyModel, name: string): ModelInfo {
  const { network, history, labels } = model
  const { reads, input, vocabularySize, predicts, parameters, source } = model.summary()
  const own = model.settings as Partial<ModelInfo['settings']>
  const top = network.recurrent.at(-1)
  const cell = top ? findCell(cells, top.cell.name) : null
  const options = network.config.layers.findLast((layer) => layer.type === 'recurrent')
  return {
    name,
    settings: {
      cell: own.cell ?? cell?.name ?? 'ann',
      units: own.units ?? top?.units ?? network.output.width,
      layers: own.layers ?? Math.max(1, network.recurrent.length),
      bidirectional: own.bidirectional ?? network.recurrent.some(({ loops }) => loops.length === 2),
      reset: own.reset ?? options?.reset ?? 'after',
      activation: own.activation ?? (options?.activation === 'relu' ? 'relu' : 'tanh'),
    },
    labels,
    vocabularySize: vocabularySize ?? input.width,
    parameters,
    engine: network.engine.name,
    history,
    gates: cell?.gateNames ?? [],
    keepGate: cell?.keepGate ?? null,
    convention: cell ? KEEPS_CONVENTION[cell.name] : null,
    reads: reads[0],
    numbers: predicts === 'values',
    example: source === null ? null : exampleInput(model),
  }
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
