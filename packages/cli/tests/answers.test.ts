/** One bad input among many, lines and tables as texts, and numbers on a pipe (cases 12, 14, 53, 54 and 59). */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { assert, afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SequenceModel } from '../../latch/src/tasks/sequenceModel/sequenceModel.ts'
import { nextLetter, oneNumber } from '../../latch/tests/tasks/sequenceModel/sequenceFixtures.ts'
import { exactNumber } from '../src/terminal/numbers.ts'
import { jsonLines, Workplace } from './cliHelpers.ts'

const program = process.env.LATCH_CLI ?? join(import.meta.dirname, '..', 'dist', 'latch.js')
const SMALL = ['--epochs', '1', '--units', '4', '--embedding', '4', '--quiet']

let place: Workplace

beforeAll(async () => {
  place = new Workplace()
  for (const [name, make] of Object.entries({ nextLetter, oneNumber })) {
    place.write(`${name}.safetensors`, SequenceModel.fromImported(make()).toBytes())
  }
  place.write('rows.csv', 'text,label\nclean hotel,good\ndirty hotel,bad\nclean bed,good\ndirty bed,bad\n')
  const args = ['train', 'rows.csv', '--text', 'text', '--label', 'label', '--out', 'm.safetensors']
  const trained = await place.latch([...args, ...SMALL])
  assert(trained.code === 0, trained.stderr)
})
afterAll(() => place.remove())

const lines = (text: string): string[] => text.replace(/\n$/, '').split('\n')

