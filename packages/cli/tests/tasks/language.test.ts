/** Language models from the command line: train, resume, evaluate, inspect and generate. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LanguageModel } from '../../../latch/src/node.ts'
import { jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const SENTENCES = ['the cat sees the sky.', 'the dog sees the sea.', 'a bird hears the river.']
const corpus = Array.from({ length: 240 }, (_, i) => SENTENCES[(i * 7 + (i >> 3)) % 3])
const SMALL = ['--task', 'lm', '--units', '16', '--embedding', '8', '--steps', '16', '--seed', '3']
const train = (...more: readonly string[]) => place.latch(['train', 'corpus.txt', ...SMALL, ...more])

beforeAll(async () => {
  place.write('corpus.txt', `${corpus.join('\n')}\n`)
  place.write('other.txt', 'the cat hears the sea.\na dog sees the river.')
  place.write('rows.csv', `story,n\n${corpus.map((text, i) => `"${text}",${i}`).join('\n')}\n`)
  const { code, stderr } = await train('--epochs', '4', '--out', 'm.safetensors')
  expect(stderr).toContain('4/4')
  expect(code).toBe(0)
})
afterAll(() => place.remove())

describe('latch train --task lm', () => {
  it('learns byte pairs, and writes and scores with them', async () => {
    const pairs = ['--tokens', 'bpe', '--max-vocabulary', '300', '--batch', '8']
    const { code, stdout } = await train('--epochs', '1', ...pairs, '--out', 'bpe.safetensors')
    expect([code, stdout]).toEqual([0, expect.stringContaining('bpe.safetensors')])
    const model = await LanguageModel.load(place.path('bpe.safetensors'))
    expect([model.summary().tokens, model.vocabulary.size <= 300]).toEqual(['bpe', true])
    const written = await place.latch(['generate', 'bpe.safetensors', '--prime', 'the ü', '--length', '9'])
    expect([written.code, written.stdout.startsWith('the ü')]).toEqual([0, true])
    const scored = await place.latch(['inspect', 'bpe.safetensors', 'the cat sees the sky'])
    expect([scored.code, scored.stdout]).toEqual([0, expect.stringContaining('nats')])
    place.write('labels.csv', 'text,label\na b,x\nc d,y\n')
    const refused = await place.latch(['train', 'labels.csv', '--tokens', 'bpe'])
    expect(refused.stderr).toMatch(/tokens: expected .*words.*chars.*whitespace/)
  })

  it('is the fit of the library, and compares with n-grams', async () => {
    const ran = await train('--epochs', '2', '--json', '--out', 'two.safetensors', '--reproducible')
    const done = jsonLines(ran).at(-1)!
    expect(done).toMatchObject({ event: 'done', model: 'two.safetensors', epochs: 2, test: null })
    const { unigram, fiveGram } = done.ngrams as Record<string, number>
    expect(fiveGram).toBeLessThan(unigram)
    expect(unigram).toBeLessThan(Math.log(done.vocabulary as number))
    const { languageModel } = await import('../../../latch/src/node.ts')
    const model = languageModel({ units: 16, embedding: 8, steps: 16, reproducible: true })
    await model.fit(corpus.join('\n'), { epochs: 2, seed: 3 })
    const saved = await LanguageModel.load(place.path('two.safetensors'), { reproducible: true })
    expect(saved.score('the cat sees').nats).toBe(model.score('the cat sees').nats)
  })

  it('prints how the model does, and commands that run as printed', async () => {
    const { stdout } = await train('--epochs', '1', '--test', 'other.txt', '--out', 'one.safetensors')
    expect(stdout).toMatch(/^Trained lstm: \d+ different tokens, [\d,]+ parameters, 1 epoch/)
    expect(stdout).toMatch(/Test: loss \d/)
    expect(stdout).toMatch(/\(5-grams\) and \d\.\d+\s\(unigrams\)/)
    const commands = stdout.split('\n').filter((line) => line.startsWith('  $ '))
    expect(commands).toHaveLength(2)
    for (const command of commands) {
      const [, name, path, rest] = /(generate|inspect) (\S+) (.*)$/.exec(command)!
      const text = /'(.*)'$/.exec(rest)![1]
      const args = name === 'generate' ? ['--prime', text] : [text]
      expect((await place.latch([name, path, ...args])).code, command).toBe(0)
    }
  })

  it('reads the lines of a text, or a column of a table, as texts that end', async () => {
    for (const given of [
      ['corpus.txt', '--lines'],
      ['rows.csv', '--text', 'story'],
    ]) {
      const reset = ['--reset-states', given.includes('--lines') ? 'yes' : 'no']
      const out = ['--force', '--out', 'lines.safetensors']
      const args = ['train', ...given, ...SMALL, ...reset, '--epochs', '1', ...out]
      const { code, stderr } = await place.latch(args)
      expect(stderr).not.toMatch(/error/)
      expect(code).toBe(0)
      const model = await LanguageModel.load(place.path('lines.safetensors'))
      expect(model.vocabulary.has('<end>')).toBe(true)
      expect(model.settings.resetStates).toBe(given.includes('--lines'))
    }
  })

  it('resumes an interrupted run to the same bytes', async () => {
    const whole = await train('--epochs', '40', '--patience', 'off', '--out', 'whole.safetensors', '--quiet')
    expect(whole.code).toBe(0)
    const slow = [
      '--epochs',
      '40',
      '--patience',
      'off',
      '--checkpoint-every',
      '0.01',
      '--out',
      'cut.safetensors',
    ]
    let epochs = 0
    const cut = await place.latch(['train', 'corpus.txt', ...SMALL, ...slow, '--json'], {
      watch: (child, stdout) => {
        const now = stdout.split('"event":"epoch"').length
        if (now > 2 && epochs <= 2) child.kill('SIGINT')
        epochs = now
      },
    })
    expect(cut.code).toBe(130)
    const { resume } = jsonLines(cut).at(-1) as { resume: string }
    expect(resume).toContain('--task lm')
    const words = resume.slice(resume.indexOf(' train ') + 1).split(' ')
    expect((await place.latch(words)).code).toBe(0)
    expect(readFileSync(place.path('cut.safetensors'))).toEqual(readFileSync(place.path('whole.safetensors')))
  })

  it('takes the options of AWD-LSTM, and a classifier refuses them', async () => {
    const own = ['--tied', '--locked-dropout', '--embedding-dropout', '0.1', '--weight-dropout', '0.3']
    const more = [
      '--zoneout',
      'cell=0.05',
      '--activation-penalty',
      'alpha=2',
      '--dropout',
      'input=0.3,layers=0.2',
    ]
    const ran = await train(...own, ...more, '--epochs', '1', '--out', 'awd.safetensors')
    expect(ran.code, ran.stderr).toBe(0)
    expect((await LanguageModel.load(place.path('awd.safetensors'))).settings).toMatchObject({
      tied: true,
      lockedDropout: true,
      embeddingDropout: 0.1,
      weightDropout: 0.3,
      zoneout: { hidden: 0, cell: 0.05 },
      activationPenalty: { alpha: 2, beta: 0 },
      dropout: { input: 0.3, layers: 0.2, output: 0.1 },
    })
    const refused = await place.latch(['train', 'rows.csv', ...own, '--dropout', 'input=0.1'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(
      'got --tied, --locked-dropout, --embedding-dropout, --weight-dropout, --dropout input=',
    )
    const { code, stderr } = await train('--zoneout', 'state=0.1')
    expect(code).toBe(2)
    expect(stderr).toContain('names: hidden, cell')
  })

  it.each([
    [['--pooling', 'max', '--cell', 'bag'], '--pooling, --cell bag'],
    [['--label', 'mood'], '--label'],
    [['--dropout', 'words=0.2,input=0.1'], '--dropout words='],
    [['--from', 'm.safetensors', '--tied'], '--units, --embedding, --steps, --tied'],
  ])('refuses options that it does not have: %j', async (options, named) => {
    const { code, stderr } = await train(...options)
    expect(code).toBe(2)
    expect(stderr).toContain(`got ${named}`)
  })

  it('refuses a text that is shorter than a batch, with numbers', async () => {
    place.write('short.txt', 'ab ab')
    const { code, stderr } = await place.latch(['train', 'short.txt', ...SMALL])
    expect(code).not.toBe(0)
    expect(stderr).toContain('expected at least 33 tokens, for 32 parts side by side, got 5')
  })
})

describe('latch generate', () => {
  const generate = (...more: readonly string[]) => place.latch(['generate', 'm.safetensors', ...more])

  it('writes what the library writes', async () => {
    const options = [
      '--prime',
      'the ',
      '--length',
      '30',
      '--temperature',
      '0.7',
      '--top-k',
      '5',
      '--seed',
      '2',
    ]
    const { stdout, code } = await generate(...options)
    const model = await LanguageModel.load(place.path('m.safetensors'))
    const text = model.generate({ prime: 'the ', length: 30, temperature: 0.7, topK: 5, seed: 2 }).text()
    expect(code).toBe(0)
    expect(stdout).toBe(`the ${text}\n`)
    const lines = jsonLines(await generate(...options, '--json'))
    expect(lines.at(-1)).toEqual({ prime: 'the ', text })
    expect(
      lines
        .slice(0, -1)
        .map(({ piece }) => piece)
        .join(''),
    ).toBe(text)
  })

  it('writes the likeliest text with --beams, and as JSON all that were found', async () => {
    const options = ['--prime', 'the ', '--length', '12', '--beams', '3', '--length-penalty', '0.5']
    const model = await LanguageModel.load(place.path('m.safetensors'))
    const found = model.beamSearch({ prime: 'the ', length: 12, beams: 3, lengthPenalty: 0.5 })
    const { stdout, code } = await generate(...options)
    expect(code).toBe(0)
    expect(stdout).toBe(`the ${found[0].text}\n`)
    expect(jsonLines(await generate(...options, '--json'))).toEqual([
      { prime: 'the ', text: found[0].text, continuations: found },
    ])
  })

  it('ends before any of several texts', async () => {
    const { stdout } = await generate('--prime', 'the ', '--stop', '.', '--stop', '\n', '--seed', '5')
    expect(stdout.trimEnd()).not.toMatch(/[.\n]/)
  })

  it('stops on Ctrl-C with what it has written', async () => {
    const endless = ['generate', 'm.safetensors', '--prime', 'the ', '--length', '100000000', '--json']
    let sent = false
    const ran = await place.latch(endless, {
      watch: (child) => {
        if (!sent) child.kill('SIGINT')
        sent = true
      },
    })
    expect(ran.code).toBe(130)
    expect(jsonLines(ran).at(-2)).toEqual({ event: 'interrupted' })
  })

  it('refuses a prime it cannot read, and models of other tasks', async () => {
    const strange = await generate('--prime', 'Ω')
    expect(strange.stderr).toContain('"Ω"')
    expect(strange.code).toBe(1)
    const none = await generate()
    expect(none.stderr).toContain('at least one token')
  })
})

describe('latch evaluate and inspect', () => {
  it('say how well a text is predicted, beside n-grams', async () => {
    const args = ['evaluate', 'm.safetensors', 'other.txt', '--ngrams', 'corpus.txt']
    const { stdout, code } = await place.latch(args)
    expect(code).toBe(0)
    expect(stdout).toMatch(/nats a token {3}perplexity/)
    expect(stdout).toMatch(/5-grams \d/)
    const [json] = jsonLines(await place.latch([...args, '--json']))
    const model = await LanguageModel.load(place.path('m.safetensors'))
    const own = await model.evaluate('the cat hears the sea.\na dog sees the river.')
    expect(json.loss).toBeCloseTo(own.loss, 6)
    expect(json.kind).toBe('tokens')
  })

  it('show which tokens surprise the model', async () => {
    const { stdout } = await place.latch(['inspect', 'm.safetensors', 'the cat zees'])
    expect(stdout).toContain('Surprise by token')
    const [json] = jsonLines(await place.latch(['inspect', 'm.safetensors', 'the cat sees', '--json']))
    const model = await LanguageModel.load(place.path('m.safetensors'))
    expect((json.score as { nats: number }).nats).toBeCloseTo(model.score('the cat sees').nats, 6)
  })
})
