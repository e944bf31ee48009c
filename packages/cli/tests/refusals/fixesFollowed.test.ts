/** Commands that fail with a remedy, run again with the very flags that it prints. */
import { afterAll, assert, beforeAll, describe, expect, test } from 'vitest'
import { writeSafetensors } from '../../../latch/src/formats/safetensors/safetensors.ts'
import { SequenceModel } from '../../../latch/src/tasks/sequenceModel/sequenceModel.ts'
import { nextLetter } from '../../../latch/tests/tasks/sequenceModel/sequenceFixtures.ts'
import { Workplace } from '../cliHelpers.ts'

let place: Workplace

const SMALL = ['--epochs', '1', '--units', '2', '--embedding', '2', '--quiet', '--out', 'out.safetensors']
const COLUMNS = ['--text', 'text', '--label', 'label']

/** A state_dict without biases, whose modules fit each other in more than one order. */
function stateDict(names: readonly string[], first = 0.5): Uint8Array {
  const tensors = names.flatMap((name) =>
    ['weight_ih_l0', 'weight_hh_l0'].map((weight) => {
      const data = Float32Array.from({ length: 12 * 3 }, (_, i) => Math.sin(i) / 2)
      data[0] = first
      return { name: `${name}.${weight}`, shape: [12, 3], dtype: 'F32' as const, data }
    }),
  )
  return writeSafetensors(tensors)
}

beforeAll(async () => {
  place = new Workplace()
  const model = SequenceModel.fromImported(nextLetter())
  place.write('letters.safetensors', model.toBytes())
  place.write('two.safetensors', stateDict(['a', 'b']))
  place.write('nan.safetensors', stateDict(['a'], NaN))
  const rows = 'clean hotel,good\ndirty hotel,bad\nclean bed,good\ndirty bed,bad\n'
  place.write('quotes.csv', `text,label\n"clean,good\n${rows}`)
  place.write('western.csv', Buffer.from(`text,label\nit\u0092s,good\n${rows}`, 'latin1'))
  place.write('once.csv', 'text,label\na1,good\na2,bad\na3,good\na4,bad\n')
  place.write('bad.csv', 'text,label\nabc,a\nzz,b\n')
  const exported = await place.latch(['export', 'letters.safetensors', '--to', 'keras', '--out', 'l.keras'])
  assert(exported.code === 0, exported.stderr)
})
afterAll(() => place.remove())

/** The flags in the sentences of a remedy, as a shell would split them; placeholders take the given values. */
function flagsOf(stderr: string, values: Readonly<Record<string, string>>): string[][] {
  const sentences = [...stderr.matchAll(/`(?:latch \w+ )?(--[^`]+)`/g)].map(([, flag]) => flag)
  return sentences.map((flag) => {
    const words = [...flag.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare)
    return words.map((word) => values[word] ?? word)
  })
}

interface Followed {
  name: string
  args: readonly string[]
  /** What the remedy offers, in order. */
  offers: readonly string[]
  values?: Readonly<Record<string, string>>
}

const CASES: readonly Followed[] = [
  {
    name: 'modules in more than one order',
    args: ['import', 'two.safetensors', '--out', 'o.safetensors'],
    offers: ['--config', '--prefix', '--prefix'],
  },
  {
    name: 'a layer that is not there',
    args: ['import', 'l.keras', '--out', 'o.safetensors', '--up-to', 'nowhere'],
    offers: ['--up-to'],
    values: { LAYER: 'lstm' },
  },
  {
    name: 'weights that are not finite',
    args: ['import', 'nan.safetensors', '--out', 'o.safetensors'],
    offers: ['--allow-non-finite'],
  },
  {
    name: 'a quote that is not closed',
    args: ['train', 'quotes.csv', ...COLUMNS, ...SMALL],
    offers: ['--quotes'],
  },
  {
    name: 'another encoding',
    args: ['train', 'western.csv', ...COLUMNS, ...SMALL],
    offers: ['--encoding'],
  },
  {
    name: 'tokens that occur once',
    args: ['train', 'once.csv', ...COLUMNS, ...SMALL, '--min-count', '2'],
    offers: ['--tokens', '--min-count'],
  },
  {
    name: 'a table without a named column',
    args: ['predict', 'letters.safetensors', '--file', 'bad.csv'],
    offers: ['--text'],
  },
  {
    name: 'bad rows',
    args: ['evaluate', 'letters.safetensors', 'bad.csv', ...COLUMNS],
    offers: ['--skip-bad-rows'],
  },
]

describe.each(CASES)('$name', ({ args, offers, values = {} }) => {
  test('fails, and succeeds with each of the flags', async () => {
    const failed = await place.latch(args)
    expect(failed.code).not.toBe(0)
    const offered = flagsOf(failed.stderr, values)
    expect(
      offered.map(([flag]) => flag),
      failed.stderr,
    ).toEqual(offers)
    for (const flags of offered) {
      const at = args.indexOf(flags[0])
      const rest = at < 0 ? args : args.toSpliced(at, 2)
      const ran = await place.latch([...rest, ...flags])
      expect(ran.stderr).not.toMatch(/^error: (?!bad\.csv, row 1)/m)
      expect([flags, ran.code]).toEqual([flags, flags.includes('--text') ? 1 : 0])
    }
  })
})
