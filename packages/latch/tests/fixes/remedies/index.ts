/** All cases of remedies. */
import { DATA_CASES } from './dataCases.ts'
import { FORMAT_CASES } from './formatCases.ts'
import { INSPECTION_CASES } from './inspectionCases.ts'
import { LAYER_CASES } from './layerCases.ts'
import { MODEL_CASES } from './modelCases.ts'
import { PAIR_CASES } from './pairCases.ts'
import type { RemedyCase } from './remedyCase.ts'
import { REGULARISATION_CASES } from './regularisationCases.ts'
import { RESUME_CASES } from './resumeCases.ts'
import { SAVING_CASES } from './savingCases.ts'
import { SEQUENCE_CASES } from './sequenceCases.ts'
import { TASK_CASES } from './taskCases.ts'
import { TEXT_CASES } from './textCases.ts'
import { TRAINING_CASES } from './trainingCases.ts'
import { VECTOR_CASES } from './vectorCases.ts'

export const REMEDY_CASES: readonly RemedyCase[] = [
  ...MODEL_CASES,
  ...LAYER_CASES,
  ...SEQUENCE_CASES,
  ...PAIR_CASES,
  ...TASK_CASES,
  ...TEXT_CASES,
  ...REGULARISATION_CASES,
  ...RESUME_CASES,
  ...TRAINING_CASES,
  ...INSPECTION_CASES,
  ...DATA_CASES,
  ...FORMAT_CASES,
  ...SAVING_CASES,
  ...VECTOR_CASES,
]
