/** Options that errors offer: each exists, none is named by a sentence, and with it the call succeeds. */
import { describe, expect, it } from 'vitest'
import { LatchError } from '../../src/core/errors.ts'
import { FIX_CASES, optionsOf, type FixCase } from './fixCases.ts'

async function errorOf(test: FixCase): Promise<LatchError> {
  const error = await test.run({}).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(LatchError)
  return error as LatchError
}

const NAMES = /\b(upTo|up-to|prefix|config|outputActivation|vocabulary file)\b|--|`/

describe.each(FIX_CASES)('$name', (test) => {
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
