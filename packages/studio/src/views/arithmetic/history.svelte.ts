/** The numbers whose arithmetic was shown, with a way back. */
import type { TracePlace } from 'latch/inspection'
import { selection } from '../../state/selection.svelte.ts'

const MAX_ENTRIES = 100

class ArithmeticHistory {
  /** Oldest first; the last one is shown. */
  visited = $state.raw<TracePlace[]>([])

  visit(at: TracePlace): void {
    const last = this.visited.at(-1)
    if (last && samePlace(last, at)) return
    this.visited = [...this.visited, at].slice(-MAX_ENTRIES)
  }

  back(): void {
    if (this.visited.length < 2) return
    this.visited = this.visited.slice(0, -1)
    selection.pin(this.visited.at(-1)!)
  }
}

export const arithmeticHistory = new ArithmeticHistory()

export function samePlace(a: TracePlace, b: TracePlace): boolean {
  return (
    a.layer === b.layer &&
    a.direction === b.direction &&
    a.step === b.step &&
    a.value === b.value &&
    a.unit === b.unit
  )
}
