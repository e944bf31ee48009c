/** Remedies of the commands for language models, taggers and sequence-to-sequence models. */
import { sequenceToSequence, type SequenceToSequence } from '../../../latch/src/node.ts'
import { inspectSequences } from '../../src/sequences/inspect.ts'
import { readPairs } from '../../src/sequences/pairs.ts'
import { requireConsistent } from '../../src/commands/generate.ts'
import { DataError, UnsupportedError, UsageError } from '../../../latch/src/core/errors.ts'
import type { RemedyCase } from '../../../latch/tests/fixes/remedies/remedyCase.ts'
import { tinyLanguage } from '../../../latch/tests/tasks/languageModel/languageHelpers.ts'
import { trained } from '../../../latch/tests/tasks/textClassifier/classifierHelpers.ts'
import { readCorpus } from '../../src/language/corpus.ts'
import { evaluateLanguageModel } from '../../src/language/evaluate.ts'
import { requireLanguageModel } from '../../src/language/languageModels.ts'
import { requireTaskOptions } from '../../src/training/taskOptions.ts'
import { readSentenceFile, type SentenceFlags } from '../../src/tagging/sentences.ts'
import { requireTaggerFlags } from '../../src/tagging/taggers.ts'
import { Output } from '../../src/terminal/output.ts'
import { Workplace } from '../cliHelpers.ts'

const output = new Output({ json: true, quiet: true })

/** Reads a corpus of this content. */
async function reading(content: string): Promise<void> {
  const place = new Workplace()
  try {
    await readCorpus(place.path(place.write('corpus.txt', content)), {}, output)
  } finally {
    place.remove()
  }
}

const SMALL = { units: 2, embedding: 2 }

/** Reads a sentence with these columns for a tagger. */
async function sentencesOf(columns: SentenceFlags, sentenceLabel: string | null): Promise<void> {
  const place = new Workplace()
  try {
    const path = place.path(place.write('rows.jsonl', '{"tokens":"a b","tags":"X Y","intent":"Z"}'))
    await readSentenceFile(path, columns, output, { settings: { sentenceLabel } } as never)
  } finally {
    place.remove()
  }
}

export const LANGUAGE_CASES: readonly RemedyCase[] = [
  {
    name: 'a corpus without text',
    kind: DataError,
    remedy: 'Check the file and its column.',
    raise: () => reading(' \n'),
    follow: () => reading('a text'),
  },
  {
    name: 'a model of another task',
    kind: UnsupportedError,
    remedy: 'Train one with `latch train TEXT --task lm`.',
    raise: async () => requireLanguageModel((await trained(SMALL, { epochs: 1 })) as never, 'm', 'generate'),
    follow: async () => requireLanguageModel((await tinyLanguage(SMALL)) as never, 'm', 'generate'),
  },
  {
    name: 'options of sampling for beam search',
    kind: UsageError,
    remedy: 'Omit --temperature, --seed, or `--beams`.',
    raise: () => requireConsistent({ beams: 5, temperature: 1, seed: 2 }),
    follow: () => requireConsistent({ beams: 5, lengthPenalty: 1 }),
  },
  {
    name: 'an option of beam search for sampling',
    kind: UsageError,
    remedy: 'Add `--beams 5`, or omit `--length-penalty`.',
    raise: () => requireConsistent({ lengthPenalty: 1 }),
    follow: () => requireConsistent({ lengthPenalty: 1, beams: 5 }),
  },
  {
    name: 'options of a classifier for a language model',
    kind: UsageError,
    remedy: 'Omit --pooling, --cell bag.',
    raise: () => requireTaskOptions(['--pooling'], { task: 'lm', cell: 'bag' } as never),
    follow: () => requireTaskOptions([], { task: 'lm' } as never),
  },
  {
    name: 'options of a language model for a classifier',
    kind: UsageError,
    remedy: 'Add `--task lm` for a language model, or omit --steps.',
    raise: () => requireTaskOptions(['--steps'], {} as never),
    follow: () => requireTaskOptions(['--steps'], { task: 'lm' } as never),
  },
  {
    name: 'a table without columns of sources and targets',
    kind: UsageError,
    remedy: 'Name them with `--source` and `--target`.',
    raise: () => pairsOf('a,b,c\n1,2,3\n', {}),
    follow: () => pairsOf('a,b,c\n1,2,3\n', { source: 'a', target: 'c' }),
  },
  {
    name: 'the label of a sequence-to-sequence model',
    kind: UsageError,
    remedy: 'Omit --label.',
    raise: async () => inspectSequences(await tinyPairs(), 'ab', { label: 'b' }, output),
    follow: async () => inspectSequences(await tinyPairs(), 'ab', {}, new Silent()),
  },
  {
    name: 'labels of sentences for a tagger without any',
    kind: UsageError,
    remedy: 'Omit --label, or train with --tags and --label.',
    raise: () => sentencesOf({ tags: 'tags', label: 'intent' }, null),
    follow: async () => {
      await sentencesOf({ tags: 'tags' }, null)
      await sentencesOf({ tags: 'tags', label: 'intent' }, 'intent')
    },
  },
  {
    name: 'options that a tagger does not have',
    kind: UsageError,
    remedy: 'Omit --top.',
    raise: () => requireTaggerFlags('predict', { '--top': 3, '--ids': undefined }),
    follow: () => requireTaggerFlags('predict', { '--top': undefined, '--ids': undefined }),
  },
  {
    name: 'labels for a language model',
    kind: UsageError,
    remedy: 'Omit --label.',
    raise: async () => evaluateLanguageModel(await tinyLanguage(SMALL), '-', { label: 'mood' }, output),
    follow: async () => {
      const place = new Workplace()
      try {
        const path = place.path(place.write('corpus.txt', 'the cat sleeps'))
        await evaluateLanguageModel(await tinyLanguage(SMALL), path, {}, new Silent())
      } finally {
        place.remove()
      }
    },
  },
]

async function pairsOf(table: string, flags: object): Promise<unknown> {
  const place = new Workplace()
  try {
    return await readPairs(place.path(place.write('pairs.csv', table)), flags, new Silent())
  } finally {
    place.remove()
  }
}

async function tinyPairs(): Promise<SequenceToSequence> {
  const model = sequenceToSequence({ units: 4, embedding: 4, engine: 'reference' })
  const rows = [
    { source: 'ab', target: 'ba' },
    { source: 'ba', target: 'ab' },
  ]
  await model.fit(rows, { epochs: 1, validation: 0 })
  return model
}

/** Prints nothing. */
class Silent extends Output {
  constructor() {
    super({ json: false, quiet: true })
  }
  override print(): void {}
}
