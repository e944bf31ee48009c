/** The text regressor as a task: texts as a text classifier reads them; one number, in the units of the training targets. */
import { fieldAt, readChoice, readList, readNumber, readString } from '../../core/validation.ts'
import { requireSameNetwork } from '../files/sameNetwork.ts'
import { numberTargets } from '../numberTargets.ts'
import type { TaskDefinition, Trained } from '../task.ts'
import { readTextSections } from '../textClassifier/learned.ts'
import { textClassifierTask } from '../textClassifier/task.ts'
import {
  completeRegressor,
  numberOf,
  type NumberPrediction,
  type RegressorLearned,
  type RegressorTypes,
} from './learned.ts'
import { regressorLayers, regressorNetwork } from './network.ts'
import { REGRESSION_LOSSES } from './options.ts'

export const textRegressorTask: TaskDefinition<RegressorTypes> = {
  ...textClassifierTask,
  name: 'textRegressor',
  numberTargets,
  layers: regressorLayers,
  training: () => import('./training.ts'),
  interpret: (trained, rows) => predictNumber(trained, rows[rows.length - 1]),
  settings: ({ settings }) => settings,
  sections: ['settings', 'labels', 'vocabulary', 'textColumn', 'regressionLoss', 'scaling'],
  write({ settings: { loss, ...settings }, scaling, ...learned }) {
    return { ...textClassifierTask.write({ ...learned, settings }), regressionLoss: loss, scaling }
  },
  tensors: undefined,

  read(root, config) {
    const labels = readList(fieldAt(root, 'labels'), (item) => readString(item), {
      minLength: 1,
      maxLength: 1,
    })
    const { words, textColumn, ...own } = readTextSections(root)
    const settings = {
      ...own.settings,
      loss: readChoice(fieldAt(root, 'regressionLoss'), REGRESSION_LOSSES),
    }
    requireSameNetwork(fieldAt(root, 'network'), config, regressorNetwork({ settings, words }))
    const scaling = fieldAt(root, 'scaling')
    const mean = readNumber(fieldAt(scaling, 'mean'))
    const deviation = readNumber(fieldAt(scaling, 'deviation'), { min: Number.MIN_VALUE })
    return completeRegressor({ settings, labels, words, textColumn, scaling: { mean, deviation } })
  },
}

/** The prediction of a text from its output row. */
function predictNumber({ learned }: Trained<RegressorLearned>, row: ArrayLike<number>): NumberPrediction {
  const value = numberOf(learned, row[0])
  return { output: [value], steps: null, label: null, probabilities: null, value }
}
