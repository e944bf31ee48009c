/** A classifier that also counts words: every answer is of both, and each part's share is said. */
import { describe, expect, it } from 'vitest'
import { explain } from '../../../src/inspection/explain/explain.ts'
import { intervene } from '../../../src/inspection/interventions/intervene.ts'
import { gradientFlow } from '../../../src/inspection/gradients/gradientFlow.ts'
import { TextClassifier, textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { sigmoid, softmax } from '../../../src/core/probabilities.ts'
import { Random } from '../../../src/core/random.ts'
import { COLUMNS, THREE, counted, quick, topics } from './countsHelpers.ts'

const texts = [...topics(20, 7).map(({ text }) => text), '', 'never seen', 'sea1', 'land3 land3 land3']

/**
 * The definition, with words as they are: log-probabilities of the words and pairs of each class, times factors of a logistic
 * regression that begin at 0.2, by AdaGrad in ten passes.
 */
function linear(rows: readonly { text: string; label: string }[], labels: readonly string[]) {
  const termsOf = (text: string) => {
    const tokens = text.split(' ')
    return [...new Set([...tokens, ...tokens.slice(1).map((token, i) => `${tokens[i]} ${token}`)])]
  }
  const read = rows.map(({ text, label }) => ({ terms: termsOf(text), own: labels.indexOf(label) }))
  const all = [...new Set(read.flatMap(({ terms }) => terms))]
  const total = labels.map((_, c) =>
    read.reduce((sum, { terms, own }) => sum + (own === c ? terms.length : 0), 0.5 * all.length),
  )
  const known = new Map(
    all.map((term) => {
      const holders = read.filter(({ terms }) => terms.includes(term))
      const count = (c: number) => holders.filter(({ own }) => own === c).length
      const logs = labels.map((_, c) => Math.log((count(c) + 0.5) / total[c]))
      const mean = logs.reduce((a, b) => a + b) / labels.length
      const numbers = logs.map((log) => ({ ratio: log - mean, factor: 0.2, squares: 1e-6 }))
      return [term, { texts: holders.length, numbers }] as const
    }),
  )
  const bias = labels.map(() => ({ value: 0, squares: 1e-6 }))
  const step = (slope: number, of: { squares: number }) => {
    of.squares += slope ** 2
    return (0.1 * slope) / Math.sqrt(of.squares)
  }
  const random = new Random('counts')
  const order = read.map((_, i) => i)
  for (let pass = 0; pass < 10; pass++) {
    for (const i of random.shuffle(order)) {
      const terms = read[i].terms.map((term) => known.get(term)!)
      const logits = bias.map(({ value }, c) =>
        terms.reduce((sum, { numbers }) => sum + numbers[c].ratio * numbers[c].factor, value),
      )
      const errors = softmax(logits).map((p, c) => p - Number(c === read[i].own))
      errors.forEach((error, c) => {
        bias[c].value -= step(error, bias[c])
        for (const { numbers, texts: n } of terms) {
          const one = numbers[c]
          one.factor -= step(error * one.ratio + (one.factor - 0.2) / n, one)
        }
      })
    }
  }
  const rounded = (x: number) => Math.round(x * 1000) / 1000
  return (text: string) =>
    bias.map(({ value }, c) => {
      const own = termsOf(text).flatMap((term) => known.get(term)?.numbers[c] ?? [])
      return own.reduce((sum, { ratio, factor }) => sum + rounded(ratio * factor), rounded(value))
    })
}

describe.each([
  ['two labels', ['sea', 'land']],
  ['three labels', [...THREE]],
])('%s', (_, names) => {
  const rows = topics(450, 1, names)

  it('adds a linear model of the training rows to the logits of the network', async () => {
    const { model, report } = await counted({}, {}, rows)
    const alone = await counted({ counts: false }, {}, rows)
    const { networkWeight, countsWeight } = report.counts!
    expect(countsWeight).toBeGreaterThan(0)
    const scores = linear(
      report.split.train.map((i) => rows[i]),
      model.labels,
    )
    for (const text of texts) {
      const ownLogits = alone.model.predict(text).output
      const s = scores(text)
      const network = ownLogits.map((p) => (names.length === 2 ? Math.log(p / (1 - p)) : Math.log(p)))
      const expected =
        names.length === 2
          ? [sigmoid(networkWeight * network[0] + countsWeight * (s[1] - s[0]))]
          : softmax(network.map((x, c) => networkWeight * x + countsWeight * s[c]))
      model.predict(text).output.forEach((p, c) => expect(p).toBeCloseTo(expected[c], 5))
    }
  })

  it('is the same answer in predict, of many, in streams, evaluation, traces and files', async () => {
    const { model } = await counted({}, {}, rows)
    const many = model.predict(texts)
    const loaded = TextClassifier.fromBytes(model.toBytes(), 'bytes', { reproducible: true })
    expect(loaded.toBytes()).toEqual(model.toBytes())
    expect(loaded.predict(texts)).toEqual(many)
    const stream = model.stream()
    texts.forEach((text, i) => {
      const one = model.predict(text)
      expect(many[i]).toEqual(one)
      stream.reset()
      expect(stream.pushText(text)).toEqual(one)
      const trace = model.trace(text)
      expect(trace.label).toBe(one.label)
      expect(trace.probabilities).toEqual(one.probabilities)
      const top = model.predict(text, { top: 2 }).top!
      expect(top[0].label).toBe(one.label)
      stream.reset()
      const answers = text ? trace.steps.map(({ token }) => stream.push(token).probabilities) : []
      expect(answers).toEqual(text ? trace.steps.map(({ output }) => output.probabilities) : [])
    })
    const test = topics(100, 9, names)
    const { accuracy, loss } = await model.evaluate(test, COLUMNS)
    const said = model.predict(test.map(({ text }) => text))
    expect(accuracy).toBe(said.filter(({ label }, i) => label === test[i].label).length / test.length)
    const nats = said.map(({ probabilities }, i) => -Math.log(probabilities[test[i].label]))
    expect(loss).toBeCloseTo(nats.reduce((a, b) => a + b) / test.length, 10)
  })

  it('goes on from a saved stream to the bit', async () => {
    const { model } = await counted({}, {}, rows)
    const whole = model.stream()
    const first = model.stream()
    first.pushText(texts[0])
    const second = model.stream()
    second.restore(JSON.parse(JSON.stringify(first.save())))
    expect(second.prediction).toEqual(first.prediction)
    second.pushText(texts[1])
    whole.pushText(`${texts[0]} ${texts[1]}`)
    expect(second.prediction).toEqual(whole.prediction)
    const { counted: _, ...without } = first.save()
    expect(() => second.restore(without)).toThrow('expected a state from save()')
  })

  it('says the share of the counts apart from the network', async () => {
    const { model, report } = await counted({}, {}, rows)
    const alone = await counted({ counts: false }, {}, rows)
    const text = texts[2]
    const trace = model.trace(text)
    const network = alone.model.trace(text)
    expect(trace.counts!.network).toEqual({ label: network.label, probabilities: network.probabilities })
    expect(trace.steps.map(({ hidden }) => hidden)).toEqual(network.steps.map(({ hidden }) => hidden))
    expect(trace.counts!.shares).toHaveLength(trace.steps.length + 1)
    for (const share of trace.counts!.shares) {
      expect(Object.values<number>(share).reduce((a, b) => a + b)).toBeCloseTo(0, 9)
    }
    const last = trace.counts!.shares.at(-1)!
    const logits = (t: typeof trace) => names.map((name) => Math.log(t.probabilities[name]))
    const [own, whole] = [logits(network), logits(trace)]
    const difference = (list: number[]) => list[1] - list[0]
    expect(difference(whole)).toBeCloseTo(
      report.counts!.networkWeight * difference(own) + last[names[1]] - last[names[0]],
      5,
    )
    expect('counts' in network).toBe(false)
  })

  it('explains a logit with the counts as one term, and a probability by the logits of both', async () => {
    const { model } = await counted({ pooling: 'max' }, {}, rows)
    const trace = model.trace(texts[2])
    for (let unit = 0; unit < names.length; unit++) {
      const { value, computed } = explain(trace, 0, 'probability', unit)
      expect(value).toBeCloseTo(trace.probabilities[names.toSorted()[unit]], 9)
      expect(computed).toBeCloseTo(value, 6)
    }
    const logit = explain(trace, 0, 'logit', 0)
    expect(logit.computed).toBeCloseTo(logit.value, 4)
    expect(logit.groups.map(({ group }) => group)).toContain('counts')
    expect(logit.equation).toMatch(/^logit = a·\(W·.* \+ b\) \+ counts$/)
  })
})

describe('a second training', () => {
  it('with too few validation rows leaves the counts out, and says so', async () => {
    const { model, report } = await counted()
    expect(report.counts).not.toBeNull()
    expect(model.trace(topics(1, 2)[0].text).counts).toBeDefined()
    const turned = topics(60, 3).map(({ text, label }) => ({ text, label: label === 'sea' ? 'land' : 'sea' }))
    const again = await model.fit(turned, { ...quick, validation: 0.1, extendVocabulary: true })
    expect(again.counts).toBeNull()
    expect(again.warnings.join(' ')).toContain(
      'The counts of words of the earlier training are left out: to weigh them takes 20 validation rows, and there are 6.',
    )
    expect(model.trace(turned[0].text).counts).toBeUndefined()
    expect(TextClassifier.fromBytes(model.toBytes()).trace(turned[0].text).counts).toBeUndefined()
  })
})

describe('the label whose loss is differentiated', () => {
  it('is that of both by default, also where the network alone has another', async () => {
    const { model } = await counted()
    const different = topics(200, 3).find(({ text }) => {
      const { label, counts } = model.trace(text)
      return counts!.network.label !== label
    })!
    const { label, target } = model.trace(different.text)
    expect(target).toBe(label)
    expect(gradientFlow(model, different.text)).toEqual(gradientFlow(model, different.text, label))
    expect(intervene(model, different.text, [])).toBeDefined()
  })
})

describe('the option', () => {
  it('leaves the network as it is: the same weights with and without', async () => {
    const { model } = await counted()
    const { model: alone, report } = await counted({ counts: false })
    expect(report.counts).toBeNull()
    for (const { name } of model.network.parameters)
      expect(model.network.readParameter(name)).toEqual(alone.network.readParameter(name))
    expect(alone.settings).not.toHaveProperty('counts', true)
  })

  it('is on for recurrent cells on words, and off for others', () => {
    const counts = (options: Parameters<typeof textClassifier>[0]) => textClassifier(options).settings.counts
    expect(counts({})).toBe(true)
    expect(counts({ cell: 'rnn', tokens: 'whitespace' })).toBe(true)
    expect(counts({ counts: false })).toBeUndefined()
    expect(counts({ tokens: 'chars' })).toBeUndefined()
    expect(counts({ cell: 'bag' })).toBeUndefined()
    expect(counts({ cell: 'ann', counts: true })).toBe(true)
    expect(() => textClassifier({ counts: 'on' as never })).toThrow('option counts: expected true or false')
  })

  it('works on characters where it is asked for', async () => {
    const { model, report } = await counted({ tokens: 'chars', counts: true })
    expect(report.counts!.countsWeight).toBeGreaterThan(0)
    const stream = model.stream()
    expect(stream.pushText(texts[0])).toEqual(model.predict(texts[0]))
  })

  it('needs 20 validation rows', async () => {
    const few = await counted({}, { validation: topics(19, 5) })
    expect(few.report.counts).toBeNull()
    const none = await counted({}, { validation: 0 })
    expect(none.report.counts).toBeNull()
    const enough = await counted({}, { validation: topics(20, 5) })
    expect(enough.report.counts).not.toBeNull()
  })
})

describe('the report', () => {
  it('says how each does alone', async () => {
    const rows = topics(450, 1)
    const { model, report } = await counted({}, {}, rows)
    const { validation, terms, minimumCount } = report.counts!
    const { model: alone } = await counted({ counts: false }, {}, rows)
    const held = report.split.validation.map((i) => rows[i])
    const both = await model.evaluate(held, COLUMNS)
    const network = await alone.evaluate(held, COLUMNS)
    expect(validation.model.accuracy).toBe(both.accuracy)
    expect(validation.model.loss).toBeCloseTo(both.loss, 9)
    expect(validation.network.accuracy).toBe(network.accuracy)
    expect(validation.network.loss).toBeCloseTo(network.loss, 5)
    expect(validation.model.loss).toBeLessThan(validation.network.loss)
    const scores = linear(
      report.split.train.map((i) => rows[i]),
      model.labels,
    )
    const right = held.filter(({ text, label }) => {
      const [a, b] = scores(text)
      return model.labels[Number(b > a)] === label
    })
    expect(validation.counts.accuracy).toBe(right.length / held.length)
    expect(minimumCount).toBe(1)
    expect(terms).toBeGreaterThan(500)
  })

  it('gives counts no weight where they know nothing', async () => {
    // The label is the order of two words far apart, which neither words nor pairs know.
    const rows = Array.from({ length: 400 }, (_, i) => ({
      text: i % 2 ? 'left was then and there right' : 'right was then and there left',
      label: `${i % 2}`,
    })).map((row, i) => ({ ...row, text: row.text.replace('then', `then${i % 7}`) }))
    const shuffled = rows.map((row, i) => ({ ...row, text: `so ${row.text} now`, label: `${(i >> 1) % 2}` }))
    const { model, report } = await counted({}, {}, shuffled)
    expect(report.counts!.countsWeight).toBe(0)
    expect(model.trace(shuffled[0].text)).not.toHaveProperty('counts')
    expect(report.counts!.validation.model).toEqual(report.counts!.validation.network)
  })
})

describe('class weights', () => {
  it('hold for the counts too: a rare label that weighs more is said more often', async () => {
    const rows = topics(600, 2).filter(({ label }, i) => label === 'sea' || i % 8 === 1)
    const plain = await counted({}, quick, rows)
    const balanced = await counted({}, { ...quick, classWeights: 'balanced' }, rows)
    const rare = ({ model }: typeof plain) =>
      model.predict(topics(200, 11).map(({ text }) => text)).filter(({ label }) => label === 'land').length
    expect(rare(balanced)).toBeGreaterThan(rare(plain))
  })
})
