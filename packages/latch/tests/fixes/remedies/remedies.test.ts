/** What errors say to do: each sentence is made by a call, and doing what it says works. */
import { describe, expect, it } from 'vitest'
import { REMEDY_CASES } from './index.ts'
import { thrownBy } from './remedyCase.ts'

describe.each(REMEDY_CASES)('$name', ({ kind, remedy, raise, follow }) => {
  it('says what to do', async () => {
    const error = await thrownBy(raise)
    if (!(error instanceof kind))
      throw new Error(`another error, or none: ${String(error)}`, { cause: error })
    expect(error.remedy).toBe(remedy)
    expect(error.message).toContain(remedy)
  })

  it('works when that is done', async () => {
    expect(await thrownBy(follow)).toBeUndefined()
  })
})
