/** Files that Keras 3.15 wrote itself, with its outputs: random models of all layers, as `.keras` and as `.h5`. */
import { maximum } from '../../../src/core/lists.ts'
import { existsSync, readFileSync } from 'node:fs'
import { UnsupportedError } from '../../../src/core/errors.ts'
import { openModel } from '../../../src/tasks/files/openModel.ts'
import type { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { modelFile } from './files.ts'
import type { ConformanceResult } from './result.ts'

const FOLDER = new URL('../../../../../../shared/conformance/keras3_files/', import.meta.url)

/** Whether the files lie beside the clone. */
export const keras3FilesAreHere = existsSync(FOLDER)

interface Run {
  /** Sequences: ids, or rows of features. */
  x: (number | number[])[][]
  y: { shape: number[]; data: number[] }
}

interface Golden {
  words: string
  runs: Run[]
}

/** Each file, opened and run. */
export async function runKeras3Files(): Promise<ConformanceResult[]> {
  const names = JSON.parse(readFileSync(new URL('index.json', FOLDER), 'utf8')) as string[]
  const files = names.flatMap((name) => [`${name}.keras`, `${name}.h5`])
  const results: ConformanceResult[] = []
  for (const file of files.filter((one) => existsSync(new URL(one, FOLDER))))
    results.push(await runFile(file))
  return results
}

async function runFile(file: string): Promise<ConformanceResult> {
  const text = readFileSync(new URL(file.replace(/\.\w+$/, '.json'), FOLDER), 'utf8')
  const { words, runs } = JSON.parse(text) as Golden
  const about = { suite: 'keras3 files', name: file }
  try {
    const model = (await openModel(modelFile(new URL(file, FOLDER)))) as SequenceModel
    const unknown = model.warnings.find((warning) => warning.includes('not known'))
    if (unknown !== undefined) return { ...about, status: 'different', worst: null, why: unknown }
    const worst = maximum(runs.map((run) => differenceOf(model, run)))
    const status = worst <= 1e-5 ? 'equal' : 'different'
    return { ...about, status, worst, why: status === 'equal' ? '' : words }
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    return { ...about, status: 'refused', worst: null, why: `${error.expected}, got ${error.got}` }
  }
}

/** The largest difference, relative above 1. */
function differenceOf(model: SequenceModel, { x, y }: Run): number {
  const said = x.flatMap((sequence) => {
    const { steps, output } = model.predict(sequence as number[][])
    return steps ? steps.flat() : output
  })
  if (said.length !== y.data.length) return Infinity
  return maximum(said.map((value, i) => Math.abs(value - y.data[i]) / Math.max(1, Math.abs(y.data[i]))))
}
