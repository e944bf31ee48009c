/**
 * The trace of an encoder and a decoder: as of one sequence, but the layers of the encoder have the steps of the source, and
 * those of the decoder the steps of the target.
 */
import { ShapeError, UnsupportedError } from '../../core/errors.ts'
import { append } from '../../core/lists.ts'
import type { Targets } from '../../layers/loss.ts'
import type { EncoderDecoderLayer } from '../../layers/encoderDecoder/encoderDecoder.ts'
import { readEdge } from '../../model/edgeRows.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { encoderDecoderOf, recurrentParts } from './recurrentParts.ts'
import { readLoops } from './tapeReader.ts'
import { linkTrace } from './traceLink.ts'
import { wholeTape } from './traceParts.ts'
import type { SequenceTrace, TracedAttention, TraceLayer } from './traceTypes.ts'

/**
 * Traces one source and its target through a network that begins with an encoder and a decoder. `layers` are those of the
 * encoder, then those of the decoder, counted through; each has its `side`. The loss is the mean over the target's steps.
 * @param input the ids of the source, then those of the target's tokens that the decoder reads (see `encoderDecoder`)
 * @param targets the class of each step: `{ stepClasses: [[…]] }`
 * @throws UnsupportedError for another network; ShapeError for more than one sequence; DataError for ids without both parts
 */
export function traceEncoderDecoder(
  network: Network,
  input: ArrayLike<number> | PackedBatch,
  targets: Targets,
): SequenceTrace {
  const where = 'traceEncoderDecoder'
  const pair = encoderDecoderOf(network)
  if (!pair) {
    const got = `layers ${network.config.layers.map(({ type }) => type).join(', ')}`
    const expected = 'a network that begins with an encoder-decoder layer'
    throw new UnsupportedError({ where, expected, got, remedy: 'Use `traceSequence`.' })
  }
  const batch = input instanceof PackedBatch ? input : PackedBatch.ofIds([input])
  if (batch.sequences !== 1)
    throw new ShapeError({ where, expected: 'one sequence', got: `${batch.sequences}` })
  const trace = wholeTape(
    network,
    (pass): SequenceTrace => {
      network.forward(batch, pass)
      const output = network.readOutput(batch)
      const attention = readAttention(network, pair, batch)
      network.zeroGradients()
      const { mean: loss } = network.backward(batch, targets, pass, true)
      network.zeroGradients()
      const { width } = network.output
      const outputs = Array.from({ length: output.length / width }, (_, t) =>
        output.slice(t * width, (t + 1) * width),
      )
      return { output, outputs, loss, layers: readSides(network, pair, batch), attention }
    },
    { record: true },
  )
  linkTrace(trace, network)
  return trace
}

function readSides(network: Network, { timeline }: EncoderDecoderLayer, batch: PackedBatch): TraceLayer[] {
  const { memory } = internalsOf(network).engine
  const { source, target } = timeline.split(batch)
  const layers: TraceLayer[] = []
  const parts = recurrentParts(network)
  parts.forEach(({ layer, side, isLowest }, number) => {
    const read = side === 'encoder' ? source : target
    const from = number - parts.length / 2
    const initial =
      side === 'decoder' ? { initial: finalStates(layers.filter((own) => own.layer === from)) } : {}
    const place = { layer: number, side: side!, ...initial }
    append(layers, readLoops(layer, place, isLowest, read, 0, 1, memory) as TraceLayer[])
  })
  return layers
}

/** The states after the last step of each direction, side by side. */
function finalStates(directions: readonly TraceLayer[]): NonNullable<TraceLayer['initial']> {
  const last = directions.map(({ direction, steps }) => (direction === 'forward' ? steps.at(-1)! : steps[0]))
  const joined = (states: readonly Float64Array[]) => Float64Array.from(states.flatMap((state) => [...state]))
  return {
    hidden: joined(last.map(({ hidden }) => hidden)),
    cell: last[0].cell && joined(last.map(({ cell }) => cell!)),
  }
}

function readAttention(
  network: Network,
  pair: EncoderDecoderLayer,
  batch: PackedBatch,
): TracedAttention | null {
  const { attention, timeline, output } = pair
  if (!attention) return null
  const { memory } = internalsOf(network).engine
  const { source, target } = timeline.split(batch)
  const rowsOf = (values: Float64Array, width: number, used = width) =>
    Array.from({ length: target.steps }, (_row, t) => values.slice(t * width, t * width + used))
  const { width } = output
  return {
    weights: rowsOf(pair.readAttention()![0], source.steps),
    contexts: rowsOf(readEdge(memory, attention.joined, 'value', target), 2 * width, width),
    attended: rowsOf(readEdge(memory, output, 'value', target), width),
  }
}
