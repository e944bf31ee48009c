/** Options that errors offer, as flags: each is one of a command, and written as a shell takes it. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { LatchError } from 'latch'
import { describe, expect, test } from 'vitest'
import { exportCommand } from '../../src/commands/export.ts'
import { importCommand } from '../../src/commands/import.ts'
import { infoCommand } from '../../src/commands/info.ts'
import { predictCommand } from '../../src/commands/predict.ts'
import { trainCommand } from '../../src/commands/train.ts'
import { fixesAsFlags, getTyped, placeAsFlag, remedyAsFlags } from '../../src/options/fixes.ts'
import { Output } from '../../src/terminal/output.ts'
import { FIX_CASES } from '../../../latch/tests/fixes/formatCases.ts'
import { REMEDY_CASES } from '../../../latch/tests/fixes/remedies/index.ts'
import { PROGRAM_CASES, TABLE_CASES } from '../../../latch/tests/fixes/programCases.ts'

const output = new Output({ json: false, quiet: true })
const latch = new Command('latch') as unknown as CommandUnknownOpts
for (const make of [importCommand, exportCommand, infoCommand, predictCommand, trainCommand])
  latch.addCommand(make(output) as unknown as CommandUnknownOpts)
const typed = (name: string) => getTyped(latch.commands.find((command) => command.name() === name)!)

describe('as they are typed', () => {
  test.each([
    [{ option: 'upTo', value: 'lstm_1', to: 'read it' }, 'Use `--up-to lstm_1` to read it.'],
    [{ option: 'upTo', value: 'my layer' }, "Use `--up-to 'my layer'`."],
    [{ option: 'upTo', to: 'read it' }, 'Use `--up-to LAYER` to read it.'],
    [{ option: 'config.order', value: ['emb', 'rnn'] }, `Use \`--config '{"order":["emb","rnn"]}'\`.`],
    [{ option: 'config.order' }, `Use \`--config '{"order":"…"}'\`.`],
    [{ option: 'config' }, 'Use `--config FILE`.'],
    [{ option: 'labels', value: ['a', 'b c'] }, "Use `--labels 'a,b c'`."],
    [{ option: 'labels', value: ['a', 'b, c'] }, `Use \`--labels 'a,"b, c"'\`.`],
    [{ option: 'beamWidth', value: 4, to: 'search' }, 'In a program, pass `beamWidth: 4` to search.'],
  ])('%j', (fix, sentence) => {
    expect(fixesAsFlags([fix], typed('import'))).toEqual([sentence])
  })

  test.each([
    ['batchSize', '--batch'],
    ['learningRate', '--lr'],
    ['clipNorm', '--clip'],
    ['checkpointSteps', '--checkpoint-steps'],
    ['minimumCount', '--min-count'],
  ])('%s of training is %s', (option, flag) => {
    expect(fixesAsFlags([{ option, value: 2, to: 'train' }], typed('train'))).toEqual([
      `Use \`${flag} 2\` to train.`,
    ])
  })

  test('values of one option share a sentence', () => {
    const fixes = ['a.', 'b.'].map((value) => ({ option: 'prefix', value, to: 'read a part' }))
    expect(fixesAsFlags(fixes, typed('info'))).toEqual(['Use `--prefix a.` or `--prefix b.` to read a part.'])
  })

  test('a flag of another command names that command', () => {
    expect(fixesAsFlags([{ option: 'upTo', value: 'l', to: 'read it' }], typed('predict'))).toEqual([
      'Use `latch import --up-to l` to read it, then run `latch predict` on the model that it saves.',
    ])
  })
})

describe('a remedy names what is typed', () => {
  test.each([
    [
      'train',
      'Keep rare tokens with a lower `minimumCount`.',
      'Keep rare tokens with a lower `--min-count`.',
    ],
    ['predict', 'Omit `top`: only labels can be ranked.', 'Omit `--top`: only labels can be ranked.'],
    ['info', 'Lower `minimumCount`.', 'Lower `minimumCount`.'],
    ['predict', 'Install `package` with `npm ci`.', 'Install `package` with `npm ci`.'],
  ])('latch %s: %s', (command, remedy, said) => expect(remedyAsFlags(remedy, typed(command))).toBe(said))

  test('no remedy of the library keeps a function or an option of the command that ran', () => {
    const names =
      /`(importFile|fit|minimumCount|maximumVocabulary|batchSize|engine|reproducible|top|threads)`/
    for (const { remedy } of REMEDY_CASES.filter((one) => names.test(one.remedy))) {
      // What neither command has is an option of a program alone.
      const said = remedyAsFlags(remedyAsFlags(remedy, typed('train')), typed('predict'))
      expect(said).not.toMatch(names)
    }
  })
})

test('an error is about a flag of the command that ran, else about what the library names', () => {
  expect(placeAsFlag('option reset', typed('train'))).toBe('--reset')
  expect(placeAsFlag('option learningRate', typed('train'))).toBe('--lr')
  expect(placeAsFlag('label', typed('train'))).toBe('--label')
  expect(placeAsFlag('label', typed('info'))).toBe('label')
  expect(placeAsFlag('option beamWidth', typed('train'))).toBe('option beamWidth')
  expect(placeAsFlag('labels.csv, line 2', typed('train'))).toBe('labels.csv, line 2')
})

/** Options that only programs have. */
const PROGRAM_ONLY = ['files', 'columns', 'train.masked', 'returnSequences', 'zeroInfinity', 'output.per']

const CASES = [...FIX_CASES, ...TABLE_CASES, ...PROGRAM_CASES].filter(
  ({ offers }) => !offers.some((option) => PROGRAM_ONLY.includes(option)),
)

test.each(CASES)('$name: flags that there are', async (one) => {
  const error = await one.run({}).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(LatchError)
  const known = typed(one.command)
  const sentences = fixesAsFlags((error as LatchError).fixes, known)
  expect(sentences.length).toBeGreaterThan(0)
  for (const sentence of sentences) {
    const [, owner = one.command, flag] = /^Use `(?:latch (\w+) )?(--[\w-]+)/.exec(sentence) ?? []
    expect([...(known.flags.get(owner)?.keys() ?? [])], sentence).toContain(flag)
  }
})
