/** Labels of whole sentences beside tags, from the command line: train, resume, evaluate, predict and inspect. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Tagger } from '../../../latch/src/node.ts'
import { json, jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const rows = Array.from({ length: 48 }, (_, i) => {
  const [song, city] = [['jazz', 'rock', 'blues'][i % 3], ['paris', 'london', 'rome', 'oslo'][i % 4]]
  return i % 2
    ? { words: `play some ${song} now`, slots: 'O O B-song O', intent: 'PlayMusic' }
    : { words: `weather in ${city} please`, slots: 'O O B-city O', intent: 'GetWeather' }
})
const COLUMNS = ['--text', 'words', '--tags', 'slots', '--label', 'intent']
const SMALL = ['--task', 'tag', '--units', '8', '--embedding', '8', '--batch', '8', '--lr', '0.02']
const train = (...more: readonly string[]) =>
  place.latch(['train', 'train.jsonl', ...COLUMNS, ...SMALL, ...more])

beforeAll(async () => {
  place.write('train.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
  const csv = rows.slice(0, 8).map(({ words, slots, intent }) => `${words},${slots},${intent}`)
  place.write('test.csv', `words,slots,what\n${csv.join('\n')}\n`)
  const { code, stderr } = await train('--epochs', '15', '--out', 'm.safetensors')
  expect(stderr).toContain('15/15')
  expect(code).toBe(0)
})
afterAll(() => place.remove())

describe('--label beside --tags', () => {
  it('trains both, and prints how both do', async () => {
    const { stdout } = await train('--epochs', '1', '--out', 'one.safetensors')
    expect(stdout).toMatch(/label of the sentence right .*% {3}label and every tag right .*%/)
    const { settings } = await Tagger.load(place.path('m.safetensors'))
    expect(settings).toMatchObject({ sentenceLabel: 'intent', crf: true })
  })

  it('predicts both: as a line, as JSON, and as CoNLL that is read again', async () => {
    const text = 'play some rock now'
    const { stdout } = await place.latch(['predict', 'm.safetensors', text])
    expect(stdout.trim()).toBe('PlayMusic: play/O some/O rock/B-song now/O')
    const found = json(await place.latch(['predict', 'm.safetensors', text, '--json']))
    expect(found).toMatchObject({ sentence: { label: 'PlayMusic' }, tags: ['O', 'O', 'B-song', 'O'] })
    place.write('tokens.csv', 'words\nweather in rome please\nplay some jazz now\n')
    const file = ['--file', 'tokens.csv', '--text', 'words']
    const tagged = (await place.latch(['predict', 'm.safetensors', ...file])).stdout
    expect(tagged).toMatch(/^# intent = GetWeather\nweather\tO\nin\tO\nrome\tB-city\nplease\tO\n\n# intent =/)
    place.write('tagged.conll', tagged)
    const again = json(await place.latch(['evaluate', 'm.safetensors', 'tagged.conll', '--json']))
    expect(again).toMatchObject({ accuracy: 1, sentences: { accuracy: 1, exact: 1, n: 2 } })
    expect((await place.latch(['inspect', 'm.safetensors', text])).stdout).toContain('PlayMusic  ')
  })

  it('evaluates both, with the columns of another file', async () => {
    const args = ['evaluate', 'm.safetensors', 'test.csv', '--text', 'words', '--tags', 'slots']
    const { stdout } = await place.latch([...args, '--label', 'what'])
    expect(stdout).toMatch(
      /^label of the sentence right 100\.0% {3}label and every tag right 100\.0% {3}8 sentences/,
    )
    const wrong = await place.latch(args)
    expect(wrong.code).not.toBe(0)
    expect(wrong.stderr).toMatch(/expected the labels of sentences among the columns words, slots, what/)
  })

  it('resumes a killed run to the same bytes', async () => {
    const long = ['--epochs', '60', '--patience', 'off', '--quiet']
    expect((await train(...long, '--out', 'whole.safetensors')).code).toBe(0)
    const slow = [...long, '--checkpoint-every', '0.01', '--out', 'cut.safetensors']
    const cut = await place.latch(['train', 'train.jsonl', ...COLUMNS, ...SMALL, ...slow, '--json'], {
      watch: (child, stdout) => {
        if (stdout.split('"event":"epoch"').length > 4) child.kill('SIGKILL')
      },
    })
    expect(cut.code).toBeNull()
    expect(jsonLines(cut).length).toBeGreaterThan(0)
    const again = ['--task', 'tag', ...COLUMNS, '--resume', 'cut.checkpoint.safetensors', '--quiet']
    const { code, stderr } = await place.latch(['train', 'train.jsonl', ...again])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(readFileSync(place.path('cut.safetensors'))).toEqual(readFileSync(place.path('whole.safetensors')))
  })

  it('refuses labels where there are none', async () => {
    place.write('some.jsonl', '{"words":"play","slots":"O","intent":"PlayMusic"}\n{"words":"go","slots":"O"}')
    const bad = await place.latch(['train', 'some.jsonl', ...COLUMNS, ...SMALL])
    expect(bad.stderr).toContain(
      'some.jsonl, line 2: expected "intent", a label of the sentence, got nothing',
    )
    const plain = ['--text', 'words', '--label', 'slots', '--epochs', '1', '--out', 'plain.safetensors']
    expect((await place.latch(['train', 'train.jsonl', ...SMALL, ...plain])).code).toBe(0)
    const given = await place.latch(['evaluate', 'plain.safetensors', 'train.jsonl', ...COLUMNS])
    expect(given.code).toBe(2)
    expect(given.stderr).toMatch(
      /--label intent: expected a tagger that was trained with labels of sentences, got one without/,
    )
    const lm = await place.latch(['train', 'train.jsonl', '--task', 'lm', '--tags', 'slots'])
    expect(lm.stderr).toContain('got --tags')
  })
})
