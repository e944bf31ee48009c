/** Gradient checkpointing: the same gradients to the bit, with a fraction of the tape. */
import { describe, expect, it } from 'vitest'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { BLOCK_ROWS, partitionOf, windowCount, windowRows } from '../../src/layers/recurrent/windows.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'

const forms = {
  rnn: { cell: 'rnn' },
  lstm: { cell: 'lstm' },
  'gru after': { cell: 'gru', reset: 'after' },
  'gru before': { cell: 'gru', reset: 'before' },
} as const
const pass = { training: true, record: false, key: 5 }
const [B, H] = [40, 6]
/** Blocks of 256 rows are then some six steps long. */
const RAGGED = Array.from({ length: B }, (_, i) => 1 + ((i * 37) % 90))

function layers(form: object, returnSequences: boolean): LayerOptions[] {
  const recurrent = { type: 'recurrent', units: H, direction: 'bidirectional', ...form }
  return [
    { type: 'embedding', vocabulary: 30, size: 5 },
    { ...recurrent, returnSequences: true },
    { type: 'dropout', rate: 0.2 },
    { ...recurrent, returnSequences },
    { type: 'dense', units: 3 },
  ] as LayerOptions[]
}

function batchOf(lengths: readonly number[]): PackedBatch {
  const random = new Random(3, 'ids')
  return PackedBatch.ofIds(lengths.map((n) => Array.from({ length: n }, () => random.integer(30))))
}

/** All gradients of one pass, initial states given and asked for. */
function gradients(net: Network, lengths: readonly number[], checkpointSteps: number | null) {
  const batch = batchOf(lengths)
  net.prepareTraining()
  net.checkpointSteps = checkpointSteps
  net.zeroGradients()
  const start = Float64Array.from({ length: lengths.length * H }, (_, i) => Math.sin(i))
  net.writeInitialState(batch, start, { layer: 1 })
  if (internalsOf(net).recurrent[1].cell.stateNames.includes('cell'))
    net.writeInitialState(batch, start, { layer: 1, state: 'cell' })
  net.forward(batch, pass)
  const classes = lengths.map((_, i) => i % 3)
  const stepClasses = lengths.map((n) => Array.from({ length: n }, (_, t) => t % 3))
  const loss = net.backward(batch, net.output.per === 'step' ? { stepClasses } : { classes }, pass)
  const initial = internalsOf(net).recurrent[1].readInitialGradient(batch, 'hidden', 0)
  const final = internalsOf(net).recurrent[1].cell.stateNames.map((state) =>
    internalsOf(net).recurrent[1].readFinalState(batch, state as 'hidden', 1),
  )
  const all = net.parameters.map((p) => internalsOf(net).store.read(p, 'gradients'))
  return {
    bits: { loss, initial, final, all, output: net.readOutput(batch) },
    used: internalsOf(net).engine.memory.used,
  }
}

describe.each(['reference', 'simd', 'relaxed'] as const)('engine %s', (engine) => {
  it.each(Object.entries(forms))('%s: the same gradients with any number of steps kept', (_, form) => {
    for (const returnSequences of [true, false]) {
      for (const lengths of [RAGGED, Array<number>(B).fill(50), [700, 300]]) {
        const net = network(layers(form, returnSequences), { engine, loss: { type: 'softmaxCrossEntropy' } })
        const whole = gradients(net, lengths, null)
        for (const checkpointSteps of [1, 10, 33, 5000]) {
          const parts = gradients(net, lengths, checkpointSteps)
          expect(parts.bits).toEqual(whole.bits)
          expect(parts.used).toBeLessThan(checkpointSteps === 10 ? whole.used : Infinity)
        }
      }
    }
  })
})

describe('a partition', () => {
  it.each([0, 1, 7, 40, Infinity])(
    'in windows of %d steps holds every step once, within its bounds',
    (steps) => {
      for (const lengths of [
        RAGGED,
        [1],
        [5000],
        Array<number>(600).fill(3),
        [900, ...Array<number>(300).fill(2)],
      ]) {
        const batch = new PackedBatch(lengths)
        const { blocks, windows } = partitionOf(batch, steps)
        const rowsOf = (from: number, to: number) =>
          (to < batch.steps ? batch.offsets[to] : batch.rows) - batch.offsets[from]
        expect([blocks[0], blocks.at(-1), windows[0], windows.at(-1)]).toEqual([
          0,
          batch.steps,
          0,
          blocks.length - 1,
        ])
        for (let b = 0; b + 1 < blocks.length; b++) {
          const long = blocks[b + 1] - blocks[b]
          expect(long).toBeGreaterThan(0)
          expect(long === 1 || rowsOf(blocks[b], blocks[b + 1]) <= BLOCK_ROWS).toBe(true)
        }
        for (let w = 0; w + 1 < windows.length; w++) {
          const rows = rowsOf(blocks[windows[w]], blocks[windows[w + 1]])
          expect(rows).toBeLessThanOrEqual(windowRows(batch, steps))
        }
        expect(windows.length - 1).toBeLessThanOrEqual(windowCount(batch, steps))
      }
    },
  )
})