describe('53: one bad input among many', () => {
  const TEXTS = ['abc', 'a#z', 'cab', 'zzz', 'dd']

  test('lines of standard input: each is answered or reported in its place', async () => {
    const ran = await place.latch(['predict', 'nextLetter.safetensors'], { input: `${TEXTS.join('\n')}\n` })
    expect(ran.code).toBe(1)
    const rows = lines(ran.stdout).map((line) => line.split('\t'))
    expect(rows.map((cells) => cells.at(-1))).toEqual(TEXTS)
    expect(rows.map(([first, second]) => first === 'error' && second === '')).toEqual([
      false,
      true,
      false,
      true,
      false,
    ])
    expect(ran.stderr).toMatch(
      /error: standard input, line 2: text, token 1: expected a token of the vocabulary.*"#"/,
    )
    expect(ran.stderr).toMatch(/error: standard input, line 4: text, token 0: .*"z"/)
    expect(ran.stderr).toMatch(/\n2 of 5 rows failed\.\n$/)
  })

  test('as JSON: { row, error }', async () => {
    const ran = await place.latch(['predict', 'nextLetter.safetensors', '--json'], {
      input: `${TEXTS.join('\n')}\n`,
    })
    expect(ran.code).toBe(1)
    const answers = jsonLines(ran)
    expect(answers).toHaveLength(5)
    expect(answers[1]).toEqual({ row: 1, error: expect.stringMatching(/^text, token 1: expected a token/) })
    expect(answers[3]).toMatchObject({ row: 3 })
    expect(answers[4]).toHaveProperty('label')
  })

  test('rows of a table and arguments', async () => {
    place.write('t.csv', `text,x\n${TEXTS.map((text) => `${text},1\n`).join('')}`)
    const table = await place.latch([
      'predict',
      'nextLetter.safetensors',
      '--file',
      't.csv',
      '--text',
      'text',
      '--json',
    ])
    expect([table.code, jsonLines(table).length]).toEqual([1, 5])
    expect(table.stderr).toContain('error: t.csv, row 1: text, token 1')
    const args = await place.latch(['predict', 'nextLetter.safetensors', ...TEXTS, '--json'])
    expect([args.code, jsonLines(args).length]).toEqual([1, 5])
    expect(args.stderr).toContain('error: text 2: text, token 1')
  })

  test('the only text fails as the command', async () => {
    const ran = await place.latch(['predict', 'nextLetter.safetensors', 'a#z'])
    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toMatch(/^error: text, token 1: /)
  })

  describe('evaluate', () => {
    const EVALUATE = ['evaluate', 'nextLetter.safetensors', 'e.csv', '--text', 'text', '--label', 'label']
    const BAD = [
      'e.csv, row 1, "text", text, token 1: expected a token of the vocabulary',
      'e.csv, row 2, "label": expected one of "#0", "a", "b", "c", "d", " ", got "x"',
    ]
    beforeAll(() => place.write('e.csv', 'text,label\nabc,a\na#z,b\nca,x\nbd,c\n'))

    test('names file, row and column of every bad row, and gives no score', async () => {
      const ran = await place.latch(EVALUATE)
      expect([ran.code, ran.stdout]).toEqual([1, ''])
      for (const message of BAD) expect(ran.stderr).toContain(`error: ${message}`)
      expect(ran.stderr).toMatch(
        /\nerror: e\.csv: expected rows that nextLetter\.safetensors can read, got 2 bad of 4 rows\.\n +Use `--skip-bad-rows` to evaluate the other rows\.\n$/,
      )
    })

    test('as JSON: { row, error }, then the error', async () => {
      const ran = await place.latch([...EVALUATE, '--json'])
      expect(ran.code).toBe(1)
      expect(jsonLines(ran)).toEqual([
        { row: 1, error: expect.stringContaining(BAD[0]) },
        { row: 2, error: BAD[1] },
        expect.objectContaining({ event: 'error', where: 'e.csv' }),
      ])
    })

    test('leaves bad rows out if asked, and says so', async () => {
      const ran = await place.latch([...EVALUATE, '--json', '--skip-bad-rows'])
      expect(ran.code).toBe(0)
      expect(ran.stderr).toContain('note: e.csv: left out 2 of 4 rows')
      const all = jsonLines(ran)
      expect(all).toHaveLength(3)
      expect(all[2]).toMatchObject({ n: 2, warnings: ['e.csv: left out 2 of 4 rows'] })
    })

    test('nothing but bad rows has no remedy', async () => {
      place.write('none.csv', 'text,label\nz,a\nzz,b\n')
      const args = ['evaluate', 'nextLetter.safetensors', 'none.csv', '--skip-bad-rows']
      const ran = await place.latch([...args, '--text', 'text', '--label', 'label'])
      expect(ran.code).toBe(1)
      expect(ran.stderr).toMatch(/got 2 bad of 2 rows\.\n$/)
    })

    test('the first of many are printed', async () => {
      place.write('many.csv', `text,label\n${'z,a\n'.repeat(30)}abc,a\n`)
      const args = ['evaluate', 'nextLetter.safetensors', 'many.csv', '--text', 'text', '--label', 'label']
      const ran = await place.latch(args)
      expect(ran.stderr.match(/^error: many\.csv, row/gm)).toHaveLength(20)
      expect(ran.stderr).toContain('note: 10 more bad rows.')
    })
  })

  test('a blank line in a column of texts is a text', async () => {
    place.write('column.csv', 'text\nclean hotel\n\n\ndirty bed\n\n')
    const ran = await place.latch(['predict', 'm.safetensors', '--file', 'column.csv'])
    expect(ran.code).toBe(0)
    expect(lines(ran.stdout).map((line) => line.split('\t').at(-1))).toEqual([
      'clean hotel',
      '',
      '',
      'dirty bed',
    ])
  })

  test('49: features that are not finite 32-bit numbers, in place', async () => {
    const input = '[[0.5,-1,2]]\n[[0.5,1e300,2]]\n[[0.5,-1]]\n[[1,1,1]]\n'
    const ran = await place.latch(['predict', 'oneNumber.safetensors', '--json'], { input })
    expect(ran.code).toBe(1)
    expect(jsonLines(ran)).toEqual([
      { output: [expect.any(Number)] },
      { row: 1, error: 'input, step 0, feature 1: expected a finite 32-bit number, got 1e+300' },
      { row: 2, error: expect.stringContaining('input') },
      { output: [expect.any(Number)] },
    ])
  })

  test('a line that cannot be decoded, and a stream that goes on behind a bad line', async () => {
    const child = spawn(process.execPath, [program, 'predict', 'nextLetter.safetensors'], {
      cwd: place.folder,
    })
    let out = ''
    let errors = ''
    const until = (done: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = (): void => void (done() && resolve())
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        look()
      })
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    for (const [piece, count] of [
      ['abc\n', 1],
      ['#\n', 2],
      [Buffer.from([0xff, 0x0a]), 3],
      ['cab\n', 4],
    ] as const) {
      child.stdin.write(piece)
      await until(() => out.split('\n').length - 1 === count)
    }
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    child.stdin.end()
    expect(await ended).toBe(1)
    expect(lines(out).map((line) => line.startsWith('error\t\t'))).toEqual([false, true, true, false])
    expect(errors).toContain('error: standard input, line 3, byte 6: expected UTF-8 text, got the byte 0xFF')
    expect(errors).toContain('2 of 4 rows failed.')
  })
})

