/** Sequence-to-sequence models from the command line: train, resume, evaluate, predict, inspect and info. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SequenceToSequence } from '../../../latch/src/node.ts'
import { json, jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
/** A table of short words. */
const csv = (rows: readonly Record<string, string>[]) =>
  [Object.keys(rows[0]), ...rows.map((row) => Object.values(row))].map((cells) => cells.join(',')).join('\n')
/** Letters, to be written backwards. */
const pairs = Array.from({ length: 60 }, (_, i) => {
  const word = Array.from(
    { length: 2 + (i % 3) },
    (_letter, k) => 'abcd'[(i * 7 + k * 3 + (i >> 2)) % 4],
  ).join('')
  return { word, turned: word.split('').reverse().join('') }
})
const SMALL =
  '--task seq2seq --units 8 --embedding 8 --batch 8 --seed 3 --lr 0.02 --source word --target turned'.split(
    ' ',
  )
const train = (...more: readonly string[]) => place.latch(['train', 'words.csv', ...SMALL, ...more])

beforeAll(async () => {
  place.write('words.csv', csv(pairs))
  place.write('test.csv', csv(pairs.slice(0, 20)))
  const { code, stderr } = await train('--epochs', '6', '--out', 'm.safetensors')
  expect(stderr).toContain('6/6')
  expect(code).toBe(0)
})
afterAll(() => place.remove())

describe('latch train --task seq2seq', () => {
  it('is the fit of the library, and evaluates what is held out or the test', async () => {
    const ran = await train(
      '--epochs',
      '2',
      '--json',
      '--test',
      'test.csv',
      '--out',
      'two.safetensors',
      '--reproducible',
    )
    expect(ran.code).toBe(0)
    const done = jsonLines(ran).at(-1)!
    const model = await SequenceToSequence.load(place.path('two.safetensors'), { reproducible: true })
    const rows = pairs.map(({ word, turned }) => ({ source: word, target: turned }))
    const own = await model.evaluate(rows.slice(0, 20))
    expect(done.test).toEqual(JSON.parse(JSON.stringify(own)))
    expect(done.event).toBe('done')
    const plain = await train('--epochs', '1', '--out', 'one.safetensors')
    expect(plain.stdout).toMatch(/Trained gru with general attention on 54 rows/)
    expect(plain.stdout).toMatch(/Validation: exact \d/)
    expect(plain.stdout).toMatch(/source {2}\w+\nmodel {3}/)
    const sampled = await train(
      '--epochs',
      '1',
      '--scheduled-sampling',
      'inverse-sigmoid:k=3',
      '--out',
      's.safetensors',
    )
    expect(sampled.code).toBe(0)
    const { settings } = await SequenceToSequence.load(place.path('s.safetensors'))
    expect(settings.scheduledSampling).toEqual({ type: 'inverseSigmoid', k: 3 })
    const wrong = await train('--scheduled-sampling', 'linear')
    expect(wrong.stderr).toContain('linear:slope=NUMBER')
    const dotted = await train(
      '--epochs',
      '1',
      '--attention',
      'dot',
      '--target-tokens',
      'whitespace',
      '--out',
      'd.safetensors',
    )
    expect(dotted.stdout).toContain('dot attention')
  })

  it('finds two columns, or those named source and target', async () => {
    place.write('pairs.csv', csv(pairs))
    const options = '--task seq2seq --units 4 --epochs 1 --out p.safetensors --force'.split(' ')
    expect((await place.latch(['train', 'pairs.csv', ...options])).code).toBe(0)
    const three = pairs.map(({ word, turned }, i) => ({ id: String(i), target: turned, source: word }))
    place.write('three.csv', csv(three))
    expect((await place.latch(['train', 'three.csv', ...options])).code).toBe(0)
    place.write('other.csv', csv(three.map(({ id, source, target }) => ({ id, a: source, b: target }))))
    const none = await place.latch(['train', 'other.csv', ...options])
    expect(none.stderr).toMatch(/two columns, or columns named source and target, got 3/)
    expect(none.code).toBe(2)
    const same = await place.latch(['train', 'pairs.csv', ...options, '--source', 'word', '--target', 'word'])
    expect(same.stderr).toContain('different columns')
  })

  it('resumes after Ctrl-C to the same bytes', async () => {
    const long = ['--epochs', '60', '--patience', 'off', '--engine', 'reference']
    const whole = await train(...long, '--out', 'whole.safetensors')
    expect(whole.code).toBe(0)
    const args = ['train', 'words.csv', ...SMALL, ...long, '--out', 'part.safetensors', '--json']
    let sent = false
    const stopped = await place.latch(args, {
      watch: (child, stdout) => {
        if (sent || !stdout.includes('"epoch":2')) return
        sent = true
        child.kill('SIGINT')
      },
    })
    expect(stopped.code).toBe(130)
    const resume = ['--resume', 'part.checkpoint.safetensors', '--source', 'word', '--target', 'turned']
    expect((await place.latch(['train', 'words.csv', '--task', 'seq2seq', ...resume])).code).toBe(0)
    expect(readFileSync(place.path('part.safetensors'))).toEqual(
      readFileSync(place.path('whole.safetensors')),
    )
  })

  it('names the row that it cannot use, and options of other tasks', async () => {
    place.write('gap.csv', 'word,turned\nab,ba\n,ab\ncd,dc\n')
    const gap = await place.latch(['train', 'gap.csv', ...SMALL, '--out', 'g.safetensors'])
    expect(gap.stderr).toMatch(/gap\.csv, row 1, source: expected a text with at least one token/)
    const wrong = await train('--pooling', 'max')
    expect(wrong.stderr).toMatch(/expected options of a sequence-to-sequence model, got --pooling/)
    const other = await place.latch(['train', 'words.csv', '--attention', 'dot'])
    expect(other.stderr).toContain('Add `--task seq2seq`')
    const named = await place.latch(['train', 'words.csv', '--task', 'seq2seq', '--text', 'word'])
    expect(named.stderr).toContain('Name the columns with `--source` and `--target`.')
    expect(named.code).toBe(2)
  })
})

