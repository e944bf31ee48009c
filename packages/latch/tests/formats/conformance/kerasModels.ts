/** Keras' real model files: whole models of Keras 2.10, and textgenrnn's weights with the network it builds in code. */
import { readFileSync } from 'node:fs'
import type { ImportOptions } from '../../../src/formats/imported.ts'
import { readKeras } from '../../../src/formats/keras/index.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { LatchError } from '../../../src/core/errors.ts'
import { modelFile } from './files.ts'
import { goldenOf, inModel, networkOf, softmax } from './otherModels.ts'
import type { ConformanceResult } from './result.ts'
import { relativeDifference } from '../../closeTo.ts'

interface Golden {
  x: { shape: [number, number, number]; data: number[] }
  expected: { data: number[] }
}

interface TextgenrnnGolden {
  cases: { ids_left_padded_to_40_with_0: number[]; probabilities: number[] }[]
}

const SUITE = 'Real model files'
const STEPS = 40

/** The three files. */
export async function runKerasModels(): Promise<ConformanceResult[]> {
  return [
    await runQoe('model_gru'),
    await rejectsSelfAttention(),
    await runQoe('lstm_basic', 'lstm_1'),
    await runTextgenrnn(),
  ]
}

async function outputOf(folder: string, file: string, options: ImportOptions, batch: PackedBatch) {
  const network = networkOf(await readKeras(modelFile(inModel(folder, file)), options))
  network.forward(batch)
  const output = network.readOutput(batch)
  network.dispose()
  return output
}

async function runQoe(name: string, until?: string): Promise<ConformanceResult> {
  const golden = JSON.parse(readFileSync(inModel('keras210_qoe', `${name}.golden.json`), 'utf8')) as Golden
  const batch = PackedBatch.ofFeatures(golden.x.data, golden.x.shape)
  const worst = relativeDifference(
    await outputOf('keras210_qoe', `${name}.h5`, { upTo: until }, batch),
    golden.expected.data,
  )
  const status = worst <= 1e-5 ? 'equal' : 'different'
  return { suite: SUITE, name: `${name}.h5${until ? `, until ${until}` : ''}`, status, worst, why: '' }
}

async function rejectsSelfAttention(): Promise<ConformanceResult> {
  const about = { suite: SUITE, name: 'lstm_basic.h5, whole', worst: null }
  try {
    await readKeras(modelFile(inModel('keras210_qoe', 'lstm_basic.h5')), {})
    return { ...about, status: 'different', why: 'an unknown layer was not rejected' }
  } catch (error) {
    if (!(error instanceof LatchError)) throw error
    return { ...about, status: 'refused', why: `${error.where}: got ${error.got}` }
  }
}

async function runTextgenrnn(): Promise<ConformanceResult> {
  const { cases } = goldenOf<TextgenrnnGolden>('textgenrnn')
  let worst = 0
  for (const { ids_left_padded_to_40_with_0: ids, probabilities } of cases) {
    const padded = [...new Array<number>(STEPS - ids.length).fill(0), ...ids]
    const config = textgenrnnConfig()
    const logits = await outputOf(
      'textgenrnn',
      'textgenrnn_weights.hdf5',
      { config },
      PackedBatch.ofIds([padded]),
    )
    worst = Math.max(worst, relativeDifference(softmax(logits), probabilities))
  }
  const why = 'weights only: the configuration is given beside them'
  return {
    suite: SUITE,
    name: 'textgenrnn_weights.hdf5',
    status: worst <= 1e-4 ? 'equal' : 'different',
    worst,
    why,
  }
}

/** The network that textgenrnn builds in code; its weights file carries none. */
export function textgenrnnConfig(): unknown {
  return JSON.parse(
    readFileSync(new URL('../../golden/formats/textgenrnn.config.json', import.meta.url), 'utf8'),
  ) as unknown
}
