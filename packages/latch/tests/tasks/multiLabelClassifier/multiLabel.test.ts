/** A multi-label classifier: rows, labels, threshold, metrics, files, threads and refusals. */
import { describe, expect, it } from 'vitest'
import { DataError, FormatError, UsageError } from '../../../src/core/errors.ts'
import { openModelFile } from '../../../src/tasks/files/openModel.ts'
import { splitLabels } from '../../../src/tasks/multiLabelClassifier/labelLists.ts'
import {
  MultiLabelClassifier,
  multiLabelClassifier,
} from '../../../src/tasks/multiLabelClassifier/multiLabelClassifier.ts'
import type { MultiLabelOptions } from '../../../src/tasks/multiLabelClassifier/options.ts'
import { chooseThreshold } from '../../../src/tasks/multiLabelClassifier/threshold.ts'
import { hex, thrown } from '../textClassifier/classifierHelpers.ts'
import { COLUMNS, complaints, LABELS, TINY, type LabelledRow } from './multiLabelHelpers.ts'

const QUICK = {
  ...COLUMNS,
  epochs: 25,
  batchSize: 8,
  learningRate: 0.03,
  ema: null,
  validation: 0.25,
  seed: 1,
}
const ROWS = complaints(96)

async function trained(options: MultiLabelOptions = {}, rows: readonly object[] = ROWS, fit: object = {}) {
  const model = multiLabelClassifier({ ...TINY, ...options })
  const report = await model.fit(rows, { ...QUICK, ...fit } as never)
  return { model, report }
}

describe('splitLabels', () => {
  it.each([
    ['rude;loud', ';', ['rude', 'loud']],
    [' rude ; ;rude; loud ', ';', ['rude', 'loud']],
    ['rude, loud', ',', ['rude', 'loud']],
    ['["rude;loud", "late", 3]', ';', ['rude;loud', 'late', '3']],
    ['[]', ';', []],
    ['', ';', []],
    ['[draft]', ';', ['[draft]']],
  ] as const)('%s', (cell, separator, wanted) => {
    expect(splitLabels(cell, separator)).toEqual(wanted)
  })

  it('refuses lists of anything else', () => {
    expect(() => splitLabels('["a", {"b": 1}]', ';')).toThrow(/label 1: expected a text, number or boolean/)
  })
})

describe('chooseThreshold', () => {
  const scored = (...pairs: [number, boolean][]) =>
    pairs.map(([probability, isTrue]) => ({ probability, isTrue }))

  it('has the highest micro F1, halfway between two probabilities', () => {
    expect(chooseThreshold(scored([0.9, true], [0.3, true], [0.2, false], [0.1, false]))).toBeCloseTo(0.25)
    expect(chooseThreshold(scored([0.9, false], [0.8, true], [0.4, false]))).toBeCloseTo(0.6)
  })

  it('is as good as any threshold that is tried', () => {
    const all = Array.from({ length: 60 }, (_, i): [number, boolean] => [
      ((i * 37) % 61) / 61,
      (i * i) % 3 === 1,
    ])
    const f1 = (threshold: number) => {
      const given = all.filter(([p]) => p >= threshold)
      const right = given.filter(([, is]) => is).length
      return (2 * right) / (given.length + all.filter(([, is]) => is).length)
    }
    const best = Math.max(...Array.from({ length: 200 }, (_, i) => f1(i / 200)))
    expect(f1(chooseThreshold(scored(...all)))).toBeCloseTo(best, 12)
  })

  it('is 0.5 where nothing speaks for another', () => {
    expect(chooseThreshold([])).toBe(0.5)
    expect(chooseThreshold(scored([0.9, false], [0.2, false]))).toBe(0.5)
  })
})