describe('a saved sequence-to-sequence model', () => {
  it('reports pairs that it cannot read, and leaves them out if asked', async () => {
    place.write('odd.csv', `word,turned\nabc,cba\nab,\nab,${'a'.repeat(500)}\n`)
    const args = 'evaluate m.safetensors odd.csv --source word --target turned --json'.split(' ')
    const refused = await place.latch(args)
    expect(refused.code).toBe(1)
    expect(
      jsonLines(refused)
        .slice(0, 2)
        .map(({ row }) => row),
    ).toEqual([1, 2])
    expect(refused.stderr).toContain('Use `--skip-bad-rows` to evaluate the other rows.')
    const kept = await place.latch([...args, '--skip-bad-rows'])
    expect(kept.code).toBe(0)
    expect(jsonLines(kept).at(-1)).toMatchObject({ n: 1 })
    expect(kept.stderr).toContain('left out 2 of 3 rows')
  })

  it('predicts texts, also as JSON', async () => {
    const model = await SequenceToSequence.load(place.path('m.safetensors'))
    const { stdout } = await place.latch(['predict', 'm.safetensors', 'abc', 'dd'])
    const [first, second] = ['abc', 'dd'].map((text) => model.predict(text))
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(lines.map(([text, , source]) => [text, source])).toEqual([
      [first.text, 'abc'],
      [second.text, 'dd'],
    ])
    const answers = jsonLines(await place.latch(['predict', 'm.safetensors', 'abc', 'dd', '--json']))
    expect(answers[0]).toMatchObject({ text: first.text, ended: first.ended })
    const unknown = await place.latch(['predict', 'm.safetensors', ''])
    expect(unknown.stderr).toMatch(/^error: source: expected a text/m)
  })

  it('finds likelier texts by beam search, and prints several', async () => {
    const model = await SequenceToSequence.load(place.path('m.safetensors'))
    const found = model.beamSearch(['abc', 'dd'], { beams: 4, lengthPenalty: 0.5 })
    expect(found[1]).toEqual(model.beamSearch('dd', { beams: 4, lengthPenalty: 0.5 }))
    const beams = ['--beams', '4', '--length-penalty', '0.5']
    const one = await place.latch(['predict', 'm.safetensors', 'abc', 'dd', ...beams])
    const cells = (stdout: string) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'))
    expect(cells(one.stdout).map(([text, , source]) => [text, source])).toEqual([
      [found[0][0].text, 'abc'],
      [found[1][0].text, 'dd'],
    ])
    const two = await place.latch(['predict', 'm.safetensors', 'abc', ...beams, '--top', '2'])
    const [[first, , second, , source]] = cells(two.stdout)
    expect([first, second, source]).toEqual([found[0][0].text, found[0][1].text, 'abc'])
    const [asJson] = jsonLines(
      await place.latch(['predict', 'm.safetensors', 'dd', ...beams, '--top', '3', '--json']),
    )
    expect((asJson.top as { text: string }[]).map(({ text }) => text)).toEqual(
      found[1].slice(0, 3).map(({ text }) => text),
    )
    for (const [wrong, message] of [
      [['--top', '2'], 'Add `--beams 5`, or omit `--top`.'],
      [['--length-penalty', '1'], 'Add `--beams 5`, or omit `--length-penalty`.'],
      [[...beams, '--top', '5'], 'Keep as many beginnings: `--beams 5`.'],
      [['--text', 'word', '--file', 'test.csv'], 'Name the columns with `--source` and `--target`.'],
    ] as const) {
      const refused = await place.latch([
        'predict',
        'm.safetensors',
        ...(wrong.includes('--file' as never) ? [] : ['abc']),
        ...wrong,
      ])
      expect(refused.stderr).toContain(message)
      expect(refused.code).toBe(2)
    }
  })

  it('reads the sources of a table, and reports those that it cannot read', async () => {
    const named = await place.latch(['predict', 'm.safetensors', '--file', 'test.csv', '--source', 'word'])
    expect(named.code).toBe(0)
    expect(named.stdout.trimEnd().split('\n')).toHaveLength(20)
    place.write('sources.csv', 'id,source\n1,ab\n2,\n3,cd\n')
    const found = await place.latch(['predict', 'm.safetensors', '--file', 'sources.csv', '--beams', '2'])
    expect(
      found.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t').at(-1)),
    ).toEqual(['ab', '', 'cd'])
    expect(found.stderr).toMatch(/sources\.csv, row 1: source: expected a text/)
    expect(found.code).toBe(1)
    const unnamed = await place.latch(['predict', 'm.safetensors', '--file', 'test.csv'])
    expect(unnamed.stderr).toContain('Name it with `--source`.')
    expect(unnamed.code).toBe(2)
  })

  it('evaluates, shows its attention, and says what it is', async () => {
    const evaluated = await place.latch([
      'evaluate',
      'm.safetensors',
      'test.csv',
      '--source',
      'word',
      '--target',
      'turned',
    ])
    expect(evaluated.stdout).toMatch(/exact .* edits a token .* nats a token .*20 rows/)
    const data = ['test.csv', '--source', 'word', '--target', 'turned']
    const beams = ['--beams', '3', '--length-penalty', '0.5']
    const searched = json(await place.latch(['evaluate', 'm.safetensors', ...data, ...beams, '--json']))
    const rows = pairs.slice(0, 20).map(({ word, turned }) => ({ source: word, target: turned }))
    const loaded = await SequenceToSequence.load(place.path('m.safetensors'))
    const { labels: _, ...metrics } = await loaded.evaluate(rows, { beams: 3, lengthPenalty: 0.5 })
    expect(searched).toMatchObject({ ...metrics, beams: 3 })
    const penalty = await place.latch(['evaluate', 'm.safetensors', ...data, '--length-penalty', '1'])
    expect(penalty.stderr).toContain('Add `--beams 5`, or omit `--length-penalty`.')
    const printed = await place.latch(['evaluate', 'm.safetensors', ...data, '--beams', '2'])
    expect(printed.stdout).toContain('by beam search with 2 beams')
    const shown = await place.latch(['inspect', 'm.safetensors', 'abca'])
    expect(shown.stdout).toContain('a b c a')
    expect(shown.stdout).toMatch(/[░▒▓█]/)
    // A row for each token of the source, then one for each token that the decoder reads.
    expect(shown.stdout).toMatch(
      /encoder\nstep +token +keeps +‖∂L\/∂h‖\n +0 +a .*\n +1 +b .*\n +2 +c .*\n +3 +a /,
    )
    expect(shown.stdout).toMatch(/decoder\nstep +token +keeps +output +‖∂L\/∂h‖\n +0 +<end> /)
    for (const kind of ['gates', 'flow']) {
      const drawn = ['inspect', 'm.safetensors', 'abca', '--svg', `${kind}.svg`, '--picture', kind]
      expect((await place.latch(drawn)).code).toBe(0)
      const svg = readFileSync(place.path(`${kind}.svg`), 'utf8')
      expect(svg).toContain(
        `→ ${(await SequenceToSequence.load(place.path('m.safetensors'))).predict('abca').text}`,
      )
      expect(svg).toContain('decoder')
    }
    const report = await place.latch(['inspect', 'm.safetensors', 'abca', '--html', 'report.html'])
    expect(report.stdout).toContain('self-contained page')
    const model = await SequenceToSequence.load(place.path('m.safetensors'))
    const { attention, trace } = json(await place.latch(['inspect', 'm.safetensors', 'abca', '--json'])) as {
      attention: number[][]
      trace: { target: string; source: { tokens: string[] }; layers: { side: string; steps: unknown[] }[] }
    }
    const own = model.predict('abca')
    expect(attention).toEqual(own.attention)
    expect(trace.target).toBe(own.text)
    expect(trace.source.tokens).toEqual(['a', 'b', 'c', 'a'])
    const written = own.tokens.length + Number(own.ended)
    expect(trace.layers.map(({ side, steps }) => `${side} ${steps.length}`)).toEqual([
      'encoder 4',
      'encoder 4',
      `decoder ${written}`,
    ])
    const refused = await place.latch(['inspect', 'm.safetensors', 'abca', '--label', 'a'])
    expect(refused.stderr).toContain('Omit --label')
    const info = await place.latch(['info', 'm.safetensors'])
    expect(info.stdout).toContain('encoderDecoder')
    const exported = await place.latch(['export', 'm.safetensors', '--to', 'onnx', '--out', 'onnx'])
    expect(exported.stdout).toMatch(/onnx\/m\.encoder\.onnx[^]*onnx\/m\.decoder\.onnx/)
    const none = await place.latch(['export', 'm.safetensors', '--to', 'torch', '--out', 'm.torch'])
    expect(none.stderr).toContain('only a Latch file holds')
  })
})
