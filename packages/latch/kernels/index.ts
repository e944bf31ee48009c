/**
 * The kernels: the export list is the ABI (`Kernels` in src/engine/kernels.ts says what each one means).
 * Pointers only, nothing is allocated; memory is imported and starts at heapBase().
 */
import { PANEL } from './matmul'

export { fillRows, matmul, matmulTransposed, packTransposed, sumRows } from './matmul'
export { gatherPanels, gatherRows, scatterAddPanels, scatterAddRows } from './embedding'
export { rnnBackward, rnnForward } from './rnn'
export { lstmBackward, lstmForward } from './lstm'
export {
  gruBackward,
  gruCandidateBackward,
  gruCandidateForward,
  gruForward,
  gruResetBackward,
  gruResetForward,
} from './gru'
export { maxPoolBackward, maxPoolForward, meanPoolBackward, meanPoolForward } from './pool'
export { activate, activateBackward, addTo as add, dropout, softmax, zero } from './elementwise'
export { binaryCrossEntropy, regressionLoss, softmaxCrossEntropy } from './loss'
export { adagrad, adam, average, clamp, rmsprop, sgd, sumSquares } from './optimizer'

/** Columns of a packed panel, W. */
export function panel(): i32 {
  return PANEL
}

/** The first byte that static data does not use. */
export function heapBase(): usize {
  return __heap_base
}
