/** The contract that every model passes, whatever its task: `describeModelContract(name, makeModel)`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exporters } from '../../src/formats/write.ts'
import { explain, gradientFlow, influence, intervene, memory } from '../../src/inspection.ts'
import { maximum } from '../../src/core/lists.ts'
import type { Network } from '../../src/model/network.ts'
import { UnsupportedError, UsageError } from '../../src/core/errors.ts'
import type { FitOptions, ModelFitEvent } from '../../src/tasks/fit/fitOptions.ts'
import { openModel, openModelFile } from '../../src/tasks/files/openModel.ts'
import type { Model, ModelStream, MultiLabelEvaluation, Prediction } from '../../src/tasks/model.ts'
import type { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import type { MultiLabelPrediction } from '../../src/tasks/multiLabelClassifier/learned.ts'

/** A model with inputs that it reads and examples that it learns from. */
export interface ModelCase<Input, Step> {
  /** Trained, or ready to predict. */
  model: Model<Input, Step>
  /** At least three, of different lengths. */
  inputs: readonly Input[]
  /** The steps of an input, for streams; null: the model cannot stream. */
  steps: ((input: Input) => readonly Step[]) | null
  /** Many, with the columns that `fit` and `evaluate` take. */
  examples: readonly object[]
  options: object
  /** The true class number (at outputs of every step, one a step) or values (for labels, 0 or 1 each) of example `i`, and its input. */
  truth(i: number): { input: Input; target: number | readonly number[] }
  /** It reads two texts, so there is no one sequence of steps to inspect. */
  isPair?: boolean
  /** The baseline's value on the examples, where it is neither a share of a class nor a mean. */
  baseline?: number
  /** Of a loss of numbers in other units than the targets': the square of one. */
  lossUnit?: number
  /** The loss is of whole sequences: no mean over steps. */
  lossOfSequences?: boolean
  /** Formats that have its layers; empty: none has. */
  formats: readonly (keyof typeof exporters)[]
}

