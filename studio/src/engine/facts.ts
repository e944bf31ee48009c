/** What a page wants to know of a model, in plain data. */
import { cellOf, KEEPS_CONVENTION, type CellName, type TextClassifier } from 'latch'
import type { ModelFacts } from './protocol.ts'

export function factsOf(model: TextClassifier, name: string): ModelFacts {
  const { settings, network } = model
  const recurrent = settings.cell !== 'ann' && settings.cell !== 'bag'
  const cell = recurrent ? cellOf({ cell: settings.cell as CellName, reset: settings.reset }) : null
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
  }
}
