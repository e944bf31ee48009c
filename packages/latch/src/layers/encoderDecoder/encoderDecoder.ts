/**
 * An encoder and a decoder with attention (Sutskever et al. 2014; Luong et al. 2015, arXiv:1508.04025): the encoder reads
 * the source tokens, the decoder begins with the encoder's last states and reads the target tokens; each of its outputs h
 * looks at the encoder's outputs, and tanh(W·[context, h]) goes on to the layers above.
 */
import type { CellDefinition } from '../../cells/cell.ts'
import { cells as coreCells, type CellForm } from '../../cells/registry.ts'
import { cellOptionReaders } from '../../cells/find.ts'
import { fieldAt, fieldError, readBoolean, readChoice } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import type { SparseRows } from '../../tensors/sparseRows.ts'
import type { BuildableSpec, LayerDefinition, LayerSpec } from '../definition.ts'
import { DropoutLayer } from '../dropout.ts'
import { EmbeddingLayer } from '../embeddings/embeddingLayer.ts'
import { oneOf, optional, readOptions, readRate, readVocabulary, readWidth } from '../fields.ts'
import type { Capacity, Context, Edge, Layer, Pass } from '../layer.ts'
import { recurrentLayer } from '../recurrent/definition.ts'
import type { RecurrentLayer, RecurrentOptions, StateName } from '../recurrent/recurrent.ts'
import { Attention, ATTENTION_SCORES, type AttentionScore } from './attention.ts'
import { SplitTimeline, type Sides } from './split.ts'

/** Input layer: the ids of source tokens and then of target tokens; a row for each target token. */
export interface EncoderDecoderOptions extends Pick<CellForm, 'cell' | 'reset' | 'activation'> {
  type: 'encoderDecoder'
  /** Source tokens have ids below it, target tokens from it on. */
  sourceVocabulary: number
  targetVocabulary: number
  /** Width of both embeddings. */
  size: number
  /** Hidden units of the decoder, and of the encoder: half of them for each direction if it is bidirectional. */
  units: number
  /** Recurrent layers of each. Default 1. */
  layers?: number
  /** Whether the encoder reads both ways. Default false. */
  bidirectional?: boolean
  /** Default `general`. */
  attention?: AttentionScore
  /** Dropout of embeddings and between layers. Default 0. */
  dropout?: number
}

/** Encoder and decoder as data, with the cells of a list. */
export function encoderDecoderLayer(
  cells: readonly CellDefinition[],
): LayerDefinition<EncoderDecoderOptions> {
  return {
    type: 'encoderDecoder',
    isInput: true,
    read(field) {
      const cell = readChoice(
        fieldAt(field, 'cell'),
        cells.map(({ name }) => name as CellForm['cell']),
      )
      const { reset, activation } = cellOptionReaders(cells, cell)
      const options = readOptions<EncoderDecoderOptions>(field, {
        sourceVocabulary: readVocabulary,
        targetVocabulary: readVocabulary,
        size: readWidth,
        units: readWidth,
        cell: () => cell,
        ...(reset ? { reset: optional(reset) as never } : {}),
        ...(activation ? { activation: optional(activation) as never } : {}),
        layers: optional(readWidth),
        bidirectional: optional(readBoolean),
        attention: optional(oneOf(...ATTENTION_SCORES)),
        dropout: optional(readRate),
      })
      if (options.bidirectional && options.units % 2)
        throw fieldError(fieldAt(field, 'units'), 'an even number, for an encoder that reads both ways')
      return options
    },
    build: (context, name, options) => new EncoderDecoderLayer(context, name, options, cells),
  }
}

/**
 * The first layer of a network that reads source and target tokens: a row (units) for each target token. A sequence is the
 * ids of its source, then those of its target plus `sourceVocabulary`.
 */
export function encoderDecoder(
  options: Omit<EncoderDecoderOptions, 'type'>,
): LayerSpec<EncoderDecoderOptions> {
  return { definition: encoderDecoderLayer(coreCells), options: { type: 'encoderDecoder', ...options } }
}

/** One side: embedding, dropout, recurrent layers. */
export interface Side {
  readonly layers: readonly Layer[]
  readonly recurrent: readonly RecurrentLayer[]
  /** How each of the recurrent ones was built. */
  readonly specs: readonly BuildableSpec[]
  readonly embedding: EmbeddingLayer
  readonly top: Edge
}

export class EncoderDecoderLayer implements Layer {
  readonly type = 'encoderDecoder'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly timeline: SplitTimeline
  readonly sparseRows: readonly SparseRows[]
  readonly needsWholeSequence = {
    got: 'an encoder-decoder layer, which reads the whole source first',
    remedy: 'Use `predict` or `beamSearch` of the model.',
  }
  readonly encoder: Side
  readonly decoder: Side
  readonly attention: Attention | null
  readonly #states: readonly StateName[]
  #sides: Sides | null = null

