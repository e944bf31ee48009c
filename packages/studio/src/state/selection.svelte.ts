/**
 * The selection that all views share: step, unit, layer and value. Hovering marks, clicking pins, so that step 5 is
 * marked in every view.
 */
import type { TracePlace } from 'latch/inspection'

class Selection {
  /** The step and unit under the pointer or the keyboard focus; null: none. */
  hoverStep = $state<number | null>(null)
  hoverUnit = $state<number | null>(null)
  /** The step, unit, layer and direction that a click pinned. */
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

  /** Pins a number and selects it for the arithmetic. */
  pin(at: TracePlace): void {
    this.step = at.step
    this.unit = at.unit
    this.layer = at.layer
    this.direction = at.direction
    this.explained = { ...at }
  }
}

export const selection = new Selection()
