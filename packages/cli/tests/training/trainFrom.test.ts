/** `latch train --from`: training goes on from a saved model, with its vocabulary or a larger one. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TextClassifier } from '../../../latch/src/node.ts'
import { comments, csv, jsonLines, Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const QUICK = ['--text', 'comment', '--label', 'mood', '--epochs', '2', '--seed', '4']
const FRENCH = ['le film était superbe,good', 'le repas était affreux,bad']

beforeAll(async () => {
  place.write('data.csv', csv(comments(300)))
  place.write('more.csv', csv(comments(300, 2)))
  place.write(
    'french.csv',
    `comment,mood\n${Array.from({ length: 40 }, (_, i) => FRENCH[i % 2]).join('\n')}\n`,
  )
  const { code } = await place.latch([
    'train',
    'data.csv',
    ...QUICK,
    '--units',
    '8',
    '--out',
    'm.safetensors',
  ])
  expect(code).toBe(0)
})
afterAll(() => place.remove())

describe('latch train --from', () => {
  it('goes on from the weights, as a second fit does', async () => {
    const ran = await place.latch(['train', 'more.csv', ...QUICK, '--from', 'm.safetensors', '--json'])
    expect(ran.code).toBe(0)
    expect(jsonLines(ran).at(-1)).toMatchObject({ event: 'done', model: 'model.safetensors' })
    const model = await TextClassifier.load(place.path('m.safetensors'))
    await model.fit(comments(300, 2), { text: 'comment', label: 'mood', epochs: 2, seed: 4 })
    const saved = await TextClassifier.load(place.path('model.safetensors'))
    expect(saved.predict('the film was superb')).toEqual(model.predict('the film was superb'))
  })

  it('refuses options of the network, and the model itself as --out', async () => {
    const units = await place.latch([
      'train',
      'more.csv',
      '--from',
      'm.safetensors',
      '--units',
      '4',
      '--cell',
      'gru',
    ])
    expect(units.stderr).toContain('--from: expected no options of the network, got --cell, --units.')
    expect(units.code).toBe(2)
    const bytes = readFileSync(place.path('m.safetensors'))
    const own = await place.latch([
      'train',
      'more.csv',
      ...QUICK,
      '--from',
      'm.safetensors',
      '--out',
      'm.safetensors',
    ])
    expect(own.stderr).toContain('the model of `--from`')
    expect(own.code).toBe(2)
    expect(readFileSync(place.path('m.safetensors'))).toEqual(bytes)
    const alone = await place.latch(['train', 'more.csv', ...QUICK, '--extend-vocabulary'])
    expect(alone.stderr).toContain('Name the model to continue with `--from`')
    expect(alone.code).toBe(2)
  })

  it('--frozen keeps the weights of these layers', async () => {
    const args = ['train', 'more.csv', ...QUICK, '--from', 'm.safetensors', '--out', 'frozen.safetensors']
    const wrong = await place.latch([...args, '--frozen', 'embeding'])
    expect(wrong.stderr).toMatch(
      /frozen: expected names of layers .*got "embeding"[^]*Did you mean `embedding\.0`\?/,
    )
    expect(wrong.code).toBe(2)
    expect((await place.latch([...args, '--frozen', 'embedding.0, dense'])).code).toBe(0)
    const weights = async (file: string, name: string) =>
      (await TextClassifier.load(place.path(file))).network.readParameter(name)
    for (const name of ['embedding.0.weight', 'dense.0.bias'])
      expect(await weights('frozen.safetensors', name)).toEqual(await weights('m.safetensors', name))
    const [after, before] = [
      await weights('frozen.safetensors', 'recurrent.0.weight_hh_l0'),
      await weights('m.safetensors', 'recurrent.0.weight_hh_l0'),
    ]
    expect(after).not.toEqual(before)
  })

  it('refuses rows of unknown words, and learns them with --extend-vocabulary', async () => {
    const args = ['train', 'french.csv', ...QUICK, '--from', 'm.safetensors', '--out', 'french.safetensors']
    const refused = await place.latch(args)
    expect(refused.stderr).toMatch(/got 88 % of the tokens \(.*\) that it does not know/)
    expect(refused.stderr).toContain('Use `--extend-vocabulary` to add the tokens to the vocabulary.')
    expect(refused.code).toBe(1)
    const extended = await place.latch([...args, '--extend-vocabulary'])
    expect(extended.stderr).toContain('5 tokens added to the vocabulary')
    expect(extended.code).toBe(0)
  })
})
