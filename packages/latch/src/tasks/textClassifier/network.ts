/** The network of a text classifier. */
import { cells, findCell, takesOption, type CellName } from '../../cells/registry.ts'
import { append } from '../../core/lists.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import { isFeedForward, type ClassifierSettings } from './options.ts'

/** Builds the layers for the settings, vocabulary size and number of classes. Two classes have one logit. */
export function classifierNetwork(
  settings: ClassifierSettings,
  vocabulary: number,
  classes: number,
): NetworkConfig {
  const { dropout } = settings
  const two = classes === 2
  return {
    layers: [
      ...inputLayers(settings, vocabulary),
      ...(isFeedForward(settings.cell) ? feedForward(settings) : recurrentLayers(settings)),
      ...dropoutLayer(dropout.output),
      { type: 'dense', units: two ? 1 : classes },
    ],
    loss: { type: two ? 'binaryCrossEntropy' : 'softmaxCrossEntropy' },
  }
}

function inputLayers({ embedding, dropout }: ClassifierSettings, vocabulary: number): LayerOptions[] {
  const wordDropout = dropout.words
  if (embedding === 'oneHot') return [{ type: 'oneHot', vocabulary, wordDropout }]
  return [{ type: 'embedding', vocabulary, size: embedding, wordDropout }, ...dropoutLayer(dropout.embedding)]
}

function recurrentLayers(settings: ClassifierSettings): LayerOptions[] {
  const { cell, units, layers, bidirectional, reset, activation, pooling, dropout } = settings
  const out: LayerOptions[] = []
  for (let layer = 0; layer < layers; layer++) {
    const top = layer === layers - 1
    if (layer > 0) append(out, dropoutLayer(dropout.layers))
    out.push({
      type: 'recurrent',
      cell: cell as CellName,
      units,
      direction: bidirectional ? 'bidirectional' : 'forward',
      returnSequences: !(top && pooling === 'last'),
      ...(takesOption(cells, cell, 'reset') ? { reset } : {}),
      ...(findCell(cells, cell).gateNames.length === 1 ? { activation } : {}),
    })
  }
  if (pooling !== 'last') out.push({ type: 'pool', pooling })
  return out
}

function feedForward({ cell, units, maximumLength }: ClassifierSettings): LayerOptions[] {
  const gather: LayerOptions =
    cell === 'bag' ? { type: 'pool', pooling: 'mean' } : { type: 'flatten', steps: maximumLength }
  return [gather, { type: 'dense', units, activation: 'relu' }]
}

function dropoutLayer(rate: number): LayerOptions[] {
  return rate > 0 ? [{ type: 'dropout', rate }] : []
}
