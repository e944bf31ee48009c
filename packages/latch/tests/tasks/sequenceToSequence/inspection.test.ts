/** What inspection says of a sequence-to-sequence model: the numbers of its network, with tokens and texts. */
import { beforeAll, describe, expect, it } from 'vitest'
import { DataError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { explain, gradientFlow, influence, intervene, traceEncoderDecoder } from '../../../src/inspection.ts'
import { sequenceToSequence, type SequenceToSequence } from '../../../src/node.ts'
import { backwards, BRIEF, SMALL } from './helpers.ts'

describe('the inspection of a sequence-to-sequence model', () => {
  let model: SequenceToSequence
  beforeAll(async () => {
    model = sequenceToSequence({ ...SMALL, layers: 2 })
    await model.fit(backwards(200, 3), { ...BRIEF, epochs: 8, learningRate: 0.02 })
  })

  it('traces what the model writes, with the attention of its prediction', () => {
    const { text, tokens, attention, logProbability, ended } = model.predict('abca')
    const trace = model.trace('abca')
    expect(ended).toBe(true)
    expect(trace).toMatchObject({ text: 'abca', target: text, cell: 'gru' })
    expect(trace.source!.tokens).toEqual(['a', 'b', 'c', 'a'])
    expect(trace.steps.map(({ token }) => token)).toEqual(['<end>', ...tokens])
    expect(trace.steps.map(({ output }) => output.label)).toEqual([...tokens, '<end>'])
    expect(trace.steps.map(({ id }) => id)).toEqual([...model.targetVocabulary.encode(['<end>', ...tokens])])
    attention!.forEach((row, t) =>
      row.forEach((weight, s) => expect(trace.attention!.weights[t][s]).toBeCloseTo(weight, 6)),
    )
    expect(trace.loss * trace.steps.length).toBeCloseTo(-logProbability, 5)
    const said = trace.steps.map(
      ({ output }) => (output.probabilities as Record<string, number>)[output.label],
    )
    expect(said.reduce((sum, p) => sum + Math.log(p), 0)).toBeCloseTo(logProbability, 5)
    expect(trace.layers.map(({ layer, side, direction }) => `${layer} ${side} ${direction}`)).toEqual([
      '0 encoder forward',
      '0 encoder backward',
      '1 encoder forward',
      '1 encoder backward',
      '2 decoder forward',
      '3 decoder forward',
    ])
    // Plain data.
    expect(JSON.parse(JSON.stringify(trace)).attention).not.toBeNull()
  })

  it('follows another target', () => {
    const trace = model.trace('ab', { target: 'ddd' })
    expect(trace.target).toBe('ddd')
    expect(trace.steps.map(({ token }) => token)).toEqual(['<end>', 'd', 'd', 'd'])
    expect(trace.loss).toBeGreaterThan(model.trace('ab').loss)
    const { ids, targets } = model.encodeBoth('ab', 'ddd')
    expect(traceEncoderDecoder(model.network, ids!, targets).loss).toBe(trace.loss)
    expect(gradientFlow(model, 'ab', 'ddd').loss).toBe(trace.loss)
  })

  it('explains, measures the flow, and says which tokens matter', () => {
    const trace = model.trace('abca')
    const { value, computed } = explain(trace, 0, 'attended', 3)
    expect(computed).toBeCloseTo(value, 5)
    const flow = gradientFlow(model, 'abca')
    expect(flow.sourceTokens).toEqual(['a', 'b', 'c', 'a'])
    expect(flow.tokens).toEqual(trace.steps.map(({ token }) => token))
    expect(flow.loss).toBe(trace.loss)
    const written = model.predict('abca').tokens
    const found = influence(model, 'abca', undefined, { step: 0 })
    expect(model.labels[found.target]).toBe(written[0])
    expect(found.tokens.map(({ token }) => token)).toEqual(['a', 'b', 'c', 'a', '<end>', ...written])
    expect(influence(model, 'abca', 'd', { step: 1 }).target).toBe(model.targetVocabulary.idOf('d'))
    expect(influence(model, 'abca').outputStep).toBe(written.length)
  })

  it('refuses what it has not, and bad input by name', () => {
    expect(() => intervene(model, 'ab', [])).toThrow(UnsupportedError)
    expect(() => intervene(model, 'ab', [])).toThrow(/^intervene: /)
    expect(() => model.trace('')).toThrow(DataError)
    expect(() => model.trace('ab', { target: ' ' })).toThrow(
      /^target: expected a text with at least one token/,
    )
    expect(() => model.trace('ab', { target: 'a'.repeat(401) })).toThrow(/at most 400 tokens, got 401/)
    expect(() => model.trace('ab', { label: 'a' } as never)).toThrow(/trace option label/)
    expect(() => gradientFlow(model, 'ab', 3)).toThrow(UsageError)
    expect(() => gradientFlow(model, 'ab', '')).toThrow(/^gradientFlow: /)
    expect(() => influence(model, 'ab', 'z')).toThrow(DataError)
    expect(() => influence(model, 'ab', undefined, { step: 99 })).toThrow(/a step from 0/)
  })
})
