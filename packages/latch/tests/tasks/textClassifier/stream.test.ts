/** A text token by token: at every token what the model says of the text so far. */
import { describe, expect, it } from 'vitest'
import { run as wordByWord } from '../../../../../examples/wordByWord.ts'
import { DataError, ShapeError, UnsupportedError, UsageError } from '../../../src/node.ts'
import type { ClassifierOptions } from '../../../src/tasks/textClassifier/options.ts'
import { comments, THREE, trained } from './classifierHelpers.ts'
import { TOKEN_KINDS } from '../../../src/text/tokenizer.ts'

const TEXTS = comments(6, 9, THREE).map(({ text }) => `${text} Zyzzyva!`)
const models: [string, ClassifierOptions][] = [
  ['lstm', { cell: 'lstm' }],
  ['gru, reset before, two layers', { cell: 'gru', reset: 'before', layers: 2 }],
  ['rnn, one-hot, max', { cell: 'rnn', embedding: 'oneHot', pooling: 'max' }],
  ['gru, mean, on the reference engine', { cell: 'gru', pooling: 'mean', engine: 'reference' }],
  ['bag of words', { cell: 'bag' }],
  ['characters', { cell: 'gru', tokens: 'chars' }],
]
const short = { epochs: 1 }

describe.each(models)('%s', (_, options) => {
  const words = options.tokens !== 'chars'

  it('by tokens, with two classes and three', async () => {
    for (const rows of [comments(24, 1), comments(24, 1, THREE)]) {
      const model = await trained(options, short, rows)
      const stream = model.stream()
      for (const text of TEXTS) {
        const tokens = words ? text.toLowerCase().replace('!', ' !').split(' ') : [...text]
        tokens.forEach((token, t) => {
          const so = tokens.slice(0, t + 1).join(words ? ' ' : '')
          // `predict` trims: a text that ends in space is another one.
          const pushed = stream.push(token)
          expect(token === ' ' || pushed).toEqual(token === ' ' || model.predict(so))
        })
        expect(stream.steps).toBe(tokens.length)
        stream.reset()
      }
    }
  })

  it('by pieces of text, wherever space falls', async () => {
    const model = await trained(options, short)
    const stream = model.stream()
    expect(stream.pushText('')).toEqual(model.predict(''))
    let text = ''
    for (const piece of ['  ', 'The soup', ' was  ', '', ' \n', 'GREAT', ' , and', ' ', ' don’t ', '!']) {
      text += piece
      expect(stream.pushText(piece), JSON.stringify(text)).toEqual(model.predict(text))
    }
    expect(stream.pushText(' ')).toEqual(stream.prediction)
  })
})

it('a state goes on elsewhere', async () => {
  for (const tokens of TOKEN_KINDS) {
    const model = await trained({ tokens, units: 5 }, short)
    const stream = model.stream()
    const empty = stream.save()
    stream.pushText('the coffee was ')
    const saved = JSON.parse(JSON.stringify(stream.save()))
    const other = model.stream()
    other.restore(saved)
    expect(other.prediction).toEqual(model.predict('the coffee was'))
    expect(other.pushText('stale')).toEqual(model.predict('the coffee was stale'))
    other.restore(empty)
    expect(other.prediction).toEqual(model.predict(''))
    expect(other.steps).toBe(0)
  }
})

it('labels of any name', async () => {
  const names = { good: '__proto__', bad: '7' }
  const rows = comments(24, 1).map(({ text, label }) => ({ text, label: names[label as 'good' | 'bad'] }))
  const model = await trained({}, short, rows)
  const said = model.stream().pushText('the soup was great')
  expect(said).toEqual(model.predict('the soup was great'))
  expect(Object.hasOwn(said.probabilities, '__proto__')).toBe(true)
})

it('rejects values that are not texts or states, and models that need the whole text', async () => {
  const model = await trained({}, short)
  const stream = model.stream()
  expect(() => stream.push(7 as unknown as string)).toThrow(DataError)
  expect(() => stream.pushText(null as unknown as string)).toThrow(DataError)
  stream.pushText('great')
  const saved = stream.save()
  for (const none of [null, {}, { ...saved, space: 'x' }, { ...saved, output: 1 }])
    expect(() => stream.restore(none as never)).toThrow(UsageError)
  expect(() => stream.restore({ ...saved, output: [] })).toThrow(/expected 1 outputs, got a list of 0/)
  expect(() => stream.restore({ ...saved, network: { ...saved.network, states: [] } })).toThrow(ShapeError)
  expect(stream.save()).toEqual(saved)
  for (const options of [{ bidirectional: true }, { cell: 'ann' }] as const) {
    const whole = await trained<'lstm' | 'ann'>(options, short)
    expect(() => whole.stream()).toThrow(UnsupportedError)
  }
})

it('the example word by word: each word read once, every answer the model’s own', async () => {
  const page: string[] = []
  const { accuracy, writers, difference, words } = await wordByWord((line) => page.push(line))
  expect(accuracy).toBeGreaterThan(0.95)
  expect(difference).toBe(0)
  expect(words).toEqual({ anew: 160, streamed: 24 })
  expect(writers.map((moments) => moments.at(-1)!.stream > 0.5)).toEqual([true, true])
  expect(page.filter((line) => [...line].length > 80 || /NaN|undefined|Infinity/.test(line))).toEqual([])
})
