/**
 * Each place in the sources that offers an option as a fix, or says in a sentence what to do, has a case that makes that
 * very error and follows it.
 */
import { describe, expect, test } from 'vitest'
import type { LatchError } from '../packages/latch/src/core/errors.ts'
import { ASSUMPTION_CASES } from '../packages/latch/tests/fixes/assumptionCases.ts'
import { FIX_CASES } from '../packages/latch/tests/fixes/formatCases.ts'
import { PROGRAM_CASES, TABLE_CASES } from '../packages/latch/tests/fixes/programCases.ts'
import { COMMAND_CASES } from '../packages/cli/tests/remedies/commandCases.ts'
import { REMEDY_CASES } from '../packages/latch/tests/fixes/remedies/index.ts'
import { thrownBy, withCauses } from '../packages/latch/tests/fixes/remedies/remedyCase.ts'
import { assumptionSites, errorSites, fixOptions } from './architecture/fixSites.ts'
import { isMadeBy, remedySites, type MadeError, type RemedySite } from './architecture/remedySites.ts'
import { readTree, SourceTree } from './architecture/tree.ts'

const CASES = [...FIX_CASES, ...TABLE_CASES, ...PROGRAM_CASES]
const tree = readTree(['packages/latch/src', 'packages/cli/src', 'packages/studio/src'])

/** Places with cases elsewhere. */
const ELSEWHERE = [
  // Hands the options on that work, of an error made in a place of its own (packages/latch/tests/fixes).
  'packages/latch/src/formats/fixes.ts withWorkingFixes',
  // Of the command line (packages/cli/tests/refusals/fixes.test.ts).
  'packages/cli/src/commands/evaluate.ts requireTextClasses',
  // (packages/cli/tests/refusals/fixesFollowed.test.ts)
  'packages/cli/src/options/badRows.ts summarize',
  // (packages/cli/tests/tasks and training/tagging.test.ts)
  'packages/cli/src/options/badRows.ts readableRows',
]
/** Sentences that no test can follow, each with the reason. */
const OUT_OF_REACH: readonly (readonly [file: string, start: string, why: string])[] = [
  ['packages/latch/src/tasks/fit/checkpointEngine.ts', 'Resume on a host', 'takes two hosts'],
  [
    'packages/latch/src/engine/load.ts',
    'Raise the limit',
    'takes a host with a limit: packages/cli/tests/engine.test.ts',
  ],
  ['packages/latch/src/engine/load.ts', 'Omit `engine` and `reproducible` (the', 'takes a host without SIMD'],
  [
    'packages/latch/src/formats/latch/modelFile.ts',
    'The file was saved by',
    'takes a later version of Latch',
  ],
  ['packages/latch/src/formats/keras/hdf5/bytes.ts', 'Save the weights again', 'takes Keras, or h5repack'],
  [
    'packages/cli/src/latch.ts',
    'A text that begins',
    'runs as a program: packages/cli/tests/answers.test.ts',
  ],
  ['packages/cli/src/inspect/reportPage.ts', 'Run `npm run build`', 'builds the studio'],
  ['packages/cli/src/studio/server.ts', 'Run `npm run build`', 'builds the studio'],
  [
    'packages/cli/src/studio/server.ts',
    'Choose another port with',
    'takes each port that other tests serve from',
  ],
  ['packages/latch/src/data/tablesNode.ts', 'Write one object per line', 'takes half a gibibyte of text'],
  [
    'packages/studio/src/worker/modelInfo.ts',
    'Use it on the command line',
    'is followed on the command line: packages/cli/tests/tasks/pairs.test.ts',
  ],
]

const OPTIONS_ELSEWHERE = ['skipBadRows']

/** Calls on the stack of an error, the innermost first. */
function placesOf({ stack = '' }: LatchError): string[] {
  return [...stack.matchAll(/^ +at .*?\/(packages\/\w+\/src\/[^:]+):(\d+):/gm)].map(
    ([, file, line]) => `${file}:${line}`,
  )
}

describe('the walk finds', () => {
  const sitesOf = (text: string) => errorSites(new SourceTree({ 'a.ts': text }))
  test('an error with a fix, by its line and options', () => {
    const text = "function f() {\n  throw new E({\n    fix: { option: 'x', to: 'do' },\n  })\n}\n"
    expect(sitesOf(text)).toEqual([{ file: 'a.ts', line: 2, owner: 'f', options: ['x'] }])
  })
  test('one by a variable, or in a condition', () => {
    expect(sitesOf('throw new E({ where, fix })')).toHaveLength(1)
    expect(sitesOf('throw new E({ where, ...(a && { fix: b }) })')).toHaveLength(1)
  })
  test('nothing where there is none, or where it is handed on', () => {
    expect(sitesOf('throw new E({ where })')).toEqual([])
    expect(sitesOf('throw new E({ where, fix: error.fixes })')).toEqual([])
  })
})

