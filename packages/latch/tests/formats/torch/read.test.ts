/** State dicts of PyTorch: conformance cases, a real model file, what names and widths decide, refusals. */
import { describe, expect, it } from 'vitest'
import { readTorch } from '../../../src/formats/torch/index.ts'
import { writeSafetensors, type NamedTensor } from '../../../src/formats/safetensors/safetensors.ts'
import type { ImportOptions } from '../../../src/formats/imported.ts'
import { configuredNetwork } from '../../networks.ts'
import { FormatError, UnsupportedError } from '../../../src/core/errors.ts'
import { filesOf, modelFile } from '../conformance/files.ts'
import { inModel, modelsAreHere, runSilero } from '../conformance/otherModels.ts'
import { runTorchCase, torchCaseNames, torchCasesAreHere } from '../conformance/torch.ts'
/** Tensors by name and shape, filled with numbers that differ. */
function stateDict(shapes: Readonly<Record<string, readonly number[]>>): Uint8Array {
  const tensors = Object.entries(shapes).map(([name, shape], i): NamedTensor => {
    const size = shape.reduce((a, b) => a * b, 1)
    const data = Float32Array.from({ length: size }, (_, k) => Math.sin(k + 7 * i) / 3)
    return { name, shape, dtype: 'F32', data }
  })
  return writeSafetensors(tensors)
}

const read = (shapes: Readonly<Record<string, readonly number[]>>, options: ImportOptions = {}) =>
  readTorch(filesOf({ 'model.safetensors': stateDict(shapes) }), options)

const lstm = (path: string, input: number, H: number, layer = 0) => ({
  [`${path}weight_ih_l${layer}`]: [4 * H, input],
  [`${path}weight_hh_l${layer}`]: [4 * H, H],
  [`${path}bias_ih_l${layer}`]: [4 * H],
  [`${path}bias_hh_l${layer}`]: [4 * H],
})

describe.skipIf(!torchCasesAreHere)('PyTorch layer cases', () => {
  it.each(torchCaseNames())('%s', async (name) => {
    const { status, worst } = await runTorchCase(name)
    expect(worst).toBeLessThanOrEqual(1e-5)
    expect(status).toBe('equal')
  })

  it('are all 23', () => expect(torchCaseNames()).toHaveLength(23))
})

describe.skipIf(!modelsAreHere)('Silero’s voice detector', () => {
  const file = () => modelFile(inModel('silero_vad', 'silero_vad_16k.safetensors'))

  it('is refused whole, with the tensors and the prefix that reads its cell', async () => {
    await expect(readTorch(file(), {})).rejects.toThrow(/stft_conv\.weight.*`prefix: "lstm_cell\."`/s)
  })

  it('lstm_cell equals its golden, and what is left is listed', async () => {
    const { worst } = await runSilero()
    expect(worst).toBeLessThan(1e-5)
    const { omitted: left } = await readTorch(file(), { prefix: 'lstm_cell.' })
    expect(left).toContain('tensor conv1.weight')
    expect(left).toHaveLength(11)
  })
})

