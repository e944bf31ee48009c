/** Evaluating many rows takes time: it reports progress, and can be stopped. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { comments, trained } from './classifierHelpers.ts'

const columns = { text: 'text', label: 'label' } as const
const rows = comments(64 * 3, 5)

/** Every look at the clock finds another second gone, so that each batch is worth a rest. */
function hurryClock(): void {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000))
}

afterEach(() => vi.restoreAllMocks())

describe('evaluate', () => {
  it('reports the fraction done, up to 1', async () => {
    const model = await trained({}, { epochs: 1 })
    hurryClock()
    const shares: number[] = []
    const { n } = await model.evaluate(rows, { ...columns, onProgress: (share) => shares.push(share) })
    expect(n).toBe(rows.length)
    expect(shares).toEqual([1 / 3, 2 / 3, 1])
  })

  it('ends with the reason of the signal, before the start and on the way', async () => {
    const model = await trained({}, { epochs: 1 })
    const stop = new Error('no more')
    const before = AbortSignal.abort(stop)
    await expect(model.evaluate(rows, { ...columns, signal: before })).rejects.toBe(stop)
    hurryClock()
    const control = new AbortController()
    const shares: number[] = []
    const onProgress = (share: number) => {
      shares.push(share)
      control.abort(stop)
    }
    const running = model.evaluate(rows, { ...columns, signal: control.signal, onProgress })
    await expect(running).rejects.toBe(stop)
    expect(shares).toHaveLength(1)
  })
})
