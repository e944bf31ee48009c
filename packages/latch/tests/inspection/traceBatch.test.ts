/** Traces of whole batches: each sequence as if it were alone, all that the tape holds, and where traces come from. */
import { internalsOf } from '../../src/model/network.ts'
import { maximum } from '../../src/core/lists.ts'
import { describe, expect, it } from 'vitest'
import { linkOf } from '../../src/inspection/trace/traceOrigin.ts'
import { resolveSubject } from '../../src/inspection/trace/subject.ts'
import { traceBatch } from '../../src/inspection/trace/traceBatch.ts'
import { traceSequence, type SequenceTrace } from '../../src/inspection/trace/trace.ts'
import type { StepGradient } from '../../src/inspection/trace/traceTypes.ts'
import type { LossOptions, Targets } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { DataError, ShapeError, UnsupportedError, UsageError } from '../../src/core/errors.ts'
import { Optimizer } from '../../src/training/optimizer.ts'
import { ExponentialMovingAverage } from '../../src/training/ema.ts'
import { trained } from '../tasks/textClassifier/classifierHelpers.ts'
import {
  dense,
  distance,
  embedding,
  forms,
  gradientsOf,
  idsOf,
  oneHot,
  randomNetwork,
  recurrent,
} from './inspectionHelpers.ts'

const lengths = [4, 6, 1, 4]
const ids = lengths.map((length, i) => idsOf(length, i))
const classes = [0, 2, 1, 2]

const nets: [string, LayerOptions[]][] = [
  ...forms.map(([name, form]) => [name, [embedding, recurrent(form), dense]] as [string, LayerOptions[]]),
  ['one-hot, both ways', [oneHot, recurrent({ cell: 'gru', direction: 'bidirectional' }), dense]],
  [
    'stacked, both ways, mean over time',
    [
      embedding,
      recurrent({ direction: 'bidirectional', returnSequences: true }),
      { type: 'dropout', rate: 0.3 },
      recurrent({ cell: 'gru', direction: 'bidirectional', returnSequences: true }),
      { type: 'pool', pooling: 'mean' },
      dense,
    ],
  ],
]

type Any = SequenceTrace<StepGradient | null>

/** All numbers of a trace, in one order. */
function numbers(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  if (value === null || typeof value !== 'object') return []
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>)
  return Object.values(value).flatMap(numbers)
}

function expectSame(got: Any, wanted: Any): void {
  expect(got.layers.map(({ steps }) => steps.length)).toEqual(wanted.layers.map(({ steps }) => steps.length))
  expect(distance(numbers(got), numbers(wanted))).toBeLessThan(1e-13)
}

describe('a batch', () => {
  it.each(nets)('%s: each sequence as if it were alone', (_, layers) => {
    const made = randomNetwork(layers)
    const traces = traceBatch(made, PackedBatch.ofIds(ids), { classes })
    ids.forEach((list, i) => {
      const alone = traceSequence(made, list, { classes: [classes[i]] })
      expect(alone.outputs).toBeNull()
      expectSame(traces[i], alone)
    })
  })

  it('answers of every step, with their losses, left-out steps and sequences', () => {
    const made = randomNetwork([embedding, recurrent({ returnSequences: true }), dense])
    const stepClasses = ids.map((list, i) => list.map((__, t) => (i === 2 || t === 1 ? -1 : (i + t) % 3)))
    const traces = traceBatch(made, PackedBatch.ofIds(ids), { stepClasses })
    ids.forEach((list, i) => {
      const alone = traceSequence(made, list, { stepClasses: [stepClasses[i]] })
      expectSame(traces[i], alone)
      expect(traces[i].outputs).toHaveLength(list.length)
      expect(traces[i].outputs!.flatMap((row) => Array.from(row))).toEqual(Array.from(traces[i].output))
      const batch = PackedBatch.ofIds([list])
      made.forward(batch)
      expect(alone.loss).toBeCloseTo(made.loss(batch, { stepClasses: [stepClasses[i]] }, true).mean, 13)
    })
    expect(traces[2].loss).toBe(0)
  })

  const losses: [LossOptions['type'], number, (values: number) => Targets][] = [
    ['binaryCrossEntropy', 1, (i) => ({ classes: [i % 2] })],
    ['binaryCrossEntropy', 3, (i) => ({ values: [1, 0, i % 2] })],
    ['meanSquaredError', 2, (i) => ({ values: [i, 0.1] })],
    ['meanAbsoluteError', 2, (i) => ({ values: [i, 0.1] })],
    ['huber', 2, (i) => ({ values: [i, 0.1] })],
  ]
  it.each(losses)('loss %s of %d outputs: each sequence its own', (type, units, targetsOf) => {
    const made = randomNetwork([embedding, recurrent({}), { type: 'dense', units }], {
      loss: { type, ...(type === 'huber' ? { delta: 0.7 } : {}) },
    })
    const given = ids.map((__, i) => targetsOf(i))
    const together: Targets = given[0].classes
      ? { classes: given.flatMap((t) => Array.from(t.classes!)) }
      : { values: given.flatMap((t) => Array.from(t.values!)) }
    const traces = traceBatch(made, PackedBatch.ofIds(ids), together)
    ids.forEach((list, i) => {
      const batch = PackedBatch.ofIds([list])
      made.forward(batch)
      expect(traces[i].loss).toBeCloseTo(made.loss(batch, given[i], true).mean, 12)
      expectSame(traces[i], traceSequence(made, list, given[i]))
    })
  })

  it('without targets, or without a loss: no gradients, everything else', () => {
    const layers = [embedding, recurrent({ cell: 'gru' }), dense]
    const [with_, without] = [randomNetwork(layers), randomNetwork(layers, { loss: null })]
    const batch = PackedBatch.ofIds(ids)
    const full = traceBatch(with_, batch, { classes })
    for (const made of [with_, without]) {
      const traces = traceBatch(made, PackedBatch.ofIds(ids), null)
      traces.forEach(({ loss, output, layers: recurrentLayers }, i) => {
        expect(loss).toBeNull()
        expect(output).toEqual(full[i].output)
        recurrentLayers[0].steps.forEach(({ gradient, ...step }, t) => {
          expect(gradient).toBeNull()
          expect(step).toEqual({ ...full[i].layers[0].steps[t], gradient: undefined })
        })
      })
    }
    expect(() => traceBatch(without, batch, { classes })).toThrow(UsageError)
  })
})

