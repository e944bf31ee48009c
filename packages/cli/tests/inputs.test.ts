/** What the commands read: several text columns, JSON arrays, folders of texts, lines of a label and a text. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { comments, json, jsonLines, Workplace } from './cliHelpers.ts'

const place = new Workplace()
const rows = comments(48)
const QUICK = '--cell bag --epochs 1 --quiet'.split(' ')

/** Titles and bodies in columns of their own, and both as one. */
const halves = rows.map(({ comment, mood }) => {
  const [title, body] = comment.split(', ')
  return { id: 'x', title, body, both: `${title} ${body}`, mood }
})
const table = (names: readonly (keyof (typeof halves)[number])[], of = halves) =>
  `${names.join(',')}\n${of.map((row) => names.map((name) => row[name]).join(',')).join('\n')}\n`

async function train(data: string, out: string, ...more: string[]) {
  const ran = await place.latch(['train', data, ...QUICK, '--out', out, ...more])
  expect([ran.code, ran.stderr]).toEqual([0, ''])
  return ran
}
const predict = (model: string, ...args: string[]) =>
  place.latch(['predict', model, '--json', '--file', ...args]).then(jsonLines)

beforeAll(async () => {
  place.write('halves.csv', table(['id', 'title', 'body', 'mood']))
  place.write('both.csv', table(['both', 'mood']))
  place.write('array.json', JSON.stringify(halves))
  for (const { title, body, mood } of halves) {
    const folder = place.path(`folder/${mood}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}/${title} ${body}.txt`, `${title} ${body}\n`)
  }
  place.write('fasttext.txt', halves.map(({ both, mood }) => `__label__${mood} ${both}\n`).join(''))
  place.write('lines.txt', halves.map(({ both, mood }) => `${mood} ${both}\n`).join(''))
  await train('halves.csv', 'two.safetensors', '--text', 'title,body', '--label', 'mood')
  await train('both.csv', 'one.safetensors', '--text', 'both', '--label', 'mood')
})
afterAll(() => place.remove())

describe('several text columns', () => {
  it('train the same weights as one column with both', async () => {
    const info = async (model: string) => json(await place.latch(['info', model, '--json'])).parameters
    expect(await info('two.safetensors')).toEqual(await info('one.safetensors'))
    expect(await predict('two.safetensors', 'halves.csv')).toEqual(
      await predict('one.safetensors', 'both.csv'),
    )
  })

  it('are kept in the model: predict and evaluate on a table name them no more', async () => {
    const named = await predict('two.safetensors', 'halves.csv', '--text', 'title,body')
    expect(await predict('two.safetensors', 'halves.csv')).toEqual(named)
    expect(await predict('two.safetensors', 'halves.csv', '--text', 'title')).not.toEqual(named)
    const noted = await place.latch(['predict', 'two.safetensors', '--file', 'halves.csv'])
    expect(noted.stderr).toContain('texts from columns "title", "body" (as in training)')
    const evaluate = async (model: string, data: string) =>
      json(await place.latch(['evaluate', model, data, '--label', 'mood', '--json'])).accuracy
    expect(await evaluate('two.safetensors', 'halves.csv')).toBe(
      await evaluate('one.safetensors', 'both.csv'),
    )
  })

  it('are found again by --from and by a table of --test', async () => {
    const more = '--from two.safetensors --label mood --epochs 1 --out more.safetensors'.split(' ')
    const from = await place.latch(['train', 'halves.csv', ...more])
    expect(from.code).toBe(0)
    expect(from.stderr).toContain('texts from columns "title", "body" (as in training)')
    await train(
      'halves.csv',
      'tested.safetensors',
      '--text',
      'title,body',
      '--label',
      'mood',
      '--test',
      'halves.csv',
    )
    expect(await predict('tested.safetensors', 'halves.csv')).toEqual(
      await predict('one.safetensors', 'both.csv'),
    )
  })

  it('quote a name that holds a comma', async () => {
    place.write('comma.csv', table(['both', 'mood']).replace('both', '"a, b"'))
    await train('comma.csv', 'comma.safetensors', '--text', '"a, b"', '--label', 'mood')
    expect(await predict('comma.safetensors', 'comma.csv')).toHaveLength(rows.length)
  })

  it('the label among them is refused', async () => {
    const { code, stderr } = await place.latch([
      'train',
      'halves.csv',
      '--text',
      'title,mood',
      '--label',
      'mood',
    ])
    expect(code).toBe(2)
    expect(stderr).toContain('expected different columns for texts and labels, got column "mood" for both')
  })

  it.each([
    ['train', 'halves.csv', '--text', 'titel', '--label', 'mood'],
    ['train', 'halves.csv', '--text', 'title,bdy', '--label', 'mood'],
    ['train', 'halves.csv', '--text', 'title', '--label', 'moods'],
    ['evaluate', 'one.safetensors', 'both.csv', '--text', '7'],
    ['predict', 'one.safetensors', '--file', 'both.csv', '--text', 'bth'],
    ['compare', 'both.csv', '--label', 'md'],
  ])('%s %s %s %s … of a column that is not there is wrong usage', async (...args) => {
    const { code, stderr } = await place.latch(args)
    expect(code).toBe(2)
    expect(stderr).toMatch(/got (the columns|\d+ columns)/)
  })
})

