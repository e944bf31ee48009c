/** Exports the trained model to every format, imports it back and compares the predictions. */
import { wrap } from '../packages/cli/src/terminal/glyphWidth.ts'
import { formatSize } from '../packages/cli/src/terminal/numbers.ts'
import type { Output } from '../packages/cli/src/terminal/output.ts'
import { exportFile, importFile, type ExportFormat } from 'latch/formats'
import { type ClassPrediction, type TextClassifier, UnsupportedError } from 'latch'
import type { Row } from './declarations.ts'

const FORMATS: readonly (readonly [ExportFormat, name: string, ending: string])[] = [
  ['onnx', 'ONNX', '.onnx'],
  ['torch', 'PyTorch', '.torch.safetensors'],
  ['keras', 'Keras', '.keras'],
  ['tfjs', 'TensorFlow.js', '.tfjs'],
]
const INDENT = 16
/** Sentences whose predictions are compared. */
const COMPARED = 100

/** Writes every format next to `path` and prints how the imported models compare. */
export async function showFormats(
  output: Output,
  model: TextClassifier,
  path: string,
  heldOut: readonly Row[],
): Promise<void> {
  const every = Math.max(1, Math.floor(heldOut.length / COMPARED))
  const texts = heldOut
    .filter((_, i) => i % every === 0)
    .slice(0, COMPARED)
    .map(({ text }) => text)
  const before = model.predict(texts)
  output.print()
  output.print(`${output.colors.bold('Exports')} to other formats, imported again`)
  for (const [format, name, ending] of FORMATS) {
    const file = path.replace(/\.safetensors$/, ending)
    const result = await roundTrip(model, format, file, texts, before)
    wrap(result, Math.min(output.width, 100) - INDENT).forEach((line, i) =>
      output.print(`${i === 0 ? output.colors.dim(name.padEnd(INDENT)) : ' '.repeat(INDENT)}${line}`),
    )
  }
}

async function roundTrip(
  model: TextClassifier,
  format: ExportFormat,
  file: string,
  texts: string[],
  before: readonly ClassPrediction[],
): Promise<string> {
  try {
    const written = await exportFile(model, format, file)
    const size = formatSize(written.reduce((sum, { bytes }) => sum + bytes, 0))
    const back = (await importFile(file)) as TextClassifier
    const after = back.predict(texts)
    const equal = after.filter(({ label }, i) => label === before[i].label).length
    const largest = after.reduce(
      (most, one, i) => Math.max(most, maxDifference(one.probabilities, before[i].probabilities)),
      0,
    )
    back.network.dispose()
    const numbers = largest === 0 ? 'bit-identical' : `within ${largest.toExponential(0)}`
    return `${file}, ${size}; ${equal} of ${texts.length} predictions equal, probabilities ${numbers}`
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    return `not possible: expected ${error.expected}, got ${error.got}. ${error.remedy ?? ''}`.trim()
  }
}

function maxDifference(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): number {
  return Object.entries(a).reduce(
    (most, [label, probability]) => Math.max(most, Math.abs(probability - b[label])),
    0,
  )
}
