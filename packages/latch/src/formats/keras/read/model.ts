/**
 * A Keras model configuration and its arrays → a Latch model. The callers read the files (HDF5, .keras,
 * TensorFlow.js); this module handles the layers, their dialects and their order.
 */
import { UnsupportedError } from '../../../core/errors.ts'
import { fieldAt, readArray, readInteger, readOptional, type Field } from '../../../core/validation.ts'
import type { FormatName, ImportedModel, ImportOptions, LayerFacts } from '../../imported.ts'
import { tokensByOptions } from '../../text/tokensById.ts'
import type { KerasDialect } from './activations.ts'
import { joinedGates, LayerArrays, type KerasArray } from './arrays.ts'
import { findAttention, type AttentionPart } from './attention.ts'
import { NetworkBuilder, readSize, type KerasLayer } from './builder.ts'
import { addJoin, isJoin } from './joins.ts'
import { readOutput } from './outputActivation.ts'
import { WatchedLayer } from './fields.ts'
import { addSimple, addTimeSoftmax } from './layers.ts'
import { addsZeros } from './steps/windows.ts'
import { addRecurrent, isRecurrent } from './recurrent.ts'
import { readTopology } from './topology.ts'
import type { KerasLayerHead, KerasNode } from './heads.ts'
import { append } from '../../../core/lists.ts'

export type { KerasArray } from './arrays.ts'

/** The source of a configuration, and what its file does not contain. */
export interface KerasAbout {
  /** The file's name, for errors. */
  source: string
  format: FormatName
  /** `Keras 2.10.0`, `TensorFlow.js layers, Keras 2.1.5`: its Keras version determines hard_sigmoid. */
  producer: string | null
  options: ImportOptions
  /** The training configuration, if it is stored with the model's. */
  training?: unknown
  /** A text file that belongs to a layer; null: none. */
  assets?(layer: string, file: string): string | null
}

/**
 * The network of a Sequential or plain functional configuration. `weightsOf` returns a layer's arrays in Keras'
 * order (kernel, recurrent kernel, bias; both directions, forward first).
 * @throws FormatError naming layer, expected and got; UnsupportedError naming the unsupported part
 */
export function importKerasConfig(
  config: unknown,
  weightsOf: (layer: string) => readonly KerasArray[],
  about: KerasAbout,
): ImportedModel {
  const { source, options } = about
  const { nodes, after, training } = readTopology(config, source, options.upTo)
  const to = new NetworkBuilder()
  const dialect = findDialect(about, nodes[0])
  to.inputShape = readInputShape(nodes[0].config)
  const attention = findAttention(nodes)
  const layers = nodes.map((node) => addNode(to, node, attention, weightsOf, dialect, about))
  to.assertNoZeros(source, 'its output')
  if (!to.input || to.layers.length < 2)
    throw new UnsupportedError({
      where: source,
      expected: 'at least one layer after the input',
      got: `${to.layers.length} layers`,
    })
  append(
    to.omitted,
    after.map((name) => `layer ${name}`),
  )
  const trained =
    training ?? (about.training ? { value: about.training, path: 'training_config', source } : null)
  const { outputActivation, loss } = readOutput(to, after.length ? null : trained, options)
  noteHardSigmoid(to, dialect)
  return {
    format: about.format,
    producer: about.producer,
    network: { layers: to.layers, ...(loss ? { loss } : {}) },
    weights: to.weights,
    outputActivation,
    input: to.input,
    labels: options.labels ?? null,
    ...tokensByOptions(
      { ...options, tokens: options.tokens ?? to.text?.tokens },
      source,
      to.text?.vocabulary ?? null,
    ),
    textInput: to.text?.textInput,
    layers,
    warnings: to.warnings,
    omitted: to.omitted,
    stateful: to.stateful(source),
    document: null,
  }
}