describe('other files', () => {
  it('a JSON array of objects trains and is predicted', async () => {
    await train('array.json', 'array.safetensors', '--text', 'both', '--label', 'mood')
    expect(await predict('array.safetensors', 'array.json')).toEqual(
      await predict('one.safetensors', 'both.csv'),
    )
  })

  it('a folder with a subfolder for each class is predicted as the table of its texts', async () => {
    const answers = await predict('one.safetensors', 'folder')
    expect(answers).toHaveLength(halves.length)
    // In the order of the names, class by class.
    const texts = [...halves].sort((a, b) => (`${a.mood}/${a.both}.txt` < `${b.mood}/${b.both}.txt` ? -1 : 1))
    place.write('sorted.csv', table(['both'], texts))
    expect(answers).toEqual(await predict('one.safetensors', 'sorted.csv', '--text', 'both'))
    const { code, stderr } = await place.latch([
      'predict',
      'one.safetensors',
      '--file',
      'folder',
      '--text',
      'b',
    ])
    expect([code, stderr]).toEqual([2, expect.stringContaining('expected no options of tables for a folder')])
  })

  it('a folder with a subfolder for each class trains, tests and evaluates', async () => {
    const { stdout } = await train('folder', 'folder.safetensors', '--test', 'folder')
    expect(stdout).toContain('good')
    const noted = await place.latch(['evaluate', 'folder.safetensors', 'folder', '--json'])
    expect(noted.stderr).toContain('labels from the names of 2 subfolders')
    expect(json(noted)).toHaveProperty('accuracy')
    const { code, stderr } = await place.latch(['train', 'folder', '--header', 'yes'])
    expect(code).toBe(2)
    expect(stderr).toContain('no options of tables for a folder')
  })

  it('lines of fastText need no option, other lines of a label and a text do', async () => {
    await train('fasttext.txt', 'fasttext.safetensors')
    await train('lines.txt', 'lines.safetensors', '--format', 'lines')
    const expected = await predict('one.safetensors', 'both.csv')
    expect(await predict('fasttext.safetensors', 'both.csv', '--text', 'both')).toEqual(expected)
    expect(await predict('lines.safetensors', 'lines.txt', '--format', 'lines')).toEqual(expected)
    const { stderr } = await place.latch(['train', 'lines.txt', ...QUICK])
    expect(stderr).toContain('--format lines')
  })

  it('leave the tables as they are', () => {
    expect(readFileSync(place.path('halves.csv'), 'utf8')).toBe(table(['id', 'title', 'body', 'mood']))
  })
})
