/** A corpus of documents: each begins with states of zero, wherever it lies in the parts and segments of the corpus. */
import { describe, expect, it } from 'vitest'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import { DataError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { SavedState, TrainingState } from '../../../src/training/checkpoint.ts'
import { evaluate } from '../../../src/training/evaluate.ts'
import { fit } from '../../../src/training/fit.ts'
import { CarriedSegments } from '../../../src/training/segments/carriedSegments.ts'
import { corpusDataset } from '../../../src/training/segments/corpusDataset.ts'
import { network } from '../../networks.ts'
import { bitsOf } from '../trainingHelpers.ts'

const VOCABULARY = 9
const random = new Random(5, 'documents')
/** Of one token, shorter than a segment, as long as one, and longer than several; in all 72 tokens to predict. */
const documents = [4, 1, 9, 2, 5, 23, 3, 3, 2, 5, 17, 8, 2].map((length) =>
  Int32Array.from({ length }, () => random.integer(VOCABULARY)),
)
const TARGETS = documents.reduce((sum, { length }) => sum + length - 1, 0)

const model = (more: object = {}, units = 6) =>
  network(
    [
      { type: 'embedding', vocabulary: VOCABULARY, size: 4 },
      { type: 'recurrent', cell: 'lstm', units },
      { type: 'recurrent', cell: 'gru', units: 5 },
      { type: 'dense', units: VOCABULARY },
    ],
    { seed: 1, loss: { type: 'softmaxCrossEntropy' }, ...more },
  )

const float64 = () => model({ engine: 'reference', precision: 'float64' })

/** The loss summed over the tokens of sequences, each read from zeros by itself. */
function separately(net: ReturnType<typeof model>, sequences: readonly Int32Array[]): number {
  return sequences.reduce((sum, ids) => {
    const batch = PackedBatch.ofIds([ids.subarray(0, -1)])
    net.forward(batch)
    const { mean, weight } = net.loss(batch, { stepClasses: [ids.subarray(1)] }, true)
    return sum + mean * weight
  }, 0)
}

describe('documents', () => {
  it('are read as each by itself, in float64: one part, whatever the steps of a segment', async () => {
    const net = float64()
    const alone = separately(
      net,
      documents.filter(({ length }) => length > 1),
    )
    for (const steps of [1, 3, 7, 8, 100]) {
      const { loss, n } = await evaluate(net, corpusDataset({ ids: documents, batchSize: 1, steps }))
      expect(n).toBe(TARGETS)
      expect(loss * n).toBeCloseTo(alone, 11)
    }
  })

  it('are read as each by itself in every row of the batch, where parts begin within documents too', () => {
    const net = float64()
    for (const [batchSize, steps] of [
      [4, 5],
      [5, 8],
      [7, 3],
      [TARGETS, 2],
    ] as const) {
      const data = corpusDataset({ ids: documents, batchSize, steps })
      expect(data.batchSize).toBe(batchSize)
      // Each sequence: the segments that continue each other, one after the other.
      const open = new Map<number, number[][]>()
      const sequences: number[][][] = []
      const carried = new CarriedSegments(net, data.segments!)
      let total = 0
      data.segments!.forEach(({ rows, continues }, k) => {
        const { batch, targets } = data.batch(rows)
        carried.begin(k, batch)
        net.forward(batch)
        carried.end(batch)
        const { mean, weight } = net.loss(batch, targets, true)
        total += mean * weight
        const before = new Map(open)
        open.clear()
        const own = Array.from(rows, (): number[] => [])
        batch.eachRow((row, sequence) => own[sequence].push(batch.ids![row]))
        own.forEach((ids, b) => {
          const last = targets.stepClasses![b][ids.length - 1]
          let parts = before.get(continues[b])
          if (continues[b] < 0) sequences.push((parts = []))
          parts!.push([...ids, last])
          open.set(b, parts!)
        })
        expect(batch.rows).toBeLessThanOrEqual(batchSize * steps)
      })
      const whole = sequences.map((parts) =>
        Int32Array.from([...parts.flatMap((ids) => ids.slice(0, -1)), parts.at(-1)!.at(-1)!]),
      )
      expect(whole.reduce((sum, { length }) => sum + length - 1, 0)).toBe(TARGETS)
      expect(total).toBeCloseTo(separately(net, whole), 10)
      // Every document begins somewhere from zeros.
      const begins = new Set(whole.map((ids) => ids.slice(0, 2).join()))
      const wanted = documents.filter(({ length }) => length > 1).map((ids) => ids.slice(0, 2).join())
      expect(wanted.filter((begin) => !begins.has(begin))).toEqual([])
    }
  })

  it('have the gradient of each by itself where no segment cuts them', () => {
    const [net, other] = [float64(), float64()]
    const short = documents.filter(({ length }) => length > 1 && length < 10)
    const data = corpusDataset({ ids: short, batchSize: 1, steps: 100 })
    const { batch, targets } = data.batch(data.segments![0].rows)
    const pass = { training: true, record: false, key: 3 }
    for (const each of [net, other]) {
      each.prepareTraining()
      each.zeroGradients()
    }
    net.forward(batch, pass)
    net.backward(batch, targets, pass, false, 'sum')
    for (const ids of short) {
      const one = PackedBatch.ofIds([ids.subarray(0, -1)])
      other.forward(one, pass)
      other.backward(one, { stepClasses: [ids.subarray(1)] }, pass, false, 'sum')
    }
    for (const { name } of net.parameters) {
      const [together, apart] = [net, other].map((each) => each.readParameter(name, 'gradients'))
      expect(Math.max(...apart.map(Math.abs))).toBeGreaterThan(0)
      apart.forEach((value, i) => expect(together[i]).toBeCloseTo(value, 12))
    }
  })

  it('resume at every step to the same bits', async () => {
    const options = {
      train: corpusDataset({ ids: documents, batchSize: 4, steps: 5 }),
      validation: corpusDataset({ ids: documents, batchSize: 2, steps: 6 }),
      epochs: 2,
      batchSize: 4,
    }
    const states: TrainingState[] = []
    const whole = model()
    const write = (state: TrainingState) => void states.push(state)
    await fit(whole, { ...options, checkpoint: { everySteps: 1, write } })
    expect(states.length).toBe(2 * options.train.segments!.length)
    for (const { document, tensors } of states) {
      const bytes = encodeModel({ format: 'latch', version: 1, task: 'test', training: document }, tensors)
      const content = decodeModel(bytes)
      const resume: SavedState = { document: content.document.training, tensors: content.tensors.values() }
      const resumed = model({ seed: 9 })
      await fit(resumed, { ...options, resume })
      expect(bitsOf(resumed)).toBe(bitsOf(whole))
    }
  })

  it('have the same bits with 1, 2 and 3 threads', async () => {
    const bits: string[] = []
    for (const threads of [1, 2, 3]) {
      const net = model({ threads }, 48)
      await fit(net, { train: corpusDataset({ ids: documents, batchSize: 16, steps: 5 }), epochs: 2 })
      bits.push(bitsOf(net))
      net.dispose()
    }
    expect(bits[1]).toBe(bits[0])
    expect(bits[2]).toBe(bits[0])
  })

  it('are refused by number, and where nothing can be predicted', () => {
    const refused = (ids: unknown, message: RegExp) => {
      const call = () => corpusDataset({ ids: ids as number[][] })
      expect(call).toThrow(DataError)
      expect(call).toThrow(message)
    }
    refused(
      [
        [1, 2],
        [1, -2],
      ],
      /document 1, token 1: expected a token id .*got -2/,
    )
    refused([[1, 2], 3], /document 1: expected an array of token ids, got 3/)
    refused([[1], [2], [3]], /corpus: expected at least 33 tokens.*got 3. Add text/)
  })
})