function addNode(
  to: NetworkBuilder,
  given: KerasNode,
  attention: ReadonlyMap<string, AttentionPart>,
  weightsOf: (layer: string) => readonly KerasArray[],
  dialect: KerasDialect,
  { source, assets }: KerasAbout,
): LayerFacts {
  const watched = new WatchedLayer(given)
  const { node } = watched
  const where = `${source}, layer ${node.name}`
  const own = node.type === 'InputLayer' ? [] : weightsOf(node.name)
  const arrays = new LayerArrays(where, joinedGates(typeText(node), own))
  const assetsOf = (file: string) => assets?.(node.name, file) ?? null
  const layer: KerasLayer = { ...node, where, arrays, dialect, assets: assetsOf }
  const joins = isJoin(node.type)
  if (!joins && node.type !== 'Embedding' && node.inputs.length > 0) to.goTo(node.inputs[0].name, layer)
  if (!joins && !addsZeros(node.type)) to.assertNoZeros(where, node.type)
  const part = attention.get(node.name)
  const conventions = part
    ? addAttentionPart(to, layer, part, node.inputs[0].name)
    : joins
      ? addJoin(to, layer, node.inputs)
      : isRecurrent(node.type)
        ? addRecurrent(to, layer)
        : addSimple(to, layer)
  arrays.done()
  for (const name of ['kernel', 'recurrent', 'bias', 'activity'])
    if (fieldAt(node.config, `${name}_regularizer`).value)
      to.omitted.push(`${node.name}: ${name}_regularizer`)
  watched.report(to)
  to.keep(node.name)
  const output = to.input ? to.shape : inputText(to.inputShape)
  return { name: node.name, type: typeText(node), output, parameters: arrays.parameters, conventions }
}

/** Attention weights stay one number a step, from Flatten to Multiply. */
function addAttentionPart(to: NetworkBuilder, layer: KerasLayer, part: AttentionPart, below: string): string {
  // What these say is in the recipe.
  for (const name of ['dims', 'target_shape', 'activation', 'axis', 'data_format'])
    fieldAt(layer.config, name)
  if (part === 'softmax') return addTimeSoftmax(to, layer)
  const count = layer.type === 'RepeatVector' ? readSize(layer.config, 'n') : to.repeated.get(below)
  if (count !== undefined) to.repeated.set(layer.name, count)
  return 'attention weights, one a step'
}

/** `Bidirectional(GRU)` */
export function typeText({ type, config }: KerasLayerHead): string {
  const inner = fieldAt(config, 'layer').value
  const name = typeof inner === 'object' && inner !== null && 'class_name' in inner ? inner.class_name : null
  return typeof name === 'string' ? `${type}(${name})` : type
}

function inputText(shape: readonly (number | null)[] | null): string | null {
  return shape ? `(batch, ${shape.map((size) => size ?? 'steps').join(', ')})` : null
}

/** Without the batch; null if the first layer does not specify it. */
function readInputShape(config: Field): (number | null)[] | null {
  const read = (field: Field) =>
    readArray(field, { maxLength: 8 }).map((size) =>
      readOptional(size, (x) => readInteger(x, { min: 1, max: 2 ** 26 }), null),
    )
  for (const name of ['batch_shape', 'batch_input_shape']) {
    const field = fieldAt(config, name)
    if (Array.isArray(field.value)) return read(field).slice(1)
  }
  for (const name of ['shape', 'input_shape']) {
    const field = fieldAt(config, name)
    if (Array.isArray(field.value)) return read(field)
  }
  return null
}

/** By the named version, else by names that only Keras 3 uses. */
export function findDialect(
  { format, producer }: Pick<KerasAbout, 'format' | 'producer'>,
  first: KerasLayerHead,
): KerasDialect {
  if (format === 'tfjs') return { major: 2, zeroesMasked: false, meansMasked: true }
  const [, major, minor] = /keras\D{0,10}(\d)\.(\d+)/i.exec(producer ?? '') ?? []
  if (major)
    return {
      major: Number(major),
      zeroesMasked: Number(major) + Number(minor) / 100 >= 2.04,
      meansMasked: false,
    }
  const three = fieldAt(first.config, 'batch_shape').value !== undefined
  return { major: three ? 3 : 2, zeroesMasked: three, meansMasked: false }
}

function noteHardSigmoid(to: NetworkBuilder, { major }: KerasDialect): void {
  const used = JSON.stringify(to.layers).includes('hardSigmoid')
  if (used)
    to.note(
      `hard_sigmoid is clip(${major >= 3 ? 'x/6' : '0.2x'} + 0.5, 0, 1), as in Keras ${major >= 3 ? 3 : 2}`,
    )
}