describe('the walk finds sentences', () => {
  const sitesOf = (text: string) => remedySites(new SourceTree({ 'a.ts': text }))
  const sentencesOf = (text: string) => sitesOf(text).map(({ sentence }) => sentence)
  test('of errors, by the lines of the function', () => {
    const text =
      "function f() {\n  const remedy = a ? 'Do this.' : `Do ${b}.`\n  throw new E({ remedy })\n}\n"
    expect(sitesOf(text)).toEqual([
      { file: 'a.ts', line: 2, sentence: 'Do this.', within: [1, 4] },
      { file: 'a.ts', line: 2, sentence: 'Do ….', within: [1, 4] },
    ])
  })
  test('in arguments, constants, functions and lists', () => {
    expect(sentencesOf("function f(remedy) {}\nf('Do this.')")).toEqual(['Do this.'])
    expect(sentencesOf("const A = 'Do this.'\nthrow new E({ remedy: A })")).toEqual(['Do this.'])
    expect(sentencesOf("function f() { return 'Do this.' }\nthrow new E({ remedy: f() })")).toEqual([
      'Do this.',
    ])
    expect(sentencesOf("const A: [what: string, remedy: string][] = [['x', 'Do this.']]")).toEqual([
      'Do this.',
    ])
  })
  test('none where one is handed on', () => {
    expect(sentencesOf('throw new E({ remedy: error.remedy })')).toEqual([])
  })
  test('an error that has one, from its place', () => {
    const [site] = sitesOf('function f() {\n  throw new E({ remedy: `Do ${b}.` })\n}\n')
    expect(isMadeBy(site, { remedy: 'Do that.', places: ['b.ts:1', 'a.ts:2'] })).toBe(true)
    expect(isMadeBy(site, { remedy: 'Do that.', places: ['b.ts:2', 'a.ts:9'] })).toBe(false)
    expect(isMadeBy(site, { remedy: 'Leave it.', places: ['a.ts:2'] })).toBe(false)
  })
})

test('no place without a case', async () => {
  const made = new Set<string>()
  for (const { run } of CASES)
    for (const error of withCauses(await thrownBy(() => run({})))) made.add(placesOf(error)[0])
  const without = errorSites(tree)
    .filter(({ file, line }) => !made.has(`${file}:${line}`))
    .filter(({ file, owner }) => !ELSEWHERE.includes(`${file} ${owner}`))
  expect(without.map(({ file, line, owner }) => `${file}:${line} ${owner}`)).toEqual([])
})

test('no sentence without a case', async () => {
  const made: MadeError[] = []
  for (const { raise } of [...REMEDY_CASES, ...COMMAND_CASES])
    for (const error of withCauses(await thrownBy(raise)))
      if (error.remedy) made.push({ remedy: error.remedy, places: placesOf(error) })
  const without = remedySites(tree).filter((site) => !made.some((error) => isMadeBy(site, error)))
  const isLeft = ({ file, sentence }: RemedySite) =>
    OUT_OF_REACH.some(([own, start]) => file === own && sentence.startsWith(start))
  const shown = without.filter((site) => !isLeft(site))
  expect(shown.map(({ file, line, sentence }) => `${file}:${line} ${sentence}`)).toEqual([])
  // Nothing is listed that has a case, or that is gone.
  const gone = OUT_OF_REACH.filter(
    ([own, start]) => !without.some(({ file, sentence }) => file === own && sentence.startsWith(start)),
  )
  expect(gone).toEqual([])
})

test('no option without a case', () => {
  const offered = [...OPTIONS_ELSEWHERE, ...[...CASES, ...ASSUMPTION_CASES].flatMap(({ offers }) => offers)]
  expect(fixOptions(tree).filter((option) => !offered.includes(option))).toEqual([])
})

test('no assumption without a case', () => {
  const offered = ASSUMPTION_CASES.flatMap(({ offers }) => offers)
  const without = assumptionSites(tree).flatMap(({ file, options }) =>
    options.filter((option) => !offered.includes(option)).map((option) => `${file} ${option}`),
  )
  expect(without).toEqual([])
})
