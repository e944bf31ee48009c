/** Every lesson worked through in a real Chromium, its numbers beside the library's own; and its source lines. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changingFacts } from '../../src/datasets/index.ts'
import { gradientFlow, influence, intervene, setSpectralRadius, traceSequence } from '../../src/inspection.ts'
import {
  createTokenizer,
  network,
  PackedBatch,
  Random,
  TextClassifier,
  type LayerOptions,
} from '../../src/node.ts'
import { clipGradients, Optimizer } from '../../src/training/index.ts'
import { root } from '../house/tree.ts'
import { browserPath, close, launch, LESSONS, open, Server, type Watched } from './rig.ts'

const ENGINE = { reproducible: true, threads: 1 } as const
const lessons = join(root, 'studio', 'src', 'lessons')
const measuredFile = join(lessons, 'measured.json')
/** What the lessons quote; not in every checkout. */
const measured = existsSync(measuredFile) ? JSON.parse(readFileSync(measuredFile, 'utf8')) : null

let browser: Browser
let server: Server

// --- what a page says ---------------------------------------------------------------------------------

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** "−1.2·10⁻⁴", "93.1 %", "1,234 numbers" → a number. */
function numberIn(text: string): number {
  const plain = text
    .replaceAll('\u2212', '-')
    .replace(/·10(⁻?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, (_, sign, digits) => `e${sign && '-'}${Array.from(digits as string, (c) => SUPERSCRIPTS.indexOf(c)).join('')}`)
  if (plain.includes('∞')) return plain.includes('-') ? -Infinity : Infinity
  const found = /-?[\d,]+(\.\d+)?(e-?\d+)?/.exec(plain)
  return found ? Number(found[0].replaceAll(',', '')) : NaN
} // prettier-ignore

const fixed = (value: number, decimals: number) => value.toFixed(decimals).replace('-', '\u2212')
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
const sigmoid = (a: number) => 1 / (1 + Math.exp(-a))
const columnsOf = (flat: readonly number[], columns: number) =>
  Array.from({ length: flat.length / columns }, (_, r) => flat.slice(r * columns, (r + 1) * columns))

class Lesson {
  readonly watched: Watched
  readonly page: Page
  readonly n: number

  private constructor(watched: Watched, n: number) {
    ;[this.watched, this.page, this.n] = [watched, watched.page, n]
  }

  static async open(n: number): Promise<Lesson> {
    const lesson = new Lesson(await open(browser, `${server.url}#/lessons/${n}`), n)
    await lesson.at('question').waitFor()
    await lesson.still()
    return lesson
  }

  /** By the rest of its test id. */
  at(id: string): Locator {
    return this.page.getByTestId(`lesson-${this.n}-${id}`)
  }

  async text(id: string): Promise<string> {
    return ((await this.at(id).textContent()) ?? '').trim().replace(/\s+/g, ' ')
  }

  async number(id: string): Promise<number> {
    return numberIn(await this.text(id))
  }

  /** Waits until it says so. */
  async says(id: string, what: string | RegExp, timeout = 10_000): Promise<void> {
    if (typeof what === 'string') await expect.poll(() => this.text(id), { timeout }).toBe(what)
    else await expect.poll(() => this.text(id), { timeout }).toMatch(what)
  }

  /** Waits until the number is this one. */
  async counts(id: string, value: number, within = 1e-9): Promise<void> {
    const off = async () => Math.abs((await this.number(id)) - value)
    await expect.poll(off, { message: `${id} should be ${value}`, timeout: 10_000 }).toBeLessThanOrEqual(within) // prettier-ignore
  }

  async click(...ids: string[]): Promise<void> {
    for (const id of ids) await this.at(id).click()
  }

  async set(id: string, value: string | number): Promise<void> {
    await this.at(id).fill(String(value))
  }

  /** Nothing is being computed, and nothing went wrong. */
  async still(): Promise<void> {
    await this.page.waitForTimeout(120)
    await expect.poll(() => this.page.locator('.widget[aria-busy="true"]').count(), { timeout: 20_000 }).toBe(0) // prettier-ignore
    await expect.poll(() => this.page.getByText('Computing …').count(), { timeout: 20_000 }).toBe(0)
    expect(await this.page.getByRole('alert').allTextContents()).toEqual([])
  }

  /** A click and two keys turn the answer; then the page is closed and must have behaved. */
  async end(): Promise<void> {
    const [button, answer] = [this.at('question-button'), this.at('question-answer')]
    expect(await answer.isVisible()).toBe(false)
    await button.click()
    await answer.waitFor({ state: 'visible' })
    expect(await button.getAttribute('aria-expanded')).toBe('true')
    expect(((await answer.textContent()) ?? '').length).toBeGreaterThan(100)
    await button.focus()
    await this.page.keyboard.press('Enter')
    await answer.waitFor({ state: 'hidden' })
    await this.page.keyboard.press('Space')
    await answer.waitFor({ state: 'visible' })
    expect(await this.page.getByRole('alert').count()).toBe(0)
    await close(this.watched)
  }
}

describe.skipIf(!browserPath)('the lessons', () => {
  beforeAll(async () => {
    server = await Server.start()
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    server?.stop()
  })

  test('1: sizes, what room costs, what is cut off, and four networks that learn order', async () => {
    const lesson = await Lesson.open(1)
    await lesson.says('numbers-0', '21 numbers')
    await lesson.says('numbers-1', '28 numbers')
    await lesson.page.getByRole('button', { name: 'Sherylans provide quality content' }).click()
    await expect.poll(() => lesson.at('one-hot').locator('tbody tr').count()).toBe(4)

    for (const [words, room] of [[7, 4], [2000, 100], [100, 30]]) {
      await lesson.at('words').selectOption({ label: `${words.toLocaleString('en')} words` })
      await lesson.set('length', room)
      const { ann, rnn } = costs(words, room)
      await lesson.counts('ann-parameters', ann)
      await lesson.counts('rnn-parameters', rnn)
    } // prettier-ignore

    await lesson.set('text', 'one two three four five six')
    await lesson.says('ann-noticed', 'no, the same to the last bit')
    await lesson.says('rnn-noticed', 'yes')
    expect(await lesson.text('ann-whole')).toBe(await lesson.text('ann-without'))
    expect(await lesson.text('rnn-whole')).not.toBe(await lesson.text('rnn-without'))
    await lesson.set('text', 'one two three four')
    await lesson.says('ann-noticed', 'yes')
    await lesson.set('text', 'one')
    await lesson.page.getByRole('alert').getByText('Write two words or more').waitFor()
    await lesson.set('text', 'I hate Sherylans')
    await lesson.still()

    await lesson.click('train', 'stop')
    await lesson.page.getByText('Stopped. What was finished stays.').waitFor()
    await lesson.click('train')
    await lesson.at('lstm-accuracy').waitFor({ timeout: 30_000 })
    const right = Object.fromEntries(
      await Promise.all(
        ['ann', 'bag', 'rnn', 'lstm'].map(async (cell) => [cell, await lesson.number(`${cell}-accuracy`)]),
      ),
    )
    // Nearly every comment has a twin of the same words: a bag is right on one of two.
    expect(Math.abs(right.bag - 50)).toBeLessThan(6)
    expect(await lesson.text('bag-opinion-0')).toBe(await lesson.text('bag-opinion-1'))
    for (const cell of ['ann', 'rnn', 'lstm']) expect(right[cell], cell).toBeGreaterThan(85)
    expect(await lesson.number('lstm-opinion-0')).toBeGreaterThan(0.8)
    expect(await lesson.number('lstm-opinion-1')).toBeLessThan(0.2)
    await lesson.set('shift', 0)
    await lesson.counts('ann-shifted', right.ann)
    await lesson.set('shift', 1)
    await expect.poll(() => lesson.number('ann-shifted')).toBeLessThan(right.ann - 10)
    expect(await lesson.number('lstm-shifted')).toBeGreaterThan(85)
    await lesson.end()
  })

  test('2: own sentences become a block, and packed rows', async () => {
    const lesson = await Lesson.open(2)
    await lesson.says('shape', '(3, 4, 5)')
    await checkBlock(lesson, ['you are good', 'You are Bad', 'you are not good'], true)
    await lesson.at('fold').uncheck()
    await checkBlock(lesson, ['you are good', 'You are Bad', 'you are not good'], false)
    await lesson.says('shape', '(3, 4, 6)')
    await lesson.at('fold').check()

    const own = ['The cat sat on the mat', 'a dog', 'Cat and dog and cat', 'so']
    await lesson.click('add')
    for (const [i, text] of own.entries()) await lesson.set(`text-${i}`, text)
    await checkBlock(lesson, own, true)
    await lesson.page.getByRole('button', { name: 'Remove comment 1' }).click()
    await checkBlock(lesson, own.slice(1), true)
    await lesson.set('text-0', '')
    await lesson.page.getByRole('alert').getByText('Sentence 1 is empty').first().waitFor()
    await lesson.click('reset')
    await lesson.says('shape', '(3, 4, 5)')
    await lesson.still()
    await lesson.end()
  })

  test('3: step by step, weights changed, every number by hand', async () => {
    const lesson = await Lesson.open(3)
    const start = tinyWeights()
    await lesson.counts('answer', byHand(start, [0, 1, 2]).answer, 0.5001e-4)
    const shapes = '(1,5)×(5,3) + (1,3)×(3,3) + (1,3) = (1,3)'
    for (let t = 0; t < 3; t++) {
      await lesson.says('shapes', shapes)
      const { sums, hidden } = byHand(start, [0, 1, 2])
      expect(await cells(lesson.at('sum'))).toEqual(sums[t].map((x) => fixed(x, 4)))
      expect(await cells(lesson.at('hidden'))).toEqual(hidden[t].map((x) => fixed(x, 4)))
      if (t === 1) {
        await lesson.at('hidden').getByRole('button').nth(2).click()
        await lesson.counts('pre', sums[1][2], 1e-6)
        await lesson.counts('value', hidden[1][2], 1e-6)
        expect(Math.tanh(await lesson.number('pre'))).toBeCloseTo(await lesson.number('value'), 5)
      }
      await lesson.click('next')
    }
    await lesson.says('shapes', '(1,3)×(3,1) + (1,1) = (1,1)')
    expect(await cells(lesson.at('logit'))).toEqual([fixed(byHand(start, [0, 1, 2]).logit, 4)])
    expect(await lesson.at('next').isDisabled()).toBe(true)

    await lesson.at('output').focus()
    await lesson.page.keyboard.press('ArrowLeft')
    await lesson.says('shapes', shapes)
    expect(await lesson.at('step-3').getAttribute('aria-pressed')).toBe('true')
    // "are": row 1 of Wi. The first step does not read it.
    const before = await Promise.all([1, 2].map((t) => lesson.text(`step-${t}`)))
    await lesson.at('Wi').locator('input').nth(3).fill('1.5')
    await lesson.page.keyboard.press('Enter')
    const edited = { ...start, Wi: start.Wi.map((row, i) => (i === 1 ? [1.5, row[1], row[2]] : row)) }
    await lesson.counts('answer', byHand(edited, [0, 1, 2]).answer, 0.5001e-4)
    expect(await lesson.text('step-1')).toBe(before[0])
    expect(await lesson.text('step-2')).not.toBe(before[1])
    await lesson.click('reset')
    await lesson.counts('answer', byHand(start, [0, 1, 2]).answer, 0.5001e-4)

    await lesson.at('text').selectOption('you are not good')
    await lesson.counts('answer', byHand(start, [0, 1, 4, 2]).answer, 0.5001e-4)
    await lesson.click('forget')
    const none = { ...start, Wh: start.Wh.map((row) => row.map(() => 0)) }
    const answers: string[] = []
    for (const [text, ids] of [['you are not good', [0, 1, 4, 2]], ['you are good', [0, 1, 2]], ['you are bad', [0, 1, 3]]] as const) {
      await lesson.at('text').selectOption(text)
      await lesson.counts('answer', byHand(none, ids).answer, 0.5001e-4)
      answers.push(await lesson.text('answer'))
    } // prettier-ignore
    expect(answers[0]).toBe(answers[1])
    expect(answers[0]).not.toBe(answers[2])
    await lesson.still()
    await lesson.end()
  })

  test('4: the way back, shares, and w_new = w_old − η·∂L/∂w', async () => {
    const lesson = await Lesson.open(4)
    for (let i = 0; i < 4; i++) await lesson.click('back')
    expect(await lesson.at('back').isDisabled()).toBe(true)
    for (let row = 0; row < 3; row++) {
      if (row > 0) {
        await lesson.at('sentence').selectOption({ index: row })
        for (let i = 0; i < 4; i++) await lesson.click('back')
      }
      for (const matrix of ['Wi', 'Wh']) {
        await lesson.says(`shares-${matrix}`, '100.0 %')
        const shares = await Promise.all([1, 2, 3].map((t) => lesson.number(`share-${matrix}-${t}`)))
        expect(Math.abs(sum(shares) - 100)).toBeLessThanOrEqual(0.151)
        if (matrix === 'Wh') expect(Math.abs(shares[0])).toBe(0)
      }
      for (const t of [1, 2, 3]) expect(await lesson.number(`norm-${t}`)).toBeGreaterThan(0)
      // A product of two matrices is no longer than the product of their lengths.
      const [first, second] = [await lesson.number('jacobian-2'), await lesson.number('jacobian-3')]
      expect(await lesson.number('product')).toBeLessThanOrEqual(first * second * 1.001)
    }

    const school = new School()
    for (const [matrix, index, eta] of [['Wi', 0, 0.2], ['Wi', 12, 0.5], ['Wh', 5, 2]] as const) {
      await lesson.at(matrix).getByRole('button').nth(index).click()
      await lesson.set('eta', ETAS.indexOf(eta))
      const { old, gradient, next, loss, lossNext } = school.look(matrix, index, eta)
      expect(Math.abs(old - eta * gradient - next)).toBeLessThanOrEqual(1e-6)
      await lesson.says('engine', fixed(gradient, 5))
      await lesson.says('next', fixed(next, 5))
      await lesson.says('equation', new RegExp(`w_new = ${fixed(old, 5)} − ${eta} · \\(?${fixed(gradient, 5)}\\)? = `))
      await lesson.counts('gradient', gradient, 1.1e-5)
      await lesson.says('loss', fixed(loss, 5))
      await lesson.says('loss-next', fixed(lossNext, 5))
    } // prettier-ignore

    await lesson.set('eta', ETAS.indexOf(0.2))
    await lesson.still()
    let loss = await lesson.number('loss')
    for (const [button, times, made] of [['once', 1, '1 update made'], ['ten', 10, '11 updates made'], ['hundred', 100, '111 updates made']] as const) {
      await lesson.click(button)
      await lesson.says('updates', made)
      school.update(0.2, times)
      await lesson.says('loss', fixed(school.loss(), 5))
      expect(await lesson.number('loss')).toBeLessThan(loss)
      loss = await lesson.number('loss')
    } // prettier-ignore
    await lesson.at('curve').waitFor()
    expect(await lesson.number('answer-0')).toBeGreaterThan(0.5)
    expect(await lesson.number('answer-1')).toBeGreaterThan(0.5)
    expect(await lesson.number('answer-2')).toBeLessThan(0.5)
    await lesson.click('reset')
    await lesson.says('updates', '0 updates made')
    await lesson.says('loss', fixed(new School().loss(), 5))
    await lesson.still()
    await lesson.end()
  })

  test('5: vanishing and exploding by the radius, clipping, the clock', async () => {
    const lesson = await Lesson.open(5)
    const classes = () => lesson.at('verdict').getAttribute('class')
    const kind = async (name: string) => {
      await expect.poll(classes, { timeout: 10_000 }).toContain(name)
    }
    await lesson.click('preset-vanishing')
    await kind('vanishing')
    await lesson.says('radius-value', '0.50')
    await lesson.click('preset-exploding')
    await kind('exploding')
    await lesson.at('activation').selectOption('relu')
    const seen = new Set<string>()
    for (const radius of [0.5, 1.9]) {
      await lesson.set('radius', radius)
      await lesson.set('steps', 60)
      const { verdict, norm } = explosion('relu', 60, radius)
      seen.add(verdict.kind)
      await kind(verdict.kind)
      await lesson.counts('before', norm, norm * 0.006)
      const limit = norm / 100
      const power = Math.max(-3, Math.min(3, Math.round(Math.log10(limit) * 10) / 10))
      await lesson.set('clip', power)
      const after = Math.min(norm, 10 ** power)
      await lesson.counts('after', after, after * 0.006)
      await lesson.says('clip-words', norm > 10 ** power ? /direction stays/ : /leaves it as it is/)
    }
    expect([...seen]).toEqual(['vanishing', 'exploding'])
    await lesson.set('clip', 3)
    await lesson.set('radius', 0.5)
    await lesson.says('clip-words', /leaves it as it is/)

    if (measured) {
      for (const cell of ['rnn', 'lstm', 'gru']) {
        const { share } = measured.facts[cell].accuracy.find((one: { distance: number }) => one.distance === 40) // prettier-ignore
        expect(await lesson.text('distance')).toContain(`${fixed(share * 100, 1)} %`)
      }
    }
    await lesson.click('time-measure')
    await lesson.page.getByText(/^[2-9] of 32 measured/).waitFor()
    await lesson.click('time-stop')
    await lesson.at('time-measure').waitFor()
    await expect.poll(() => lesson.at('time-measure').isEnabled()).toBe(true)
    await lesson.end()
  })

  test('6: the new city counts, the old one does not; a held gate', async () => {
    const lesson = await Lesson.open(6)
    await checkStory(lesson, '', 'lstm', 'forget')
    if (measured) {
      const { near, far } = measured.facts.lstm.influence
      for (const [name, { ratio }] of [['near', near], ['far', far]] as const) await lesson.counts(`measured-${name}`, ratio, ratio * 0.006) // prettier-ignore
    }
    await lesson.set('unit', 7)
    await lesson.page.getByText('Unit 8 of 32').waitFor()
    await lesson.set('text', '')
    await lesson.page.getByRole('alert').getByText('expected a text with at least one token').waitFor()
    await lesson.page.getByText('The answer to the last story that could be read').waitFor()
    await lesson.set('text', 'riya lives in delhi . the zeppelin flew . where does riya live ?')
    await lesson.page.getByText(/It does not know zeppelin/).waitFor()
    await lesson.says('answer', 'delhi')
    await lesson.end()
  })

  test('7: z high keeps, z low updates, and both conventions are one', async () => {
    const lesson = await Lesson.open(7)
    await lesson.says('together', '[1, 0, 0, 0.65, 0.3]')
    await lesson.click('high')
    const high = await checkStep(lesson, 0.9)
    expect(Math.max(...high.map((h, u) => Math.abs(h - [0.65, 0.3][u])))).toBeLessThan(0.12)
    await lesson.click('low')
    const low = await checkStep(lesson, 0.1)
    expect(Math.abs(low[0] - 0.65)).toBeGreaterThan(2 * Math.abs(high[0] - 0.65))

    await lesson.page.getByText('The weights (all editable)').click()
    await lesson.set('w-candidate-0-0', 2.5)
    await lesson.says('keeps', '10 %')
    const other = await checkStep(lesson, 0.1)
    expect(other[0]).not.toBeCloseTo(low[0], 3)
    await lesson.set('h1', -0.4)
    await lesson.at('word').selectOption({ index: 2 })
    await lesson.says('together', '[0, 0, 1, -0.4, 0.3]'.replaceAll('-', '\u2212'))
    await lesson.set('z', 4.5)
    await lesson.set('r', -3)
    await lesson.still()
    await checkEqual(lesson)
    await lesson.page.getByRole('button', { name: 'Start again' }).click()
    await lesson.says('keeps', '90 %')

    await checkStory(lesson, 'story-', 'gru', 'update')
    if (measured) {
      const { near, far } = measured.facts.gru.influence
      for (const [name, { ratio }] of [['near', near], ['far', far]] as const) await lesson.counts(`measured-${name}`, ratio, ratio * 0.006) // prettier-ignore
    }
    await lesson.end()
  })

  test('8: parameters, time, memory span and the way back', async () => {
    const lesson = await Lesson.open(8)
    for (const [units, features] of [[32, 32], [100, 7], [1, 256]]) {
      await lesson.set('units', units)
      await lesson.set('features', features)
      for (const [cell, gates] of [['rnn', 1], ['lstm', 4], ['gru', 3]] as const) {
        const net = network([{ type: 'features', width: features }, { type: 'recurrent', cell, units }], ENGINE)
        expect(net.parameterCount).toBe(gates * (units * features + units * units + 2 * units))
        await lesson.counts(`parameters-${cell}`, net.parameterCount)
        await lesson.counts(`formula-${cell}`, net.parameterCount)
        net.dispose()
      }
    } // prettier-ignore

    await lesson.click('lags-measure')
    for (const cell of ['rnn', 'lstm', 'gru']) await lesson.at(`lags-${cell}`).waitFor({ timeout: 25_000 })
    for (const cell of ['rnn', 'lstm', 'gru']) {
      const ratio = await wayBack(cell)
      await lesson.counts(`lags-${cell}`, ratio, ratio * 0.06)
    }

    await lesson.click('time-measure')
    await lesson.page.getByText(/^[2-9] of 18 measured/).waitFor()
    await lesson.click('time-stop')
    await expect.poll(() => lesson.at('time-measure').isEnabled()).toBe(true)
    expect(await lesson.at('time-rnn').textContent()).toMatch(/ms|…/)

    await lesson.page.getByLabel('stories each').selectOption('200')
    await lesson.click('span-measure')
    await lesson.says('span-progress', /^[3-9] of 24 measured/, 20_000)
    await lesson.click('span-stop')
    await lesson.at('span-lstm').waitFor()

    if (measured) {
      for (const cell of ['rnn', 'lstm', 'gru']) {
        const { accuracy, gradient } = measured.facts[cell]
        const { share } = accuracy.find((one: { distance: number }) => one.distance === 40)
        expect(await lesson.text('distance')).toContain(`${fixed(share * 100, 1)} %`)
        const { median } = gradient.trained.ratio
        await lesson.counts(`lags-measured-${cell}`, median, median * 0.06)
      }
    }
    await lesson.end()
  })
})

// --- the same numbers, here ---------------------------------------------------------------------------

function costs(words: number, room: number): { ann: number; rnn: number } {
  const H = 16
  return { ann: room * words * H + H + H + 1, rnn: words * H + H * H + 2 * H + H + 1 }
}

/** Shape, vocabulary, rows and both answers of lesson 2 against the library. */
async function checkBlock(lesson: Lesson, texts: string[], lowercase: boolean): Promise<void> {
  const lists = texts.map((text) => createTokenizer({ kind: 'words', lowercase }).tokenize(text))
  const words = [...new Set(lists.flat())]
  const [T, F] = [Math.max(...lists.map(({ length }) => length)), words.length]
  await lesson.says('shape', `(${lists.length}, ${T}, ${F})`)
  await lesson.says('vocabulary-size', `vocabulary = ${F}`)
  await lesson.says('rows', new RegExp(`^${sum(lists.map(({ length }) => length))} rows instead of ${lists.length * T}: `)) // prettier-ignore
  const features = new Float64Array(lists.length * T * F)
  lists.forEach((list, s) => list.forEach((word, t) => (features[(s * T + t) * F + words.indexOf(word)] = 1)))
  const net = network(
    [
      { type: 'features', width: F },
      { type: 'recurrent', cell: 'rnn', units: 3, outputs: 'last' },
      { type: 'dense', units: 1, activation: 'sigmoid' },
    ],
    { ...ENGINE, seed: 5 },
  )
  const shape = [lists.length, T, F] as const
  const lengths = lists.map(({ length }) => length)
  for (const [id, batch] of [['alone', PackedBatch.ofFeatures(features, shape, lengths)], ['read', PackedBatch.ofFeatures(features, shape)]] as const) {
    net.forward(batch)
    for (const [i, answer] of [...net.readOutput(batch)].entries()) await lesson.says(`${id}-${i}`, fixed(answer, 6))
  } // prettier-ignore
  net.dispose()
  for (const [i, length] of lengths.entries()) {
    const same = (await lesson.text(`alone-${i}`)) === (await lesson.text(`read-${i}`))
    expect(same, `sentence ${i + 1}`).toBe(length === T)
  }
}

interface Tiny {
  Wi: number[][]
  Wh: number[][]
  b: number[]
  Wo: number[]
  bo: number
}

/** Lesson 3's start: the library's weights of its seed, and the biases that the lesson sets; (in, out). */
function tinyWeights(): Tiny {
  const layers: LayerOptions[] = [
    { type: 'oneHot', vocabulary: 5 },
    { type: 'recurrent', cell: 'rnn', units: 3, outputs: 'last' },
    { type: 'dense', units: 1 },
  ]
  const net = network(layers, { ...ENGINE, seed: 5 })
  const read = (name: string) => [...net.store.read(net.store.find(name))]
  const turned = (flat: number[], columns: number) => {
    const rows = columnsOf(flat, columns)
    return rows[0].map((_, c) => rows.map((row) => row[c]))
  }
  const [Wi, Wh] = [turned(read('recurrent.0.weight_ih_l0'), 5), turned(read('recurrent.0.weight_hh_l0'), 3)]
  const Wo = read('dense.0.weight')
  net.dispose()
  return { Wi, Wh, b: [0.1, -0.2, 0.3], Wo, bo: -0.15 }
}

/** O_t = tanh(x·Wi + O·Wh + b), ŷ = σ(O·Wo + bo). */
function byHand({ Wi, Wh, b, Wo, bo }: Tiny, ids: readonly number[]) {
  let O = [0, 0, 0]
  const sums: number[][] = []
  const hidden = ids.map((id) => {
    const total = b.map((bias, u) => Wi[id][u] + sum(O.map((o, k) => o * Wh[k][u])) + bias)
    sums.push(total)
    return (O = total.map(Math.tanh))
  })
  const logit = sum(O.map((o, u) => o * Wo[u])) + bo
  return { sums, hidden, logit, answer: sigmoid(logit) }
}

const cells = async (table: Locator) =>
  (await table.locator('td.cell').allTextContents()).map((text) => text.trim())

const ETAS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]

