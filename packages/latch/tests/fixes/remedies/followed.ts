/** The tests of a list of remedies. */
import { describe, expect, it } from 'vitest'
import { thrownBy, type RemedyCase } from './remedyCase.ts'

/** Each sentence is made by a call, and doing what it says works. */
export function describeFollowed(cases: readonly RemedyCase[]): void {
  describe.each(cases)('$name', ({ kind, remedy, raise, follow }) => {
    it('says what to do', async () => {
      const error = await thrownBy(raise)
      if (!(error instanceof kind)) {
        throw new Error(`another error, or none: ${String(error)}`, { cause: error })
      }
      expect(error.remedy).toBe(remedy)
      expect(error.message).toContain(remedy)
    })

    it('works when that is done', async () => {
      expect(await thrownBy(follow)).toBeUndefined()
    })
  })
}