describe('multiLabelClassifier', () => {
  it('learns labels that do not exclude each other', async () => {
    const { model, report } = await trained()
    expect(model.labels).toEqual(LABELS)
    expect(report.warnings).toContain('12 rows without a label.')
    const { labels, label, probabilities } = model.predict('the hotel was rude and loud')
    expect([...labels].sort()).toEqual(['loud', 'rude'])
    expect(label).toBeNull()
    expect(probabilities.rude).toBeGreaterThan(model.threshold)
    expect(model.predict('the hotel was fine').labels).toEqual([])
    const result = await model.evaluate(complaints(40, 9), COLUMNS)
    expect(result.microF1).toBeGreaterThan(0.9)
    expect(result.threshold).toBe(model.threshold)
    expect(result.perLabel.map(({ support }) => support)).toEqual([20, 20, 20])
  })

  it('lists the likeliest labels with top, given or not', async () => {
    const { model } = await trained({}, ROWS, { epochs: 1 })
    const [one] = model.predict(['the hotel was late'], { top: 2 })
    const order = Object.values(one.probabilities).sort((a, b) => b - a)
    expect(one.top!.map(({ probability }) => probability)).toEqual(order.slice(0, 2))
    expect(() => model.predict('late', { top: 0 })).toThrow(/a positive integer/)
    expect(() => model.predict('late', { tops: 1 } as never)).toThrow(UsageError)
  })

  it('reads the same labels from arrays, JSON and strings with a separator', async () => {
    const of = async (rows: readonly object[]) =>
      hex((await trained({}, rows, { epochs: 1 })).model.toBytes())
    const each = (write: (labels: string[]) => unknown) =>
      ROWS.map(({ text, labels }: LabelledRow) => ({ text, labels: write(labels) }))
    const arrays = await of(ROWS)
    expect(await of(each((labels) => labels.join('; ')))).toBe(arrays)
    expect(await of(each((labels) => JSON.stringify(labels)))).toBe(arrays)
  })

  it('chooses no threshold without validation rows', async () => {
    const { model } = await trained({}, ROWS, { validation: 0, epochs: 1 })
    expect(model.threshold).toBe(0.5)
  })

  it('gives the same bits on 1, 2 and 3 threads, and from float64', async () => {
    const bytes = await Promise.all(
      [1, 2, 3].map(async (threads) =>
        hex((await trained({ engine: 'simd', threads }, ROWS, { epochs: 2 })).model.toBytes()),
      ),
    )
    expect(new Set(bytes).size).toBe(1)
    const { model } = await trained({ precision: 'float64', engine: 'reference' }, ROWS, { epochs: 1 })
    expect(model.predict('late').output).toHaveLength(3)
  })

  it('comes back from its own class, with its separator and threshold', async () => {
    const { model } = await trained({ labelSeparator: '|' }, ROWS, { epochs: 2 })
    const again = MultiLabelClassifier.fromBytes(model.toBytes())
    expect(again.settings).toEqual(model.settings)
    expect(again.settings.labelSeparator).toBe('|')
    expect(again.threshold).toBe(model.threshold)
    expect(openModelFile(model.toBytes())).toBeInstanceOf(MultiLabelClassifier)
    const checkpoint: Uint8Array[] = []
    await trained({ labelSeparator: '|' }, ROWS, {
      epochs: 2,
      checkpoint: { everySteps: 5, write: (bytes: Uint8Array) => void checkpoint.push(bytes.slice()) },
    })
    const resumed = await MultiLabelClassifier.fromCheckpoint(checkpoint[0])
    await resumed.model.fit(ROWS, { ...resumed.fitOptions, resume: checkpoint[0] } as never)
    expect(hex(resumed.model.toBytes())).toBe(hex(model.toBytes()))
  })

  it('extends its vocabulary, and reports labels that no row has', async () => {
    const { model } = await trained({ labels: [...LABELS, 'smoky'] }, ROWS, { epochs: 1 })
    const more = ROWS.map((row) => ({ ...row, text: `${row.text} curtains` }))
    const before = model.vocabulary.size
    const report = await model.fit(more, { ...QUICK, epochs: 1, extendVocabulary: true } as never)
    expect(model.vocabulary.size).toBe(before + 1)
    expect(report.warnings).toContain('No training row has the label smoky.')
    expect(model.labels).toEqual([...LABELS, 'smoky'])
  })

  it('says where no row has several labels', async () => {
    const rows = ROWS.map(({ text }, i) => ({ text, labels: LABELS[i % 3] }))
    const { report } = await trained({}, rows, { epochs: 1 })
    expect(report.warnings.join(' ')).toContain('No row has several labels: check that ";"')
  })

  it('refuses what it cannot learn from, by name', async () => {
    const fit = (rows: object[], more = {}, options: MultiLabelOptions = {}) =>
      thrown(() => trained(options, rows, more))
    expect(
      await fit([
        { text: 'a b', labels: ['x'] },
        { text: 'b', labels: [] },
      ]),
    ).toBeInstanceOf(DataError)
    expect((await fit([{ text: 'a', labels: [{}] }])).message).toMatch(
      /^row 0, label 0: expected a text, number/,
    )
    const other = await fit([{ text: 'a', labels: ['x'] }], {}, { labels: LABELS })
    expect(other.message).toMatch(/^row 0, label: expected one of the labels late, loud, rude, got "x"/)
    expect((await fit(ROWS, { classWeights: 'balanced' })).message).toMatch(
      /fit option classWeights: expected no value for labels of which a text may have several/,
    )
    expect(() => multiLabelClassifier({ counts: true } as never)).toThrow(
      /option counts: expected no value for several labels/,
    )
    expect(multiLabelClassifier({ counts: false } as never).settings.counts).toBeUndefined()
    expect(() => multiLabelClassifier({ labelSeparator: '' })).toThrow(/option labelSeparator/)
    expect(() => multiLabelClassifier({ labelSeperator: ',' } as never)).toThrow(
      /Did you mean `labelSeparator`/,
    )
  })

  it('refuses files whose sections contradict each other', async () => {
    const { model } = await trained({}, ROWS, { epochs: 1 })
    const text = Buffer.from(model.toBytes()).toString('latin1')
    const changed = (from: RegExp, to: string) => Buffer.from(text.replace(from, to), 'latin1')
    const open = (bytes: Uint8Array) => () => MultiLabelClassifier.fromBytes(bytes)
    expect(open(changed(/\\"threshold\\":0/, '\\"threshold\\":7'))).toThrow(FormatError)
    expect(open(changed(/\[\\"late\\"/, '[\\"loud\\"'))).toThrow(/labels: expected different labels/)
  })
})
