/** The updates of weights, which an engine gets when an optimizer is made: a page that predicts does not load them. */
import type { Kernels } from '../kernels.ts'
import { accesses } from './index.ts'
import { optimizerKernels } from './optimizer.ts'

/** Adds them to the kernels of a reference engine; the other engines have them. */
export function addUpdates(kernels: Kernels): void {
  const access = accesses.get(kernels)
  if (access) Object.assign(kernels, optimizerKernels(access))
}
