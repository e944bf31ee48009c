/** Accuracy against distance: of a model that is given, of a cell trained for it, and what is refused. */
import { describe, expect, it } from 'vitest'
import { changingFacts, CITIES } from '../../src/datasets.ts'
import { memorySpan } from '../../src/tasks/memorySpan.ts'
import { textClassifier, type TextClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import type { StepProgress } from '../../src/training/events.ts'
import { UsageError } from '../../src/core/errors.ts'
import { thrown, trained } from '../tasks/textClassifier/classifierHelpers.ts'

const columns = { text: 'text', label: 'label' } as const

describe('a model that is given', () => {
  it('is asked at each distance, as evaluate answers, and keeps its weights', async () => {
    const model = textClassifier({ cell: 'gru', units: 24, embedding: 16, dropout: 0, labels: CITIES })
    const rows = changingFacts({ count: 1500, distance: 0, seed: 1, people: 1 })
    await model.fit(rows, { ...columns, epochs: 8, learningRate: 0.01, labelSmoothing: 0, validation: 0 })
    const bytes = model.toBytes()
    const asked = { distances: [40, 0], count: 100, people: 1, seed: 3 }
    const span = await memorySpan(model as unknown as TextClassifier, asked)
    expect(span.model).toBe(model)
    expect(span.chance).toBeCloseTo(1 / 6, 12)
    expect(span.distances.map(({ distance, count }) => [distance, count])).toEqual([
      [40, 100],
      [0, 100],
    ])
    for (const { distance, accuracy, standardError } of span.distances) {
      const stories = changingFacts({ count: 100, distance, people: 1, seed: 4 })
      expect(accuracy).toBe((await model.evaluate(stories, columns)).accuracy)
      expect(standardError).toBeCloseTo(Math.sqrt((accuracy * (1 - accuracy)) / 100), 12)
    }
    expect(span.distances[1].accuracy).toBeGreaterThan(0.9)
    expect(span.span).toBe(span.distances[0].accuracy >= 7 / 12 ? 40 : 0)
    expect(model.toBytes()).toEqual(bytes)
  })

  it('has to know the cities', async () => {
    const error = await thrown(async () => memorySpan(await trained({ cell: 'gru' }, { epochs: 1 })))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain('expected a classifier of delhi, london')
  })
})

describe('a cell', () => {
  const little = { units: 8, stories: 64, epochs: 1, trained: [0, 4], distances: [2], count: 30 } as const

  it('is trained first, step by step, and reported', async () => {
    const events: string[] = []
    const steps: StepProgress[] = []
    const { model, span, distances } = await memorySpan('rnn', {
      ...little,
      onEvent: ({ type }) => void events.push(type),
      onStep: (progress) => void steps.push(progress),
    })
    expect(model.settings).toMatchObject({ cell: 'rnn', units: 8 })
    expect([...model.labels].sort()).toEqual([...CITIES].sort())
    expect(events).toContain('epoch')
    expect(steps).toHaveLength(2)
    expect(span).toBe(distances[0].accuracy >= 7 / 12 ? 2 : null)
    const again = await memorySpan('rnn', little)
    expect(again.distances).toEqual(distances)
  })

  it('stops with the signal’s reason, while it trains or is asked', async () => {
    const control = new AbortController()
    const training = memorySpan('gru', {
      ...little,
      signal: control.signal,
      onStep: () => control.abort(new Error('enough')),
    })
    await expect(training).rejects.toThrow('enough')
    const { model } = await memorySpan('gru', little)
    await expect(memorySpan(model, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
  })

  it('refuses options out of range before it trains', async () => {
    const never = { onStep: () => expect.unreachable() }
    for (const wrong of [{ distances: [] }, { distances: [-1] }, { count: 0 }, { people: 9 }]) {
      expect(await thrown(() => memorySpan('gru', { ...little, ...never, ...wrong }))).toBeInstanceOf(
        UsageError,
      )
    }
  })
})
