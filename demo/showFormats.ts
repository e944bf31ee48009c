/** The trained model as other programs read it, written beside its own file, and read back: is it the same? */
import { wrap } from '../packages/cli/src/terminal/glyphWidth.ts'
import { sizeInWords } from '../packages/cli/src/terminal/numbers.ts'
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
/** Sentences that both are asked. */
const ASKED = 100

/** Writes every format beside `path`, says what came of it, and asks what was read back for the same sentences. */
export async function showFormats(
  output: Output,
  model: TextClassifier,
  path: string,
  heldOut: readonly Row[],
): Promise<void> {
  const every = Math.max(1, Math.floor(heldOut.length / ASKED))
  const texts = heldOut
    .filter((_, i) => i % every === 0)
    .slice(0, ASKED)
    .map(({ text }) => text)
  const before = model.predict(texts)
  output.say()
  output.say(`${output.colors.bold('To other tools')}, and read back from there`)
  for (const [format, name, ending] of FORMATS) {
    const file = path.replace(/\.safetensors$/, ending)
    const said = await thereAndBack(model, format, file, texts, before)
    wrap(said, Math.min(output.width, 100) - INDENT).forEach((line, i) =>
      output.say(`${i === 0 ? output.colors.dim(name.padEnd(INDENT)) : ' '.repeat(INDENT)}${line}`),
    )
  }
}

async function thereAndBack(
  model: TextClassifier,
  format: ExportFormat,
  file: string,
  texts: string[],
  before: readonly ClassPrediction[],
): Promise<string> {
  try {
    const written = await exportFile(model, format, file)
    const size = sizeInWords(written.reduce((sum, { bytes }) => sum + bytes, 0))
    const back = (await importFile(file)) as TextClassifier
    const after = back.predict(texts)
    const equal = after.filter(({ label }, i) => label === before[i].label).length
    const furthest = after.reduce(
      (most, one, i) => Math.max(most, distance(one.probabilities, before[i].probabilities)),
      0,
    )
    back.network.dispose()
    const numbers = furthest === 0 ? 'to the bit' : `to ${furthest.toExponential(0)}`
    return `${file}, ${size}; ${equal} of ${texts.length} sentences answered the same, probabilities ${numbers}`
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error
    return `not possible: expected ${error.expected}, got ${error.got}. ${error.remedy ?? ''}`.trim()
  }
}

function distance(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): number {
  return Object.entries(a).reduce((most, [label, share]) => Math.max(most, Math.abs(share - b[label])), 0)
}
