/** Every lesson worked through in a real Chromium, its numbers beside the library's own. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { features as featuresInput, network, recurrent } from '../../latch/src/node.ts'
import { root } from '../../../tests/architecture/tree.ts'
import { checkBlock, checkEqual, checkStep, checkStory } from './lessonChecks.ts'
import {
  byHand,
  costs,
  ENGINE,
  ETAS,
  explosion,
  School,
  sum,
  tinyWeights,
  backwardPass,
  languageModelOf,
} from './lessonNumbers.ts'
import { cells, fixed, Lesson } from './lessonPage.ts'
import { browserPath, launch, Server } from './browser.ts'

const measuredFile = join(root, 'packages', 'studio', 'src', 'lessons', 'measured.json')
/** What the lessons quote; not in every checkout. */
const measured = existsSync(measuredFile) ? JSON.parse(readFileSync(measuredFile, 'utf8')) : null

let browser: Browser
let server: Server

describe.skipIf(!browserPath)('the lessons', () => {
  beforeAll(async () => {
    server = await Server.start()
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    server?.stop()
  })

  test('1: sizes, what a longer maximum length costs, what is cut off, and four networks that learn order', async () => {
    const lesson = await Lesson.open(browser, server, 1)
    await lesson.says('numbers-0', '21 numbers')
    await lesson.says('numbers-1', '28 numbers')
    await lesson.page.getByRole('button', { name: 'Sherylans provide quality content' }).click()
    await expect.poll(() => lesson.at('one-hot').locator('tbody tr').count()).toBe(4)

    for (const [words, length] of [
      [7, 4],
      [2000, 100],
      [100, 30],
    ]) {
      await lesson.at('words').selectOption({ label: `${words.toLocaleString('en')} words` })
      await lesson.set('length', length)
      const { ann, rnn } = costs(words, length)
      await lesson.counts('ann-parameters', ann)
      await lesson.counts('rnn-parameters', rnn)
    }

    await lesson.set('text', 'one two three four five six')
    await lesson.says('ann-noticed', 'no, identical to the last bit')
    await lesson.says('rnn-noticed', 'yes')
    expect(await lesson.text('ann-whole')).toBe(await lesson.text('ann-without'))
    expect(await lesson.text('rnn-whole')).not.toBe(await lesson.text('rnn-without'))
    await lesson.set('text', 'one two three four')
    await lesson.says('ann-noticed', 'yes')
    await lesson.set('text', 'one')
    await lesson.page.getByRole('alert').getByText('Enter at least two words').waitFor()
    await lesson.set('text', 'I hate Sherylans')
    await lesson.still()

    await lesson.click('train', 'stop')
    await lesson.page.getByText('Stopped. The finished networks are kept.').waitFor()
    await lesson.click('train')
    await lesson.at('lstm-accuracy').waitFor({ timeout: 30_000 })
    const right = Object.fromEntries(
      await Promise.all(
        ['ann', 'bag', 'rnn', 'lstm'].map(async (cell) => [cell, await lesson.number(`${cell}-accuracy`)]),
      ),
    )
    // Nearly every comment has a counterpart with the same words: a bag is right on one of two.
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
    const lesson = await Lesson.open(browser, server, 2)
    await lesson.says('shape', '(3, 4, 5)')
    await checkBlock(lesson, ['you are good', 'You are Bad', 'you are not good'], true)
    await lesson.at('fold').uncheck()
    await checkBlock(lesson, ['you are good', 'You are Bad', 'you are not good'], false)
    await lesson.says('shape', '(3, 4, 6)')
    // Steps count from 0.
    await lesson.page.getByRole('columnheader', { name: 'step 0', exact: true }).waitFor()
    expect(await lesson.page.getByRole('columnheader', { name: 'step 4' }).count()).toBe(0)
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
    const lesson = await Lesson.open(browser, server, 3)
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
        await lesson.counts('value', Math.tanh(await lesson.number('pre')), 5e-6)
      }
      await lesson.click('next')
    }
    await lesson.says('shapes', '(1,3)×(3,1) + (1,1) = (1,1)')
    expect(await cells(lesson.at('logit'))).toEqual([fixed(byHand(start, [0, 1, 2]).logit, 4)])
    expect(await lesson.at('next').isDisabled()).toBe(true)

    await lesson.at('output').focus()
    await lesson.page.keyboard.press('ArrowLeft')
    await lesson.says('shapes', shapes)
    expect(await lesson.at('step-2').getAttribute('aria-pressed')).toBe('true')
    for (const [t, word] of ['you', 'are', 'good'].entries())
      await lesson.says(`step-${t}`, new RegExp(`^step ${t} “${word}” ?O${t} = `))
    // "are": row 1 of Wi. Step 0 does not read it.
    const before = await Promise.all([0, 1].map((t) => lesson.text(`step-${t}`)))
    await lesson.at('Wi').locator('input').nth(3).fill('1.5')
    await lesson.page.keyboard.press('Enter')
    const edited = { ...start, Wi: start.Wi.map((row, i) => (i === 1 ? [1.5, row[1], row[2]] : row)) }
    await lesson.counts('answer', byHand(edited, [0, 1, 2]).answer, 0.5001e-4)
    expect(await lesson.text('step-0')).toBe(before[0])
    expect(await lesson.text('step-1')).not.toBe(before[1])
    await lesson.click('reset')
    await lesson.counts('answer', byHand(start, [0, 1, 2]).answer, 0.5001e-4)

    await lesson.at('text').selectOption('you are not good')
    await lesson.counts('answer', byHand(start, [0, 1, 4, 2]).answer, 0.5001e-4)
    await lesson.click('forget')
    const none = { ...start, Wh: start.Wh.map((row) => row.map(() => 0)) }
    const answers: string[] = []
    for (const [text, ids] of [
      ['you are not good', [0, 1, 4, 2]],
      ['you are good', [0, 1, 2]],
      ['you are bad', [0, 1, 3]],
    ] as const) {
      await lesson.at('text').selectOption(text)
      await lesson.counts('answer', byHand(none, ids).answer, 0.5001e-4)
      answers.push(await lesson.text('answer'))
    }
    expect(answers[0]).toBe(answers[1])
    expect(answers[0]).not.toBe(answers[2])
    await lesson.still()
    await lesson.end()
  })

  test('4: the backward pass, contributions, and w_new = w_old − η·∂L/∂w', async () => {
    const lesson = await Lesson.open(browser, server, 4)
    for (let i = 0; i < 4; i++) await lesson.click('back')
    expect(await lesson.at('back').isDisabled()).toBe(true)
    for (let row = 0; row < 3; row++) {
      if (row > 0) {
        await lesson.at('sentence').selectOption({ index: row })
        for (let i = 0; i < 4; i++) await lesson.click('back')
      }
      for (const matrix of ['Wi', 'Wh']) {
        await lesson.says(`shares-${matrix}`, '100.0 %')
        const shares = await Promise.all([0, 1, 2].map((t) => lesson.number(`share-${matrix}-${t}`)))
        expect(Math.abs(sum(shares) - 100)).toBeLessThanOrEqual(0.151)
        expect(Math.abs(shares[0])).toBe(matrix === 'Wh' ? 0 : Math.abs(shares[0]))
      }
      for (const t of [0, 1, 2]) expect(await lesson.number(`norm-${t}`)).toBeGreaterThan(0)
      await lesson.page.getByText('step 0 “Sheryians”').waitFor()
      // A product of two matrices is no longer than the product of their lengths.
      const [first, second] = [await lesson.number('jacobian-1'), await lesson.number('jacobian-2')]
      expect(await lesson.number('product')).toBeLessThanOrEqual(first * second * 1.001)
    }

    const school = new School()
    for (const [matrix, index, eta] of [
      ['Wi', 0, 0.2],
      ['Wi', 12, 0.5],
      ['Wh', 5, 2],
    ] as const) {
      await lesson.at(matrix).getByRole('button').nth(index).click()
      await lesson.set('eta', ETAS.indexOf(eta))
      const { old, gradient, next, loss, lossNext } = school.look(matrix, index, eta)
      expect(Math.abs(old - eta * gradient - next)).toBeLessThanOrEqual(1e-6)
      await lesson.says('engine', fixed(gradient, 5))
      await lesson.says('next', fixed(next, 5))
      await lesson.says(
        'equation',
        new RegExp(`w_new = ${fixed(old, 5)} − ${eta} · \\(?${fixed(gradient, 5)}\\)? = `),
      )
      await lesson.counts('gradient', gradient, 1.1e-5)
      await lesson.says('loss', fixed(loss, 5))
      await lesson.says('loss-next', fixed(lossNext, 5))
    }

    await lesson.set('eta', ETAS.indexOf(0.2))
    await lesson.still()
    let loss = await lesson.number('loss')
    for (const [button, times, made] of [
      ['once', 1, '1 update made'],
      ['ten', 10, '11 updates made'],
      ['hundred', 100, '111 updates made'],
    ] as const) {
      await lesson.click(button)
      await lesson.says('updates', made)
      school.update(0.2, times)
      await lesson.says('loss', fixed(school.loss(), 5))
      expect(await lesson.number('loss')).toBeLessThan(loss)
      loss = await lesson.number('loss')
    }
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
    const lesson = await Lesson.open(browser, server, 5)
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
      await lesson.says('clip-words', norm > 10 ** power ? /direction stays/ : /does not change it/)
    }
    expect([...seen]).toEqual(['vanishing', 'exploding'])
    await lesson.set('clip', 3)
    await lesson.set('radius', 0.5)
    await lesson.says('clip-words', /does not change it/)

    if (measured) {
      for (const cell of ['rnn', 'lstm', 'gru']) {
        const { share } = measured.facts[cell].accuracy.find(
          (one: { distance: number }) => one.distance === 40,
        )
        await lesson.says('distance', new RegExp(`(^|[^\\d])${fixed(share * 100, 1)} %`))
      }
    }
    await lesson.click('time-measure')
    await lesson.page.getByText(/^[2-9] of 32 measured/).waitFor()
    await lesson.click('time-stop')
    await lesson.at('time-measure').waitFor()
    await expect.poll(() => lesson.at('time-measure').isEnabled()).toBe(true)
    await lesson.end()
  })

  test('6: the new city counts, the old one does not; a clamped gate', async () => {
    const lesson = await Lesson.open(browser, server, 6)
    await checkStory(lesson, '', 'lstm', 'forget')
    if (measured) {
      const { near, far } = measured.facts.lstm.influence
      for (const [name, { ratio }] of [
        ['near', near],
        ['far', far],
      ] as const)
        await lesson.counts(`measured-${name}`, ratio, ratio * 0.006)
    }
    await lesson.set('unit', 7)
    await lesson.page.getByText('Unit 7 (0 to 31)').waitFor()
    await lesson.set('text', '')
    await lesson.page.getByRole('alert').getByText('The story is empty').waitFor()
    await lesson.page.getByText('Answer to the last valid story').waitFor()
    await lesson.set('text', 'riya lives in delhi . the zeppelin flew . where does riya live ?')
    await lesson.page.getByText(/Not in the vocabulary: zeppelin/).waitFor()
    await lesson.says('answer', 'delhi')
    await lesson.end()
  })

  test('7: z high keeps, z low updates, and both conventions are one', async () => {
    const lesson = await Lesson.open(browser, server, 7)
    await lesson.says('together', '[1, 0, 0, 0.65, 0.3]')
    await lesson.click('high')
    const high = await checkStep(lesson, 0.9)
    expect(Math.max(...high.map((h, u) => Math.abs(h - [0.65, 0.3][u])))).toBeLessThan(0.12)
    await lesson.click('low')
    const low = await checkStep(lesson, 0.1)
    expect(Math.abs(low[0] - 0.65)).toBeGreaterThan(2 * Math.abs(high[0] - 0.65))

    await lesson.page.getByText('Weights (editable)').click()
    await lesson.set('w-candidate-0-0', 2.5)
    await lesson.says('keeps', '10 %')
    const other = await checkStep(lesson, 0.1)
    expect(other[0]).not.toBeCloseTo(low[0], 3)
    await lesson.set('state-0', -0.4)
    await lesson.at('word').selectOption({ index: 2 })
    await lesson.says('together', '[0, 0, 1, -0.4, 0.3]'.replaceAll('-', '\u2212'))
    await lesson.set('z', 4.5)
    await lesson.set('r', -3)
    await lesson.still()
    await checkEqual(lesson)
    await lesson.page.getByRole('button', { name: 'Start over' }).click()
    await lesson.says('keeps', '90 %')

    await checkStory(lesson, 'story-', 'gru', 'update')
    if (measured) {
      const { near, far } = measured.facts.gru.influence
      for (const [name, { ratio }] of [
        ['near', near],
        ['far', far],
      ] as const)
        await lesson.counts(`measured-${name}`, ratio, ratio * 0.006)
    }
    await lesson.end()
  })

  test('8: parameters, time, memory span and gradients by lag', async () => {
    const lesson = await Lesson.open(browser, server, 8)
    for (const [units, features] of [
      [32, 32],
      [100, 7],
      [1, 256],
    ]) {
      await lesson.set('units', units)
      await lesson.set('features', features)
      for (const [cell, gates] of [
        ['rnn', 1],
        ['lstm', 4],
        ['gru', 3],
      ] as const) {
        const net = network([featuresInput(features), recurrent(cell, units)], ENGINE)
        expect(net.parameterCount).toBe(gates * (units * features + units * units + 2 * units))
        await lesson.counts(`parameters-${cell}`, net.parameterCount)
        await lesson.counts(`formula-${cell}`, net.parameterCount)
        net.dispose()
      }
    }

    await lesson.click('lags-measure')
    for (const cell of ['rnn', 'lstm', 'gru']) await lesson.at(`lags-${cell}`).waitFor({ timeout: 25_000 })
    for (const cell of ['rnn', 'lstm', 'gru']) {
      const ratio = await backwardPass(cell)
      await lesson.counts(`lags-${cell}`, ratio, ratio * 0.06)
    }

    await lesson.click('time-measure')
    await lesson.page.getByText(/^[2-9] of 18 measured/).waitFor()
    await lesson.click('time-stop')
    await expect.poll(() => lesson.at('time-measure').isEnabled()).toBe(true)
    expect(await lesson.at('time-rnn').textContent()).toMatch(/ms|…/)

    await lesson.page.getByLabel('stories per distance').selectOption('1000')
    await lesson.click('span-measure')
    await lesson.says('span-progress', /^[3-9] of 24 measured/, 40_000)
    await lesson.click('span-stop')
    await lesson.at('span-lstm').waitFor()

    if (measured) {
      for (const cell of ['rnn', 'lstm', 'gru']) {
        const { accuracy, gradient } = measured.facts[cell]
        const { share } = accuracy.find((one: { distance: number }) => one.distance === 40)
        await lesson.says('distance', new RegExp(`(^|[^\\d])${fixed(share * 100, 1)} %`))
        const { median } = gradient.trained.ratio
        await lesson.counts(`lags-measured-${cell}`, median, median * 0.06)
      }
    }
    await lesson.end()
  })

  test('9: next words near and far by the library’s models, the temperature, unknown words, the measured shares', async () => {
    const lesson = await Lesson.open(browser, server, 9)
    for (const cell of ['rnn', 'lstm'] as const) {
      const model = await languageModelOf(cell)
      const near = model.generate({ prime: 'the clouds are in the' }).begin()
      await lesson.set('temperature', 0.5)
      near.sample({ temperature: 0.5 })
      for (const [i, { chance }] of near.alternatives(0, 6).entries())
        await lesson.says(`${cell}-${i}`, `${fixed(chance * 100, 1)} %`)
      await lesson.set('temperature', 1)
      for (const [i, { probability }] of model.next('the clouds are in the', 6).entries())
        await lesson.says(`${cell}-${i}`, `${fixed(probability * 100, 1)} %`)

      await lesson.at('country').selectOption('japan')
      for (const sentences of [0, 3, 12]) {
        await lesson.set('sentences', sentences)
        await lesson.still()
        const text = (await lesson.text('far-text')).replace(/ …$/, '').replace(/\s+/g, ' ')
        expect(text.startsWith('i grew up in japan . ')).toBe(true)
        const { probability } = model.next(text, 100).find(({ token }) => token === 'japanese')!
        await lesson.says(`far-${cell}`, `${fixed(probability * 100, 1)} %`)
      }
      const { near: right, far } = measured.nextWords[cell]
      await lesson.says(`near-${cell}`, `${fixed(right.share * 100, 1)} %`)
      for (const { distance, share } of far.filter((one: { distance: number }) => one.distance <= 20))
        await lesson.says(`measured-${cell}-${distance}`, `${fixed(share * 100, 1)} %`)
      model.dispose()
    }
    await lesson.set('text', 'the dragons are in the')
    await lesson.says('unknown', /never saw dragons/)
    await lesson.set('text', 'the fish are in the')
    await lesson.at('lstm-0').waitFor()
    await lesson.still()
    await lesson.end()
  })
})