describe('what a step holds', () => {
  it('inputs: rows of the table, states below, features, ids of one-hot steps', () => {
    const made = randomNetwork(nets.at(-1)![1])
    const { layers: recurrentLayers } = traceSequence(made, ids[1], { classes: [0] })
    const table = internalsOf(made).store.read(internalsOf(made).store.find('embedding.0.weight'))
    ids[1].forEach((id, t) => {
      for (const { layer, steps } of recurrentLayers) {
        const below = [0, 1].flatMap((d) => Array.from(recurrentLayers[d].steps[t].hidden))
        expect(steps[t].inputId).toBe(layer === 0 ? id : null)
        expect(Array.from(steps[t].input)).toEqual(
          layer === 0 ? Array.from(table.slice(id * 5, id * 5 + 5)) : below,
        )
      }
    })
    const hot = traceSequence(randomNetwork(nets.at(-2)![1]), ids[1], { classes: [0] })
    expect(hot.layers[1].steps.map(({ input, inputId }) => [input.length, inputId])).toEqual(
      ids[1].map((id) => [0, id]),
    )
    const plain = randomNetwork([{ type: 'features', width: 2 }, recurrent({}), dense])
    const traced = traceSequence(plain, PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2]), { classes: [1] })
    expect(traced.layers[0].steps.map(({ input }) => Array.from(input))).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it.each(nets.slice(0, 5))('%s: biases’ gradients are the sums of the gates’', (_, layers) => {
    const made = randomNetwork(layers)
    const gradients = gradientsOf(made, PackedBatch.ofIds([ids[1]]), { classes: [2] })
    const { steps, units } = traceSequence(made, ids[1], { classes: [2] }).layers[0]
    const names = internalsOf(made).recurrent[0].cell.gateNames
    for (const kind of ['ih', 'hh']) {
      const sums = names.flatMap((name) =>
        Array.from({ length: units }, (__, u) =>
          steps.reduce((sum, { gradient: { gates, recurrent: own } }) => {
            const apart = kind === 'hh' && name === 'candidate' && own
            return sum + (apart || gates[name])[u]
          }, 0),
        ),
      )
      expect(distance(sums, gradients.get(`recurrent.0.bias_${kind}_l0`)!)).toBeLessThan(1e-12)
    }
    for (const { saved, cell } of steps)
      expect(cell ? distance(saved!, cell.map(Math.tanh)) : 0).toBeLessThan(1e-14)
  })
})

