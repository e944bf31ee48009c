/** Schemes of tags, the spans that the CoNLL scorer reads, and what breaks them. */
import { describe, expect, it } from 'vitest'
import {
  findBreak,
  findScheme,
  repairTags,
  rulesOf,
  spansOf,
  tagsOfSpans,
} from '../../../src/tasks/tagger/spans.ts'

const split = (text: string) => text.split(' ')
const spans = (text: string) =>
  spansOf(split(text)).map(({ label, start, end }) => `${label} ${start}-${end}`)

describe('the scheme', () => {
  it.each([
    ['O B-PER I-PER', 'bio'],
    ['B-PER I-PER', 'bio'],
    ['O B-PER E-PER S-LOC', 'bioes'],
    ['O B-PER L-PER U-LOC', 'bilou'],
    ['NOUN VERB O', 'none'],
    ['O S-PER', 'bioes'],
    ['O U-PER', 'bilou'],
    ['O I-PER', 'none'],
    ['O B- X', 'none'],
    ['O B-PER E-PER U-LOC', 'none'],
  ])('of %s is %s', (tags, scheme) => expect(findScheme(split(tags))).toBe(scheme))
})

describe('spans', () => {
  // By the rules of conlleval, one by one.
  it.each([
    ['B-A I-A O B-A', ['A 0-2', 'A 3-4']],
    ['B-A B-A I-A', ['A 0-1', 'A 1-3']],
    ['B-A I-B I-B', ['A 0-1', 'B 1-3']],
    ['O I-A I-A', ['A 1-3']],
    ['I-A B-A', ['A 0-1', 'A 1-2']],
    ['B-A E-A S-B O', ['A 0-2', 'B 2-3']],
    ['B-A L-A U-B', ['A 0-2', 'B 2-3']],
    ['E-A E-A', ['A 0-1', 'A 1-2']],
    ['S-A I-A', ['A 0-1', 'A 1-2']],
    ['O E-A I-A', ['A 1-2', 'A 2-3']],
    ['B-A-B I-A-B', ['A-B 0-2']],
    ['O O', []],
  ])('of %s', (tags, wanted) => expect(spans(tags)).toEqual(wanted))

  it.each([
    ['bio', 'B-A I-A O B-A B-B I-B'],
    ['bioes', 'B-A I-A E-A O S-A B-B E-B'],
    ['bilou', 'B-A I-A L-A O U-A B-B L-B'],
  ] as const)('become tags of %s again', (scheme, tags) => {
    expect(tagsOfSpans(scheme, spansOf(split(tags)), split(tags).length)).toEqual(split(tags))
    expect(findBreak(scheme, split(tags))).toBeNull()
  })
})

describe('breaks', () => {
  it.each([
    ['bio', 'I-A I-A', 0, 'it begins the sentence', 'B-A I-A'],
    ['bio', 'O I-A', 1, 'it follows "O"', 'O B-A'],
    ['bio', 'B-A I-B', 1, 'it follows "B-A"', 'B-A B-B'],
    ['bioes', 'B-A O', 1, 'it follows "B-A"', 'S-A O'],
    ['bioes', 'O B-A', 1, 'the sentence ends inside the span', 'O S-A'],
    ['bioes', 'S-A E-A', 1, 'it follows "S-A"', 'S-A S-A'],
    ['bilou', 'B-A U-A', 1, 'it follows "B-A"', 'U-A U-A'],
  ] as const)('%s %s', (scheme, tags, token, because, repaired) => {
    expect(findBreak(scheme, split(tags))).toMatchObject({ token, because })
    expect(repairTags(scheme, split(tags))).toEqual(split(repaired))
  })

  it('are found where rules forbid them, and nowhere else', () => {
    const labels = ['O', 'B-A', 'I-A', 'B-B', 'I-B']
    const rules = rulesOf('bio', labels)!
    const follows = (before: string, after: string) =>
      rules.transitions[labels.indexOf(before) * labels.length + labels.indexOf(after)]
    expect([
      follows('O', 'I-A'),
      follows('B-A', 'I-B'),
      follows('B-A', 'I-A'),
      follows('I-B', 'B-B'),
    ]).toEqual([0, 0, 1, 1])
    expect([...rules.start]).toEqual([1, 1, 0, 1, 0])
    expect([...rules.end]).toEqual([1, 1, 1, 1, 1])
    expect([...rulesOf('bioes', ['O', 'B-A', 'I-A', 'E-A', 'S-A'])!.end]).toEqual([1, 0, 0, 1, 1])
    expect(rulesOf('none', labels)).toBeUndefined()
    expect(repairTags('bio', ['O', 'B-A'])).toEqual(['O', 'B-A'])
  })
})
