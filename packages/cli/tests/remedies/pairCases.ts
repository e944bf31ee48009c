/** Remedies of the commands for pairs of texts. */
import { UsageError } from '../../../latch/src/core/errors.ts'
import type { RemedyCase } from '../../../latch/tests/fixes/remedies/remedyCase.ts'
import { givenPairs } from '../../src/pairs/predict.ts'
import { readPairRows } from '../../src/pairs/rows.ts'
import { Output } from '../../src/terminal/output.ts'
import { Workplace } from '../cliHelpers.ts'

const output = new Output({ json: false, quiet: true })

async function rowsOf(flags: { text?: string; label?: string }): Promise<unknown> {
  const place = new Workplace()
  try {
    const table = 'id,question1,question2,is\n1,one,1,same\n2,one,2,different\n'
    return await readPairRows(place.path(place.write('pairs.csv', table)), flags, output)
  } finally {
    place.remove()
  }
}

export const PAIR_COMMAND_CASES: readonly RemedyCase[] = [
  {
    name: 'pairs in columns of other names',
    kind: UsageError,
    remedy: 'Name them with `--text A,B` and `--label C`.',
    raise: () => rowsOf({}),
    follow: () => rowsOf({ text: 'question1,question2', label: 'is' }),
  },
  {
    name: 'half a pair',
    kind: UsageError,
    remedy: 'Quote both texts of each pair: "how old are you" "what is your age".',
    raise: () => givenPairs(['how', 'old', 'are']),
    follow: () => givenPairs(['how old are you', 'what is your age']),
  },
]
