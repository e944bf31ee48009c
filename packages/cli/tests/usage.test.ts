/** Invalid usage, help, exit codes and messages. */
import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workplace, comments, csv, json } from './cliHelpers.ts'

let place: Workplace

beforeAll(() => {
  place = new Workplace()
  place.write('data.csv', csv(comments(20)))
})
afterAll(() => place.remove())

const COMMANDS = ['train', 'evaluate', 'predict', 'inspect', 'studio', 'compare', 'info']

describe('help', () => {
  it('lists every command, exit codes and examples', async () => {
    const { code, stdout, stderr } = await place.latch(['--help'])
    expect(code).toBe(0)
    for (const command of COMMANDS) expect(stdout).toContain(`  ${command} `)
    expect(stdout).toContain('Exit codes: 0 success, 1 failure, 2 invalid usage, 130 interrupted')
    expect(stderr).toBe('')
  })

  it.each(COMMANDS)('%s has examples', async (command) => {
    const { code, stdout } = await place.latch([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples:\n.*latch ${command}`, 's'))
  })

  it('train has every option in the README', async () => {
    const { stdout } = await place.latch(['train', '--help'])
    const flags =
      'text label test cell units layers bidirectional tokens embedding dropout epochs batch lr clip optimizer validation seed out resume json'
    for (const flag of flags.split(' ')) expect(stdout).toMatch(new RegExp(`--${flag}\\b`))
  })

  it('prints the version', async () => {
    expect((await place.latch(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

/** Arguments, and what standard error contains. Each ends with exit code 2. */
const WRONG: [string[], RegExp][] = [
  [[], /Usage: latch/],
  [['trian', 'data.csv'], /unknown command 'trian'\n\(Did you mean train\?\)/],
  [['train', 'data.csv', '--unit', '3'], /unknown option '--unit'\n\(Did you mean --units\?\)/],
  [['TRAIN', 'data.csv'], /unknown command 'TRAIN'\n\(Did you mean train\?\)/],
  [['help', 'trian'], /unknown command 'trian'\n\(Did you mean train\?\)/],
  [['train', 'data.csv', '--EPOCHS', '3'], /unknown option '--EPOCHS'\n\(Did you mean --epochs\?\)/],
  [['train', 'data.csv', '--learning-rate', '1'], /\(Did you mean --lr\?\)/],
  [['inspect', 'm.safetensors', 'I', 'love', 'you'], /too many arguments.*\nQuote a text of several words/],
  [['train', 'my', 'data.csv'], /too many arguments.*\n\(an argument with spaces goes in quotes\)/],
  [['train', 'data.csv', '--out', ''], /--out : expected a file in a writable folder, got an empty name/],
  [['train', 'data.csv', '--text', '0', '--label', '0'], /expected different columns for texts and labels/],
  [['train'], /missing required argument 'data'/],
  [['train', 'data.csv', 'more.csv'], /too many arguments/],
  [['train', 'data.csv', '--units', '3.5'], /--units: expected a whole number of at least 1, got "3\.5"\./],
  [['train', 'data.csv', '--units', '-1'], /--units: expected a whole number of at least 1, got "-1"\./],
  [['train', 'data.csv', '--lr', 'fast'], /--lr: expected a number above 0, got "fast"\./],
  [['train', 'data.csv', '--lr', '0'], /--lr: expected a number above 0, got "0"\./],
  [
    ['train', 'data.csv', '--dropout', '1'],
    /--dropout: expected a number of at least 0 and below 1, got "1"\./,
  ],
  [
    ['train', 'data.csv', '--dropout', 'word=0.1'],
    /--dropout: expected comma-separated NAME=NUMBER pairs.*words, embedding/,
  ],
  [['train', 'data.csv', '--cell', 'lstn'], /--cell: expected one of lstm, gru, rnn, ann, bag, got "lstn"\./],
  [
    ['train', 'data.csv', '--embedding', 'wide'],
    /--embedding: expected a whole number of at least 1, or one-hot/,
  ],
  [['train', 'data.csv', '--clip', 'none'], /--clip: expected a number above 0, or off, got "none"/],
  [['train', 'data.csv', '--schedule', 'step'], /--schedule step: expected a stepSize in epochs/],
  [
    ['train', 'data.csv', '--optimizer', 'sgd:speed=1'],
    /--optimizer sgd: expected comma-separated NAME=NUMBER pairs/,
  ],
  [
    ['train', 'data.csv', '--class-weights', '{"yes, please":-1}'],
    /--class-weights yes, please: expected a number of at least 0, got "-1"/,
  ],
  [['train', 'data.csv', '--units'], /option '--units <n>' argument missing/],
  [['train', 'data.csv', '--cell', 'bag', '--layers', '2'], /--layers: expected 1 for cell bag, got 2/],
  [['train', 'data.csv', '--resume', 'x', '--units', '3'], /Omit --units: the checkpoint/],
  [
    ['train', 'data.csv', '--resume', 'x', '--accumulation-steps', '3'],
    /Omit --accumulation-steps: the checkpoint/,
  ],
  [
    ['train', 'data.csv', '--reproducible', '--engine', 'relaxed'],
    /--reproducible with --engine: expected simd or reference, got "relaxed"\.\n +Omit `--engine`/,
  ],
  [['compare', 'data.csv', '--reproducible', '--engine', 'relaxed'], /--reproducible with --engine/],
  [['predict', 'm.safetensors', 'hi', '--threads', '0'], /--threads: expected a whole number from 1 to 64/],
  [['info', '--engine', 'gpu'], /--engine: expected one of relaxed, simd, reference, got "gpu"/],
  [['train', 'data.csv', '--precision', 'float64', '--engine', 'simd'], /expected reference, got "simd"/],
  [['train', 'data.csv', '--resume', 'x', '--validation', '0.3'], /Omit --validation: the checkpoint/],
  [['predict', 'm.safetensors', 'hi', '--file', 'data.csv'], /expected either texts or `--file`, got both/],
  [
    ['predict', 'm.safetensors', 'hi', '--text', '0'],
    /--text: expected a table given with `--file`, got no `--file`/,
  ],
  [
    ['compare', 'data.csv', '--cell', 'lstm,tree'],
    /--cell: expected a comma-separated list of bag, ann, rnn, gru, lstm/,
  ],
]

describe('invalid usage', () => {
  it.each(WRONG)('%j', async (args, message) => {
    const { code, stdout, stderr } = await place.latch(args)
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  it.each([
    [
      ['train', 'data.csv', '--json', '--unitz', '3'],
      'command line',
      "unknown option '--unitz' (Did you mean --units?)",
    ],
    [
      ['train', 'data.csv', '--json', '--units', 'x'],
      '--units',
      '--units: expected a whole number of at least 1, got "x"',
    ],
  ])('with --json is an event too: %j', async (args, where, message) => {
    const ran = await place.latch(args)
    expect(json(ran)).toEqual({ event: 'error', message, where, fixes: [] })
    expect(ran.stderr).toContain('error:')
    expect(ran.code).toBe(2)
  })
})

describe('info', () => {
  it('names version, Node and engine', async () => {
    const facts = json(await place.latch(['info', '--json']))
    expect(facts).toMatchObject({
      node: process.version,
      precision: 'float32',
      cores: availableParallelism(),
    })
    const { engine, engines } = facts as { engine: string; engines: string[] }
    expect(engine).toBe(process.env.LATCH_ENGINE || engines[0])
    expect(facts.why).toMatch(
      /^(WebAssembly with|plain TypeScript).*: (the fastest|selected by LATCH_ENGINE)/,
    )
  })
})
