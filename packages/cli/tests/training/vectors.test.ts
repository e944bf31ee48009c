/** `latch train --vectors`: an embedding that begins with pretrained vectors. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TextClassifier } from '../../../latch/src/node.ts'
import { comments, csv, jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const QUICK = ['--text', 'comment', '--label', 'mood', '--epochs', '2', '--units', '4', '--seed', '4']
const VECTORS = 'film 1 2 3\nFilm 9 9 9\nfilm 7 7 7\nmeal 4 5 6\nelsewhere 1 1 1\n'

beforeAll(() => {
  place.write('data.csv', csv(comments(300)))
  place.write('glove.txt.gz', gzipSync(VECTORS))
  place.write('glove.txt', VECTORS)
  place.write('names.conll', 'the O\nfilm B-X\n\na O\nmeal B-X\n\nfilm B-X\nmeal O\n')
})
afterAll(() => place.remove())

describe('latch train --vectors', () => {
  it('reports what they cover, and keeps them where they are frozen', async () => {
    const args = ['train', 'data.csv', ...QUICK, '--vectors', 'glove.txt.gz', '--frozen', 'embedding.0']
    const ran = await place.latch([...args, '--json', '--out', 'm.safetensors'])
    expect(ran.stderr).not.toContain('Error')
    const done = jsonLines(ran).at(-1) as { vectors: object; warnings: string[] }
    expect(done.vectors).toMatchObject({ source: 'glove.txt.gz', width: 3, rows: 5, duplicates: 1 })
    expect(done.warnings[0]).toMatch(/^The vectors of glove\.txt\.gz cover 2 of \d+ words of the vocabulary/)
    const model = await TextClassifier.load(place.path('m.safetensors'))
    const at = 3 * model.vocabulary.tokens.indexOf('film')
    expect([...model.network.readParameter('embedding.0.weight').subarray(at, at + 3)]).toEqual([1, 2, 3])
    const tuned = await place.latch([...args, '--frozen-epochs', '1', '--out', 't.safetensors'])
    expect(tuned.code).toBe(0)
    expect(`${tuned.stdout}${tuned.stderr}`).toContain('The vectors of glove.txt.gz cover 2 of')
    const other = await TextClassifier.load(place.path('t.safetensors'))
    expect([...other.network.readParameter('embedding.0.weight').subarray(at, at + 3)]).not.toEqual([1, 2, 3])
  })

  it('keeps the first words of the file that no row has, if asked', async () => {
    const args = ['train', 'data.csv', ...QUICK, '--vectors', 'glove.txt', '--unseen-words', '9']
    const ran = await place.latch([...args, '--json', '--out', 'more.safetensors'])
    expect(jsonLines(ran).at(-1)).toMatchObject({ vectors: { unseen: 1 } })
    const model = await TextClassifier.load(`${place.folder}/more.safetensors`)
    expect(model.vocabulary.tokens.at(-1)).toBe('elsewhere')
  })

  it('is for taggers too', async () => {
    const ran = await place.latch([
      'train',
      'names.conll',
      '--task',
      'tag',
      '--vectors',
      'glove.txt',
      '--epochs',
      '1',
      '--units',
      '2',
      '--validation',
      '0',
      '--json',
      '--out',
      'tags.safetensors',
    ])
    expect(jsonLines(ran).at(-1)).toMatchObject({
      event: 'done',
      vectors: { vocabulary: { covered: 2, total: 4 } },
    })
  })

  it.each<[string, string[], string]>([
    [
      'another width',
      ['--vectors', 'glove.txt', '--embedding', '64'],
      '--vectors: expected vectors of 64 numbers, the width of the embedding, got vectors of 3. Use `--embedding 3` to take the width of the vectors.',
    ],
    ['a file that is not there', ['--vectors', 'glvoe.txt'], 'glvoe.txt'],
    [
      'standard input',
      ['--vectors', '-'],
      '--vectors: expected a file, got standard input. Write the vectors to a file',
    ],
    [
      'a table',
      ['--vectors', 'data.csv'],
      'data.csv: expected word vectors (GloVe, word2vec, or fastText .vec)',
    ],
    [
      'the vectors as the model',
      ['--vectors', 'glove.txt', '--out', 'glove.txt'],
      'the vectors of `--vectors`',
    ],
    [
      'a saved model',
      ['--vectors', 'glove.txt', '--from', 'm.safetensors'],
      'Omit --vectors: the saved model has its network.',
    ],
    [
      'no frozen layers',
      ['--frozen-epochs', '2'],
      'fit option frozenEpochs: expected null for a run without frozen layers, got 2. Use `--frozen embedding.0`',
    ],
    [
      'words of no file',
      ['--unseen-words', '5'],
      '--unseen-words: expected `--vectors` beside it, got no vectors. Add `--vectors FILE`, or omit `--unseen-words`.',
    ],
    ['another task', ['--task', 'lm', '--vectors', 'glove.txt'], 'Omit --vectors.'],
  ])('is refused with %s', async (_, args, message) => {
    const typed = args.includes('lm')
      ? ['train', 'data.csv']
      : ['train', 'data.csv', ...(args.includes('--from') ? QUICK.slice(0, 6) : QUICK)]
    const { code, stderr } = await place.latch([...typed, ...args])
    expect(stderr.replace(/\s+/g, ' ')).toContain(message)
    expect(code).toBeGreaterThan(0)
  })
})
