/**
 * The phase in which each vector of the unrolled network is computed: the forward steps, the loss, the backward steps.
 * With one direction, all layers of a step share a phase. With both directions, the layers follow one another, because
 * each layer needs all outputs of the one below.
 */
import type { Direction } from './rows.ts'

export interface Schedule {
  /** Number of phases before the loss; the loss is phase `forward`. */
  forward: number
  /** All phases. */
  count: number
  /** When h_t of a layer and direction is computed. */
  stateAt(layer: number, direction: Direction, step: number): number
  /** When ∂L/∂h_t is. */
  gradientAt(layer: number, direction: Direction, step: number): number
  inputAt(step: number): number
  outputAt(step: number): number
}

export function buildSchedule(steps: number, layers: number, bidirectional: boolean): Schedule {
  const rounds = bidirectional ? layers : 1
  const forward = steps * rounds
  const read = (direction: Direction, step: number) => (direction === 'forward' ? step : steps - 1 - step)
  return {
    forward,
    count: 2 * forward + 1,
    stateAt: (layer, direction, step) => (bidirectional ? layer * steps : 0) + read(direction, step),
    gradientAt: (layer, direction, step) =>
      forward + 1 + (bidirectional ? (layers - 1 - layer) * steps : 0) + (steps - 1 - read(direction, step)),
    inputAt: (step) => (bidirectional ? 0 : step),
    outputAt: (step) => (bidirectional ? forward - 1 : step),
  }
}

/** The displayed name of a phase. */
export function phaseName(
  phase: number,
  schedule: Schedule,
  tokens: readonly string[],
  both: boolean,
): string {
  const { forward } = schedule
  const steps = tokens.length
  if (phase === forward) return 'loss'
  const back = phase > forward
  const at = back ? phase - forward - 1 : phase
  const round = Math.floor(at / steps)
  const within = at % steps
  const step = back ? steps - 1 - within : within
  const word = `“${tokens[step]}”`
  if (!both) return back ? `gradient at step ${step} ${word}` : `step ${step} ${word}`
  const layer = back ? forward / steps - 1 - round : round
  return `layer ${layer}, ${back ? 'gradients in ' : ''}both directions, ${within + 1} of ${steps} steps`
}
