/** The classifier of pairs of texts as a task: both texts → tokens → ids of one sequence; an output for the labels. */
import { DataError, UnsupportedError } from '../../core/errors.ts'
import { describe, fieldAt, readChoice } from '../../core/validation.ts'
import { PAIR_FEATURES } from '../../layers/pairs/pairFeatures.ts'
import { requireSameNetwork } from '../files/sameNetwork.ts'
import type { TaskDefinition } from '../task.ts'
import { readLabels, readTextSections } from '../textClassifier/learned.ts'
import { textClassifierTask } from '../textClassifier/task.ts'
import { completeTextPair, pairIds, type TextPair, type TextPairTypes } from './learned.ts'
import { textPairLayers, textPairNetwork } from './network.ts'

export const textPairTask: TaskDefinition<TextPairTypes> = {
  ...textClassifierTask,
  name: 'textPairClassifier',
  columns: { input: 'texts', target: 'label', required: false },
  training: () => import('./training.ts'),
  layers: textPairLayers,
  reads: () => ['pair'],

  encode(learned, input) {
    const { reader, words } = learned
    const [a, b] = textsOf(input).map((text) => reader.read(text))
    const tokens = [...a.tokens, ...b.tokens]
    const ids = Array.from(pairIds(learned, { tokens, length: a.tokens.length }))
    const known = tokens.map((token) => words.has(token))
    return { steps: ids.length, tokens, ids, features: null, known, padding: 0, cut: a.cut + b.cut }
  },

  isMany: (_, input) => Array.isArray(input),

  encodeStep() {
    throw new UnsupportedError({
      where: 'stream',
      expected: 'a model of one text',
      got: 'one of pairs of texts',
    })
  },

  settings: ({ settings }) => settings,
  sections: ['settings', 'labels', 'vocabulary', 'textColumn', 'combine'],
  write({ settings: { combine, ...settings }, ...learned }) {
    return { ...textClassifierTask.write({ ...learned, settings }), combine }
  },
  tensors: undefined,

  read(root, config) {
    const labels = readLabels(fieldAt(root, 'labels'))
    const { words, textColumn, ...own } = readTextSections(root)
    const settings = { ...own.settings, combine: readChoice(fieldAt(root, 'combine'), PAIR_FEATURES) }
    requireSameNetwork(fieldAt(root, 'network'), config, textPairNetwork({ settings, words, labels }))
    return completeTextPair({ settings, labels, words, textColumn })
  },
}

/** Both texts. @throws DataError for anything else */
function textsOf(input: TextPair): [a: string, b: string] {
  const { a, b } = (input ?? {}) as Partial<TextPair>
  if (typeof a === 'string' && typeof b === 'string') return [a, b]
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input)
  const [where, got] = !isObject ? ['input', input] : typeof a === 'string' ? ['input.b', b] : ['input.a', a]
  throw new DataError({ where, expected: isObject ? 'a string' : 'two texts, { a, b }', got: describe(got) })
}
