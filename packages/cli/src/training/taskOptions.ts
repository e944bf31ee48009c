/** Which options of `latch train` each task has. */
import { UsageError } from 'latch'
import { LANGUAGE_DROPOUT, LANGUAGE_ONLY, REGULARISATION_FLAGS } from '../language/options.ts'
import { MODEL_NOUNS } from '../options/modelNouns.ts'
import type { TrainFlags, TASKS } from './resume.ts'

type Task = (typeof TASKS)[number]

/** Tasks that read texts as a text classifier does. */
const TEXTS = ['classify', 'multilabel', 'regress', 'pairs'] as const

/** Options that not every task has, with those that have them. */
const OWN: Readonly<Record<string, readonly Task[]>> = {
  '--text': [...TEXTS, 'lm', 'tag'],
  '--label': [...TEXTS, 'tag'],
  '--bidirectional': [...TEXTS, 'tag', 'seq2seq'],
  '--no-bidirectional': [...TEXTS, 'tag', 'seq2seq'],
  '--reset': TEXTS,
  '--activation': TEXTS,
  '--pooling': TEXTS,
  '--max-length': [...TEXTS, 'seq2seq'],
  '--label-separator': ['multilabel'],
  '--label-smoothing': ['classify', 'multilabel', 'pairs', 'lm', 'tag', 'seq2seq'],
  '--loss': ['regress'],
  '--combine': ['pairs'],
  '--counts': ['classify'],
  '--vectors': [...TEXTS, 'tag'],
  '--unseen-words': [...TEXTS, 'tag'],
  '--class-weights': ['classify', 'pairs', 'tag'],
  '--header': [...TEXTS, 'seq2seq'],
  '--delimiter': [...TEXTS, 'lm', 'seq2seq'],
  '--quotes': [...TEXTS, 'lm', 'seq2seq'],
  ...Object.fromEntries(LANGUAGE_ONLY.map((flag) => [flag, ['lm'] as const])),
  ...Object.fromEntries(REGULARISATION_FLAGS.map((flag) => [flag, ['lm', 'tag'] as const])),
  '--crf': ['tag'],
  '--characters': ['tag'],
  '--scheme': ['tag'],
  '--repair': ['tag'],
  '--sentence': ['tag'],
  '--source': ['seq2seq'],
  '--target': ['seq2seq'],
  '--tags': ['tag'],
  '--attention': ['seq2seq'],
  '--target-tokens': ['seq2seq'],
  '--scheduled-sampling': ['seq2seq'],
}

const NOUNS: Readonly<Record<Task, string>> = {
  classify: MODEL_NOUNS.textClassifier,
  multilabel: MODEL_NOUNS.multiLabelClassifier,
  regress: MODEL_NOUNS.textRegressor,
  pairs: MODEL_NOUNS.textPairClassifier,
  lm: MODEL_NOUNS.languageModel,
  tag: MODEL_NOUNS.tagger,
  seq2seq: MODEL_NOUNS.sequenceToSequence,
}

/** @throws UsageError for options of the other tasks */
export function requireTaskOptions(
  typed: readonly string[],
  { task = 'classify', cell, dropout, embedding }: TrainFlags,
): void {
  const wrong = typed.filter((flag) => OWN[flag]?.includes(task) === false)
  const others = new Set(wrong.flatMap((flag) => OWN[flag]))
  const readsTexts = (TEXTS as readonly Task[]).includes(task)
  if (!readsTexts && (cell === 'ann' || cell === 'bag')) wrong.push(`--cell ${cell}`)
  if (typeof dropout === 'object') {
    if (task === 'tag' || task === 'seq2seq') wrong.push('--dropout with names')
    else {
      const isOwn = (name: string) => (task === 'lm' ? LANGUAGE_DROPOUT.includes(name) : name !== 'input')
      for (const name of Object.keys(dropout)) if (!isOwn(name)) wrong.push(`--dropout ${name}=`)
    }
  }
  const needsWidth = task === 'tag' || task === 'seq2seq' || task === 'pairs'
  if (needsWidth && embedding === 'oneHot') wrong.push('--embedding one-hot')
  if (wrong.length === 0) return
  const named = wrong.join(', ')
  const columns = task === 'seq2seq' ? wrong.filter((flag) => flag === '--text' || flag === '--label') : []
  const other = task === 'classify' ? [...others].find((one) => one !== 'classify') : undefined
  throw new UsageError({
    where: task === 'classify' ? 'train' : `--task ${task}`,
    expected: `options of ${NOUNS[task]}`,
    got: named,
    remedy:
      columns.length === wrong.length
        ? 'Name the columns with `--source` and `--target`.'
        : other
          ? `Add \`--task ${other}\` for ${NOUNS[other]}, or omit ${named}.`
          : `Omit ${named}.`,
  })
}
