/** The learned parts of a text classifier, and its types. */
import { fieldAt, fieldError, readList, readOptional, readString, type Field } from '../../core/validation.ts'
import type { NamedTensor } from '../../formats/safetensors/safetensors.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import { Vocabulary } from '../../text/vocabulary.ts'
import { readCounts } from '../counts/file.ts'
import type { WordCounts } from '../counts/wordCounts.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { ClassEvaluation, ClassPrediction } from '../model.ts'
import type { Learned, TaskTypes } from '../task.ts'
import { isFeedForward, readSettings, type ClassifierSettings } from './options.ts'
import { TextReader } from './reader.ts'

/** What a text classifier has learned. */
export interface TextLearned extends Learned {
  readonly settings: ClassifierSettings
  readonly labels: readonly string[]
  readonly words: Vocabulary
  readonly reader: TextReader
  readonly textColumn: string | null
  /** What counting words adds to the network's output; null: nothing. */
  readonly counts: WordCounts | null
}

/** A text and its label. */
export interface TextItem {
  tokens: readonly string[]
  class: number
}

/** Columns that hold the text and the label. */
export interface Columns<Row extends object = Record<string, unknown>> {
  /** Of several columns, the texts are joined in this order with a space, without empty ones. */
  text: (keyof Row & string) | readonly (keyof Row & string)[]
  label: keyof Row & string
}

/** Options of `fit` of a text classifier. All but `text` and `label` are optional. */
export interface ClassifierFitOptions<Row extends object = Record<string, unknown>>
  extends FitOptions<Row>, Columns<Row> {}

/** The types of the text classifier. */
export interface TextTypes<L extends string = string> extends TaskTypes {
  Input: string
  Step: string
  Example: object
  Item: TextItem
  Output: ClassPrediction<L>
  Evaluation: ClassEvaluation<L>
  Settings: ClassifierSettings
  Learned: TextLearned
  FitOptions: ClassifierFitOptions
}

/** What a text classifier learns from rows, or has in its file. */
export type TextParts = Pick<TextLearned, 'settings' | 'labels' | 'words' | 'textColumn' | 'counts'>

/** Completes settings, labels and vocabulary. */
export function completeLearned(parts: TextParts): TextLearned {
  const { settings, labels, words } = parts
  return {
    ...parts,
    reader: new TextReader(settings),
    input: { kind: 'ids', width: words.size, steps: null },
    outputActivation: labels.length === 2 ? 'sigmoid' : 'softmax',
    vocabulary: words.tokens,
    tokens: settings.tokens,
  }
}

/** Reads the sections of a model file. @throws FormatError naming the field */
export function readLearned(
  root: Field,
  config: NetworkConfig,
  take: (prefix: string) => NamedTensor[],
): TextLearned {
  const labels = readLabels(fieldAt(root, 'labels'))
  const sections = { ...readTextSections(root), labels }
  checkNetwork(fieldAt(root, 'network'), config, sections)
  return completeLearned({
    ...sections,
    counts: readOptional(fieldAt(root, 'counts'), (field) => readCounts(field, labels.length, take), null),
  })
}

/** Reads what every task on texts has in its file, likewise. */
export function readTextSections(root: Field): Pick<TextLearned, 'settings' | 'words' | 'textColumn'> {
  return {
    settings: readSettings(fieldAt(root, 'settings')),
    words: Vocabulary.fromJSON(fieldAt(root, 'vocabulary').value, `${root.source}, document.vocabulary`),
    textColumn: readOptional(fieldAt(root, 'textColumn'), (field) => readString(field), null),
  }
}

/** At least two labels, each once. @throws FormatError */
export function readLabels(field: Field): string[] {
  const labels = readList(field, (item) => readString(item), { minLength: 2 })
  if (new Set(labels).size !== labels.length) throw fieldError(field, 'different labels')
  return labels
}

/** The network must read the ids of the vocabulary and have an output for the labels. */
function checkNetwork(
  field: Field,
  config: NetworkConfig,
  { settings, labels, words }: Pick<TextLearned, 'settings' | 'labels' | 'words'>,
): void {
  const [input] = config.layers
  const layers = fieldAt(field, 'layers')
  if (!('vocabulary' in input) || input.vocabulary !== words.size) {
    throw fieldError(
      layers,
      `an input of ${words.size} ids, the size of the vocabulary`,
      JSON.stringify(input),
    )
  }
  const last = config.layers.at(-1)!
  const outputs = labels.length === 2 ? 1 : labels.length
  if (last.type !== 'dense' || last.units !== outputs) {
    const expected = `a last dense layer of ${outputs} units, for ${labels.length} labels`
    throw fieldError(layers, expected, JSON.stringify(last))
  }
  if (!config.layers.some(endsSequence)) {
    throw fieldError(layers, 'one row per text before the dense layer', 'one per step')
  }
  const cells = config.layers.flatMap((layer) => (layer.type === 'recurrent' ? [layer.cell] : []))
  if (cells.some((cell) => cell !== settings.cell) || isFeedForward(settings.cell) !== (cells.length === 0)) {
    const expected = `recurrent layers with the cell of settings.cell, ${settings.cell}`
    throw fieldError(layers, expected, cells.join(', ') || 'none')
  }
  const wanted = labels.length === 2 ? 'binaryCrossEntropy' : 'softmaxCrossEntropy'
  if (config.loss?.type !== wanted)
    throw fieldError(fieldAt(field, 'loss'), wanted, config.loss?.type ?? 'nothing')
}

/** Whether this layer has one output row per sequence. */
function endsSequence(layer: LayerOptions): boolean {
  if (layer.type === 'recurrent') return layer.returnSequences === false
  return layer.type === 'pool' || layer.type === 'flatten'
}