/** Tests of one model; `makeModel` gives a fresh one each time. */
export function describeModelContract<Input, Step>(
  name: string,
  makeModel: () => Promise<ModelCase<Input, Step>>,
): void {
  describe(`the model contract: ${name}`, () => {
    let one: ModelCase<Input, Step>
    beforeAll(async () => void (one = await makeModel()))
    afterAll(() => one.model.dispose())

    it('says what it is', () => {
      const { model } = one
      const summary = model.summary()
      expect(summary).toMatchObject({ task: model.task, parameters: model.network.parameterCount })
      expect(summary.labels).toEqual(model.labels)
      expect(summary.reads.length).toBeGreaterThan(0)
      expect(`${summary}`).toContain(model.task)
      expect(summary.layers).toEqual(model.network.summary().layers)
      for (const { name } of summary.layers) expect(`${summary}`).toContain(name)
      expect(JSON.parse(JSON.stringify(summary))).toEqual({ ...summary })
    })

    it('encodes an input, a step at a time', () => {
      const { model, inputs } = one
      for (const input of inputs) {
        const { steps, tokens, known, ids, features } = model.encode(input)
        expect([tokens.length, known.length]).toEqual([steps, steps])
        expect((ids ?? features)!.length % steps).toBe(0)
        expect(ids === null).toBe(features !== null)
      }
      const batch = model.pack(inputs)
      expect([...batch.lengths].sort()).toEqual(inputs.map((input) => model.encode(input).steps).sort())
    })

    it('predicts one as many, to the bit', () => {
      const { model, inputs } = one
      expect(model.predict(inputs)).toEqual(inputs.map((input) => model.predict(input)))
      expect(model.predict([] as Input[])).toEqual([])
    })

    it('predicts in its own terms', () => {
      const { model, inputs } = one
      const { predicts, per } = model.summary()
      for (const prediction of model.predict(inputs)) {
        expect(prediction.steps === null).toBe(per === 'sequence')
        expect(prediction.output.every(Number.isFinite)).toBe(true)
        expect(prediction.label === null).toBe(predicts !== 'classes')
        const { probabilities } = prediction
        expect(probabilities === null).toBe(predicts === 'values')
        expect(Object.keys(probabilities ?? {}).sort()).toEqual(
          predicts === 'values' ? [] : [...model.labels].sort(),
        )
        // Labels of which a text may have several do not share one.
        const shares = predicts === 'labels' ? { all: 1 } : (probabilities ?? { all: 1 })
        const sum = Object.values(shares).reduce((all, share) => all + share)
        expect(sum).toBeCloseTo(1, 6)
      }
    })

    it('streams what it predicts, to the bit; a saved state goes on', () => {
      const { model, inputs, steps } = one
      const canStream = (() => {
        try {
          return model.stream() !== null
        } catch (error) {
          return !(error instanceof UnsupportedError)
        }
      })()
      expect(canStream).toBe(steps !== null)
      if (!steps) return
      const outcome = ({ label, output, probabilities }: Prediction) => ({ label, output, probabilities })
      const stream: ModelStream<Step> = model.stream()
      for (const input of inputs) {
        const all = steps(input)
        let last = stream.push(all[0])
        for (const step of all.slice(1)) last = stream.push(step)
        expect(stream.steps).toBe(all.length)
        expect(outcome(last)).toEqual(outcome(model.predict(input)))
        expect(outcome(stream.prediction)).toEqual(outcome(last))
        const other = model.stream()
        other.restore(JSON.parse(JSON.stringify(stream.save())))
        expect(outcome(other.push(all[0]))).toEqual(outcome(stream.push(all[0])))
        stream.reset()
        expect(stream.steps).toBe(0)
      }
    })

    it('comes back from its file: same bytes, same predictions, same settings', () => {
      const { model, inputs } = one
      const bytes = model.toBytes()
      const again = openModelFile(bytes, 'again', model.engine) as unknown as Model<Input, Step>
      expect(again.constructor).toBe(model.constructor)
      expect(again.toBytes()).toEqual(bytes)
      expect(again.settings).toEqual(model.settings)
      expect(again.history).toEqual(model.history)
      expect(again.predict(inputs)).toEqual(model.predict(inputs))
      again.dispose()
    })

    it('comes back from other formats as what it was', async () => {
      const { model, inputs, formats } = one
      const outcome = model.exportTo(exporters.onnx).then(
        () => null,
        (reason: unknown) => reason,
      )
      expect((await outcome) instanceof UnsupportedError).toBe(formats.length === 0)
      for (const format of formats) {
        const written = await model.exportTo(exporters[format], 'model')
        const files = new Map(written.map(({ name: file, chunks }) => [file, joined(chunks)]))
        const main = [...files.keys()].find((file) => file.endsWith('model.json')) ?? [...files.keys()][0]
        const back = (await openModel({ name: main, bytes: files.get(main)!, files })) as unknown as Model<
          Input,
          Step
        >
        expect(back.task, format).toBe(model.task)
        expect(back.labels).toEqual(model.labels)
        expect(back.history).toEqual(model.history)
        const unit = Math.sqrt(one.lossUnit ?? 1)
        back.predict(inputs).forEach(({ output, label }, i) => {
          const wanted = model.predict(inputs[i])
          expect(label).toBe(wanted.label)
          output.forEach((x, j) => expect(x / unit).toBeCloseTo(wanted.output[j] / unit, 5))
        })
        back.dispose()
      }
    })

    it('has a trivial baseline', async () => {
      const { model, examples, options, truth } = one
      const baseline = await model.baseline(examples, options)
      const { metric, value, n } = baseline.evaluate(examples)
      const areLabels = model.summary().predicts === 'labels'
      const targets = examples.flatMap((_, i) => (areLabels ? [0] : [truth(i).target].flat()))
      const mean = targets.reduce((sum, x) => sum + x, 0) / targets.length
      const byHand: Record<string, number> = {
        'most frequent class': maximum(targets.map((c) => targets.filter((x) => x === c).length)) / n,
        'mean of the training targets': targets.reduce((sum, x) => sum + Math.abs(x - mean), 0) / n,
        // Known apart (the examples’ words determine the labels).
        'naive Bayes': one.baseline ?? 1,
        'most frequent tag of each word': 1,
        '5-gram': one.baseline!,
        'naive Bayes of each label': 1,
        'ridge regression of word counts': one.baseline!,
      }
      const metrics = { classes: 'accuracy', values: 'meanAbsoluteError', labels: 'microF1' }
      expect(n).toBe(targets.length)
      expect(value).toBeCloseTo(byHand[baseline.name], 5)
      expect(metric).toBe(model.task === 'languageModel' ? 'loss' : metrics[model.summary().predicts])
      expect(value).toBeGreaterThan(0)
      expect(baseline.name).not.toBe('')
    })

    it('refuses a format that is none', async () => {
      await expect(one.model.exportTo('onnx' as never)).rejects.toThrow(/exportTo: expected a format/)
    })

    it('evaluates as a count by hand does', async () => {
      const { model, examples, options, truth } = one
      const result = await model.evaluate(examples, options)
      const all = examples.map((_, i) => truth(i))
      const predictions = model.predict(all.map(({ input }) => input))
      const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length
      const right = predictions.flatMap(({ label, steps }, i) => {
        const targets = [all[i].target].flat()
        const classes = steps?.map((row) => row.indexOf(Math.max(...row))) ?? [model.labels.indexOf(label!)]
        return classes.map((c, t) => Number(c === targets[t]))
      })
      const errors = predictions.flatMap(({ output, steps }, i) => {
        const target = [all[i].target].flat()
        return (steps ?? [output]).flat().map((x, j) => x - (target[j] ?? 0))
      })
      // Of class outputs the mean cross-entropy, of numbers the mean squared error.
      const surprise = () =>
        predictions.flatMap(({ probabilities, steps }, i) => {
          const targets = [all[i].target].flat()
          const shares = steps ?? [model.labels.map((name) => probabilities?.[name] ?? 0)]
          return targets.map((c, t) => -Math.log(shares[t][c]))
        })
      const squared = mean(errors.map((x) => x * x))
      const [found, wanted] =
        result.kind === 'tokens'
          ? [
              [result.accuracy, result.n, result.loss],
              [mean(right), right.length, mean(surprise())],
            ]
          : result.kind === 'classes'
            ? [
                [result.accuracy, result.n, result.confusion.flat().reduce((sum, n) => sum + n), result.loss],
                [
                  mean(right),
                  right.length,
                  right.length,
                  one.lossOfSequences ? result.loss : mean(surprise()),
                ],
              ]
            : result.kind === 'sequences'
              ? [[], []]
              : result.kind === 'labels'
                ? labelsByHand(result, model.labels, predictions, all)
                : [
                    [result.meanAbsoluteError, result.rootMeanSquaredError, result.loss, result.n],
                    [
                      mean(errors.map(Math.abs)),
                      Math.sqrt(squared),
                      squared / (one.lossUnit ?? 1),
                      countRows(predictions),
                    ],
                  ]
      expect(found).toHaveLength(wanted.length)
      found.forEach((x, i) => expect(x).toBeCloseTo(wanted[i], 5))
      expect(result.labels).toEqual(model.labels)
      const stop = new Error('stop')
      const signal = AbortSignal.abort(stop)
      await expect(model.evaluate(examples, { ...options, signal })).rejects.toBe(stop)
      await expect(model.evaluate(examples, { ...options, progress: 1 } as never)).rejects.toThrow(
        /evaluate option progress/,
      )
    })

    describe('while and after training', () => {
      let fresh: ModelCase<Input, Step>
      beforeAll(async () => void (fresh = await makeModel()))
      const brief: FitOptions = { epochs: 2, batchSize: 8, seed: 1, validation: 0.25, patience: null }

      it('fit keeps the network, sends its events in order, and reports', async () => {
        const { model, examples, options } = fresh
        const before: Network = model.network
        const events: ModelFitEvent[] = []
        const steps: number[] = []
        const report = await model.fit(examples, {
          ...options,
          ...brief,
          onEvent: (event) => events.push(event),
          onStep: ({ updates }) => void steps.push(updates),
        })
        expect(model.network).toBe(before)
        const order = events.map(({ type }) => type).filter((type) => type !== 'progress')
        expect(order).toEqual(['start', 'epoch', 'epoch', 'stop'])
        const [start] = events
        expect(start).toMatchObject({
          type: 'start',
          parameters: model.network.parameterCount,
          labels: [...model.labels],
          trainSize: report.trainSize,
          validationSize: report.validationSize,
        })
        expect(report.trainSize + report.validationSize).toBe(examples.length)
        expect([...report.split.train, ...report.split.validation].sort((a, b) => a - b)).toEqual(
          examples.map((_, i) => i),
        )
        expect(report.history).toHaveLength(2)
        expect(model.history?.history).toHaveLength(2)
        expect(steps).toEqual(Array.from({ length: report.steps }, (_, i) => i + 1))
        for (const event of events) expect(JSON.parse(JSON.stringify(event))).toEqual(event)
      })

      it('a run resumes from its checkpoint to the same bits', async () => {
        const { model, examples, options } = await makeModel()
        const saved: Uint8Array[] = []
        const checkpoint = { everySteps: 1, write: (bytes: Uint8Array) => void saved.push(bytes.slice()) }
        await model.fit(examples, { ...options, ...brief, checkpoint })
        const other = await makeModel()
        await other.model.fit(examples, { ...options, ...brief, resume: saved[1] })
        expect(other.model.toBytes()).toEqual(model.toBytes())
        const own = other.model.constructor as unknown as typeof SequenceModel
        const { model: third, fitOptions } = await own.fromCheckpoint(saved[1])
        expect(third).toBeInstanceOf(own)
        await third.fit(examples, { ...fitOptions, resume: saved[1] })
        expect(third.toBytes()).toEqual(model.toBytes())
        for (const each of [model, other.model, third]) each.dispose()
      })

      it('a second fit and dispose are refused while it runs', async () => {
        const { model, examples, options } = fresh
        const running = model.fit(examples, { ...options, ...brief, epochs: 1 })
        await expect(model.fit(examples, { ...options, ...brief })).rejects.toBeInstanceOf(UsageError)
        expect(() => model.dispose()).toThrow(UsageError)
        await running
      })

      it('rejects unknown options, and values that are not examples', async () => {
        const { model, examples, options } = fresh
        await expect(model.fit(examples, { ...options, epoch: 1 } as never)).rejects.toThrow(
          /fit option epoch: expected one of the options .*epochs/,
        )
        await expect(model.fit(null as never, options)).rejects.toThrow(/fit: expected an array .* of rows/)
      })

      it('dispose refuses every later call', async () => {
        const { model, inputs, examples, options } = fresh
        model.dispose()
        model.dispose()
        const calls: (() => unknown)[] = [
          () => model.network,
          () => model.labels,
          () => model.summary(),
          () => model.encode(inputs[0]),
          () => model.predict(inputs[0]),
          () => model.trace(inputs[0]),
          () => model.stream(),
          () => model.toBytes(),
          () => model.fit(examples, options),
          () => model.evaluate(examples, options),
          () => model.exportTo(exporters.onnx),
        ]
        for (const call of calls) {
          await expect((async () => call())()).rejects.toThrow(/expected an open model, got a disposed model/)
        }
      })
    })

    it('can be inspected with any input that it reads', () => {
      const { model, inputs, isPair = false } = one
      const calls = [
        () => model.trace(inputs[0]),
        () => gradientFlow(model, inputs[0]),
        () => influence(model, inputs[0]),
        () => intervene(model, inputs[0], []),
      ]
      expect(calls.map((call) => isRefused(call))).toEqual(calls.map(() => isPair))
      for (const input of isPair ? [] : inputs) {
        const { steps, tokens } = model.encode(input)
        const trace = model.trace(input)
        expect(trace.steps.map(({ token }) => token)).toEqual([...tokens])
        const prediction = model.predict(input)
        expect(trace.label).toBe(prediction.label ?? trace.label)
        expect(memory(trace)).toHaveLength(trace.layers.length)
        const flow = gradientFlow(model, input)
        expect(flow.layers[0].steps).toHaveLength(steps)
        flow.layers[0].steps.forEach(({ hidden }, t) =>
          expect(hidden).toBeCloseTo(trace.layers[0].steps[t].gradient.hidden, 6),
        )
        expect(influence(model, input).tokens.map(({ token }) => token)).toEqual([...tokens])
        const { after } = intervene(model, input, [
          { type: 'drop', step: 0 },
          { type: 'drop', step: 1 },
        ])
        expect(after.tokens).toEqual(tokens.slice(2))
        const place = { layer: 0, direction: 'forward', step: 1, unit: 0, value: 'hidden' } as const
        expect(explain(trace, place).value).toBeCloseTo(trace.layers[0].steps[1].hidden[0], 10)
        const label = model.labels[model.labels.length - 1]
        expect(model.trace(input, { label }).target).toBe(label)
        expect(() => model.trace(input, { label: 'unknown label' })).toThrow(/unknown label/)
      }
    })
  })
}

