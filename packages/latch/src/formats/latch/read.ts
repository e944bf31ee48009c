/** Latch model files as the type between formats, for `readModel`. */
import { cells, findCell, takesOption } from '../../cells/registry.ts'
import { readNetworkConfig, type LayerOptions, type NetworkConfig } from '../../model/config.ts'
import { allLayers } from '../../model/allLayers.ts'
import { FormatError } from '../../core/errors.ts'
import {
  fieldAt,
  readChoice,
  readList,
  readOptional,
  readString,
  rootField,
  type Field,
} from '../../core/validation.ts'
import {
  OUTPUT_ACTIVATIONS,
  type OutputActivation,
  type ImportedModel,
  type LayerFacts,
  type ModelFiles,
  type ModelInput,
} from '../imported.ts'
import { decodeModel } from './modelFile.ts'
import { layerNames } from '../../layers/names.ts'
import { TOKEN_KINDS, type TokenKind } from '../../text/tokenizer.ts'

/** Reads a Latch model file. @throws FormatError naming the field or byte */
export async function readLatch({ bytes, name }: ModelFiles): Promise<ImportedModel> {
  const { document, tensors } = decodeModel(bytes, name)
  const root = rootField(document, 'document', name)
  const network = readNetworkConfig(fieldAt(root, 'network'), allLayers)
  const weights = new Map<string, Float32Array>()
  const hasCounts = fieldAt(root, 'counts').value !== undefined
  const counts = hasCounts
    ? [...tensors.values()].filter((tensor) => /^count(s|Scores)$/.test(tensor.name))
    : []
  for (const [key, tensor] of tensors) {
    if (counts.includes(tensor)) continue
    const { data } = tensor
    if (!(data instanceof Float32Array)) {
      throw new FormatError({ where: `${name}, tensor ${key}`, expected: 'dtype F32', got: 'another' })
    }
    weights.set(key, data)
  }
  const texts = (field: Field) => readOptional(field, (x) => readList(x, (item) => readString(item)), null)
  const vocabulary = texts(fieldAt(root, 'vocabulary'))
  return {
    format: 'latch',
    producer: 'Latch',
    network,
    weights,
    ...(hasCounts ? { counts } : {}),
    outputActivation: readOutputActivation(fieldAt(root, 'outputActivation'), network),
    input: getInput(network),
    labels: texts(fieldAt(root, 'labels')),
    vocabulary,
    tokens: vocabulary && readTokens(root),
    layers: describeLayers(network, weights),
    warnings: [],
    omitted: [],
    stateful: fieldAt(root, 'stateful').value === true,
    document,
  }
}

function readOutputActivation(field: Field, { loss }: NetworkConfig): OutputActivation {
  if (field.value !== undefined) return readChoice(field, OUTPUT_ACTIVATIONS)
  if (loss?.type === 'softmaxCrossEntropy' || loss?.type === 'crf') return 'softmax'
  return loss?.type === 'binaryCrossEntropy' ? 'sigmoid' : 'linear'
}

/** The input of the first layer. */
export function getInput({ layers: [first] }: NetworkConfig): ModelInput {
  if (first.type === 'features') return { kind: 'features', width: first.width, steps: null }
  if (first.type === 'wordCharacters') return { kind: 'features', width: 1 + first.length, steps: null }
  return { kind: 'ids', width: (first as { vocabulary: number }).vocabulary, steps: null }
}

function readTokens(root: Field): TokenKind {
  const field = fieldAt(root, 'tokens')
  return readChoice(
    field.value === undefined ? fieldAt(fieldAt(root, 'settings'), 'tokens') : field,
    TOKEN_KINDS,
  )
}

/** The layers of a network, with their parameters. */
export function describeLayers(
  config: NetworkConfig,
  weights: Iterable<readonly [string, ArrayLike<number>]>,
): LayerFacts[] {
  const sizes = new Map<string, number>()
  for (const [name, { length }] of weights) {
    const layer = name.split('.', 2).join('.')
    sizes.set(layer, (sizes.get(layer) ?? 0) + length)
  }
  const names = layerNames(config.layers)
  return config.layers.map((layer, i) => {
    const name = names[i]
    return {
      name,
      type: describeType(layer),
      output: describeOutput(layer),
      parameters: sizes.get(name) ?? 0,
      conventions: describeConventions(layer),
    }
  })
}

function describeType(layer: LayerOptions): string {
  if (layer.type !== 'recurrent') return layer.type
  const cell = layer.cell.toUpperCase()
  if (layer.direction === 'bidirectional') return `bidirectional ${cell}`
  return layer.direction === 'reverse' ? `reverse ${cell}` : cell
}

function describeOutput(layer: LayerOptions): string | null {
  if (layer.type === 'embedding') return `(batch, steps, ${layer.size})`
  if (layer.type === 'features') return `(batch, steps, ${layer.width})`
  if (layer.type === 'wordCharacters') return `(batch, steps, ${layer.size + 2 * layer.units})`
  if (layer.type !== 'recurrent') return null
  const beside = layer.direction === 'bidirectional' && (layer.merge ?? 'concat') === 'concat'
  const width = layer.units * (beside ? 2 : 1)
  return layer.returnSequences === false ? `(batch, ${width})` : `(batch, steps, ${width})`
}

function describeConventions(layer: LayerOptions): string {
  if (layer.type === 'dense') return layer.activation ? String(choiceText(layer.activation)) : ''
  if (layer.type !== 'recurrent') return ''
  // From the cell registry, which needs no engine.
  const said = [`gates ${findCell(cells, layer.cell).gateNames.join(' ')}`]
  if (takesOption(cells, layer.cell, 'reset')) said.push(`reset ${layer.reset ?? 'after'}`)
  if (layer.activation) said.push(choiceText(layer.activation))
  if (layer.gateActivation) said.push(`gates ${choiceText(layer.gateActivation)}`)
  if (layer.stateActivation) said.push(`state ${choiceText(layer.stateActivation)}`)
  if (layer.clip !== undefined) said.push(`clipped to ±${layer.clip}`)
  if (layer.peepholes) said.push('peepholes')
  if (layer.coupled) said.push('f = 1 − i')
  return said.join(', ')
}

function choiceText(choice: unknown): string {
  return typeof choice === 'string'
    ? choice
    : ((choice as { name?: string; type?: string }).name ?? (choice as { type?: string }).type ?? 'other')
}
