/** Files that open with assumptions, which the options beside the model replace. */
import type { ImportOptions, ImportedModel } from '../../src/formats/imported.ts'
import { filesInMemory, readModel } from '../../src/formats/open.ts'
import { cell, idsModel, stateDict, type Files } from './formatCases.ts'

/** A file, read with options. */
export interface AssumptionCase {
  name: string
  /** The options that are offered, in order. */
  offers: readonly string[]
  read(options: Record<string, unknown>): Promise<ImportedModel>
  /** For fixes that leave the value open. */
  values?: Readonly<Record<string, unknown>>
}

async function read(files: Files, options: ImportOptions): Promise<ImportedModel> {
  const [[name, bytes], ...others] = files
  return readModel(filesInMemory(name, bytes, new Map(others)), options)
}

const linear = (path: string, input: number, output: number) => ({
  [`${path}.weight`]: [output, input],
  [`${path}.bias`]: [output],
})
const norm = (path: string, width: number) => ({ [`${path}.weight`]: [width], [`${path}.bias`]: [width] })

const torch = (
  name: string,
  offers: string[],
  shapes: Record<string, number[]>,
  given: ImportOptions = {},
  values?: Record<string, unknown>,
): AssumptionCase => ({
  name,
  offers,
  read: (options) => {
    const config = { ...(given.config as object), ...(options.config as object) }
    const all = { ...given, ...options }
    return read(stateDict(shapes), given.config || options.config ? { ...all, config } : all)
  },
  values,
})

const EVERY_STEP = ['config.returnSequences', 'config.pool']
/** The layers of the file, with what it does not hold. */
const WITH_DROPOUT = [
  { type: 'features', width: 3 },
  { type: 'recurrent', cell: 'rnn', units: 4, bias: false },
  { type: 'dropout', rate: 0.5 },
  { type: 'dense', units: 2 },
]
const TWO_LINEAR = [
  { type: 'features', width: 3 },
  { type: 'recurrent', cell: 'lstm', units: 4, bias: false },
  { type: 'dense', units: 3 },
  { type: 'dropout', rate: 0.5 },
  { type: 'dense', units: 1 },
]

export const ASSUMPTION_CASES: readonly AssumptionCase[] = [
  torch(
    'an RNN without its activation, an output at every step, a linear head',
    ['config.activation', ...EVERY_STEP, 'config.layers', 'outputActivation'],
    { ...cell('rnn', 3, 4, 4), ...linear('fc', 4, 2) },
    {},
    { 'config.layers': WITH_DROPOUT },
  ),
  torch('an RNN of relu', ['config.activation'], cell('rnn', 3, 4, 4), {
    config: { activation: 'relu', returnSequences: false },
  }),
  torch('both directions', EVERY_STEP, {
    ...cell('rnn', 3, 16, 4),
    'rnn.weight_ih_l0_reverse': [16, 3],
    'rnn.weight_hh_l0_reverse': [16, 4],
  }),
  torch(
    'LayerNorm',
    [...EVERY_STEP, 'config.epsilon', 'config.layers'],
    { ...cell('rnn', 3, 16, 4), ...norm('norm', 4) },
    {},
    {
      'config.layers': [
        { type: 'features', width: 3 },
        { type: 'recurrent', cell: 'lstm', units: 4, bias: false },
        { type: 'layerNorm', epsilon: 1e-2 },
      ],
    },
  ),
  torch(
    'linear layers one above another',
    [...EVERY_STEP, 'config.layers', 'config.heads', 'outputActivation'],
    { ...cell('rnn', 3, 16, 4), ...linear('hidden', 4, 3), ...linear('out', 3, 1) },
    {},
    { 'config.layers': TWO_LINEAR },
  ),
  {
    name: 'a Keras vocabulary: unknown words, padding and cutting',
    offers: ['unknownToken', 'padding', 'truncating'],
    read: async (options) => read(await idsModel(), { vocabulary: { a: 1, b: 2 }, maxLength: 4, ...options }),
    values: { unknownToken: 'b' },
  },
]
