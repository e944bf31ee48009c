/** `latch import`, `export`, `info` of any format, and predict and inspect of what they give. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gru } from '../../latch/src/layers/recurrent/factories.ts'
import { conv1d } from '../../latch/src/layers/windows/conv1d.ts'
import { maxPool1d } from '../../latch/src/layers/windows/localPool.ts'
import { sequenceModel } from '../../latch/src/tasks/sequenceModel/build.ts'
import { SequenceModel } from '../../latch/src/tasks/sequenceModel/sequenceModel.ts'
import { comments, csv, json, jsonLines, Workplace } from './cliHelpers.ts'
import {
  everyStep,
  nextLetter,
  numbersEveryStep,
  oneNumber,
  threeClasses,
} from '../../latch/tests/tasks/sequenceModel/sequenceFixtures.ts'

const models = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'conformance', 'models')
const there = existsSync(models)
interface Golden {
  x: { shape: [number, number, number]; data: number[] }
  expected: { data: number[] }
}

const rows = [
  [0.5, -1, 2],
  [0.25, 0, -0.5],
  [1, 1, 1],
]
let place: Workplace

beforeAll(async () => {
  place = new Workplace()
  for (const [name, make] of Object.entries({
    nextLetter,
    oneNumber,
    threeClasses,
    everyStep,
    numbersEveryStep,
  })) {
    place.write(`${name}.safetensors`, SequenceModel.fromImported(make()).toBytes())
  }
  place.write('comments.csv', csv(comments(60)))
  const trained = await place.latch([
    'train',
    'comments.csv',
    '--text',
    'comment',
    '--label',
    'mood',
    '--epochs',
    '2',
    '--units',
    '6',
    '--out',
    'comments.safetensors',
    '--quiet',
  ])
  assert(trained.code === 0, trained.stderr)
})
afterAll(() => place.remove())

describe('predict of a sequence model', () => {
  test('text by its vocabulary, printed and as JSON', async () => {
    const said = SequenceModel.fromImported(nextLetter()).predict('abc')
    const ran = await place.latch(['predict', 'nextLetter.safetensors', 'abc', 'dd'])
    const [label, share, text] = ran.stdout.split('\n')[0].split('\t')
    expect([label, text]).toEqual([said.label === ' ' ? ' ' : said.label, 'abc'])
    expect(Number(share)).toBeCloseTo(said.probabilities![said.label!], 3)
    const [one, two] = jsonLines(
      await place.latch(['predict', 'nextLetter.safetensors', 'abc', 'dd', '--json']),
    )
    expect(one.label).toBe(said.label)
    expect(Object.keys(two.probabilities as object)).toContain('a')
  })

  test('ids, features, numbers, every step', async () => {
    const ids = await place.latch(['predict', 'everyStep.safetensors', '--ids', '0 3 4', '--json'])
    expect((json(ids).steps as number[][]).map((row) => row.length)).toEqual([3, 3, 3])
    const typed = await place.latch(['predict', 'oneNumber.safetensors', JSON.stringify(rows), '--json'])
    const { output } = SequenceModel.fromImported(oneNumber()).predict(rows)
    expect((json(typed).output as number[])[0]).toBeCloseTo(output[0], 5)
    const words = await place.latch(['predict', 'oneNumber.safetensors'], {
      input: `${JSON.stringify(rows)}\n`,
    })
    expect(Number(words.stdout.split('\t')[0])).toBeCloseTo(output[0], 3)
    const letters = await place.latch(['predict', 'nextLetter.safetensors', '--ids', '1 2 3', '--json'])
    expect(json(letters).label).toBe(SequenceModel.fromImported(nextLetter()).predict('abc').label)
  })

  test.each([
    [['predict', 'nextLetter.safetensors', 'xyz'], 1, 'a token of the vocabulary'],
    [['predict', 'oneNumber.safetensors', '[[1,2]]'], 1, '3 features, got 2'],
    [['predict', 'oneNumber.safetensors', '--ids', '1 2'], 2, 'a model that reads token ids'],
    [['predict', 'comments.safetensors', '--ids', '1 2'], 2, 'a text classifier'],
    [['predict', 'everyStep.safetensors', '--ids', 'a b'], 2, 'whole numbers'],
    [['predict', 'everyStep.safetensors', '--ids', '9'], 1, 'a token id from 0 to 4'],
    [['predict', 'everyStep.safetensors', 'x', '--ids', '1'], 2, 'texts or `--ids`'],
    [['inspect', 'everyStep.safetensors'], 2, 'a text or `--ids`'],
    [
      ['evaluate', 'oneNumber.safetensors', 'comments.csv'],
      1,
      'a model that reads texts and predicts one class, got a model of features',
    ],
    [['evaluate', 'nextLetter.safetensors', 'comments.csv'], 1, 'the labels of nextLetter.safetensors'],
  ] as const)('%j is refused', async (args, code, words) => {
    const ran = await place.latch(args)
    expect(ran.stderr).toContain(words)
    expect(ran.code).toBe(code)
  })
})

describe('inspect of a sequence model', () => {
  test('whose steps cover several tokens', async () => {
    const model = sequenceModel({
      input: { vocabulary: [...'abcd'], embedding: 3 },
      layers: [
        conv1d({ filters: 3, kernelSize: 2, stride: 2 }),
        gru(2, { returnSequences: true }),
        maxPool1d({ kernelSize: 2 }),
        gru(3),
      ],
      output: { classes: ['low', 'high'] },
    })
    place.write('strided.safetensors', model.toBytes())
    const table = await place.latch(['inspect', 'strided.safetensors', 'abcddcba'])
    expect(table.stdout).toContain('8 tokens · 2 steps')
    expect(table.stdout.split('\n').filter((line) => /^ {3}\d {2}(abcd|dcba) /.test(line))).toHaveLength(2)
    expect(table.stdout).toContain('the tokens that a step of the top layer is computed from')
    const inspect = ['inspect', 'strided.safetensors', 'abcddcba']
    const trace = json(await place.latch([...inspect, '--svg', 'gates.svg', '--json']))
    const counts = (trace.layers as { steps: unknown[] }[]).map(({ steps }) => steps.length)
    expect(counts).toEqual([4, 2])
    expect((await place.latch([...inspect, '--svg', 'flow.svg', '--picture', 'flow'])).code).toBe(0)
    for (const file of ['gates.svg', 'flow.svg']) {
      expect(readFileSync(place.path(file), 'utf8')).toContain('dcba</text>')
    }
  })

  test('table, JSON, pictures and page', async () => {
    const table = await place.latch(['inspect', 'nextLetter.safetensors', 'abcd'])
    expect(table.stdout).toContain('“abcd”')
    expect(table.stdout.split('\n').filter((line) => /^ {3}\d {2}[abcd] /.test(line))).toHaveLength(4)
    const trace = json(
      await place.latch([
        'inspect',
        'threeClasses.safetensors',
        JSON.stringify(rows),
        '--label',
        'low',
        '--json',
      ]),
    )
    expect(trace.target).toBe('low')
    expect(trace.layers).toHaveLength(2)
    const files = ['--svg', 'a.svg', '--png', 'a.png', '--picture', 'flow']
    const numbers = await place.latch(['inspect', 'oneNumber.safetensors', JSON.stringify(rows), ...files])
    expect(numbers.stderr).toBe('')
    expect(numbers.stdout).toContain('gradients of output 0')
    expect(readFileSync(place.path('a.svg'), 'utf8')).toContain('gradient of output 0')
    const steps = await place.latch([
      'inspect',
      'numbersEveryStep.safetensors',
      '[[1,2],[0,1]]',
      '--svg',
      'b.svg',
    ])
    expect(steps.code).toBe(0)
    expect(readFileSync(place.path('b.svg'), 'utf8')).toContain('reset gate')
    const ids = await place.latch([
      'inspect',
      'everyStep.safetensors',
      '--ids',
      '0 3 4',
      '--layout',
      'columns',
    ])
    expect(ids.stdout).toContain('#3')
  })

  test('the page holds the model as Latch’s own file', async () => {
    const ran = await place.latch(['inspect', 'nextLetter.safetensors', 'abcd', '--html', 'page.html'])
    expect(ran.code, ran.stderr).toBe(0)
    expect(readFileSync(place.path('page.html'), 'utf8')).toContain('nextLetter.safetensors')
  })
})

describe('info', () => {
  test('of a sequence model: layers, parameters, where it came from', async () => {
    const { stdout } = await place.latch(['info', 'threeClasses.safetensors'])
    expect(stdout).toMatch(/task +sequence model/)
    expect(stdout).toMatch(/from +keras \(Keras 2.10.0\)/)
    expect(stdout).toMatch(/labels +low, middle, high/)
    expect(stdout).toMatch(/recurrent\.0 +bidirectional LSTM +\(batch, 8\) +288/)
    const facts = json(await place.latch(['info', 'comments.safetensors', '--json']))
    expect(facts.task).toBe('text classifier')
    expect((facts.network as object[]).at(-1)).toMatchObject({ type: 'dense', parameters: 7 })
  })

  test('of what is none', async () => {
    place.write('x.bin', 'hello world')
    const ran = await place.latch(['info', 'x.bin'])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('expected a Latch model, PyTorch weights as .safetensors')
  })
})

describe('evaluate', () => {
  test('of a model of another format: texts, labels', async () => {
    const rowsOfLetters = ['text,next', 'abc,d', 'ab,c', 'dd,a'].join('\n')
    place.write('letters.csv', `${rowsOfLetters}\n`)
    await place.latch(['export', 'nextLetter.safetensors', '--to', 'onnx', '--out', 'letters.onnx'])
    const ran = await place.latch([
      'evaluate',
      'letters.onnx',
      'letters.csv',
      '--text',
      'text',
      '--label',
      'next',
      '--json',
      '--quiet',
    ])
    const model = SequenceModel.fromImported(nextLetter())
    const said = model.predict(['abc', 'ab', 'dd'])
    const right = said.filter(({ label }, i) => label === 'dca'[i]).length
    const { accuracy, loss } = json(ran)
    expect(accuracy).toBeCloseTo(right / 3, 9)
    const wanted = said.reduce((sum, { probabilities }, i) => sum - Math.log(probabilities!['dca'[i]]) / 3, 0)
    expect(loss).toBeCloseTo(wanted, 5)
  })
})

describe('export and import', () => {
  const tried = [
    ['onnx', 'x.onnx'],
    ['torch', 'x.torch.safetensors'],
    ['keras', 'x.keras'],
    ['tfjs', 'x.tfjs'],
  ] as const
  test.each(tried)('a classifier → %s → the same classifier', async (to, out) => {
    const wrote = await place.latch(['export', 'comments.safetensors', '--to', to, '--out', out, '--json'])
    expect(wrote.stderr).toBe('')
    const { files, python } = json(wrote)
    for (const { path, bytes } of files as { path: string; bytes: number }[]) {
      expect(readFileSync(place.path(path))).toHaveLength(bytes)
    }
    expect(typeof python).toBe(to === 'torch' ? 'string' : 'undefined')
    const read = await place.latch(['import', out, '--out', `back-${to}.safetensors`])
    expect(read.stderr).toBe('')
    expect(read.stdout).toContain(`Saved back-${to}.safetensors`)
    expect(read.stdout).toContain('with the task it was exported from')
    const saying = ['the film was lovely, said my song', 'awful']
    const [before, after] = await Promise.all(
      ['comments.safetensors', `back-${to}.safetensors`].map((name) =>
        place.latch(['predict', name, ...saying]),
      ),
    )
    expect(after.stdout).toBe(before.stdout)
    expect((await place.latch(['predict', out, ...saying])).stdout).toBe(before.stdout)
  })

  test('PyTorch’s Python stands alone on standard output', async () => {
    const ran = await place.latch(['export', 'threeClasses.safetensors', '--to', 'torch'])
    expect(ran.stdout).toMatch(/^import torch/m)
    expect(ran.stdout).toContain('threeClasses.torch.safetensors')
    expect(ran.stderr).toContain('Wrote threeClasses.torch.safetensors')
  })

  test.each([
    [['import', 'x.pt'], 1, 'struct.pack'],
    [['import', 'nowhere.h5'], 1, 'a readable file, got no such file'],
    [['import', 'nextLetter.safetensors', '--out', 'nextLetter.safetensors'], 2, 'an input file'],
    [['import', 'nextLetter.safetensors', '--out', 'no/such/x.safetensors'], 1, 'no folder'],
    [['import', 'nextLetter.safetensors', '--config', '{"a":'], 2, 'expected JSON'],
    [['export', 'nextLetter.safetensors', '--to', 'coreml'], 2, 'one of onnx, torch, keras, tfjs'],
    [['export', 'nextLetter.safetensors'], 2, '--to'],
    [
      ['export', 'nextLetter.safetensors', '--to', 'onnx', '--out', 'nextLetter.safetensors'],
      2,
      'the model itself',
    ],
  ] as const)('%j is refused', async (args, code, words) => {
    place.write('x.pt', new Uint8Array([0x50, 0x4b, 3, 4, ...new TextEncoder().encode('archive/data.pkl')]))
    const ran = await place.latch(args)
    expect(ran.stderr).toContain(words)
    expect(ran.code).toBe(code)
    expect(existsSync(place.path('x.safetensors'))).toBe(false)
  })
})

describe.skipIf(!there)('real files', () => {
  const file = (name: string) => join(models, name)
  const refused = async (args: string[], words: RegExp) => {
    const ran = await place.latch(args)
    expect(ran.stderr).toMatch(words)
    expect([1, 2]).toContain(ran.code)
  }

  test('Keras: layers, conventions and what is omitted; the import predicts the same', async () => {
    const { stdout } = await place.latch(['info', file('keras210_qoe/model_gru.h5')])
    expect(stdout).toContain('Keras 2.10.0')
    expect(stdout).toMatch(/gru_3 +GRU +\(batch, 24, 96\) +55,872/)
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'omitted: gru, gru_1, gru_2, gru_3: dropout 0.5 and recurrent_dropout 0.5, which are active only in training',
    )
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('file'))).toEqual([])
    const ran = await place.latch(['import', file('keras210_qoe/model_gru.h5'), '--json'])
    expect(json(ran)).toMatchObject({
      event: 'imported',
      format: 'keras',
      model: 'model_gru.safetensors',
      parameters: 208_659,
    })
    const golden = JSON.parse(readFileSync(file('keras210_qoe/model_gru.golden.json'), 'utf8')) as Golden
    const [, T, F] = golden.x.shape
    const input = Array.from({ length: T }, (_, t) => golden.x.data.slice(t * F, (t + 1) * F))
    const [wanted] = golden.expected.data
    const said = await place.latch(['predict', 'model_gru.safetensors', JSON.stringify(input), '--json'])
    expect((json(said).output as number[])[0]).toBeCloseTo(wanted, 4)
  })

  test('an unknown layer is named, and the part before it opens', async () => {
    await refused(
      ['import', file('keras210_qoe/lstm_basic.h5')],
      /SelfAttention[^]*Use `--up-to lstm_1` to read the layers up to and including it\.\n/,
    )
    await refused(
      ['predict', file('keras210_qoe/lstm_basic.h5'), '[[1]]'],
      /`latch import --up-to lstm_1` .*, then run `latch predict` on the model that it saves/,
    )
    const ran = await place.latch(['import', file('keras210_qoe/lstm_basic.h5'), '--up-to', 'lstm_1'])
    expect(ran.stdout).toContain('Saved lstm_basic.safetensors')
    expect(ran.stdout).toContain('omitted:')
  })

  test('a prefix, a folder, weights without a configuration', async () => {
    await refused(
      ['import', file('silero_vad/silero_vad_16k.safetensors')],
      /Use `--prefix lstm_cell\.` to read/,
    )
    const all = await place.latch(['info', file('silero_vad/silero_vad_16k.safetensors')])
    expect(all.stdout).toMatch(/lstm_cell\.weight_ih +\(512, 128\)/)
    expect(all.stderr).toContain('prefix')
    const cell = await place.latch([
      'info',
      file('silero_vad/silero_vad_16k.safetensors'),
      '--prefix',
      'lstm_cell.',
    ])
    expect(cell.stdout).toMatch(/LSTM/)
    const folder = await place.latch(['import', file('ml5_charrnn_shakespeare'), '--out', 'ml5.safetensors'])
    expect(folder.stdout).toContain('Saved ml5.safetensors')
    const said = await place.latch(['predict', 'ml5.safetensors', 'what is th'])
    expect('aeiou').toContain(said.stdout.split('\t')[0])
    await refused(['import', file('textgenrnn/textgenrnn_weights.hdf5')], /Use `--config FILE`/)
  })
})

test('info of a PyTorch file: what a layer gives stands in the words of its network', async () => {
  await place.latch(['export', 'nextLetter.safetensors', '--to', 'torch', '--out', 'once.safetensors'])
  await place.latch(['export', 'everyStep.safetensors', '--to', 'torch', '--out', 'each.safetensors'])
  const layersOf = async (name: string) => {
    const facts = json(await place.latch(['info', name, '--json']))
    return (facts.network as { output: string }[]).map(({ output }) => output)
  }
  expect(await layersOf('once.safetensors')).toEqual(['(batch, steps, 4)', '(batch, 5)', '(batch, 6)'])
  expect(await layersOf('each.safetensors')).toEqual(['(batch, steps, 4)', '(batch, steps, 3)'])
})