describe('where a trace comes from', () => {
  const made = randomNetwork([embedding, recurrent({}), dense])
  const trace = () => traceSequence(made, ids[1], { classes: [0] })

  it('is remembered, and lost in a copy', () => {
    const one = trace()
    expect(linkOf('explain', one)).toMatchObject({ network: made, sequence: one })
    for (const copy of [structuredClone(one), JSON.parse(JSON.stringify(one)) as object])
      expect(() => linkOf('explain', copy)).toThrow(
        /^explain: expected a trace as trace\(\) gave it, got a copy/,
      )
    expect(structuredClone(one)).toEqual(one)
  })

  it('a classifier’s trace too', async () => {
    const model = await trained({ cell: 'gru' })
    expect(linkOf('explain', model.trace('great soup')).network).toBe(model.network)
  })

  it('ends with any change of the weights', () => {
    const [optimizer, average] = [
      new Optimizer(made, { type: 'sgd' }),
      new ExponentialMovingAverage(made, 0.9),
    ]
    const { store } = internalsOf(made)
    const changes = [
      () => optimizer.update(0.1),
      () => average.swap(),
      () => store.copy('weights', 'ema'),
      () => store.write(made.parameters[0], store.read(made.parameters[0])),
    ]
    for (const change of changes) {
      const one = trace()
      expect(linkOf('explain', one).network).toBe(made)
      change()
      expect(() => linkOf('explain', one)).toThrow(
        /^explain: expected the weights that were traced, .*Trace again\.$/,
      )
    }
    const one = trace()
    store.copy('ema', 'weights')
    store.write(made.parameters[0], store.read(made.parameters[0]), 'gradients')
    expect(linkOf('explain', one).network).toBe(made)
  })

  it('leaves checkpointSteps as it was', () => {
    made.checkpointSteps = 2
    trace()
    expect(made.checkpointSteps).toBe(2)
    made.checkpointSteps = null
  })
})

describe('a subject', () => {
  it('says itself what it is asked about', () => {
    const made = randomNetwork([embedding, recurrent({}), dense])
    const resolved = resolveSubject('flow', made, ids[1])
    const { output } = traceSequence(made, ids[1], { classes: [0] })
    expect(resolved.target).toBe(output.indexOf(maximum(output)))
    expect(resolved).toMatchObject({
      targets: { classes: [resolved.target] },
      ids: ids[1],
      tokens: null,
      labels: null,
    })
    expect(resolveSubject('flow', made, ids[1], 2).targets).toEqual({ classes: [2] })
    const one = randomNetwork([embedding, recurrent({}), { type: 'dense', units: 1 }], {
      loss: { type: 'binaryCrossEntropy' },
    })
    const [logit] = traceSequence(one, ids[1], { classes: [0] }).output
    expect(resolveSubject('flow', one, ids[1]).target).toBe(logit > 0 ? 1 : 0)
    const every = randomNetwork([embedding, recurrent({ returnSequences: true }), dense])
    const { target, targets } = resolveSubject('flow', every, ids[1])
    expect(target).toBeNull()
    expect(targets.stepClasses![0]).toHaveLength(6)
  })

  it('reads texts', async () => {
    const model = await trained({ cell: 'gru' })
    const resolved = resolveSubject('flow', model, 'Great zyzzyva', 'bad')
    expect(resolved).toMatchObject({
      tokens: ['great', 'zyzzyva'],
      known: [true, false],
      labels: model.labels,
    })
    expect(resolved.target).toBe(model.labels.indexOf('bad'))
    expect(model.encode('Great zyzzyva').ids).toEqual(resolved.ids)
    const said = resolveSubject('flow', model, 'great soup').target!
    expect(model.labels[said]).toBe(model.predict('great soup').label)
    expect(() => resolveSubject('flow', model, ' ')).toThrow(DataError)
    expect(() => resolveSubject('flow', model, 'great', 'ugly')).toThrow(
      /^flow: expected one of the labels .*bad.*, got "ugly"/,
    )
  })

  it('fails with a message', () => {
    const made = randomNetwork([embedding, recurrent({}), dense])
    expect(() => resolveSubject('flow', made, 'a text')).toThrow(UnsupportedError)
    expect(() => resolveSubject('flow', made, PackedBatch.ofIds(ids))).toThrow(ShapeError)
    expect(() => resolveSubject('flow', made, ids[0], 3)).toThrow(
      /^flow: expected a class from 0 to 2, got 3/,
    )
    expect(() => resolveSubject('flow', made, ids[0], 'good')).toThrow(UsageError)
    expect(() =>
      resolveSubject('flow', randomNetwork([embedding, { type: 'pool', pooling: 'mean' }, dense]), ids[0]),
    ).toThrow(UnsupportedError)
    expect(() =>
      resolveSubject('flow', randomNetwork([embedding, recurrent({}), dense], { loss: null }), ids[0]),
    ).toThrow(UsageError)
    const numbersOut = randomNetwork([embedding, recurrent({}), dense], { loss: { type: 'huber' } })
    expect(() => resolveSubject('flow', numbersOut, ids[0])).toThrow(UsageError)
    expect(() => resolveSubject('flow', numbersOut, ids[0], 1)).toThrow(UsageError)
  })
})