/** Lesson 4's three sentences and its network, here. */
class School {
  readonly #ids = [[0, 1, 2], [0, 3, 2], [0, 4, 2]] // prettier-ignore
  readonly #net
  readonly #optimizer

  constructor() {
    const layers: LayerOptions[] = [
      { type: 'oneHot', vocabulary: 5 },
      { type: 'recurrent', cell: 'rnn', units: 3, outputs: 'last' },
      { type: 'dense', units: 1 },
    ]
    this.#net = network(layers, { ...ENGINE, seed: 3, loss: { type: 'binaryCrossEntropy' } })
    this.#net.prepareTraining()
    this.#optimizer = new Optimizer(this.#net, { type: 'sgd' })
  }

  /** With the gradients left in the network. */
  loss(): number {
    const pass = { training: true, record: false, key: 0 }
    const batch = PackedBatch.ofIds(this.#ids)
    this.#net.zeroGradients()
    this.#net.forward(batch, pass)
    return this.#net.backward(batch, { classes: [1, 1, 0] }, pass).mean
  }

  update(eta: number, times: number): void {
    for (let i = 0; i < times; i++) {
      this.loss()
      this.#optimizer.update(eta)
    }
  }

  /** One update of a fresh network; `index` counts (in, out) row by row, as the page's buttons do. */
  look(matrix: 'Wi' | 'Wh', index: number, eta: number) {
    const fresh = new School()
    const store = fresh.#net.store
    const parameter = store.find(matrix === 'Wi' ? 'recurrent.0.weight_ih_l0' : 'recurrent.0.weight_hh_l0')
    const [from, to] = [Math.floor(index / 3), index % 3]
    const place = to * (matrix === 'Wi' ? 5 : 3) + from
    const loss = fresh.loss()
    const [old, gradient] = [store.read(parameter)[place], store.read(parameter, 'gradients')[place]]
    fresh.#optimizer.update(eta)
    const next = store.read(parameter)[place]
    return { old, gradient, next, loss, lossNext: fresh.loss() }
  }
}

/** Lesson 5's laboratory. */
function explosion(activation: 'tanh' | 'relu', steps: number, radius: number) {
  const layers: LayerOptions[] = [
    { type: 'features', width: 4 },
    { type: 'recurrent', cell: 'rnn', units: 16, activation, outputs: 'last' },
    { type: 'dense', units: 1 },
  ]
  const net = network(layers, { ...ENGINE, seed: 1, loss: { type: 'meanSquaredError' } })
  setSpectralRadius(net, radius)
  const random = new Random(1, 'inputs of the explosion laboratory')
  const inputs = Array.from({ length: steps * 4 }, () => random.uniform() - 0.5)
  const batch = PackedBatch.ofFeatures(inputs, [1, steps, 4])
  const { verdict } = gradientFlow(net, batch, { values: [1] })
  const pass = { training: true, record: false, key: 0 }
  net.prepareTraining()
  net.zeroGradients()
  net.forward(batch, pass)
  net.backward(batch, { values: [1] }, pass)
  const { norm } = clipGradients(net, { clipNorm: 1 })
  net.dispose()
  return { verdict, norm }
}

/** The story of lessons 6 and 7: answer, influence of both cities, keeps, and a held gate, against the model. */
async function checkStory(
  lesson: Lesson,
  prefix: '' | 'story-',
  cell: 'lstm' | 'gru',
  gate: string,
): Promise<void> {
  const model = await modelOf(cell)
  const text = await lesson.at(`${prefix}text`).inputValue()
  expect(text).toContain('riya moved to london')
  const { tokens } = model.encode(text)
  const [first, second] = [tokens.indexOf('delhi'), tokens.indexOf('london')]
  const { tokens: owed } = influence(model, text, 'london')
  await lesson.says(`${prefix}answer`, 'london')
  for (const t of [first, second]) await lesson.counts(`${prefix}city-${t}`, owed[t].leaveOneOut!.logit, 0.00051) // prettier-ignore
  const [old, now] = [await lesson.number(`${prefix}city-${first}`), await lesson.number(`${prefix}city-${second}`)] // prettier-ignore
  expect(Math.abs(now), `london ${now}, delhi ${old}`).toBeGreaterThanOrEqual(5 * Math.abs(old))
  const { steps } = model.trace(text)
  for (const t of [0, first, second]) await lesson.counts(`${prefix}keeps-${t}`, (steps[t].keeps ?? NaN) * 100, 0.5001) // prettier-ignore

  // Nothing kept from the question's first word on.
  const from = tokens.indexOf('where')
  await lesson.at(`${prefix}hold`).selectOption('0')
  await lesson.set(`${prefix}hold-from`, from)
  const { after } = intervene(model, text, [{ type: 'gate', gate, value: 0, from }])
  const probabilities = [...after.probabilities!]
  const best = probabilities.indexOf(Math.max(...probabilities))
  await lesson.says(`${prefix}held-answer`, model.labels[best])
  await lesson.counts(`${prefix}held`, probabilities[best] * 100, 0.0501)
  await lesson.at(`${prefix}hold`).selectOption('no')
  await lesson.at(`${prefix}held-answer`).waitFor({ state: 'detached' })

  const widget = lesson.at(prefix ? 'story' : '').or(lesson.page.getByTestId(`lesson-${lesson.n}`))
  await widget.getByRole('button', { name: 'She stays' }).click()
  await lesson.says(`${prefix}answer`, model.predict(await lesson.at(`${prefix}text`).inputValue()).label)
  const paris = text.replaceAll('london', 'paris')
  await lesson.set(`${prefix}text`, paris)
  await lesson.says(`${prefix}answer`, model.predict(paris).label)
  const words = widget.getByRole('group', { name: 'The story word by word' })
  await words.getByRole('button', { name: 'moved' }).click()
  await widget.getByRole('heading', { name: 'Inside the step of “moved”' }).waitFor()
  await lesson.page.keyboard.press('ArrowDown')
  await widget.getByRole('heading', { name: 'Inside the step of “to”' }).waitFor()
  await lesson.still()
  model.dispose()
}

const modelOf = (cell: string) =>
  TextClassifier.load(join(root, 'dist', 'studio', 'models', `facts-${cell}.safetensors`), ENGINE)

/** Lesson 8: what is left of the gradient forty steps back, beside one; median of its forty stories. */
async function wayBack(cell: string): Promise<number> {
  const model = await modelOf(cell)
  const ratios = changingFacts({ count: 40, distance: 40, seed: 7, people: 1 }).map(({ text, label }) => {
    const targets = { classes: [model.labels.indexOf(label)] }
    const [{ steps }] = traceSequence(model.network, model.encode(text).ids, targets).levels
    const norm = (lag: number) => {
      const { hidden, cell: belt } = steps.at(-1 - lag)!.gradient
      return Math.hypot(hidden, belt ?? 0)
    }
    return norm(40) / norm(1)
  })
  model.dispose()
  return ratios.toSorted((a, b) => a - b)[ratios.length >> 1]
}

async function checkEqual(lesson: Lesson): Promise<number[]> {
  await lesson.says('equal', /^The new states are equal to the last digit/)
  const hidden: number[] = []
  for (const u of [0, 1]) {
    const notes = await lesson.text(`h-notes-${u}`)
    expect(notes).toBe(await lesson.text(`h-latch-${u}`))
    hidden.push(numberIn(notes))
  }
  return hidden
}

/** Lesson 7's step by hand, from the weights in its fields: z is `keeps`, exactly, in both units. */
async function checkStep(lesson: Lesson, keeps: number): Promise<number[]> {
  await lesson.says('keeps', `${keeps * 100} %`)
  await lesson.still()
  const [x, h] = [[1, 0, 0], [0.65, 0.3]] // prettier-ignore
  const row = async (gate: string, u: number) => Promise.all([0, 1, 2, 3, 4].map(async (k) => Number(await lesson.at(`w-${gate}-${u}-${k}`).inputValue()))) // prettier-ignore
  const dot = (weights: number[], input: number[]) => sum(weights.map((w, k) => w * input[k]))
  const reset = await Promise.all([0, 1].map(async (u) => sigmoid(dot(await row('reset', u), [...x, ...h]))))
  const seen = reset.map((r, u) => r * h[u])
  const bias = [-0.05, 0.1]
  const proposed = await Promise.all([0, 1].map(async (u) => Math.tanh(dot(await row('candidate', u), [...x, ...seen]) + bias[u]))) // prettier-ignore
  for (const u of [0, 1]) await lesson.counts(`h-latch-${u}`, keeps * h[u] + (1 - keeps) * proposed[u], 1e-12)
  const complement = fixed(1 - keeps, 4)
  await lesson.says('z-latch', `[${fixed(keeps, 4)}, ${fixed(keeps, 4)}]`)
  await lesson.says('z-notes', `[${complement}, ${complement}]`)
  return checkEqual(lesson)
}

// --- source lines -------------------------------------------------------------------------------------

/** Every { file, what } of the lessons' Source lists. */
const sources = readdirSync(lessons)
  .filter((name) => /^Lesson\d+\.svelte$/.test(name))
  .flatMap((name) => {
    const text = readFileSync(join(lessons, name), 'utf8')
    return [...text.matchAll(/\{\s*file: '([^']+)',\s*what: '([^']+)',?\s*\}/g)].map(([, file, what]) => ({ name, file, what })) // prettier-ignore
  })

/** "a/b.ts, c.ts" is two files of one folder. */
function filesOf(file: string): string[] {
  const [first, ...rest] = file.split(', ')
  return [first, ...rest.map((name) => first.slice(0, first.lastIndexOf('/') + 1) + name)]
}

/** What stands before the colon, name by name; in a plain sentence, what only code is written like. */
function namesOf(what: string): string[] {
  const [head, ...tail] = what.split(': ')
  const said = tail.length
    ? head.split(/, | and /).flatMap((name) => name.split('.'))
    : what.split(/[^\w#.]+/).filter((word) => /^#?[a-z]+[A-Z]/.test(word) || /^[A-Z][a-z]+(\.|[A-Z])/.test(word)).flatMap((word) => word.split('.')) // prettier-ignore
  return said.filter((name) => /^#?[A-Za-z_]\w*$/.test(name))
}

describe('the source lines of the lessons', () => {
  test('every lesson has some', () => {
    expect(new Set(sources.map(({ name }) => name)).size).toBe(LESSONS.length)
    expect(sources.length).toBeGreaterThan(3 * LESSONS.length)
  })

  test.each(sources.map(({ name, file, what }) => [name, file, what]))('%s: %s, %s', (_, file, what) => {
    for (const one of filesOf(file)) {
      expect(existsSync(join(root, one)), `${one} is no file`).toBe(true)
      const text = readFileSync(join(root, one), 'utf8')
      for (const name of namesOf(what)) expect(definesOrNames(text, name), `${name} in ${one}`).toBe(true)
    }
    // A file named in the words exists as well.
    for (const [named] of what.matchAll(/\b[\w/]+\.ts\b/g)) expect(existsSync(join(root, named))).toBe(true)
  })
})

/** A declaration, a method or a property of that name; of an option's name, its string. */
function definesOrNames(text: string, name: string): boolean {
  const declared = new RegExp(`\\b(function\\*?|class|const|let|interface|type|get)\\s+${name}\\b`)
  const member = new RegExp(`^\\s*((static|async|override|private|readonly|get)\\s+)*${name}\\s*[(<=:]`, 'm')
  return declared.test(text) || member.test(text) || text.includes(`'${name}'`)
}
