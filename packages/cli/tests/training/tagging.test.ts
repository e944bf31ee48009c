/** Taggers from the command line: train, resume, evaluate, predict, inspect and info. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Tagger } from '../../../latch/src/node.ts'
import { json, jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const PEOPLE = ['Ada Lovelace', 'Alan Turing', 'Grace Hopper', 'Ada', 'Kurt']
const PLACES = ['New York', 'Paris', 'London']

/** Sentences of BIO tags, as pairs of token and tag. */
const sentences = Array.from({ length: 60 }, (_, i) => {
  const span = (text: string, label: string) =>
    text.split(' ').map((token, t) => [token, `${t === 0 ? 'B' : 'I'}-${label}`])
  return [
    ...span(PEOPLE[i % 5], 'PER'),
    [i % 2 ? 'sleeps' : 'sings', 'O'],
    ['in', 'O'],
    ...span(PLACES[(i * 7) % 3], 'LOC'),
  ]
})
const conll = (rows: string[][][]) =>
  `${rows.map((row) => row.map((pair) => pair.join(' ')).join('\n')).join('\n\n')}\n`
const SMALL = [
  '--task',
  'tag',
  '--units',
  '8',
  '--embedding',
  '8',
  '--batch',
  '8',
  '--seed',
  '3',
  '--lr',
  '0.02',
]
const train = (...more: readonly string[]) => place.latch(['train', 'train.conll', ...SMALL, ...more])

beforeAll(async () => {
  place.write('train.conll', conll(sentences))
  place.write('test.conll', conll(sentences.slice(0, 20)))
  const { code, stderr } = await train('--epochs', '12', '--out', 'm.safetensors')
  expect(stderr).toContain('12/12')
  expect(code).toBe(0)
})
afterAll(() => place.remove())

