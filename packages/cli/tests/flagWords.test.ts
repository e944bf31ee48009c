/** What the library calls an option is said as the flag that is typed; what is true of many layers is said once. */
import { describe, expect, test } from 'vitest'
import { inFlags, namesImportFlags } from '../src/options/flagWords.ts'
import { grouped } from '../src/info/grouped.ts'

describe('options of the library as flags', () => {
  test.each([
    ["Read the part before it with upTo: 'lstm_1'.", 'Read the part before it with --up-to lstm_1.'],
    ["Read the part before it with upTo: 'my layer'.", "Read the part before it with --up-to 'my layer'."],
    ['Name the layer to read up to with upTo.', 'Name the layer to read up to with --up-to LAYER.'],
    ['model.onnx, upTo', 'model.onnx, --up-to'],
    ['upTo "foo"', '--up-to "foo"'],
    ['the option `upTo` takes the part before a node', '--up-to LAYER takes the part before a node'],
    [
      'Read a part of the file with a prefix ("lstm_cell."), or name the modules to read in config.order.',
      `Read a part of the file with --prefix lstm_cell. or name the modules to read, in order, with --config '{"order":["…"]}'.`,
    ],
    ['with a prefix ("a.", "b."), or', 'with --prefix a. (or b.) or'],
    [
      'Give the order: config {"order": ["emb", "rnn"]} as the model runs it, or a prefix to read a part.',
      `Give the order: --config '{"order":["emb","rnn"]}' as the model runs it, or read a part of the file with --prefix NAME.`,
    ],
    [
      'answers at every step: config.returnSequences makes one',
      `answers at every step: --config '{"returnSequences":false}' makes one`,
    ],
    ['config.activation decides', `--config '{"activation":"relu"}' decides`],
    ['config.heads or the answer says', `--config '{"heads":{"fc":"relu"}}' or --output-activation says`],
    ['w.safetensors, config.layers[2]', 'w.safetensors, --config, layers[2]'],
    ['Give config: the JSON of model.to_json()', 'Give --config FILE: the JSON of model.to_json()'],
  ])('%s', (said, typed) => {
    expect(inFlags(said)).toBe(typed)
    // Said twice it stays what it is.
    expect(inFlags(typed)).toBe(typed)
  })

  test('what names no option stays', () => {
    for (const text of [
      'layer config.json: expected units',
      'wait until it is read',
      'a prefix of the name',
    ]) {
      expect(inFlags(text)).toBe(text)
    }
    expect(namesImportFlags('with --up-to lstm_1')).toBe(true)
    expect(namesImportFlags('with --out FILE')).toBe(false)
  })
})

test('equal sentences are said once', () => {
  const acts = ', which acts in training only'
  const left = ['gru', 'gru_1'].flatMap((name) => [
    `${name}: dropout 0.5${acts}`,
    `${name}: recurrent_dropout 0.25${acts}`,
  ])
  expect(
    grouped([
      ...left,
      'optimizer state',
      `d: Dropout${acts}`,
      'tensor a',
      'tensor b.c',
      'layer x',
      'e: relu',
    ]),
  ).toEqual([
    'gru, gru_1: dropout 0.5 and recurrent_dropout 0.25, which act in training only',
    'optimizer state',
    `d: Dropout${acts}`,
    'tensors a, b.c',
    'layer x',
    'e: relu',
  ])
  expect(grouped([])).toEqual([])
})
