/**
 * Inference: the encoder reads sources once, the decoder goes on token by token. Both run as networks of their own with the
 * weights of the trained one.
 */
import { cells } from '../../cells/registry.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { denseLayer } from '../../layers/dense.ts'
import { embeddingLayer } from '../../layers/embedding.ts'
import { featuresLayer } from '../../layers/features.ts'
import { recurrentLayer } from '../../layers/recurrent/definition.ts'
import type { LayerOptions } from '../../model/config.ts'
import { buildNetwork, internalsOf, type Network } from '../../model/network.ts'
import type { Streams } from '../../model/streams/stream.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { ParameterInfo } from '../../tensors/parameters.ts'
import { softmax } from '../../core/probabilities.ts'
import { outputRows } from '../prediction.ts'
import type { Trained } from '../task.ts'
import type { SequenceToSequenceLearned } from './learned.ts'

const LAYERS: readonly LayerInfo[] = [
  embeddingLayer,
  featuresLayer,
  /* @__PURE__ */ recurrentLayer(cells),
  denseLayer,
]
const NAME = 'encoderDecoder.0'

/** A source as the decoder sees it. */
export interface EncodedSource {
  /** The encoder's outputs (steps, H), and what queries are compared with (steps, H). */
  readonly values: readonly ArrayLike<number>[]
  readonly keys: readonly ArrayLike<number>[]
  /** The states that the decoder begins with: one list of H numbers for each state of each layer. */
  readonly states: readonly number[][]
}

/** Encoder, decoder and output of one state of the weights. */
export class Decoder {
  readonly #network: Network
  /** Of the weights that it has. */
  readonly #revision: number
  readonly #settings: SequenceToSequenceLearned['settings']
  readonly #encoder: Network
  readonly #decoder: Network
  readonly #output: Network
  readonly #keys: Float64Array | null
  readonly #queries: Float64Array | null
  readonly #additive: Float64Array | null

  constructor({ network, learned }: Trained<SequenceToSequenceLearned>) {
    const { settings, words, targetWords } = learned
    const { cell, units, layers: count, bidirectional, attention, embedding } = settings
    const { engine, store } = internalsOf(network)
    const { name, precision, threads } = engine
    this.#network = network
    this.#revision = store.revision
    this.#settings = settings
    const weightsOf =
      (parts: Readonly<Record<string, string>>) =>
      ({ name: own }: ParameterInfo): ArrayLike<number> => {
        const part = Object.keys(parts).find((prefix) => own.startsWith(`${prefix}.`))!
        return network.readParameter(parts[part] + own.slice(part.length))
      }
    const build = (layers: readonly LayerOptions[], parts: Readonly<Record<string, string>>): Network =>
      buildNetwork({ layers }, LAYERS, { engine: name, precision, threads, weights: weightsOf(parts) })
    const side = (which: 'encoder' | 'decoder', vocabulary: number): Network => {
      const both = which === 'encoder' && bidirectional
      const recurrent = Array.from({ length: count }, (): LayerOptions => ({
        type: 'recurrent',
        cell,
        units: both ? units / 2 : units,
        direction: both ? 'bidirectional' : 'forward',
      }))
      const names = recurrent.map((_, l) => `recurrent.${l}`).map((own) => [own, `${NAME}.${which}.${own}`])
      return build([{ type: 'embedding', vocabulary, size: embedding }, ...recurrent], {
        'embedding.0': `${NAME}.${which}.embedding`,
        ...(Object.fromEntries(names) as Record<string, string>),
      })
    }
    this.#encoder = side('encoder', words.size)
    this.#decoder = side('decoder', targetWords.size)
    const last: LayerOptions = { type: 'dense', units: targetWords.size }
    const combine: LayerOptions = { type: 'dense', units, activation: 'tanh', bias: false }
    this.#output =
      attention === 'none'
        ? build([{ type: 'features', width: units }, last], { 'dense.0': 'dense.0' })
        : build([{ type: 'features', width: 2 * units }, combine, last], {
            'dense.0': `${NAME}.attention.combine`,
            'dense.1': 'dense.0',
          })
    const read = (part: string) =>
      Float64Array.from(network.readParameter(`${NAME}.attention.${part}.weight`))
    this.#keys = attention === 'general' || attention === 'additive' ? read('keys') : null
    this.#queries = attention === 'additive' ? read('queries') : null
    this.#additive = attention === 'additive' ? read('score') : null
  }

  /** Whether it has these weights. */
  isCurrent({ network }: Trained<SequenceToSequenceLearned>): boolean {
    return network === this.#network && internalsOf(network).store.revision === this.#revision
  }

