/**
 * An encoder and a decoder as two ONNX graphs: one reads sources, the other takes a step of the targets. A program decodes by
 * calling the second with the token that it chose and the states that came out before (docs/sequence-to-sequence.md).
 */
import type { EncoderDecoderOptions } from '../../../layers/encoderDecoder/encoderDecoder.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import { cells } from '../../../cells/registry.ts'
import { internalsOf, type Network } from '../../../model/network.ts'
import { requireClassName } from '../../gateOrders.ts'
import type { ExportedFile, ExportSource } from '../../imported.ts'
import { buildAttributes, buildBiases, buildWeights, mergeSteps, type CellWeights } from './recurrent.ts'
import { ExportGraph, float32 } from './graph.ts'
import { writeGraph } from './file.ts'

const NAME = 'encoderDecoder.0'
/** Where a source's steps end, its scores. */
const NEVER = -3.4e38

/**
 * Two files. `NAME.encoder.onnx`: `ids` int64 (batch, time), `lengths` int32 (batch) → `values` and `keys` (batch, time, units),
 * and the states `hidden` (and `cell`) (layers, batch, units). `NAME.decoder.onnx`: `id` int64 (batch), `values`, `keys`, `lengths`
 * and the states → `logits` (batch, tokens), `attention` (batch, time), `nextHidden` (and `nextCell`). Without attention
 * there are no values, keys and lengths. The metadata have both vocabularies and the id that begins and ends a target.
 */
export function writeEncoderDecoder(source: ExportSource, options: EncoderDecoderOptions): ExportedFile[] {
  const parts = new Parts(source.network, options)
  const metadata = metadataOf(source)
  return [
    writeGraph(`${source.name}.encoder.onnx`, source.name, parts.encoder(), metadata),
    writeGraph(`${source.name}.decoder.onnx`, source.name, parts.decoder(), metadata),
  ]
}

function metadataOf({ document, tokens }: ExportSource): Record<string, string | null> {
  const { settings, vocabulary, targetVocabulary } = (document ?? {}) as unknown as Record<string, unknown>
  const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  return {
    settings: text(settings),
    vocabulary: text(vocabulary),
    targetVocabulary: text(targetVocabulary),
    tokens,
  }
}

class Parts {
  readonly #network: Network
  readonly #options: EncoderDecoderOptions
  readonly #states: readonly string[]
  readonly #layers: number

  constructor(network: Network, options: EncoderDecoderOptions) {
    this.#network = network
    this.#options = options
    this.#states = cells.find(({ name }) => name === options.cell)!.stateNames
    this.#layers = options.layers ?? 1
  }

