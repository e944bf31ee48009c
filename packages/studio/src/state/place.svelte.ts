/**
 * The linked selection: which step, unit, layer and value is looked at. Hovering marks, clicking pins.
 * All views read this one, so that step 5 is marked in all of them.
 */
import type { TracePlace } from 'latch/inspection'

class Place {
  /** What the pointer or the keyboard rests on; null: nothing. */
  hoverStep = $state<number | null>(null)
  hoverUnit = $state<number | null>(null)
  /** What was pinned by a click. */
  step = $state(0)
  unit = $state(0)
  layer = $state(0)
  direction = $state<'forward' | 'backward'>('forward')
  /** The number whose arithmetic is shown; null: none yet. */
  explained = $state.raw<TracePlace | null>(null)

  get markedStep(): number {
    return this.hoverStep ?? this.step
  }

  get markedUnit(): number {
    return this.hoverUnit ?? this.unit
  }

  hover(step: number | null, unit: number | null = null): void {
    this.hoverStep = step
    this.hoverUnit = unit
  }

  /** Pins a number, and asks for its arithmetic. */
  pin(at: TracePlace): void {
    this.step = at.step
    this.unit = at.unit
    this.layer = at.layer
    this.direction = at.direction
    this.explained = { ...at }
  }
}

export const place = new Place()
