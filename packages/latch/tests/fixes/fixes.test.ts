/** Options that errors offer: each exists, none is named by a sentence, and with it the call succeeds. */
import { describe, expect, it } from 'vitest'
import { LatchError, UnsupportedError } from '../../src/core/errors.ts'
import { readUpTo, withWorkingFixes } from '../../src/formats/fixes.ts'
import type { ImportOptions } from '../../src/formats/imported.ts'
import { ASSUMPTION_CASES, type AssumptionCase } from './assumptionCases.ts'
import { changedTfjs, FIX_CASES, open, optionsOf, type FixCase } from './formatCases.ts'
import { PROGRAM_CASES, TABLE_CASES } from './programCases.ts'

async function errorOf(test: FixCase): Promise<LatchError> {
  const error = await test.run({}).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(LatchError)
  return error as LatchError
}

const NAMES = /\b(upTo|up-to|prefix|config|outputActivation|vocabulary file)\b|--|`/

describe.each([...FIX_CASES, ...TABLE_CASES, ...PROGRAM_CASES])('$name', (test) => {
  it('offers options as data', async () => {
    const { fixes, where, expected, got, remedy = '' } = await errorOf(test)
    expect(fixes.map(({ option }) => option)).toEqual(test.offers)
    expect(fixes.every(({ to }) => to !== undefined && !/\.$|`|^[A-Z]/.test(to))).toBe(true)
    expect([where, expected, got, remedy].filter((sentence) => NAMES.test(sentence))).toEqual([])
  })

  it('works with each of them', async () => {
    const { fixes } = await errorOf(test)
    for (const fix of fixes) await test.run(optionsOf(fix, test.values))
    expect(fixes.length).toBeGreaterThan(0)
  })
})

/** All that an assumption could change. */
const contentOf = async (reading: ReturnType<AssumptionCase['read']>) => {
  const { network, textInput, outputActivation } = await reading
  return JSON.stringify({ network, textInput, outputActivation })
}

describe.each(ASSUMPTION_CASES)('assumed: $name', ({ offers, read, values }) => {
  it('offers options beside the model, and each changes it', async () => {
    const { fixes = [] } = await read({})
    expect(fixes.map(({ option }) => option)).toEqual(offers)
    const plain = await contentOf(read({}))
    for (const fix of fixes) expect(await contentOf(read(optionsOf(fix, values)))).not.toBe(plain)
  })
})

describe('only what works on this file is offered', () => {
  const refused = new UnsupportedError({
    where: 'm',
    expected: 'a chain',
    got: 'branches',
    remedy: 'Cut it.',
    fix: [readUpTo('a'), readUpTo('b'), readUpTo()],
  })

  it('an option with a value is tried, and left out where it fails', async () => {
    const read = ({ upTo }: ImportOptions) => (upTo === 'b' ? Promise.resolve() : Promise.reject(refused))
    const error = await withWorkingFixes(refused, {}, read)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect((error as LatchError).fixes).toEqual([readUpTo('b'), readUpTo()])
    expect((error as LatchError).message).toMatch(/branches\. Cut it\. Pass `upTo: "b"`/)
  })

  it('a fault of the program is no answer', async () => {
    const read = () => Promise.reject(new TypeError('x'))
    await expect(withWorkingFixes(refused, {}, read)).rejects.toThrow(TypeError)
  })

  it('another error is as it was', async () => {
    const plain = new UnsupportedError({ where: 'm', expected: 'a', got: 'b' })
    expect(await withWorkingFixes(plain, {}, () => Promise.resolve())).toBe(plain)
  })

  it('no layer is named where the first one is unknown', async () => {
    const files = await changedTfjs((json) =>
      json.replace('"class_name":"GRU"', '"class_name":"Conv1DTranspose"'),
    )
    const error = (await open(files, {}).catch((reason: unknown) => reason)) as LatchError
    expect(error.fixes).toEqual([])
    expect(error.message).toMatch(
      /layer recurrent0: expected a supported layer, got Conv1DTranspose\. Save the layers after it/,
    )
  })
})