  get #score(): string {
    return this.#options.attention ?? 'general'
  }

  encoder(): ExportGraph {
    const graph = new ExportGraph()
    const { units, bidirectional = false } = this.#options
    const ids = graph.input('ids', 'int64', ['batch', 'time'])
    const lengths = graph.input('lengths', 'int32', ['batch'])
    const turned = graph.node('Transpose', [ids], { perm: { ints: [1, 0] } })
    let x = graph.node('Gather', [this.#parameter(graph, 'encoder.embedding.weight'), turned])
    const finals: string[][] = this.#states.map(() => [])
    for (let l = 0; l < this.#layers; l++) {
      const layer = this.#recurrent('encoder', l)
      const [y, ...last] = emitCell(graph, layer, [x, lengths], this.#states.length)
      x = mergeSteps(graph, layer.options, y)
      last.forEach((state, s) => {
        // (directions, batch, units of each) → (1, batch, units)
        const beside = graph.node('Transpose', [state], { perm: { ints: [1, 0, 2] } })
        const joined = graph.node('Reshape', [beside, graph.ints([1, -1, units])])
        finals[s].push(bidirectional ? joined : state)
      })
    }
    if (this.#score !== 'none') {
      const values = graph.node('Transpose', [x], { perm: { ints: [1, 0, 2] } })
      const shape = ['batch', 'time', units]
      graph.output(values, 'values', 'float32', shape)
      graph.output(
        this.#score === 'dot' ? values : this.#product(graph, 'keys', values),
        'keys',
        'float32',
        shape,
      )
    }
    finals.forEach((all, s) => this.#writeStates(graph, all, this.#states[s]))
    return graph
  }

  decoder(): ExportGraph {
    const graph = new ExportGraph()
    const { units, targetVocabulary } = this.#options
    const id = graph.input('id', 'int64', ['batch'])
    const attends = this.#score !== 'none'
    const shape = ['batch', 'time', units]
    const source = attends
      ? {
          values: graph.input('values', 'float32', shape),
          keys: graph.input('keys', 'float32', shape),
          lengths: graph.input('lengths', 'int32', ['batch']),
        }
      : null
    const states = this.#states.map((state) => graph.input(state, 'float32', [this.#layers, 'batch', units]))
    const row = graph.node('Gather', [this.#parameter(graph, 'decoder.embedding.weight'), id])
    let x = graph.node('Unsqueeze', [row, graph.ints([0])])
    const next: string[][] = this.#states.map(() => [])
    for (let l = 0; l < this.#layers; l++) {
      const before = states.map((state) => graph.node('Gather', [state, graph.ints([l])], { axis: 0 }))
      const layer = this.#recurrent('decoder', l)
      const [y, ...last] = emitCell(graph, layer, [x, '', ...before], this.#states.length)
      x = mergeSteps(graph, layer.options, y)
      last.forEach((state, s) => next[s].push(state))
    }
    const h = graph.node('Squeeze', [x, graph.ints([0])])
    const out = source ? this.#attend(graph, h, source) : h
    const dense = ['dense.0.weight', 'dense.0.bias'].map((name) => this.#weight(graph, name))
    const logits = graph.node('Gemm', [out, ...dense], { transB: 1 })
    graph.output(logits, 'logits', 'float32', ['batch', targetVocabulary])
    next.forEach((all, s) =>
      this.#writeStates(graph, all, `next${this.#states[s][0].toUpperCase()}${this.#states[s].slice(1)}`),
    )
    return graph
  }

  /** tanh(W·[context, h]), and the output `attention`. */
  #attend(
    graph: ExportGraph,
    h: string,
    { values, keys, lengths }: { values: string; keys: string; lengths: string },
  ): string {
    const last = graph.ints([-1])
    const one = graph.ints([1])
    const scores =
      this.#score === 'additive'
        ? graph.node('MatMul', [
            graph.node('Tanh', [
              graph.node('Add', [keys, graph.node('Unsqueeze', [this.#product(graph, 'queries', h), one])]),
            ]),
            this.#turned(graph, 'attention.score.weight'),
          ])
        : graph.node('MatMul', [keys, graph.node('Unsqueeze', [h, last])])
    // Steps beyond a source's length are not looked at.
    const size = graph.node('Squeeze', [
      graph.node('Slice', [graph.node('Shape', [keys]), one, graph.ints([2])]),
      graph.ints([0]),
    ])
    const steps = graph.node('Range', [graph.ints(0), size, graph.ints(1)])
    const many = graph.node('Cast', [graph.node('Unsqueeze', [lengths, one])], { to: 7 })
    const isRead = graph.node('Less', [graph.node('Unsqueeze', [steps, graph.ints([0])]), many])
    const flat = graph.node('Squeeze', [scores, last])
    const kept = graph.node('Where', [isRead, flat, graph.floats(NEVER)])
    const attention = graph.node('Softmax', [kept], { axis: -1 })
    graph.output(attention, 'attention', 'float32', ['batch', 'time'])
    const context = graph.node('Squeeze', [
      graph.node('MatMul', [graph.node('Unsqueeze', [attention, one]), values]),
      one,
    ])
    const joined = graph.node('Concat', [context, h], { axis: -1 })
    const weight = this.#parameter(graph, 'attention.combine.weight')
    return graph.node('Tanh', [graph.node('Gemm', [joined, weight], { transB: 1 })])
  }

  /** x·Wᵀ of a matrix of the attention. */
  #product(graph: ExportGraph, part: string, x: string): string {
    return graph.node('MatMul', [x, this.#turned(graph, `attention.${part}.weight`)])
  }

  #turned(graph: ExportGraph, name: string): string {
    return graph.node('Transpose', [this.#parameter(graph, name)], { perm: { ints: [1, 0] } })
  }

  #parameter(graph: ExportGraph, name: string): string {
    return this.#weight(graph, `${NAME}.${name}`)
  }

  #weight(graph: ExportGraph, name: string): string {
    const { store } = internalsOf(this.#network)
    const parameter = store.find(name)
    const part = { length: parameter.size, make: () => [float32(store.read(parameter))] }
    return graph.weight(name, parameter.shape, [part])
  }

  #recurrent(side: 'encoder' | 'decoder', l: number): CellWeights {
    const { cell, reset, activation, units, size, bidirectional } = this.#options
    const both = side === 'encoder' && bidirectional
    const options: RecurrentOptions = {
      type: 'recurrent',
      cell,
      ...(reset ? { reset } : {}),
      ...(activation ? { activation } : {}),
      units: both ? units / 2 : units,
      direction: both ? 'bidirectional' : 'forward',
    }
    const name = `${NAME}.${side}.recurrent.${l}`
    return { network: this.#network, name, options, inputWidth: l === 0 ? size : units }
  }

  /** (layers, batch, units) of each layer's (1, batch, units). */
  #writeStates(graph: ExportGraph, all: readonly string[], name: string): void {
    const together = all.length > 1 ? graph.node('Concat', all, { axis: 0 }) : all[0]
    graph.output(together, name, 'float32', [this.#layers, 'batch', this.#options.units])
  }
}

/** RNN, LSTM or GRU with `[x, lengths, states]`; returns Y and the last states. */
function emitCell(
  graph: ExportGraph,
  layer: CellWeights,
  [x, lengths, ...states]: readonly string[],
  count: number,
): string[] {
  const { name, options } = layer
  graph.scope = name
  const weights = ['weight_ih', 'weight_hh'].map((kind) => buildWeights(graph, layer, kind as 'weight_ih'))
  const inputs = [x, ...weights, buildBiases(graph, layer), lengths, ...states]
  const op = requireClassName('onnx', options.cell, name)
  const outputs = graph.operator(op, inputs, buildAttributes(options, name), 1 + count)
  graph.scope = ''
  return outputs
}
