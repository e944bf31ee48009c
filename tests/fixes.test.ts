/** Each place in the sources that offers an option as a fix has a case that makes that very error and follows it. */
import { describe, expect, test } from 'vitest'
import { LatchError } from '../packages/latch/src/core/errors.ts'
import { ASSUMPTION_CASES } from '../packages/latch/tests/fixes/assumptionCases.ts'
import { FIX_CASES } from '../packages/latch/tests/fixes/formatCases.ts'
import { PROGRAM_CASES, TABLE_CASES } from '../packages/latch/tests/fixes/programCases.ts'
import { assumptionSites, errorSites, fixOptions } from './architecture/fixSites.ts'
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
]
const OPTIONS_ELSEWHERE = ['skipBadRows']

/** Lines where an error and its causes were made. */
async function placesOf(run: (options: Record<string, unknown>) => Promise<unknown>): Promise<string[]> {
  const places: string[] = []
  let error: unknown = await run({}).catch((reason: unknown) => reason)
  for (; error instanceof LatchError; error = error.cause) {
    const at = /^ +at .*?\/(packages\/\w+\/src\/[^:]+):(\d+):/m.exec(error.stack ?? '')
    if (at) places.push(`${at[1]}:${at[2]}`)
  }
  return places
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

test('no place without a case', async () => {
  const made = new Set<string>()
  for (const { run } of CASES) for (const place of await placesOf(run)) made.add(place)
  const without = errorSites(tree)
    .filter(({ file, line }) => !made.has(`${file}:${line}`))
    .filter(({ file, owner }) => !ELSEWHERE.includes(`${file} ${owner}`))
  expect(without.map(({ file, line, owner }) => `${file}:${line} ${owner}`)).toEqual([])
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
