/** Options that errors offer, as the studio's page words them: a file to drop is one that the studio reads. */
import { expect, test } from 'vitest'
import type { LatchError } from 'latch'
import { fixOnPage } from '../../src/parts/fixOnPage.ts'
import { optionsIn } from '../../src/worker/importOptions.ts'
import { FIX_CASES, optionsOf } from '../../../latch/tests/fixes/formatCases.ts'

test.each(FIX_CASES)('$name', async (one) => {
  const error = (await one.run({}).catch((reason: unknown) => reason)) as LatchError
  expect(error.fixes.length).toBeGreaterThan(0)
  const droppable = error.fixes.filter(({ option, value }) => value !== undefined && option !== 'to')
  const dropped = droppable.map((fix) => {
    const json = fixOnPage(fix).replace(/^.*options\.json: /, '')
    return optionsIn('options.json', new TextEncoder().encode(json))
  })
  expect(dropped).toEqual(droppable.map((fix) => optionsOf(fix)))
  for (const fix of error.fixes) expect(fixOnPage(fix)).toMatch(/^(To |Drop |Export )/)
})