  constructor(
    context: Context,
    name: string,
    options: EncoderDecoderOptions,
    cells: readonly CellDefinition[],
  ) {
    this.name = name
    this.timeline = new SplitTimeline(context, name, options.sourceVocabulary)
    const { sourceContext, context: targetContext } = this.timeline
    this.encoder = buildSide(sourceContext, `${name}.encoder`, options, cells, true)
    this.decoder = buildSide(targetContext, `${name}.decoder`, options, cells, false)
    const { attention = 'general' } = options
    const edges = { source: this.encoder.top, target: this.decoder.top }
    this.attention =
      attention === 'none'
        ? null
        : new Attention(sourceContext, targetContext, `${name}.attention`, attention, edges)
    this.output = this.attention?.output ?? this.decoder.top
    this.#states = this.decoder.recurrent[0].cell.stateNames as readonly StateName[]
    const parts = [...this.encoder.layers, ...this.decoder.layers, ...(this.attention?.layers ?? [])]
    this.parameters = [...parts.flatMap((layer) => layer.parameters), ...(this.attention?.parameters ?? [])]
    this.sparseRows = [this.encoder, this.decoder].flatMap(({ embedding }) => embedding.sparseRows ?? [])
  }

  initialise(seed: number): void {
    for (const layer of [...this.encoder.layers, ...this.decoder.layers]) layer.initialise?.(seed)
    this.attention?.initialise(seed)
  }

  plan(capacity: Capacity, training: boolean): void {
    this.timeline.plan(capacity)
    for (const layer of [...this.encoder.layers, ...this.decoder.layers]) layer.plan(capacity, training)
    this.attention?.plan(capacity, training)
  }

  forward(batch: PackedBatch, pass: Pass): void {
    const sides = this.timeline.load(batch)
    this.#sides = sides
    for (const layer of this.encoder.layers) layer.forward(sides.source, pass)
    this.decoder.recurrent.forEach((layer, l) => {
      for (const state of this.#states) {
        const last = this.encoder.recurrent[l]
        const directions = last.loops.map((_, d) => last.readFinalState(sides.source, state, d))
        layer.writeInitialState(sides.target, state, 0, sideBySide(directions, last.units))
      }
    })
    for (const layer of this.decoder.layers) layer.forward(sides.target, pass)
    this.attention?.forward(sides)
  }

  backward(_: PackedBatch, pass: Pass): void {
    const sides = this.#sides!
    const { recurrent, layers, top } = this.encoder
    const { kernels } = this.timeline.context
    if (this.attention) this.attention.backward(sides)
    else kernels.zero(top.gradient, sides.source.rows * top.stride)
    backThrough(this.decoder.layers, sides.target, pass)
    this.decoder.recurrent.forEach((layer, l) => {
      for (const state of this.#states) {
        const given = layer.readInitialGradient(sides.target, state, 0)
        recurrent[l].loops.forEach((_loop, d) => {
          const own = columnsOf(given, layer.units, d * recurrent[l].units, recurrent[l].units)
          recurrent[l].writeFinalGradient(sides.source, state, d, own)
        })
      }
    })
    backThrough(layers, sides.source, pass)
  }

  /** The weights of the last forward pass: for each sequence, in the caller's order, (target steps, source steps). */
  readAttention(): Float64Array[] | null {
    return this.attention && this.#sides ? this.attention.read(this.#sides) : null
  }
}

function buildSide(
  context: Context,
  name: string,
  options: EncoderDecoderOptions,
  cells: readonly CellDefinition[],
  isEncoder: boolean,
): Side {
  const { cell, reset, activation, size, units, layers: count = 1, dropout = 0 } = options
  const both = isEncoder && options.bidirectional === true
  const vocabulary = isEncoder ? options.sourceVocabulary : options.targetVocabulary
  const embedding = new EmbeddingLayer(context, `${name}.embedding`, { type: 'embedding', vocabulary, size })
  const layers: Layer[] = [embedding]
  const recurrent: RecurrentLayer[] = []
  const specs: BuildableSpec[] = []
  const definition = recurrentLayer(cells)
  const top = () => layers[layers.length - 1].output
  for (let l = 0; l < count; l++) {
    if (dropout > 0)
      layers.push(
        new DropoutLayer(context, `${name}.dropout.${l}`, { type: 'dropout', rate: dropout }, top()),
      )
    const form: RecurrentOptions = {
      type: 'recurrent',
      cell,
      ...(reset ? { reset } : {}),
      ...(activation ? { activation } : {}),
      units: both ? units / 2 : units,
      direction: both ? 'bidirectional' : 'forward',
    }
    const layer = definition.build(
      context,
      `${name}.recurrent.${l}`,
      form,
      top(),
      layers,
      [],
    ) as RecurrentLayer
    layers.push(layer)
    recurrent.push(layer)
    specs.push({ definition, options: form } as BuildableSpec)
  }
  return { layers, recurrent, specs, embedding, top: top() }
}

function backThrough(layers: readonly Layer[], batch: PackedBatch, pass: Pass): void {
  for (let i = layers.length - 1; i >= 0; i--) layers[i].backward(batch, pass)
}

/** (B, H) of each direction → (B, D·H). */
function sideBySide(directions: readonly Float64Array[], units: number): Float64Array {
  if (directions.length === 1) return directions[0]
  const count = directions.length
  const all = new Float64Array(directions[0].length * count)
  directions.forEach((own, d) => {
    for (let i = 0; i < own.length; i++)
      all[(Math.floor(i / units) * count + d) * units + (i % units)] = own[i]
  })
  return all
}

/** Columns `first` … `first + count − 1` of (B, width). */
function columnsOf(rows: Float64Array, width: number, first: number, count: number): Float64Array {
  if (width === count) return rows
  const own = new Float64Array((rows.length / width) * count)
  for (let i = 0; i < own.length; i++) own[i] = rows[Math.floor(i / count) * width + first + (i % count)]
  return own
}