describe('54: texts of a file', () => {
  test('.txt is lines, with commas and empty ones', async () => {
    place.write('texts.txt', 'Great place, loved it\n\nlabel,text\nAwful')
    const ran = await place.latch(['predict', 'm.safetensors', '--file', 'texts.txt'])
    expect(ran.code).toBe(0)
    expect(lines(ran.stdout).map((line) => line.split('\t')[2])).toEqual([
      'Great place, loved it',
      '',
      'label,text',
      'Awful',
    ])
    expect(ran.stderr).toContain(
      'note: texts.txt: read as one text per line; `--text COLUMN` or `--format NAME` reads a table.',
    )
    const table = await place.latch([
      'predict',
      'm.safetensors',
      '--file',
      'texts.txt',
      '--format',
      'csv',
      '--header',
      'no',
      '--text',
      '1',
    ])
    expect(lines(table.stdout).map((line) => line.split('\t')[2])).toEqual([' loved it', 'text', ''])
  })

  test('a table of several columns needs its column named', async () => {
    place.write('other.csv', 'comment,mood\nclean,good\ndirty,bad\n')
    const ran = await place.latch(['predict', 'm.safetensors', '--file', 'other.csv'])
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    expect(ran.stderr).toContain(
      'expected the column of the texts, got none of the columns "comment", "mood"',
    )
    expect(ran.stderr).toContain('Use `--text comment` to read that column.')
    const trained = await place.latch(['predict', 'm.safetensors', '--file', 'rows.csv'])
    expect(trained.code).toBe(0)
    expect(trained.stderr).toContain('texts from column "text" (as in training)')
  })

  test('a table of one column, and JSON, Parquet and other encodings', async () => {
    place.write('one.csv', 'clean\ndirty\n')
    const one = await place.latch(['predict', 'm.safetensors', '--file', 'one.csv', '--json'])
    expect(jsonLines(one)).toHaveLength(2)
    place.write('list.json', '[{"text":"clean"},{"text":"dirty"},{"text":null}]')
    const list = await place.latch(['predict', 'm.safetensors', '--file', 'list.json', '--json'])
    expect(jsonLines(list)).toHaveLength(3)
    place.write('old.txt', Buffer.from('it\x92s clean\n', 'latin1'))
    const old = await place.latch(['predict', 'm.safetensors', '--file', 'old.txt'])
    expect(old.code).toBe(1)
    expect(old.stderr).toContain('Use `--encoding windows-1252` to read "it’s clean".')
    const read = await place.latch([
      'predict',
      'm.safetensors',
      '--file',
      'old.txt',
      '--encoding',
      'windows-1252',
    ])
    expect(read.stdout).toContain('it’s clean')
    const input = Buffer.from('it\x92s clean\n', 'latin1')
    const piped = await place.latch(['predict', 'm.safetensors', '--encoding', 'windows-1252'], { input })
    expect(piped.stdout).toContain('it’s clean')
  })

  test.each(['--header', '--delimiter', '--format', '--quotes'])('%s needs a file', async (flag) => {
    const value = { '--delimiter': ';', '--format': 'csv' }[flag] ?? 'no'
    const ran = await place.latch(['predict', 'm.safetensors', flag, value])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain(`${flag}: expected a table given with \`--file\``)
  })
})