describe('latch train --task tag', () => {
  it('is the fit of the library, and compares with the most frequent tags', async () => {
    const ran = await train(
      '--epochs',
      '2',
      '--json',
      '--test',
      'test.conll',
      '--out',
      'two.safetensors',
      '--reproducible',
    )
    const done = jsonLines(ran).at(-1)!
    expect(done).toMatchObject({ event: 'done', model: 'two.safetensors', epochs: 2, validation: null })
    expect(done.test).toMatchObject({ entities: { support: 40 } })
    expect(done.baseline).toMatchObject({ part: 'test', name: 'most frequent tag of each word', n: 99 })
    const { tagger } = await import('../../../latch/src/node.ts')
    const model = tagger({ units: 8, embedding: 8, reproducible: true })
    const rows = sentences.map((row) => ({
      tokens: row.map(([token]) => token),
      tags: row.map(([, tag]) => tag),
    }))
    await model.fit(rows, { epochs: 2, seed: 3, batchSize: 8, learningRate: 0.02 })
    const saved = await Tagger.load(place.path('two.safetensors'), { reproducible: true })
    expect(saved.predict('Ada sings')).toEqual(model.predict('Ada sings'))
    expect(saved.settings).toMatchObject({ crf: true, scheme: 'bio' })
  })

  it('prints how the model does, and commands that run as printed', async () => {
    const { stdout } = await train('--epochs', '1', '--out', 'one.safetensors')
    expect(stdout).toMatch(/^Trained lstm \+ characters \+ CRF on 54 sentences, 5 tags, \d+ words/)
    expect(stdout).toMatch(/Validation: accuracy/)
    expect(stdout).toMatch(/Spans/)
    expect(stdout).toMatch(/the most frequent tag of each word: F1 of spans/)
    const commands = stdout.split('\n').filter((line) => line.startsWith('  $ '))
    expect(commands).toHaveLength(2)
    for (const command of commands) {
      const [, name, path, text] = /(predict|inspect) (\S+) '(.*)'$/.exec(command)!
      expect((await place.latch([name, path, text])).code, command).toBe(0)
    }
  })

  it('reads JSON Lines, tables and other columns', async () => {
    const rows = sentences.map((row) => ({
      tokens: row.map(([token]) => token),
      tags: row.map(([, tag]) => tag),
    }))
    place.write('a.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
    place.write(
      'b.csv',
      `words,slots\n${rows.map((row) => `${row.tokens.join(' ')},${row.tags.join(' ')}`).join('\n')}\n`,
    )
    const tokens = sentences.flatMap((row, i) => row.map(([token, tag]) => `${i},${token},${tag}`))
    place.write('c.csv', `n,w,t\n${tokens.join('\n')}\n`)
    for (const given of [
      ['a.jsonl'],
      ['b.csv', '--text', 'words', '--label', 'slots'],
      ['c.csv', '--text', 'w', '--label', 't', '--sentence', 'n'],
      'train.conll --crf no --characters no --no-bidirectional --locked-dropout --weight-dropout 0.2 --zoneout cell=0.1 --embedding-dropout 0.1'.split(
        ' ',
      ),
    ]) {
      const args = ['train', ...given, ...SMALL, '--epochs', '1', '--force', '--out', 'other.safetensors']
      const { code, stderr } = await place.latch(args)
      expect(stderr).not.toMatch(/error/)
      expect(code).toBe(0)
    }
    const { settings } = await Tagger.load(place.path('other.safetensors'))
    expect(settings).toMatchObject({
      crf: false,
      characters: false,
      bidirectional: false,
      lockedDropout: true,
      weightDropout: 0.2,
      zoneout: { hidden: 0, cell: 0.1 },
      embeddingDropout: 0.1,
      activationPenalty: { alpha: 0, beta: 0 },
    })
  })

  it.each([
    [['--pooling', 'max', '--cell', 'bag'], '--pooling, --cell bag'],
    [['--steps', '3'], '--steps'],
    [['--dropout', 'words=0.2'], '--dropout with names'],
    [['--format', 'parquet'], '"parquet"'],
  ])('refuses options that it does not have: %j', async (options, named) => {
    const { code, stderr } = await train(...options)
    expect(code).toBe(2)
    expect(stderr).toContain(`got ${named}`)
  })

  it('refuses sentences with their line', async () => {
    const refused = async (text: string, ...more: string[]) => {
      place.write('bad.conll', text)
      return (await place.latch(['train', 'bad.conll', ...SMALL, '--epochs', '1', ...more])).stderr
    }
    expect(await refused('Ada B-PER\nsings\n\nYes O\n')).toContain(
      'bad.conll, line 2: expected 2 columns, as in line 1, got 1',
    )
    expect(await refused('Ada B-PER\nsings O\n\nYes O\nAda I-PER\n')).toContain(
      'bad.conll, sentence from line 4, token 1: expected tags that keep the scheme bio, got "I-PER": it follows "O".',
    )
    expect(
      await refused(
        'Ada B-PER\nsings O\n\nYes O\nAda I-PER\n',
        '--repair',
        '--force',
        '--out',
        'r.safetensors',
      ),
    ).toContain('1 sentence with broken spans repaired.')
    expect(await refused('\n\n')).toContain(
      'bad.conll: expected at least one sentence, got an empty document',
    )
  })
})

describe('latch evaluate', () => {
  it('prints the table of tags, spans, and the baseline', async () => {
    const { stdout, code } = await place.latch([
      'evaluate',
      'm.safetensors',
      'test.conll',
      '--train',
      'train.conll',
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^accuracy \d+\.\d%/)
    expect(stdout).toMatch(/99 tokens/)
    expect(stdout).toMatch(/Spans +precision +recall +F1 +spans/)
    expect(stdout).toMatch(/LOC/)
    const result = json(
      await place.latch(['evaluate', 'm.safetensors', 'test.conll', '--train', 'train.conll', '--json']),
    )
    expect(result.entities).toMatchObject({ support: 40 })
    expect(result.baseline).toMatchObject({ name: 'most frequent tag of each word' })
  })

  it('reports sentences that it cannot read, and leaves them out if asked', async () => {
    place.write(
      'odd.jsonl',
      [
        { tokens: ['Riya', 'sings'], tags: ['B-PER', 'O'] },
        { tokens: ['Riya'], tags: ['I-PER'] },
      ]
        .map((row) => JSON.stringify(row))
        .join('\n'),
    )
    const args = ['evaluate', 'm.safetensors', 'odd.jsonl']
    const refused = await place.latch(args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/odd\.jsonl, sentence from .*got "I-PER"/)
    expect(refused.stderr).toContain('Use `--skip-bad-rows` to evaluate the other rows.')
    const { code, stderr, stdout } = await place.latch([...args, '--skip-bad-rows'])
    expect(code).toBe(0)
    expect(stderr).toContain('left out 1 of 2 rows')
    expect(stdout).toMatch(/2 tokens/)
  })
})

describe('latch predict', () => {
  it('tags texts, as lines and as JSON', async () => {
    const model = await Tagger.load(place.path('m.safetensors'))
    const { tokens, tags, confidences, entities } = model.predict('Ada sings in Paris')
    const line = tokens.map((token, t) => `${token}/${tags[t]}`).join(' ')
    const { stdout } = await place.latch(['predict', 'm.safetensors', 'Ada sings in Paris', 'Kurt sleeps'])
    expect(stdout.split('\n')[0]).toBe(line)
    const [first] = jsonLines(await place.latch(['predict', 'm.safetensors', 'Ada sings in Paris', '--json']))
    expect(first).toEqual({ tokens, tags, confidences, entities })
    const piped = await place.latch(['predict', 'm.safetensors'], {
      input: 'Ada sings in Paris\n\nKurt sleeps\n',
    })
    expect(piped.stdout.split('\n')[0]).toBe(line)
    expect(piped.stderr).toContain('expected at least one token')
    expect(piped.code).toBe(1)
  })

  it('tags files of tokens, and writes CoNLL that it reads again', async () => {
    const ran = await place.latch(['predict', 'm.safetensors', '--file', 'test.conll'])
    expect(ran.code).toBe(0)
    place.write('said.conll', ran.stdout)
    const result = json(await place.latch(['evaluate', 'm.safetensors', 'said.conll', '--json']))
    expect(result).toMatchObject({ accuracy: 1, n: 99, entities: { f1: 1 } })
    place.write('tokens.jsonl', '{"tokens": ["Ada", "sings"]}\n')
    const [only] = jsonLines(
      await place.latch(['predict', 'm.safetensors', '--file', 'tokens.jsonl', '--json']),
    )
    expect(only.tokens).toEqual(['Ada', 'sings'])
  })
})

describe('latch inspect and info', () => {
  it('print the tag of each token, and what the model is', async () => {
    const { stdout, code } = await place.latch(['inspect', 'm.safetensors', 'Ada sings in Paris'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Ada +\S+ +\d/)
    const trace = json(await place.latch(['inspect', 'm.safetensors', 'Ada sings', '--json']))
    expect(trace.tagged).toMatchObject({ tokens: ['Ada', 'sings'] })
    const info = await place.latch(['info', 'm.safetensors'])
    expect(info.stdout).toContain('tagger')
    expect(info.stdout).toMatch(/dropout +0\.4/)
    expect(info.stdout).toMatch(/wordCharacters +\(batch, steps, 72\)/)
    const exported = await place.latch(['export', 'm.safetensors', '--to', 'onnx'])
    expect(exported.code).not.toBe(0)
    expect(exported.stderr).toContain('which only a Latch file holds')
  })
})