describe('names and widths decide', () => {
  it('cell, units, layers, directions and biases', async () => {
    const gru = {
      weight_ih_l0: [9, 4],
      weight_hh_l0: [9, 3],
      weight_ih_l0_reverse: [9, 4],
      weight_hh_l0_reverse: [9, 3],
    }
    const { network, input } = await read(gru)
    expect(network.layers).toEqual([
      { type: 'features', width: 4 },
      { type: 'recurrent', cell: 'gru', units: 3, direction: 'bidirectional', bias: false },
    ])
    expect(input).toEqual({ kind: 'features', width: 4, steps: null })
  })

  it('the way through table, layers, norm and linear layers, whatever their names', async () => {
    const {
      network,
      warnings: notes,
      weights,
    } = await read(
      {
        'a.weight': [7, 2],
        'a.bias': [7],
        'n.weight': [5],
        'n.bias': [5],
        'words.weight': [11, 4],
        ...lstm('z.', 4, 5),
        ...lstm('z.', 5, 5, 1),
        'fc.weight': [2, 5],
        'fc.bias': [2],
      },
      {
        config: {
          order: ['words', 'z', 'n', 'fc', 'a'],
          returnSequences: false,
          heads: { fc: 'relu', a: 'softmax' },
        },
      },
    )
    expect(network.layers.map(({ type }) => type).join()).toBe(
      'embedding,recurrent,recurrent,layerNorm,dense,dense',
    )
    expect(network.layers[2]).toMatchObject({ returnSequences: false })
    expect(network.layers[4]).toMatchObject({ units: 2, activation: 'relu' })
    expect(notes.join()).not.toContain('nothing between')
    const built = configuredNetwork(network, { weights: ({ name }) => weights.get(name)! })
    expect(built.parameterCount).toBe(14 + 7 + 10 + 44 + 220 + 240 + 12)
  })

  it('numbers in names order layers that widths do not', async () => {
    const four = { 'net.0.weight': [3, 3], 'net.0.bias': [3], 'net.2.weight': [3, 3], 'net.2.bias': [3] }
    const { layers } = await read({ ...lstm('lstm.', 4, 3), ...four })
    expect(layers.map(({ name }) => name)).toEqual(['lstm', 'net.0', 'net.2'])
  })

  it('a matrix without bias may be a table below or a layer above: neither is guessed, its name or the order decides', async () => {
    const shapes = { ...lstm('rnn.', 3, 3), 'out.weight': [7, 3] }
    await expect(read(shapes)).rejects.toThrow(/at least 2: .*out \(table\) → rnn.*rnn → out/s)
    const typesOf = async (names: typeof shapes | Record<string, number[]>, order?: string[]) =>
      (await read(names, order ? { config: { order } } : {})).network.layers.map(({ type }) => type)
    expect(await typesOf(shapes, ['rnn', 'out'])).toEqual(['features', 'recurrent', 'dense'])
    expect(await typesOf(shapes, ['out', 'rnn'])).toEqual(['embedding', 'recurrent'])
    const named = { ...lstm('rnn.', 3, 3), 'embed.weight': [7, 3] }
    expect(await typesOf(named)).toEqual(['embedding', 'recurrent'])
  })

  it('never a guess: two orders that fit are both named', async () => {
    const two = { ...lstm('encoder.', 3, 3), ...lstm('decoder.', 3, 3) }
    await expect(read(two)).rejects.toThrow(
      /at least 2: .*encoder → decoder.*config\.order: \["decoder","encoder"\]/s,
    )
    const { layers } = await read(two, { config: { order: ['encoder', 'decoder'] } })
    expect(layers.map(({ name }) => name)).toEqual(['encoder', 'decoder'])
  })

  it('Latch’s own layers say the rest, and sizes that differ are refused', async () => {
    const dict = { 'emb.weight': [9, 4], ...lstm('rnn.', 4, 3), 'out.weight': [2, 3], 'out.bias': [2] }
    const layers = [
      { type: 'embedding', vocabulary: 9, size: 4 },
      { type: 'recurrent', cell: 'lstm', units: 3 },
      { type: 'pool', pooling: 'mean' },
      { type: 'dense', units: 2 },
    ]
    const model = await read(dict, { config: { layers } })
    expect(model.network.layers).toEqual(layers)
    const other = layers.map((layer) => (layer.type === 'recurrent' ? { ...layer, units: 4 } : layer))
    await expect(read(dict, { config: { layers: other } })).rejects.toThrow(/layers\[1\]\.units: expected 3/)
  })

  it('a module may have any name, and a projection may not make a small file huge', async () => {
    const odd = { ...lstm('constructor.', 4, 3), 'toString.weight': [2, 3], 'toString.bias': [2] }
    const { network } = await read(odd)
    expect(network.layers[2]).toEqual({ type: 'dense', units: 2 })
    const H = 20_000
    const narrow = { weight_ih_l0: [4 * H, 1], weight_hh_l0: [4 * H, 1], weight_hr_l0: [1, H] }
    await expect(read(narrow)).rejects.toThrow(/20000 units projected to 1/)
  })

  it('until and prefix read a part and list what is left', async () => {
    const dict = { ...lstm('a.lstm.', 4, 3), 'a.fc.weight': [2, 3], 'a.fc.bias': [2], 'b.conv': [2, 2, 2] }
    const part = await read(dict, { prefix: 'a.', upTo: 'lstm' })
    expect(part.network.layers).toHaveLength(2)
    expect(part.omitted).toEqual(['tensor b.conv', 'module fc'])
  })
})

describe('refusals', () => {
  it.each([
    ['a zip', 'model.pt', [0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0]],
    ['a pickle', 'model.bin', [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]],
  ])('%s with the two lines that convert it', async (_, name, bytes) => {
    const failure = readTorch(filesOf({ [name]: Uint8Array.from(bytes) }), {})
    await expect(failure).rejects.toThrow(UnsupportedError)
    await expect(failure).rejects.toThrow(/import .* torch\n[^]*weights_only=True[^]*model\.safetensors/)
  })

  it.each([
    ['rows that are no gates', { weight_ih_l0: [10, 4], weight_hh_l0: [10, 5] }, 'weight_ih_l0'],
    [
      'another input',
      { ...lstm('', 4, 3), weight_ih_l1: [12, 4], weight_hh_l1: [12, 3], bias_ih_l1: [12], bias_hh_l1: [12] },
      'weight_ih_l1',
    ],
    ['a layer without bias', { ...lstm('', 4, 3), weight_ih_l1: [12, 3], weight_hh_l1: [12, 3] }, 'layer 1'],
    ['a layer that is missing', { ...lstm('', 4, 3), ...lstm('', 3, 3, 2) }, 'weight_ih_l1'],
    ['tensors of other modules', { ...lstm('', 4, 3), 'conv.weight': [3, 3, 3] }, 'conv.weight'],
    ['names without end', { [`${'x'.repeat(2000)}.weight`]: [2, 2] }, 'a name of at most 1000'],
    [
      'more orders than can be tried',
      Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => `${String.fromCharCode(97 + (i % 26)).repeat(1 + i)}.`).flatMap(
          (path) => [
            [`${path}weight`, [3, 3]],
            [`${path}bias`, [3]],
          ],
        ),
      ),
      'order of the modules',
    ],
    ['nothing at all', { 'conv.weight': [3, 3, 3] }, 'conv.weight'],
  ])('%s, by name', async (_, shapes, place) => {
    await expect(read(shapes)).rejects.toThrow(FormatError)
    await expect(read(shapes)).rejects.toThrow(place)
  })
})