describe('59: numbers on a pipe', () => {
  test.each([
    [123456.789, '123456.79'],
    [9876543, '9876543'],
    [0.000123456, '0.000123456'],
    [0.1, '0.1'],
    [1 / 3, '0.33333334'],
    [-0, '0'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1e-45, '1e-45'],
    [1e300, '1e+300'],
  ])('%d', (number, text) => {
    expect(exactNumber(number)).toBe(text)
    const known = Math.fround(number)
    expect(Number.isFinite(known) ? Math.fround(Number(text)) + 0 : number).toBe(
      Number.isFinite(known) ? known + 0 : number,
    )
  })

  test('give back the 32-bit numbers that --json prints', async () => {
    const [text] = ['[[0.5,-1,2],[0.25,0,-0.5]]']
    const plain = await place.latch(['predict', 'oneNumber.safetensors', text])
    const [{ output }] = jsonLines(await place.latch(['predict', 'oneNumber.safetensors', text, '--json']))
    expect(Math.fround(Number(plain.stdout.split('\t')[0]))).toBe(Math.fround((output as number[])[0]))
    const word = await place.latch(['predict', 'm.safetensors', 'clean'])
    const [{ label, probabilities }] = jsonLines(
      await place.latch(['predict', 'm.safetensors', 'clean', '--json']),
    )
    const exact = (probabilities as Record<string, number>)[label as string]
    expect(Math.fround(Number(word.stdout.split('\t')[1]))).toBe(Math.fround(exact))
  })
})

describe('12: texts that begin with a dash', () => {
  test.each([['-5 degrees is cold'], ['-help me please'], ['-q is quiet']])('%j', async (text) => {
    for (const command of ['predict', 'inspect']) {
      const wrong = await place.latch([command, 'm.safetensors', text])
      expect([wrong.code, wrong.stdout]).toEqual([2, ''])
      expect(wrong.stderr).toContain('A text that begins with a dash goes after --')
      expect((await place.latch([command, 'm.safetensors', '--', text])).code).toBe(0)
    }
  })

  test('a single word', async () => {
    const ran = await place.latch(['predict', 'm.safetensors', '-cold'])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(/unknown option '-cold'\n.*goes after --/)
  })

  test.each([
    ['plain', 'plain.csv', 'text', ['clean hotel', 'dirty hotel']],
    ['a dash', '-rows.csv', '-text', ['-5 degrees is cold', '-10 degrees']],
    ['quotes and spaces', "it's rows.csv", 'the "text"', ["it's $HOME `clean`", 'dirty! \\ hotel']],
  ])('the lines under "Next steps" run as they are printed: %s', async (_, file, column, [good, bad]) => {
    const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`
    const rows = [...Array(6).keys()].map((i) => `${quoted(i % 2 ? bad : good)};${i % 2 ? 'no' : 'yes'}`)
    place.write(file, `${quoted(column)};the label\n${rows.join('\n')}\n`)
    const out = file.replace('.csv', '.safetensors')
    const given = [`--text=${column}`, '--label', 'the label', '--delimiter', ';', `--out=./${out}`]
    const ran = await place.latch(['train', `./${file}`, ...given, ...SMALL])
    expect(ran.stderr).toBe('')
    const commands = lines(ran.stdout)
      .filter((line) => line.startsWith('  $ '))
      .map((line) => line.slice(4))
    expect(commands.length).toBeGreaterThanOrEqual(3)
    for (const command of commands) {
      const short = command.includes(' compare ') ? `${command} --epochs 1 --cell bag` : command
      const shell = spawnSync('sh', ['-c', short], { cwd: place.folder, encoding: 'utf8' })
      expect([short, shell.status, shell.stderr.includes('error')]).toEqual([short, 0, false])
    }
  })
})

describe('14: labels that hold commas', () => {
  test.each([[`"yes, please"=2,no=1`], ['{"yes, please": 2, "no": 1}']])(
    '--class-weights %s',
    async (weights) => {
      place.write('w.csv', 'text,label\na b,"yes, please"\nc d,no\na c,"yes, please"\nb d,no\n')
      const args = [
        'train',
        'w.csv',
        '--text',
        'text',
        '--label',
        'label',
        '--out',
        'w.safetensors',
        '--force',
      ]
      const ran = await place.latch([...args, ...SMALL, '--class-weights', weights])
      expect([ran.code, ran.stderr]).toEqual([0, ''])
    },
  )

  test.each(['yes, please=2', '"yes=2', '{"yes": "x"}', '{', '=2'])(
    '--class-weights %s: refused',
    async (weights) => {
      const ran = await place.latch(['train', 'rows.csv', '--class-weights', weights])
      expect(ran.code).toBe(2)
      expect(ran.stderr).toContain('error: --class-weights')
    },
  )
})
