/** Layers that change training alone: outside it each value passes as it is. */

/** Whether a type of layer does nothing outside training. */
export function isTrainingOnly(type: string): boolean {
  return /^(dropout|activationPenalty)$/.test(type)
}