/** Whether a call says that the model has no steps to inspect. */
function isRefused(call: () => unknown): boolean {
  try {
    call()
    return false
  } catch (error) {
    return error instanceof UnsupportedError && error.message.includes('one sequence of steps in every layer')
  }
}

/** Figures of an evaluation of labels, and the same from predictions: of any text, each label is right or wrong. */
function labelsByHand(
  result: MultiLabelEvaluation,
  labels: readonly string[],
  predictions: readonly Prediction[],
  all: readonly { target: number | readonly number[] }[],
): [number[], number[]] {
  let [right, given, there, wrong, exact, loss] = [0, 0, 0, 0, 0, 0]
  predictions.forEach((prediction, i) => {
    const truth = [all[i].target].flat()
    const own = (prediction as MultiLabelPrediction).labels
    labels.forEach((label, c) => {
      const [is, said] = [truth[c], Number(own.includes(label))]
      right += is * said
      given += said
      there += is
      wrong += Number(is !== said)
      const p = prediction.probabilities![label]
      loss -= Math.log(is ? p : 1 - p) / (all.length * labels.length)
    })
    exact += Number(labels.every((label, c) => own.includes(label) === (truth[c] === 1)))
  })
  return [
    [result.microF1, result.hammingLoss, result.exactMatch, result.loss, result.n],
    [
      (2 * right) / (given + there),
      wrong / (all.length * labels.length),
      exact / all.length,
      loss,
      all.length,
    ],
  ]
}

/** Rows of outputs: one a sequence, or one a step. */
function countRows(predictions: readonly Prediction[]): number {
  return predictions.reduce((sum, { steps }) => sum + (steps?.length ?? 1), 0)
}

function joined(chunks: Iterable<Uint8Array>): Uint8Array {
  return Uint8Array.from([...chunks].flatMap((chunk) => [...chunk]))
}
