/** Checks shared by several tests of the lessons: a block of sentences, a story, a step of a GRU. */
import { expect } from 'vitest'
import { influence, intervene } from '../../latch/src/inspection.ts'
import { createTokenizer, dense, features, network, PackedBatch, rnn } from '../../latch/src/node.ts'
import { ENGINE, modelOf, sigmoid, sum } from './lessonNumbers.ts'
import { fixed, numberIn, type Lesson } from './lessonPage.ts'

/** Shape, vocabulary, rows and both answers of lesson 2 against the library. */
export async function checkBlock(lesson: Lesson, texts: string[], lowercase: boolean): Promise<void> {
  const lists = texts.map((text) => createTokenizer({ kind: 'words', lowercase }).tokenize(text))
  const words = [...new Set(lists.flat())]
  const [T, F] = [Math.max(...lists.map(({ length }) => length)), words.length]
  await lesson.says('shape', `(${lists.length}, ${T}, ${F})`)
  await lesson.says('vocabulary-size', `vocabulary = ${F}`)
  await lesson.says(
    'rows',
    new RegExp(`^${sum(lists.map(({ length }) => length))} rows instead of ${lists.length * T}: `),
  )
  const rows = new Float64Array(lists.length * T * F)
  lists.forEach((list, s) => list.forEach((word, t) => (rows[(s * T + t) * F + words.indexOf(word)] = 1)))
  const net = network(
    [features(F), rnn(3, { returnSequences: false }), dense(1, { activation: 'sigmoid' })],
    { ...ENGINE, seed: 5 },
  )
  const shape = [lists.length, T, F] as const
  const lengths = lists.map(({ length }) => length)
  for (const [id, batch] of [
    ['alone', PackedBatch.ofFeatures(rows, shape, lengths)],
    ['read', PackedBatch.ofFeatures(rows, shape)],
  ] as const) {
    net.forward(batch)
    for (const [i, answer] of [...net.readOutput(batch)].entries())
      await lesson.says(`${id}-${i}`, fixed(answer, 6))
  }
  net.dispose()
  for (const [i, length] of lengths.entries()) {
    const same = (await lesson.text(`alone-${i}`)) === (await lesson.text(`read-${i}`))
    expect(same, `sentence ${i + 1}`).toBe(length === T)
  }
}

/** The story of lessons 6 and 7: answer, influence of both cities, keeps, and a clamped gate, against the model. */
export async function checkStory(
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
  for (const t of [first, second])
    await lesson.counts(`${prefix}city-${t}`, owed[t].leaveOneOut!.logit, 0.00051)
  const [old, now] = [
    await lesson.number(`${prefix}city-${first}`),
    await lesson.number(`${prefix}city-${second}`),
  ]
  expect(Math.abs(now), `london ${now}, delhi ${old}`).toBeGreaterThanOrEqual(5 * Math.abs(old))
  const { steps } = model.trace(text)
  for (const t of [0, first, second])
    await lesson.counts(`${prefix}keeps-${t}`, (steps[t].keeps ?? NaN) * 100, 0.5001)

  // Nothing kept from the question's first word on.
  const from = tokens.indexOf('where')
  await lesson.at(`${prefix}clamp`).selectOption('0')
  await lesson.set(`${prefix}clamp-from`, from)
  const { after } = intervene(model, text, [{ type: 'gate', gate, value: 0, from }])
  const probabilities = [...after.probabilities!]
  const best = probabilities.indexOf(Math.max(...probabilities))
  await lesson.says(`${prefix}clamped-answer`, model.labels[best])
  await lesson.counts(`${prefix}clamped`, probabilities[best] * 100, 0.0501)
  await lesson.at(`${prefix}clamp`).selectOption('no')
  await lesson.at(`${prefix}clamped-answer`).waitFor({ state: 'detached' })

  const widget = lesson.at(prefix ? 'story' : '').or(lesson.page.getByTestId(`lesson-${lesson.n}`))
  await widget.getByRole('button', { name: 'She stays' }).click()
  await lesson.says(`${prefix}answer`, model.predict(await lesson.at(`${prefix}text`).inputValue()).label)
  const paris = text.replaceAll('london', 'paris')
  await lesson.set(`${prefix}text`, paris)
  await lesson.says(`${prefix}answer`, model.predict(paris).label)
  const words = widget.getByRole('group', { name: 'The story word by word' })
  await words.getByRole('button', { name: 'moved' }).click()
  await widget.getByRole('heading', { name: /^Step \d+: “moved”$/ }).waitFor()
  await lesson.page.keyboard.press('ArrowDown')
  await widget.getByRole('heading', { name: /^Step \d+: “to”$/ }).waitFor()
  await lesson.still()
  model.dispose()
}

export async function checkEqual(lesson: Lesson): Promise<number[]> {
  await lesson.says('equal', /^The new states are identical/)
  const hidden: number[] = []
  for (const u of [0, 1]) {
    const lecture = await lesson.text(`h-lecture-${u}`)
    expect(lecture).toBe(await lesson.text(`h-latch-${u}`))
    hidden.push(numberIn(lecture))
  }
  return hidden
}

/** Lesson 7's step by hand, from the weights in its fields: z is `keeps`, exactly, in both units. */
export async function checkStep(lesson: Lesson, keeps: number): Promise<number[]> {
  await lesson.says('keeps', `${keeps * 100} %`)
  await lesson.still()
  const [x, h] = [
    [1, 0, 0],
    [0.65, 0.3],
  ]
  const row = async (gate: string, u: number) =>
    Promise.all([0, 1, 2, 3, 4].map(async (k) => Number(await lesson.at(`w-${gate}-${u}-${k}`).inputValue())))
  const dot = (weights: number[], input: number[]) => sum(weights.map((w, k) => w * input[k]))
  const reset = await Promise.all([0, 1].map(async (u) => sigmoid(dot(await row('reset', u), [...x, ...h]))))
  const seen = reset.map((r, u) => r * h[u])
  const bias = [-0.05, 0.1]
  const proposed = await Promise.all(
    [0, 1].map(async (u) => Math.tanh(dot(await row('candidate', u), [...x, ...seen]) + bias[u])),
  )
  for (const u of [0, 1]) await lesson.counts(`h-latch-${u}`, keeps * h[u] + (1 - keeps) * proposed[u], 1e-12)
  const complement = fixed(1 - keeps, 4)
  await lesson.says('z-latch', `[${fixed(keeps, 4)}, ${fixed(keeps, 4)}]`)
  await lesson.says('z-lecture', `[${complement}, ${complement}]`)
  return checkEqual(lesson)
}
