/** What `evaluate` measures of what a sequence-to-sequence model writes: greedily, by beam search, with tokens copied. */
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/core/errors.ts'
import { sequenceToSequence, type SequenceToSequence, type WrittenSequence } from '../../../src/node.ts'
import { tinyLanguage } from '../languageModel/languageHelpers.ts'
import { backwards, BRIEF, SMALL, tiny } from './helpers.ts'

const rows = backwards(30, 5)

/** Edits from one list to another, by the textbook's recursion (Levenshtein 1966). */
function edits(from: readonly string[], to: readonly string[]): number {
  if (from.length === 0 || to.length === 0) return from.length + to.length
  const [a, b] = [from.slice(1), to.slice(1)]
  if (from[0] === to[0]) return edits(a, b)
  return 1 + Math.min(edits(a, to), edits(from, b), edits(a, b))
}

/** The same numbers, from what the model writes for each source. */
function counted(write: (source: string) => WrittenSequence) {
  const written = rows.map(({ source }) => write(source))
  const all = rows.map(({ target }, i) => edits(written[i].tokens, [...target]))
  return {
    accuracy: written.filter(({ text }, i) => text === rows[i].target).length / rows.length,
    errorRate: all.reduce((a, b) => a + b) / rows.reduce((sum, { target }) => sum + target.length, 0),
  }
}

async function learned(): Promise<SequenceToSequence> {
  const model = sequenceToSequence({ ...SMALL })
  await model.fit(backwards(200, 3), { ...BRIEF, epochs: 4, learningRate: 0.02 })
  return model
}

describe('evaluate', () => {
  it('measures what predict writes, or what beam search finds', async () => {
    const model = await learned()
    const greedy = await model.evaluate(rows)
    expect(greedy).toMatchObject({ ...counted((source) => model.predict(source)), beams: null })
    for (const search of [{ beams: 4 }, { beams: 3, lengthPenalty: 8 }]) {
      const found = await model.evaluate(rows, search)
      expect(found).toMatchObject({
        ...counted((source) => model.beamSearch(source, search)[0]),
        beams: search.beams,
      })
      // The loss is that of the true targets.
      expect(found.loss).toBe(greedy.loss)
    }
    // Not all of it is the same number by chance.
    expect(greedy.accuracy).toBeGreaterThan(0)
    expect(greedy.accuracy).toBeLessThan(1)
    expect((await model.evaluate(rows, { beams: 3, lengthPenalty: 8 })).errorRate).not.toBe(greedy.errorRate)
  })

  it('copies unknown tokens, as predictions do', async () => {
    const model = sequenceToSequence({ ...SMALL, minimumCount: 12 })
    const row = (letter: string) => ({ source: `a${letter}`, target: `x${letter}` })
    const taught = Array.from({ length: 60 }, (_, i) => row('bcdefghij'[i % 9]))
    await model.fit(taught, { ...BRIEF, epochs: 8, learningRate: 0.02 })
    const test = ['b', 'c', 'q'].map(row)
    const { accuracy } = await model.evaluate(test)
    const right = test.filter(({ source, target }) => model.predict(source).text === target)
    expect(right.length).toBeGreaterThan(0)
    expect(accuracy).toBe(right.length / test.length)
    const byBeams = test.filter(({ source, target }) => model.beamSearch(source)[0].text === target)
    expect((await model.evaluate(test, { beams: 5 })).accuracy).toBe(byBeams.length / test.length)
  })

  it('reports progress and stops between the searches', async () => {
    const model = await tiny()
    const seen: number[] = []
    const controller = new AbortController()
    const many = Array.from({ length: 40 }, () => rows).flat()
    const run = model.evaluate(many, {
      beams: 20,
      signal: controller.signal,
      onProgress(fraction) {
        seen.push(fraction)
        if (fraction > 0.5) controller.abort()
      },
    })
    await expect(run).rejects.toThrow('aborted')
    expect(seen.at(-1)).toBeGreaterThan(0.5)
    expect(seen.at(-1)).toBeLessThan(1)
  })

  it('refuses options that do not fit', async () => {
    const model = await tiny()
    await expect(model.evaluate(rows, { beams: 0 })).rejects.toThrow(
      /^evaluate option beams: expected a whole number from 1/,
    )
    await expect(model.evaluate(rows, { beams: 2, lengthPenalty: -1 })).rejects.toThrow(
      /^evaluate option lengthPenalty: expected a number from 0/,
    )
    await expect(model.evaluate(rows, { lengthPenalty: 1 })).rejects.toThrow(
      'Add `beams: 5`, or omit `lengthPenalty`.',
    )
    const language = await tinyLanguage()
    await expect(language.evaluate([{ text: 'the cat' }], { beams: 2 } as never)).rejects.toThrow(UsageError)
  })
})
