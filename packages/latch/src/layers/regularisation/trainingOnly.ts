/** Layers that change training alone: outside it each value passes as it is. */
const TRAINING_ONLY: readonly string[] = ['dropout', 'activationPenalty']

/** Whether a type of layer does nothing outside training. */
export function isTrainingOnly(type: string): boolean {
  return TRAINING_ONLY.includes(type)
}
