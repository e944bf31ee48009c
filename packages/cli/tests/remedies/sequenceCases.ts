/** Remedies of the commands for sequence-to-sequence models. */
import { UsageError } from '../../../latch/src/core/errors.ts'
import type { RemedyCase } from '../../../latch/tests/fixes/remedies/remedyCase.ts'
import {
  assertNoSequenceFlags,
  requireSequenceColumns,
  targetSearchOptions,
} from '../../src/sequences/options.ts'
import { readSources } from '../../src/sequences/pairs.ts'
import { requireTaskOptions } from '../../src/training/taskOptions.ts'
import { Output } from '../../src/terminal/output.ts'
import { Workplace } from '../cliHelpers.ts'

const output = new Output({ json: false, quiet: true })

async function sourcesOf(table: string, flags: { source?: string }): Promise<string[]> {
  const place = new Workplace()
  try {
    return await readSources(place.path(place.write('sources.csv', table)), flags, output)
  } finally {
    place.remove()
  }
}

export const SEQUENCE_COMMAND_CASES: readonly RemedyCase[] = [
  {
    name: 'beam search with a model of labels',
    kind: UsageError,
    remedy: 'Omit --beams.',
    raise: () => assertNoSequenceFlags('predict', { '--source': undefined, '--beams': 5 }),
    follow: () => assertNoSequenceFlags('predict', { '--source': undefined, '--beams': undefined }),
  },
  {
    name: 'columns of texts and labels for pairs, read',
    kind: UsageError,
    remedy: 'Name the columns with `--source` and `--target`.',
    raise: () => requireSequenceColumns('evaluate', { text: 'a' }),
    follow: () => requireSequenceColumns('evaluate', {}),
  },
  {
    name: 'columns of texts and labels for pairs, trained on',
    kind: UsageError,
    remedy: 'Name the columns with `--source` and `--target`.',
    raise: () => requireTaskOptions(['--text', '--label'], { task: 'seq2seq' } as never),
    follow: () => requireTaskOptions(['--source', '--target'], { task: 'seq2seq' } as never),
  },
  {
    name: 'ids of a source',
    kind: UsageError,
    remedy: 'Give texts.',
    raise: () => targetSearchOptions({ ids: '1 2' }),
    follow: () => targetSearchOptions({}),
  },
  {
    name: 'several texts without beam search',
    kind: UsageError,
    remedy: 'Add `--beams 5`, or omit `--top`.',
    raise: () => targetSearchOptions({ top: 3 }),
    follow: () => targetSearchOptions({ top: 3, beams: 5 }),
  },
  {
    name: 'more texts than beginnings',
    kind: UsageError,
    remedy: 'Keep as many beginnings: `--beams 6`.',
    raise: () => targetSearchOptions({ top: 6, beams: 5 }),
    follow: () => targetSearchOptions({ top: 6, beams: 6 }),
  },
  {
    name: 'a table without a column of sources',
    kind: UsageError,
    remedy: 'Name it with `--source`.',
    raise: () => sourcesOf('a,b\n1,2\n', {}),
    follow: () => sourcesOf('a,b\n1,2\n', { source: 'a' }),
  },
]
