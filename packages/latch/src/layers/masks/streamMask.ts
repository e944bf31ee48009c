/**
 * Masked steps of a stream, as forward treats them: recurrent layers keep their states and repeat their outputs. One
 * byte a row says whether the step at hand is masked.
 */
import type { LayerStep, StreamMask } from '../layer.ts'
import type { Rows, StateSlot } from '../streamRows.ts'

/** The mask of a stream. */
export class MaskOfStream implements StreamMask {
  readonly rows: Uint8Array

  constructor(capacity: number) {
    this.rows = new Uint8Array(capacity)
  }

  keepStates(step: LayerStep, states: readonly Rows[]): LayerStep {
    return new MaskedRecurrentStep(step, states, this.rows)
  }
}

/** A layer's step that keeps the states of masked rows. */
class MaskedRecurrentStep implements LayerStep {
  readonly output: Rows
  readonly states: readonly StateSlot[]
  readonly #layer: LayerStep
  readonly #rows: readonly Rows[]
  readonly #kept: readonly Float64Array[]
  readonly #mask: Uint8Array

  constructor(layer: LayerStep, states: readonly Rows[], mask: Uint8Array) {
    this.output = layer.output
    this.states = states
    this.#layer = layer
    this.#rows = states
    this.#kept = states.map(({ width }) => new Float64Array(mask.length * width))
    this.#mask = mask
  }

  run(rows: number): void {
    this.#move(rows, true)
    this.#layer.run(rows)
    this.#move(rows, false)
  }

  #move(rows: number, out: boolean): void {
    for (let k = 0; k < this.#rows.length; k++) {
      const { view, width, stride } = this.#rows[k]
      const kept = this.#kept[k]
      for (let r = 0; r < rows; r++) {
        if (!this.#mask[r]) continue
        for (let j = 0; j < width; j++) {
          if (out) kept[r * width + j] = view[r * stride + j]
          // As forward adds what is kept to 0, so that −0 becomes 0.
          else view[r * stride + j] = 0 + kept[r * width + j]
        }
      }
    }
  }
}