  /** Reads sources. */
  encode(sources: readonly (readonly number[])[]): EncodedSource[] {
    const batch = PackedBatch.ofIds(sources)
    const rows = outputRows(this.#encoder, batch)
    const { units, layers } = this.#settings
    const { stateNames } = internalsOf(this.#decoder).recurrent[0].cell
    const places = Array.from({ length: layers }, (_, layer) => stateNames.map((state) => ({ layer, state })))
    const directions = this.#settings.bidirectional ? [0, 1] : [0]
    const finals = places
      .flat()
      .map(({ layer, state }) =>
        directions.map((direction) =>
          this.#encoder.readFinalState(batch, { layer, state: state as 'hidden', direction }),
        ),
      )
    const own = units / directions.length
    return rows.map((values, i) => ({
      values,
      keys: this.#keys ? values.map((row) => product(this.#keys!, row, units)) : values,
      states: finals.map((all) => all.flatMap((state) => Array.from(state.subarray(i * own, (i + 1) * own)))),
    }))
  }

  /** Writes for as many sources side by side; each begins with its source's states. */
  open(sources: readonly EncodedSource[]): OpenDecoder {
    const streams = this.#decoder.streams(sources.length)
    sources.forEach((source, i) => {
      const { states, ...rest } = streams.save(i)
      const given = states.map((state, k) => ({ ...state, values: source.states[k] }))
      streams.restore({ ...rest, states: given }, i)
    })
    return new OpenDecoder(
      streams,
      (i, h) => this.#attend(sources[i], h),
      (rows) => this.#logits(rows),
    )
  }

  /** The rows that go into the output: (context, h), or h. */
  #attend({ keys, values }: EncodedSource, h: ArrayLike<number>): ArrayLike<number> {
    const { attention, units } = this.#settings
    if (attention === 'none') return h
    const query = this.#queries ? product(this.#queries, h, units) : h
    const additive = this.#additive
    const scores = keys.map((key) => {
      let score = 0
      for (let j = 0; j < units; j++)
        score += additive ? additive[j] * Math.tanh(query[j] + key[j]) : query[j] * key[j]
      return score
    })
    const row = new Float64Array(2 * units)
    softmax(scores).forEach((weight, s) => {
      for (let j = 0; j < units; j++) row[j] += weight * values[s][j]
    })
    for (let j = 0; j < units; j++) row[units + j] = h[j]
    return row
  }

  #logits(rows: readonly ArrayLike<number>[]): Float64Array[] {
    const width = rows[0].length
    const all = new Float64Array(rows.length * width)
    rows.forEach((row, i) => all.set(row, i * width))
    const batch = PackedBatch.ofFeatures(all, [rows.length, 1, width])
    return outputRows(this.#output, batch).map(([row]) => row.slice())
  }

  dispose(): void {
    for (const network of [this.#encoder, this.#decoder, this.#output]) network.dispose()
  }
}

/** Targets being written side by side. */
export class OpenDecoder {
  readonly #streams: Streams
  readonly #attend: (i: number, h: ArrayLike<number>) => ArrayLike<number>
  readonly #logits: (rows: readonly ArrayLike<number>[]) => Float64Array[]

  constructor(
    streams: Streams,
    attend: (i: number, h: ArrayLike<number>) => ArrayLike<number>,
    logits: (rows: readonly ArrayLike<number>[]) => Float64Array[],
  ) {
    this.#streams = streams
    this.#attend = attend
    this.#logits = logits
  }

  /** Target i, of those in `which`, reads the token `ids[i]`; answers with the logits of the next token of each of them. */
  advance(which: readonly number[], ids: Int32Array): Float64Array[] {
    const active = new Uint8Array(this.#streams.count)
    for (const i of which) active[i] = 1
    const outputs = this.#streams.push(ids, active)
    const width = outputs.length / this.#streams.count
    return this.#logits(which.map((i) => this.#attend(i, outputs.subarray(i * width, (i + 1) * width))))
  }

  /** Target i goes on from where target `from[i]` stood. */
  reorder(from: readonly number[]): void {
    const saved = new Map(from.map((i) => [i, this.#streams.save(i)]))
    from.forEach((place, i) => {
      if (place !== i) this.#streams.restore(saved.get(place)!, i)
    })
  }
}

/** W·x of a matrix (N, K) in PyTorch's order. */
function product(matrix: Float64Array, x: ArrayLike<number>, rows: number): Float64Array {
  const K = x.length
  const out = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let sum = 0
    for (let k = 0; k < K; k++) sum += matrix[i * K + k] * x[k]
    out[i] = sum
  }
  return out
}
