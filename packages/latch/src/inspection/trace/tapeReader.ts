/**
 * One sequence's rows of the tape of BPTT, under the cell's own names and in the order of the text.
 * Everything is copied: the next pass overwrites the tape.
 */
import type { Arena } from '../../engine/arena.ts'
import type { CellName } from '../../cells/registry.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { RecurrentLayer } from '../../layers/recurrent/recurrent.ts'
import type { TimeLoop } from '../../layers/recurrent/timeLoop.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import { validSteps } from '../../model/validSteps.ts'
import type { CellStep, StepGradient, TraceLayer } from './traceTypes.ts'

/** Copies `count` floats of a row, times `scale`. */
type Read = (buffer: number, row: number, stride: number, from: number, count: number) => Float64Array

/**
 * All layers of sequence `b` of the batch's own order, after a recording pass over the whole tape.
 * @param scale what gradients are multiplied with; null where no gradient was made
 */
export function readLayers(
  network: Network,
  batch: PackedBatch,
  b: number,
  scale: number | null,
): TraceLayer<CellName, StepGradient | null>[] {
  const { layers, recurrent, engine } = internalsOf(network)
  const counted = validSteps(network)
  const changing = layers.find(({ timeline }) => timeline)
  return recurrent.flatMap((layer, number) => {
    const { own, ...fields } = changing?.timeline!.seenBy(layer, layers, batch, b) ?? { own: batch }
    return readLoops(layer, { layer: number, ...fields }, !number, own, b, scale, engine.memory, counted)
  })
}

/**
 * Each direction of one layer likewise.
 * @param place what the trace says of the layer
 * @param isLowest whether it reads the batch's tokens
 */
export function readLoops(
  layer: RecurrentLayer,
  place: Pick<TraceLayer, 'layer' | 'receptiveFields' | 'side' | 'initial'>,
  isLowest: boolean,
  batch: PackedBatch,
  b: number,
  scale: number | null,
  memory: Arena,
  counted?: ArrayLike<number> | null,
): TraceLayer<CellName, StepGradient | null>[] {
  const read: Read = (buffer, row, stride, from, count) => {
    const start = row * stride + from
    return Float64Array.from(memory.viewFloats(buffer, start + count).subarray(start))
  }
  const T = batch.lengths[b]
  return layer.loops.map((loop) => {
    const { reversed } = loop
    const steps = Array.from({ length: T }, (_, t) => {
      const [here, inside] = [batch.offsets[t] + b, batch.offsets[reversed ? T - 1 - t : t] + b]
      return {
        input: readInput(layer, read, here),
        inputId: isLowest && batch.ids ? batch.ids[here] : null,
        ...readStep(loop, read, batch.sequences, inside),
        ...(counted?.[here] === 0 && { masked: true }),
        gradient: scale === null ? null : readGradient(loop, read, inside, scale),
      } as CellStep<CellName, StepGradient | null>
    })
    return { ...place, direction: reversed ? 'backward' : 'forward', units: layer.units, steps }
  })
}

function readInput({ input }: RecurrentLayer, read: Read, row: number): Float64Array {
  return input.ids ? new Float64Array(0) : read(input.value, row, input.stride, 0, input.width)
}

/** `row` of the tape; state buffers begin with the rows of B initial states. */
function readStep(loop: TimeLoop, read: Read, B: number, row: number) {
  const { tape, units: H, cell, stride, gateStride } = loop
  const state = (buffer: number, at: number) => read(buffer, at, stride, 0, H)
  const hidden = state(tape.hidden, B + row)
  const gates: Record<string, Float64Array> = {}
  let candidate = new Float64Array(0)
  cell.gateNames.forEach((name, g) => {
    const values = cell.hiddenIsCandidate ? hidden.slice() : read(tape.gates, row, gateStride, g * H, H)
    if (name === cell.candidate) candidate = values as Float64Array<ArrayBuffer>
    else gates[name] = values
  })
  const keep = cell.keepGate ? gates[cell.keepGate] : null
  return {
    gates: gates as CellStep['gates'],
    candidate,
    hidden,
    cell: tape.cell ? state(tape.cell, B + row) : null,
    keeps: keep && keep.reduce((sum, x) => sum + x, 0) / H,
    saved: tape.saved ? state(tape.saved, row) : null,
  }
}

function readGradient(loop: TimeLoop, read: Read, row: number, scale: number): StepGradient {
  const { tape, units: H, cell, stride, gateStride } = loop
  const scaled = (values: Float64Array) => (scale === 1 ? values : values.map((x) => x * scale))
  const gateOf = (buffer: number, g: number) => scaled(read(buffer, row, gateStride, g * H, H))
  const hiddenVector = scaled(read(tape.dHidden, row, stride, 0, H))
  const cellVector = tape.dCell ? scaled(read(tape.dCell, row, stride, 0, H)) : null
  const gates: Record<string, Float64Array> = {}
  cell.gateNames.forEach((name, g) => (gates[name] = gateOf(tape.dGates, g)))
  const candidate = cell.gateNames.indexOf(cell.candidate)
  return {
    hidden: norm(hiddenVector),
    cell: cellVector && norm(cellVector),
    hiddenVector,
    cellVector,
    gates,
    recurrent: cell.separateRecurrent ? gateOf(tape.dRecurrent, candidate) : null,
  }
}

function norm(x: Float64Array): number {
  return Math.sqrt(x.reduce((sum, value) => sum + value * value, 0))
}
