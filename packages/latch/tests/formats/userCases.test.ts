/** The table of users' cases: each has one place, a test that is there, and stands in docs/conformance.md. */
import { existsSync, readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { describe, expect, it } from 'vitest'
import { IN_TABLES, USER_CASES, userCasesSection } from './conformance/userCases.ts'

const root = new URL('../../../../', import.meta.url)
const page = new URL('docs/conformance.md', root)
const CASES = [...Array.from({ length: 62 }, (_, i) => i + 1).filter((number) => number !== 32), 64, 65]

describe('cases of users', () => {
  it('have one place each', () => {
    const numbers = [...USER_CASES.flatMap((row) => row.numbers), ...IN_TABLES]
    expect(numbers.toSorted((a, b) => a - b)).toEqual(CASES)
  })

  it('have a row in docs/tables.md where that is their place', () => {
    const rows = readFileSync(new URL('docs/tables.md', root), 'utf8').match(/^\| \d[\d, ]* .*$/gm) ?? []
    const numbers = rows.flatMap((row) => /^\| ([\d, ]+)/.exec(row)![1].split(',').map(Number))
    expect(IN_TABLES.filter((number) => !numbers.includes(number))).toEqual([])
  })

  it.each(USER_CASES)('$name: its test is there', ({ test }) => {
    expect(existsSync(new URL(test, root))).toBe(true)
  })

  it('are in docs/conformance.md as the table says', async () => {
    const options = await resolveConfig(page)
    const section = await format(userCasesSection(), { ...options, parser: 'markdown' })
    expect(readFileSync(page, 'utf8')).toContain(section.trim())
  })
})
