/** The multi-label classifier as a task: texts as a text classifier reads them; a sigmoid for each label. */
import { fieldAt, readNumber, readString } from '../../core/validation.ts'
import { requireSameNetwork } from '../files/sameNetwork.ts'
import { activate, byName } from '../prediction.ts'
import { numberTargets } from '../numberTargets.ts'
import type { TaskDefinition, Trained } from '../task.ts'
import { readLabels, readTextSections } from '../textClassifier/learned.ts'
import { textClassifierTask } from '../textClassifier/task.ts'
import {
  completeMultiLabel,
  type MultiLabelLearned,
  type MultiLabelPrediction,
  type MultiLabelTypes,
} from './learned.ts'
import { multiLabelNetwork } from './network.ts'

export const multiLabelTask: TaskDefinition<MultiLabelTypes> = {
  ...textClassifierTask,
  name: 'multiLabelClassifier',
  numberTargets,
  training: () => import('./training.ts'),
  interpret: (trained, rows) => predictLabels(trained, rows[rows.length - 1]),
  settings: ({ settings }) => settings,
  sections: ['settings', 'labels', 'vocabulary', 'textColumn', 'labelSeparator', 'threshold'],
  write({ settings: { labelSeparator, ...settings }, threshold, ...learned }) {
    return { ...textClassifierTask.write({ ...learned, settings }), labelSeparator, threshold }
  },
  tensors: undefined,

  read(root, config) {
    const labels = readLabels(fieldAt(root, 'labels'))
    const { words, textColumn, ...own } = readTextSections(root)
    const labelSeparator = readString(fieldAt(root, 'labelSeparator'), { minLength: 1 })
    const threshold = readNumber(fieldAt(root, 'threshold'), { min: 0, max: 1 })
    const settings = { ...own.settings, labelSeparator }
    requireSameNetwork(fieldAt(root, 'network'), config, multiLabelNetwork({ settings, words, labels }))
    return completeMultiLabel({ settings, labels, words, textColumn, threshold })
  },
}

/** The prediction of a text from its output row. */
function predictLabels(
  { learned: { threshold }, names }: Trained<MultiLabelLearned>,
  row: ArrayLike<number>,
): MultiLabelPrediction {
  const output = activate(row, 'sigmoid')
  const chosen = names.map((_, c) => c).filter((c) => output[c] >= threshold)
  chosen.sort((a, b) => output[b] - output[a])
  return {
    output,
    steps: null,
    label: null,
    labels: chosen.map((c) => names[c]),
    probabilities: byName(output, names),
  }
}
